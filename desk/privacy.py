"""What the desk knows of a person: its share of the copy, and of being forgotten (accounts/privacy.py).

Notes go. The audit log stays, because it says what the staff did: when, who and which deed, on an account that is only
a number then; its words go, also those of accounts that were merged into this one, and the admin's own log of the same
rows. Merging moves notes along and leaves the log where it happened (`merging.STAYS`).
"""

from collections.abc import Iterable

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.privacy import Part, Rows, accounts_of, values
from desk import audit
from desk.models import AuditEntry, Note

KEEPS_LOG = gettext_lazy(
    "That our staff did something for your account, and when, so that it can be checked; without any words about you."
)


def tables(user: User) -> dict[str, Rows]:
    """What was done and written about them; not by whom."""
    done = AuditEntry.objects.filter(person__in=accounts_of(user))
    return {
        "done_by_staff": values(done, "at", "action", "about", "reason", "effect"),
        "notes_of_staff": values(Note.objects.filter(person=user), "at", "text", "struck_at", "strike_reason"),
    }


def keeps(user: User) -> Iterable[str]:
    return [str(KEEPS_LOG)] if AuditEntry.objects.filter(person__in=accounts_of(user)).exists() else []


def erase(user: User) -> Iterable[str]:
    kept, accounts = list(keeps(user)), accounts_of(user)
    Note.objects.filter(person=user).delete()
    spoken = AuditEntry.objects.filter(person__in=accounts, erased_at=None)
    spoken.update(erased_at=timezone.now(), about="", reason="", effect="", undo={})
    _forget_what_the_admin_logged(accounts)
    return kept


def _forget_what_the_admin_logged(accounts: list[int]) -> None:
    """Django's log names rows in words (an address, a reason) and knows no persons: its rows are found by theirs."""
    kinds = LogEntry.objects.order_by().values("content_type").distinct()
    known = _things(accounts)
    for kind in ContentType.objects.filter(pk__in=kinds):
        model = kind.model_class()
        about = {
            *known.get(f"{kind.app_label}.{kind.model}", ()),
            *(audit.of_persons(model, accounts) if model else ()),
        }
        if about:
            LogEntry.objects.filter(content_type=kind, object_id__in=about).update(
                object_repr="Of an erased account", change_message=""
            )


def _things(accounts: list[int]) -> dict[str, set[str]]:
    """{kind of row: keys} that our log says were theirs, also where the row is not there any more."""
    known: dict[str, set[str]] = {}
    for thing in AuditEntry.objects.filter(person__in=accounts).values_list("thing", flat=True).distinct():
        label, _, key = thing.partition(":")
        known.setdefault(label, set()).add(key)
    return known


PART = Part(tables=tables, erase=erase, keeps=keeps)
