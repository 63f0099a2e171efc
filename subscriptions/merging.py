"""Two accounts of one person become one: everything the other holds comes here, shown before and written down after.

The other account stays as an empty, inactive row (papers and the bank may still name it); its addresses sign in here
from then on. Who merges has shown both: signed in here, and by a code mailed to the other's address (and its second
factor, where it has one).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts import roster
from accounts.languages import spoken_to
from accounts.models import AccountMerge, KnownDevice, Member, User
from subscriptions.mail import enqueue
from subscriptions.models import Dispute, Payment

#: What stays with the empty account: sessions, devices, factors, wishes about its own data, what it did as staff.
STAYS = {
    "account.emailaddress",
    "accounts.erasure",
    "accounts.export",
    "accounts.knowndevice",
    "mfa.authenticator",
    "usersessions.usersession",
    "admin.logentry",
}


class CannotMerge(Exception):
    """Why these two cannot become one, as a sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one kind that come along: `count` of them, `words` for people."""

    words: str
    count: int
    field: Any


def check(kept: User, other: User) -> None:
    if kept.pk == other.pk:
        raise CannotMerge(_("This is the account you are signed in with."))
    if other.is_staff or other.is_superuser:
        raise CannotMerge(_("A staff account cannot be merged into another one."))
    if not other.is_active:
        raise CannotMerge(
            _("There is a question about that account. Please contact us; we can only settle it together.")
        )
    if disputed := [account.email for account in (kept, other) if _is_in_dispute(account)]:
        told = {"email": ", ".join(disputed)}
        raise CannotMerge(
            _("A payment of %(email)s is being disputed with the bank. Merge the accounts afterwards.") % told
        )


def _is_in_dispute(user: User) -> bool:
    """The bank decides about the account that paid: until then nothing moves from or to it."""
    intents = Payment.objects.filter(user=user).values("payment_intent_id")
    return Dispute.objects.filter(status__in=Dispute.OPEN, payment_intent_id__in=intents).exists()


def preview(other: User) -> list[Part]:
    """Everything that would come along, the rights first."""
    found = [
        Part(_words(field), count, field)
        for field in _fields()
        if (count := field.model._base_manager.filter(**{field.name: other}).count())
    ]
    return sorted(found, key=lambda part: (part.field.model._meta.model_name != "entitlement", part.words))


def merge(kept: User, other: User) -> AccountMerge:
    """One transaction. A row that cannot come along (there is one of its kind here already) stays and is noted."""
    with transaction.atomic():
        locked = User.objects.select_for_update().order_by("pk").in_bulk([kept.pk, other.pk])
        kept, other = locked[kept.pk], locked[other.pk]
        check(kept, other)
        moved: dict[str, int] = {}
        stayed: dict[str, int] = {}
        for field in _fields():
            here, there = _move(field, kept, other)
            moved |= {_words(field): here} if here else {}
            stayed |= {_words(field): there} if there else {}
        _move_addresses(kept, other)
        record = AccountMerge.objects.create(
            kept=kept, other=other, other_email=other.email, moved=moved, stayed=stayed, merged_at=timezone.now()
        )
        _close(other)
        roster.tell(Member.objects.filter(user=kept))
    return record


def _fields() -> Iterator[Any]:
    """Every column of every table that names an account as its holder."""
    for model in apps.get_models():
        if model._meta.label_lower in STAYS or model is AccountMerge or model._meta.proxy:
            continue
        for field in model._meta.concrete_fields:
            if isinstance(field, models.ForeignKey) and field.related_model is User and _is_holder(field):
                yield field


def _is_holder(field: Any) -> bool:
    """Columns such as `granted_by` or `decided_by` say who of the staff did something, which stays true."""
    return not field.name.endswith("by")


def _words(field: Any) -> str:
    return str(field.model._meta.verbose_name_plural)


def _move(field: Any, kept: User, other: User) -> tuple[int, int]:
    rows = field.model._base_manager.filter(**{field.name: other})
    try:
        with transaction.atomic():
            return rows.update(**{field.name: kept}), 0
    except IntegrityError:  # one of them has its like here: row by row
        moved = sum(_move_one(field, row, kept) for row in list(rows))
        return moved, rows.count()


def _move_one(field: Any, row: Any, kept: User) -> int:
    try:
        with transaction.atomic():
            return int(field.model._base_manager.filter(pk=row.pk).update(**{field.name: kept}))
    except IntegrityError:
        return 0


def _move_addresses(kept: User, other: User) -> None:
    EmailAddress.objects.filter(user=other).update(user=kept, primary=False)


def _close(other: User) -> None:
    KnownDevice.objects.filter(user=other).delete()
    Authenticator.objects.filter(user=other).delete()
    other.email, other.name = f"merged-{other.pk}@invalid.invalid", ""
    other.is_active, other.held_for = False, User.Hold.MERGED
    other.set_unusable_password()
    other.save()


@spoken_to(lambda record: record.kept)
def tell(record: AccountMerge) -> None:
    """Both addresses learn of it: the one that did not ask most of all."""
    context = {"other_email": record.other_email, "kept_email": record.kept.email}
    for address in (record.kept.email, record.other_email):
        enqueue(f"merged:{record.pk}:{address}", "subscriptions/email/merged", address, context, record.kept_id)
