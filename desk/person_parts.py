"""The parts of a person's page that the apps below have rows for: rights, money, errors, mail, CME, alerts."""

from collections.abc import Iterator
from typing import Any

from allauth.usersessions.models import UserSession
from django.db.models import Case, CharField, F, OuterRef, Subquery, Value, When
from django.db.models.functions import Cast, Coalesce, Concat, JSONObject

from accounts.devices import browser_named
from accounts.models import AccountMerge, Member, SignInIncident, User
from cme.models import Attempt, Credit
from cme.scoring import in_words
from desk.asking import Row
from desk.person import Cell, change_url, part
from journal.models import Article, Issue, Journal
from journal.reader_models import Alert
from subscriptions.models import (
    DownloadQuestion,
    Entitlement,
    GiftLink,
    Membership,
    Order,
    OutgoingMail,
    Payment,
    PriceNotice,
    StripeCustomer,
    Subscription,
    TraineeProof,
    Withdrawal,
)
from subscriptions.money import Money
from subscriptions.support import day_of, moment, state_of, stripe_address

STATE = (
    "starts_at", "ends_at", "grace_since", "reading_seconds", "open_by", "opened_at", "revoked_at", "revoke_reason",
)  # fmt: skip
ISSUE = Concat("volume", Value("("), "number", Value(")"))
#: Looked up for the rows that are shown; joined, they were for each of somebody's fifty thousand rights before sorting.
SCOPE = Coalesce(
    Subquery(Article.objects.filter(pk=OuterRef("article")).values("title")[:1]),
    Subquery(Journal.objects.filter(pk=OuterRef("journal")).values("title")[:1]),
    Subquery(Issue.objects.filter(pk=OuterRef("issue")).values(name=ISSUE)[:1]),
    output_field=CharField(),
)


def right_of(row: Row) -> Entitlement:
    """A right that was read as columns, for the words about its state."""
    return Entitlement(**{name: row[name] for name in STATE})


def _when(row: Row, name: str) -> str:
    return moment(row[name]) if row.get(name) else ""


def _stripe(stripe_id: str | None) -> Cell:
    return (stripe_id, stripe_address(stripe_id)) if stripe_id else ""


@part(
    "rights", "Rights", "What, Kind, State, From", empty="None. This account holds nothing.",
    all_of="admin:subscriptions_entitlement_changelist",
)  # fmt: skip
def _rights(person: User) -> Any:
    rights = Entitlement.objects.filter(user=person).order_by("-created_at")
    return rights.values("pk", "kind", "source", "created_at", *STATE, scope=SCOPE)


@_rights
def _(row: Row) -> Iterator[Cell]:
    yield row["scope"] or "–", change_url("subscriptions_entitlement", row["pk"])
    yield str(Entitlement.Kind(row["kind"]).label)
    yield state_of(right_of(row))
    yield _when(row, "starts_at")


BROUGHT = Subquery(
    Entitlement.objects.filter(source=OuterRef("source_of")).values(json=JSONObject(**{name: name for name in STATE}))[
        :1
    ]
)


@part(
    "orders", "Orders", "Order, For, Price, State, What it brought, At Stripe", empty="None.",
    permission="subscriptions.view_order", all_of="admin:subscriptions_order_changelist",
)  # fmt: skip
def _orders(person: User) -> Any:
    source = Case(
        When(subscription_id="", then=Concat(Value("order:"), Cast("pk", CharField()))),
        default=Concat(Value("subscription:"), "subscription_id"),
        output_field=CharField(),
    )
    orders = Order.objects.filter(user=person).alias(source_of=source)
    return orders.order_by("-created_at").values(
        "pk", "number", "description", "amount", "currency", "state", "created_at", "payment_intent_id", brought=BROUGHT
    )


@_orders
def _(row: Row) -> Iterator[Cell]:
    yield row["number"], change_url("subscriptions_order", row["pk"])
    yield row["description"]
    yield str(Money(row["amount"], row["currency"]))
    yield f"{Order.State(row['state']).label}, {_when(row, 'created_at')}"
    yield state_of(right_of(row["brought"])) if row["brought"] else "Nothing"
    yield _stripe(row["payment_intent_id"])


@part(
    "payments", "Payments and receipts", "Paid, When, Card, Back, Receipt, At Stripe",
    permission="subscriptions.view_payment", all_of="admin:subscriptions_payment_changelist",
)  # fmt: skip
def _payments(person: User) -> Any:
    payments = Payment.objects.filter(user=person).order_by("-paid_at")
    return payments.values(
        "pk", "amount", "currency", "amount_refunded", "disputed", "card_brand", "card_last4", "paid_at", "charge_id",
        paper=F("receipt__number"), paper_id=F("receipt__pk"),
    )  # fmt: skip


@_payments
def _(row: Row) -> Iterator[Cell]:
    yield str(Money(row["amount"], row["currency"])), change_url("subscriptions_payment", row["pk"])
    yield _when(row, "paid_at")
    yield f"{row['card_brand']} {row['card_last4']}".strip()
    back = [f"{Money(row['amount_refunded'], row['currency'])} refunded"] if row["amount_refunded"] else []
    yield ", ".join([*back, *(["disputed"] if row["disputed"] else [])])
    yield (f"Receipt {row['paper']}", change_url("subscriptions_receipt", row["paper_id"])) if row["paper"] else ""
    yield _stripe(row["charge_id"])


@part("subscriptions", "Subscriptions", "Journal, Stripe's word, Paid until, Price, At Stripe")
def _subscriptions(person: User) -> Any:
    right = Entitlement.objects.filter(source=Concat(Value("subscription:"), OuterRef("stripe_id")))
    rows = Subscription.objects.filter(user=person).order_by("-created_at")
    return rows.values(
        "pk", "stripe_id", "status", "amount", "currency", "interval", "period_end", "ends_at", "ended_at",
        "unpaid_since", "is_collecting", "plus_tax", "paid_until", "synced_at", title=F("journal__title"),
        right=Subquery(right.values(json=JSONObject(**{name: name for name in STATE}))[:1]),
    )  # fmt: skip


@_subscriptions
def _(row: Row) -> Iterator[Cell]:
    yield row["title"], change_url("subscriptions_subscription", row["pk"])
    yield row["status"]
    yield day_of(row["paid_until"]) if row["paid_until"] else "nothing paid"
    yield f"{Money(row['amount'], row['currency'])}{' a ' + row['interval'] if row['interval'] else ''}"
    yield _stripe(row["stripe_id"])


@part("incidents", "Errors they were shown", "Reference, What, When, What really happened")
def _incidents(person: User) -> Any:
    rows = SignInIncident.objects.filter(user=person).order_by("-created_at")
    return rows.values("pk", "reference", "stage", "created_at", "happened")


@_incidents
def _(row: Row) -> Iterator[Cell]:
    yield row["reference"], change_url("accounts_signinincident", row["pk"])
    yield str(SignInIncident.Stage(row["stage"]).label)
    yield _when(row, "created_at")
    yield row["happened"][:300]


@part(
    "mails", "Mail to them", "What, To, Sent", permission="subscriptions.view_outgoingmail",
    all_of="admin:subscriptions_outgoingmail_changelist",
)  # fmt: skip
def _mails(person: User) -> Any:
    rows = OutgoingMail.objects.filter(user=person).order_by("-created_at")
    return rows.values("pk", "template", "to", "created_at", "sent_at", "last_error")


@_mails
def _(row: Row) -> Iterator[Cell]:
    yield mail_in_words(row["template"]), change_url("subscriptions_outgoingmail", row["pk"])
    yield row["to"]
    yield sent_in_words(row)


def mail_in_words(template: str) -> str:
    return template.rpartition("/")[2].replace("_", " ").capitalize()


def sent_in_words(row: Row) -> str:
    if row["sent_at"]:
        return f"Sent {moment(row['sent_at'])}"
    return f"Not sent: {row['last_error']}" if row["last_error"] else "Waits to be sent"


@part("sessions", "Signed in on", "Browser, Address, Since, Last seen")
def _sessions(person: User) -> Any:
    rows = UserSession.objects.filter(user=person).order_by("-last_seen_at")
    return rows.values("user_agent", "created_at", "last_seen_at", address=Cast("ip", CharField()))


@_sessions
def _(row: Row) -> Iterator[Cell]:
    yield browser_named(row["user_agent"])
    yield str(row["address"]).partition("/")[0]
    yield _when(row, "created_at")
    yield _when(row, "last_seen_at")


@part("cme", "CME credit", "Certificate, Activity, Credit, Completed", permission="cme.view_credit")
def _credits(person: User) -> Any:
    rows = Credit.objects.filter(user=person).order_by("-completed_on", "-pk")
    return rows.values("pk", "number", "quarters", "completed_on", "revoked_at", title=F("activity__article__title"))


@_credits
def _(row: Row) -> Iterator[Cell]:
    yield row["number"], change_url("cme_credit", row["pk"])
    yield row["title"]
    yield f"{in_words(row['quarters'])}{', revoked' if row['revoked_at'] else ''}"
    yield row["completed_on"]


@part("attempts", "CME tests", "Activity, State, Last saved", permission="cme.view_attempt")
def _attempts(person: User) -> Any:
    rows = Attempt.objects.filter(user=person).order_by("-started_at")
    return rows.values("pk", "state", "number", "saved_at", "right", title=F("activity__article__title"))


@_attempts
def _(row: Row) -> Iterator[Cell]:
    yield row["title"], change_url("cme_attempt", row["pk"])
    score = "" if row["right"] is None else f", {row['right']} right"
    yield f"Attempt {row['number']}: {Attempt.State(row['state']).label.lower()}{score}"
    yield _when(row, "saved_at")


@part("institutions", "Institutions", "Institution, How, State")
def _institutions(person: User) -> Any:
    rows = Membership.objects.filter(user=person).order_by("-began_at")
    return rows.values("institution_id", "way", "began_at", "until", "ended_at", title=F("institution__name"))


@_institutions
def _(row: Row) -> Iterator[Cell]:
    yield row["title"], change_url("subscriptions_institution", row["institution_id"])
    yield str(Membership.Way(row["way"]).label)
    if row["ended_at"]:
        yield f"Taken back {moment(row['ended_at'])}"
    else:
        yield f"Until {moment(row['until'])}" if row["until"] else f"Since {moment(row['began_at'])}"


@part("members", "Membership of the society", "Number, Name, Until", permission="accounts.view_member")
def _members(person: User) -> Any:
    return Member.objects.filter(user=person).order_by("number").values("pk", "number", "name", "valid_until")


@_members
def _(row: Row) -> Iterator[Cell]:
    yield row["number"], change_url("accounts_member", row["pk"])
    yield row["name"]
    yield row["valid_until"]


@part("alerts", "Alerts", "What, About, Rhythm", permission="journal.view_alert")
def _alerts(person: User) -> Any:
    about = Coalesce("topic__name", "collection__title", "article__title", "author_key", output_field=CharField())
    rows = Alert.objects.filter(recipient__user=person).order_by("kind", "pk")
    confirmed = F("recipient__confirmed_at")
    return rows.values("kind", about=about, rhythm=F("recipient__rhythm"), confirmed_at=confirmed)


@_alerts
def _(row: Row) -> Iterator[Cell]:
    yield str(Alert.Kind(row["kind"]).label)
    yield row["about"] or ""
    yield f"{row['rhythm']}{'' if row['confirmed_at'] else ', address not confirmed'}"


@part("gifts", "Gift links they made", "Article, State", permission="subscriptions.view_giftlink")
def _gifts(person: User) -> Any:
    rows = GiftLink.objects.filter(giver=person).order_by("-created_at")
    return rows.values("pk", "created_at", "expires_at", "revoked_at", title=F("article__title"))


@_gifts
def _(row: Row) -> Iterator[Cell]:
    yield row["title"], change_url("subscriptions_giftlink", row["pk"])
    yield f"Taken back {moment(row['revoked_at'])}" if row["revoked_at"] else f"Open until {moment(row['expires_at'])}"


@part("withdrawals", "Withdrawals", "Contract, Received, State", permission="subscriptions.view_withdrawal")
def _withdrawals(person: User) -> Any:
    rows = Withdrawal.objects.filter(order__user=person).order_by("-received_at")
    return rows.values("pk", "contract", "received_at", "state")


@_withdrawals
def _(row: Row) -> Iterator[Cell]:
    yield row["contract"][:120], change_url("subscriptions_withdrawal", row["pk"])
    yield _when(row, "received_at")
    yield row["state"]


@part("training", "Trainee proofs", "Program, Sent, State", permission="subscriptions.view_traineeproof")
def _training(person: User) -> Any:
    return TraineeProof.objects.filter(user=person).order_by("-sent_at").values("pk", "program", "sent_at", "state")


@_training
def _(row: Row) -> Iterator[Cell]:
    yield row["program"], change_url("subscriptions_traineeproof", row["pk"])
    yield _when(row, "sent_at")
    yield row["state"]


@part("prices", "New prices they were told", "From, To, Told, State", permission="subscriptions.view_pricenotice")
def _prices(person: User) -> Any:
    rows = PriceNotice.objects.filter(subscription__user=person).order_by("-applies_at")
    return rows.values("old_amount", "amount", "currency", "told_at", "applies_at", "state")


@_prices
def _(row: Row) -> Iterator[Cell]:
    yield str(Money(row["old_amount"], row["currency"]))
    yield f"{Money(row['amount'], row['currency'])} from {day_of(row['applies_at'])}"
    yield _when(row, "told_at")
    yield row["state"]


@part(
    "downloads", "Asked about downloads", "Articles, Asked, Answer, Looked at",
    permission="subscriptions.view_downloadquestion", all_of="admin:subscriptions_downloadquestion_changelist",
)  # fmt: skip
def _downloads(person: User) -> Any:
    rows = DownloadQuestion.objects.filter(user=person).order_by("-asked_at")
    return rows.values("pk", "texts", "hours", "asked_at", "purpose", "settled_at")


@_downloads
def _(row: Row) -> Iterator[Cell]:
    yield f"{row['texts']} in {row['hours']} hours", change_url("subscriptions_downloadquestion", row["pk"])
    yield _when(row, "asked_at")
    yield str(DownloadQuestion.Purpose(row["purpose"]).label) if row["purpose"] else "None yet"
    yield _when(row, "settled_at") or "Not yet"


@part("merges", "Accounts merged into this one", "Address, When", permission="accounts.view_accountmerge")
def _merges(person: User) -> Any:
    return AccountMerge.objects.filter(kept=person).order_by("-merged_at").values("pk", "other_email", "merged_at")


@_merges
def _(row: Row) -> Iterator[Cell]:
    yield row["other_email"], change_url("accounts_accountmerge", row["pk"])
    yield _when(row, "merged_at")


@part("customers", "Customer at Stripe", "Id, State", permission="subscriptions.view_stripecustomer")
def _customers(person: User) -> Any:
    return StripeCustomer.objects.filter(user=person).order_by("-pk").values("stripe_id", "deleted_at")


@_customers
def _(row: Row) -> Iterator[Cell]:
    yield _stripe(row["stripe_id"])
    yield f"Deleted at Stripe {moment(row['deleted_at'])}" if row["deleted_at"] else "Living"
