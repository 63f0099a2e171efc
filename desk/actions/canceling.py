"""Canceling a subscription: at the end of what is paid for, or at once."""

from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Failed, Impossible, OwnChoice, Preview
from desk.models import AuditEntry
from subscriptions import changing, gateway, mail
from subscriptions.models import Subscription

PERIOD, NOW = "period", "now"


def words(subscription: Subscription) -> str:
    until = f", paid until {mail.day(subscription.period_end)}" if subscription.period_end else ""
    price = f"{subscription.told_price} per {subscription.interval}"
    return f"{subscription.journal}: {price}, {subscription.status}{until}"


class CancelForm(ActionForm):
    subscription = OwnChoice("subscription", words, label="Subscription")
    when = forms.ChoiceField(
        label="When", widget=forms.RadioSelect, initial=PERIOD,
        choices=[(PERIOD, "With the end of what is paid for: it does not renew"), (NOW, "At once")],
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        living = Subscription.objects.filter(user=self.person, status__in=changing.CHANGEABLE)
        field: OwnChoice = self.fields["subscription"]  # type: ignore[assignment]
        field.offer(living.select_related("journal", "user"), self.person, self.initial.get("subscription"))


class Cancel(Action):
    name, title, button = "cancel_subscription", "Cancel a subscription…", "Cancel the subscription"
    intro = "Stripe is asked to end it, and the reader gets a mail. Money goes back by a refund, on the payment's page."
    form_class, for_staff, can_be_undone = CancelForm, True, True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        subscription = told["subscription"]
        if told["when"] == NOW:
            access, money = (
                "It ends at once, and so does the access it gives.",
                "Nothing more is charged; nothing goes back.",
            )
            for_good = "This cannot be undone: they would have to subscribe anew."
            return Preview([words(subscription), access, money], [for_good])
        if subscription.ends_at:
            raise Impossible(f"It is canceled already and ends on {mail.day(subscription.ends_at)}.")
        end = mail.day(subscription.period_end) if subscription.period_end else "the end of the period"
        return Preview([words(subscription), f"It does not renew. They can read until {end}; nothing more is charged."])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        subscription = told["subscription"]
        at_once = told["when"] == NOW
        effect = "Stripe is asked to end it at once." if at_once else "Stripe is asked not to renew it."
        ask = _end_now if at_once else _do_not_renew
        return Done(effect, {"when": told["when"]}, subscription, str(subscription.journal), lambda: ask(subscription))

    def preview_undo(self, entry: AuditEntry) -> Preview:
        subscription = _of(entry)
        price = f"{subscription.told_price} on {mail.day(subscription.period_end)}" if subscription.period_end else ""
        return Preview([f"The subscription goes on. Next payment: {price or 'with the next period'}."])

    def undo(self, entry: AuditEntry, by: User) -> Done:
        subscription = _of(entry)
        return Done("Stripe is asked to go on with it.", thing=subscription, then=lambda: _go_on(subscription))


def _of(entry: AuditEntry) -> Subscription:
    found = entry.row()
    running = isinstance(found, Subscription) and found.status in changing.CHANGEABLE and found.ends_at is not None
    if not isinstance(found, Subscription) or not running or entry.undo.get("when") != PERIOD:
        raise Impossible("It has ended for good, or goes on already: there is nothing to take back.")
    if found.ends_at and found.ends_at <= timezone.now():
        raise Impossible("Its time is over. They would have to subscribe anew.")
    return found


def _asked(ask: Any) -> None:
    try:
        ask()
    except gateway.GatewayError as error:
        raise Failed(f"Stripe did not answer as hoped, and nothing was changed: {error}") from None
    except changing.CannotChange:
        raise Failed("This subscription cannot be changed in this way any more. Nothing was changed.") from None


def _do_not_renew(subscription: Subscription) -> str:
    _asked(lambda: changing.cancel(subscription))
    until = mail.day(subscription.ends_at) if subscription.ends_at else "the end of the period"
    said = f"Your subscription is canceled. You can read until {until}; nothing more is charged."
    mail.renewal_changed(subscription, said, f"canceled:{_minute()}")
    return f"Canceled: it ends on {until}. The reader is told by mail."


def _end_now(subscription: Subscription) -> str:
    _asked(lambda: gateway.cancel_subscription(subscription.stripe_id))
    changing.read_again(subscription)
    mail.renewal_changed(
        subscription, "Your subscription has ended. Nothing more is charged.", f"ended:{_minute()}"
    )  # fmt: skip
    return f"Ended. Stripe says: {subscription.status}. The reader is told by mail."


def _go_on(subscription: Subscription) -> str:
    _asked(lambda: changing.keep(subscription))
    when = f" The next payment is on {mail.day(subscription.period_end)}." if subscription.period_end else ""
    mail.renewal_changed(subscription, f"Your subscription goes on.{when}", f"kept:{_minute()}")
    return "It goes on. The reader is told by mail."


def _minute() -> int:
    return int(timezone.now().timestamp()) // 60
