"""The sources of a person's timeline that the apps below have rows for."""

from typing import Any

from allauth.usersessions.models import UserSession
from django.db.models import CharField, F, OuterRef, Subquery
from django.db.models.functions import Cast, JSONObject

from accounts.devices import browser_named
from accounts.models import AccountMerge, Erasure, Export, KnownDevice, Member, SignInIncident, User
from cme.models import Attempt, Credit
from desk.asking import Row
from desk.models import AuditEntry
from desk.person import change_url
from desk.person_parts import SCOPE, mail_in_words, sent_in_words
from desk.timeline import Told, source
from journal.reader_models import AlertMail
from subscriptions.models import (
    CreditNote,
    Dispute,
    Entitlement,
    GiftLink,
    Membership,
    Order,
    OutgoingMail,
    Payment,
    PriceNotice,
    Refund,
    RightChange,
    StripeEvent,
    Subscription,
    Withdrawal,
)
from subscriptions.money import Money
from subscriptions.support import change_in_words

CHANGING = (
    "user_id", "revoked_at", "revoke_reason", "opened_at", "ends_at", "grace_since", "covers_from", "covers_until",
)  # fmt: skip
NEWEST_ORDERS = 200  # whose events at Stripe are told


@source("account", "Account")
def _account(person: User) -> Any:
    return User.objects.filter(pk=person.pk).values("email", at=F("date_joined"))


@_account
def _(row: Row) -> Told:
    return "Registered", ""


@source("devices", "Sign-ins")
def _devices(person: User) -> Any:
    return KnownDevice.objects.filter(user=person).values("browser", at=F("first_seen_at"))


@_devices
def _(row: Row) -> Told:
    return f"Signed in for the first time with {row['browser']}", ""


@source("sessions", "Sessions")
def _sessions(person: User) -> Any:
    rows = UserSession.objects.filter(user=person)
    return rows.values("user_agent", address=Cast("ip", CharField()), at=F("created_at"))


@_sessions
def _(row: Row) -> Told:
    return f"Signed in from {str(row['address']).partition('/')[0]}, {browser_named(row['user_agent'])}", ""


@source("incidents", "Errors")
def _incidents(person: User) -> Any:
    return SignInIncident.objects.filter(user=person).values("pk", "reference", "happened", at=F("created_at"))


@_incidents
def _(row: Row) -> Told:
    return f"Was shown {row['reference']}: {row['happened'][:200]}", change_url("accounts_signinincident", row["pk"])


@source("orders", "Orders", permission="subscriptions.view_order")
def _orders(person: User) -> Any:
    rows = Order.objects.filter(user=person)
    return rows.values("pk", "number", "description", "state", "amount", "currency", at=F("created_at"))


@_orders
def _(row: Row) -> Told:
    price, state = Money(row["amount"], row["currency"]), Order.State(row["state"]).label.lower()
    return f"Ordered {row['description']} for {price} (order {row['number']}, now: {state})", _order(row)


def _order(row: Row) -> str:
    return change_url("subscriptions_order", row["pk"])


@source("payments", "Payments", permission="subscriptions.view_payment")
def _payments(person: User) -> Any:
    rows = Payment.objects.filter(user=person)
    return rows.values("pk", "amount", "currency", "card_brand", "card_last4", at=F("paid_at"))


@_payments
def _(row: Row) -> Told:
    card = f" by {row['card_brand']} ending in {row['card_last4']}" if row["card_last4"] else ""
    return f"Paid {Money(row['amount'], row['currency'])}{card}", change_url("subscriptions_payment", row["pk"])


@source("refunds", "Refunds", permission="subscriptions.view_refund")
def _refunds(person: User) -> Any:
    rows = Refund.objects.filter(payment__user=person)
    return rows.values("pk", "amount", "state", "note", currency=F("payment__currency"), at=F("created_at"))


@_refunds
def _(row: Row) -> Told:
    note = f": {row['note']}" if row["note"] else ""
    words = f"Refund of {Money(row['amount'], row['currency'])}, {Refund.State(row['state']).label.lower()}{note}"
    return words, change_url("subscriptions_refund", row["pk"])


@source("notes", "Credit notes", permission="subscriptions.view_creditnote")
def _credit_notes(person: User) -> Any:
    return CreditNote.objects.filter(receipt__user=person).values("pk", "number", "voided_at", at=F("issued_at"))


@_credit_notes
def _(row: Row) -> Told:
    return f"Credit note {row['number']}{', void since' if row['voided_at'] else ''}", ""


@source("disputes", "Disputes", permission="subscriptions.view_dispute")
def _disputes(person: User) -> Any:
    paid = Payment.objects.filter(user=person).values("payment_intent_id")
    rows = Dispute.objects.filter(payment_intent_id__in=paid)
    return rows.values("pk", "status", "reason", "amount", "currency", at=F("created_at"))


@_disputes
def _(row: Row) -> Told:
    words = f"Disputed {Money(row['amount'], row['currency'])}: {row['reason']}, {row['status']}".replace("_", " ")
    return words, change_url("subscriptions_dispute", row["pk"])


@source("rights", "Rights")
def _rights(person: User) -> Any:
    rows = Entitlement.objects.filter(user=person)
    return rows.values("pk", "kind", "reason", scope=SCOPE, at=F("created_at"))


@_rights
def _(row: Row) -> Told:
    why = f" ({row['reason']})" if row["reason"] else ""
    words = f"Got a right: {Entitlement.Kind(row['kind']).label}, {row['scope']}{why}"
    return words, change_url("subscriptions_entitlement", row["pk"])


@source("changes", "Changes of rights")
def _changes(person: User) -> Any:
    """Each row holds what a right was; what it became is its next row, or the right as it is."""
    became = JSONObject(**{name: name for name in CHANGING})
    then = RightChange.objects.filter(right_id=OuterRef("right_id"), pk__gt=OuterRef("pk")).order_by("pk")
    now = Entitlement.objects.filter(pk=OuterRef("right_id"))
    return RightChange.objects.filter(user_id=person.pk).values(
        "right_id", "kind", "was_deleted", *CHANGING, at=F("changed_at"), later=Subquery(then.values(json=became)[:1]),
        today=Subquery(now.values(json=became)[:1]),
    )  # fmt: skip


@_changes
def _(row: Row) -> Told:
    became = None if row["was_deleted"] else row["later"] or row["today"]
    what = Entitlement.Kind(row["kind"]).label
    url = change_url("subscriptions_entitlement", row["right_id"]) if row["today"] else ""
    return f"{what}: {change_in_words(row, became)}", url


@source("subscriptions", "Subscriptions", permission="subscriptions.view_subscription")
def _subscriptions(person: User) -> Any:
    rows = Subscription.objects.filter(user=person)
    return rows.values("pk", "stripe_id", title=F("journal__title"), at=F("created_at"))


@_subscriptions
def _(row: Row) -> Told:
    return f"Subscribed to {row['title']} ({row['stripe_id']})", change_url("subscriptions_subscription", row["pk"])


@source("ended", "Ended subscriptions", permission="subscriptions.view_subscription")
def _ended(person: User) -> Any:
    rows = Subscription.objects.filter(user=person, ended_at__isnull=False)
    return rows.values("pk", title=F("journal__title"), at=F("ended_at"))


@_ended
def _(row: Row) -> Told:
    return f"The subscription to {row['title']} ended", change_url("subscriptions_subscription", row["pk"])


@source("stripe", "Stripe's events", permission="subscriptions.view_stripeevent")
def _events(person: User) -> Any:
    """About the newest orders, payments and subscriptions; each id is looked up in the index of events."""
    orders = Order.objects.filter(user=person).order_by("-created_at")[:NEWEST_ORDERS]
    payments = Payment.objects.filter(user=person).order_by("-paid_at")[:NEWEST_ORDERS]
    ids = orders.values_list("session_id").union(
        orders.values_list("payment_intent_id"), payments.values_list("charge_id"), payments.values_list("invoice_id"),
        payments.values_list("payment_intent_id"), Subscription.objects.filter(user=person).values_list("stripe_id"),
    )  # fmt: skip
    return StripeEvent.objects.filter(object_id__in=ids).values("pk", "type", "deliveries", at=F("created"))


@_events
def _(row: Row) -> Told:
    lost = "" if row["deliveries"] else ", whose webhook never came"
    return f"Stripe told of {row['type']}{lost}", ""


@source("mails", "Mail", permission="subscriptions.view_outgoingmail")
def _mails(person: User) -> Any:
    rows = OutgoingMail.objects.filter(user=person)
    return rows.values("pk", "template", "to", "sent_at", "last_error", at=F("created_at"))


@_mails
def _(row: Row) -> Told:
    words = f"Mail “{mail_in_words(row['template'])}” to {row['to']}: {sent_in_words(row).lower()}"
    return words, change_url("subscriptions_outgoingmail", row["pk"])


@source("alerts", "Alerts sent", permission="journal.view_alertmail")
def _alert_mails(person: User) -> Any:
    return AlertMail.objects.filter(recipient__user=person).values("pk", "sent_at", "error", at=F("created_at"))


@_alert_mails
def _(row: Row) -> Told:
    words = "Alert sent" if row["sent_at"] else f"Alert not sent{': ' + row['error'] if row['error'] else ' yet'}"
    return words, change_url("journal_alertmail", row["pk"])


@source("tests", "CME tests", permission="cme.view_attempt")
def _attempts(person: User) -> Any:
    return Attempt.objects.filter(user=person).values(
        "pk", "state", title=F("activity__article__title"), at=F("started_at")
    )


@_attempts
def _(row: Row) -> Told:
    state = Attempt.State(row["state"]).label.lower()
    return f"Began the test of “{row['title']}”, now: {state}", change_url("cme_attempt", row["pk"])


@source("credit", "CME credit", permission="cme.view_credit")
def _credits(person: User) -> Any:
    return Credit.objects.filter(user=person).values(
        "pk", "number", title=F("activity__article__title"), at=F("claimed_at")
    )


@_credits
def _(row: Row) -> Told:
    return f"Claimed credit for “{row['title']}”, certificate {row['number']}", change_url("cme_credit", row["pk"])


@source("institutions", "Institutions")
def _memberships(person: User) -> Any:
    rows = Membership.objects.filter(user=person)
    return rows.values("way", "institution_id", title=F("institution__name"), at=F("began_at"))


@_memberships
def _(row: Row) -> Told:
    way = Membership.Way(row["way"]).label.lower()
    return f"Belongs to {row['title']} by {way}", change_url("subscriptions_institution", row["institution_id"])


@source("society", "The society", permission="accounts.view_member")
def _members(person: User) -> Any:
    rows = Member.objects.filter(user=person, activated_at__isnull=False)
    return rows.values("pk", "number", at=F("activated_at"))


@_members
def _(row: Row) -> Told:
    return f"Activated the membership {row['number']}", change_url("accounts_member", row["pk"])


@source("gifts", "Gift links", permission="subscriptions.view_giftlink")
def _gifts(person: User) -> Any:
    return GiftLink.objects.filter(giver=person).values("pk", title=F("article__title"), at=F("created_at"))


@_gifts
def _(row: Row) -> Told:
    return f"Made a gift link for “{row['title']}”", change_url("subscriptions_giftlink", row["pk"])


@source("withdrawals", "Withdrawals", permission="subscriptions.view_withdrawal")
def _withdrawals(person: User) -> Any:
    return Withdrawal.objects.filter(order__user=person).values("pk", "contract", "state", at=F("received_at"))


@_withdrawals
def _(row: Row) -> Told:
    state = Withdrawal.State(row["state"]).label.lower()
    return f"Withdrew from {row['contract']}: {state}", change_url("subscriptions_withdrawal", row["pk"])


@source("prices", "New prices", permission="subscriptions.view_pricenotice")
def _prices(person: User) -> Any:
    rows = PriceNotice.objects.filter(subscription__user=person)
    return rows.values("amount", "currency", at=F("told_at"))


@_prices
def _(row: Row) -> Told:
    return f"Was told of the new price {Money(row['amount'], row['currency'])}", ""


@source("merges", "Merged accounts", permission="accounts.view_accountmerge")
def _merges(person: User) -> Any:
    return AccountMerge.objects.filter(kept=person).values("pk", "other_email", at=F("merged_at"))


@_merges
def _(row: Row) -> Told:
    return f"{row['other_email']} was merged into this account", change_url("accounts_accountmerge", row["pk"])


@source("privacy", "Copies asked for")
def _exports(person: User) -> Any:
    return Export.objects.filter(user=person).values("ready_at", at=F("asked_at"))


@_exports
def _(row: Row) -> Told:
    return "Asked for a copy of everything", ""


@source("erasure", "Erasure", permission="accounts.view_erasure")
def _erasures(person: User) -> Any:
    return Erasure.objects.filter(user=person).values("pk", at=F("asked_at"))


@_erasures
def _(row: Row) -> Told:
    return "Asked to be erased", change_url("accounts_erasure", row["pk"])


@source("staff", "What staff did", permission="desk.view_auditentry")
def _staff(person: User) -> Any:
    return AuditEntry.objects.filter(person=person).values("pk", "action", "effect", "at", who=F("by__email"))


@_staff
def _(row: Row) -> Told:
    effect = f": {row['effect'].splitlines()[0]}" if row["effect"] else ""
    words = f"{row['who'] or 'By itself'}: {AuditEntry(action=row['action']).title}{effect}"
    return words, change_url("desk_auditentry", row["pk"])
