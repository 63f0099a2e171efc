"""What an account may ask for about itself: a copy of everything, and to be forgotten.

Each app registers its part (`register`), so that this module knows none of them. A part yields tables for the copy,
files that belong to it, and erases what is its own; it answers with what the law keeps, in words. The account's own row
comes last.
"""

import csv
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.admin.models import LogEntry
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import AccountMerge, Erasure, Export, KnownDevice, Member, SignInIncident, User
from accounts.spreadsheets import harmless

REVERSIBLE = timedelta(days=14)
EXPORT_KEPT = timedelta(days=7)

Rows = list[dict[str, Any]]


class CannotErase(Exception):
    """Why not now, as a sentence with what to do first."""


def nothing(_: User) -> Any:
    return ()


@dataclass(frozen=True, slots=True)
class Part:
    """One app's share. `tables` gives {name: rows}; `files` gives (name, bytes); `hinders` says what must end first."""

    tables: Callable[[User], dict[str, Rows]]
    erase: Callable[[User], Iterable[str]]
    files: Callable[[User], Iterable[tuple[str, bytes]]] = nothing
    hinders: Callable[[User], Iterable[str]] = nothing
    keeps: Callable[[User], Iterable[str]] = nothing


_parts: list[Part] = []


def register(part: Part) -> None:
    if part not in _parts:
        _parts.append(part)


def values(rows: Any, *names: str) -> Rows:
    """The named columns of a query as plain rows, moments as ISO texts."""
    return [{name: _plain(value) for name, value in row.items()} for row in rows.values(*names)]


def _plain(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool, dict, list)) else str(value)


def accounts_of(user: User) -> list[int]:
    """The account, and all that were merged into it: what stays with those is this person's, too."""
    found, new = [user.pk], [user.pk]
    while new:
        rows = AccountMerge.objects.filter(kept__in=new, other__isnull=False).exclude(other__in=found)
        new = list(rows.values_list("other_id", flat=True))
        found += new
    return found


# --- the copy --------------------------------------------------------------------------------------------------------


def make_copy(user: User) -> bytes:
    """A zip: everything as one JSON file, each table as CSV for a spreadsheet, and the files that belong to it."""
    tables = {name: rows for part in [OWN, *_parts] for name, rows in part.tables(user).items()}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("everything.json", json.dumps(tables, ensure_ascii=False, indent=1))
        for name, rows in tables.items():
            if rows:
                archive.writestr(f"{name}.csv", _as_csv(rows))
        for part in _parts:
            for name, content in part.files(user):
                archive.writestr(name, content)
    return buffer.getvalue()


def _as_csv(rows: Rows) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows({name: harmless(value) for name, value in row.items()} for row in rows)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def ask_for_copy(user: User) -> Export:
    """The newest copy of today, or a new wish that a job fulfils."""
    from accounts.tasks import make_export  # noqa: PLC0415  (the jobs import what they do)

    recent = Export.objects.filter(user=user, asked_at__gt=timezone.now() - timedelta(hours=1)).first()
    if recent:
        return recent
    with transaction.atomic():
        export = Export.objects.create(user=user)
        make_export.defer(export_id=export.pk)
    return export


def fulfil(export_id: int) -> None:
    export = Export.objects.select_related("user").filter(pk=export_id, ready_at=None).first()
    if export is None:
        return
    export.file.save("", ContentFile(make_copy(export.user)), save=False)
    export.ready_at = timezone.now()
    export.save()


def forget_old_copies() -> None:
    for export in Export.objects.filter(asked_at__lt=timezone.now() - EXPORT_KEPT):
        export.file.delete(save=False)
        export.delete()


# --- being forgotten -------------------------------------------------------------------------------------------------


def hindrances(user: User) -> list[str]:
    own = [_("A staff account is closed by an administrator.")] if user.is_staff or user.is_superuser else []
    return own + [words for part in _parts for words in part.hinders(user)]


def kept_by_law(user: User) -> list[str]:
    """Said before the button, not only after."""
    return [words for part in _parts for words in part.keeps(user)]


def ask_to_erase(user: User) -> Erasure:
    if found := hindrances(user):
        raise CannotErase(" ".join(found))
    due = timezone.now() + REVERSIBLE
    return Erasure.objects.get_or_create(user=user, defaults={"due_at": due})[0]


def take_back(user: User) -> bool:
    return bool(Erasure.objects.filter(user=user, done_at=None).delete()[0])


def erase_due() -> int:
    """By the job, once a wish is fourteen days old. What came up in between (a new subscription) lets it wait."""
    done = 0
    for wish in Erasure.objects.filter(done_at=None, due_at__lte=timezone.now()).select_related("user"):
        if not hindrances(wish.user):
            erase(wish)
            done += 1
    return done


def erase(wish: Erasure) -> None:
    with transaction.atomic():
        user = User.objects.select_for_update().get(pk=wish.user_id)
        wish.kept = [words for part in [*_parts, OWN] for words in part.erase(user)]
        wish.done_at = timezone.now()
        wish.save()


# --- the account's own part ------------------------------------------------------------------------------------------


def _own_tables(user: User) -> dict[str, Rows]:
    account = User.objects.filter(pk=user.pk)
    return {
        "account": values(account, "email", "name", "degrees", "profession", "date_joined", "last_login"),
        "email_addresses": values(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "other_sign_ins": values(SocialAccount.objects.filter(user=user), "provider", "uid", "date_joined"),
        "second_factors": values(Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"),
        "sessions": values(UserSession.objects.filter(user=user), "ip", "user_agent", "created_at"),
        "browsers": values(KnownDevice.objects.filter(user=user), "browser", "first_seen_at", "seen_at"),
        "errors_shown": values(
            SignInIncident.objects.filter(user=user), "reference", "stage", "path", "happened", "created_at"
        ),
        "memberships": values(
            Member.objects.filter(user=user), "number", "name", "email", "valid_until", "activated_at"
        ),
    }  # fmt: skip


def _erase_own(user: User) -> Iterable[str]:
    """The row stays, without anything of the person: papers that the law keeps name it by its number."""
    for session in UserSession.objects.filter(user=user):
        session.end()
    for model in (EmailAddress, SocialAccount, Authenticator, KnownDevice):
        model.objects.filter(user=user).delete()
    for export in Export.objects.filter(user=user):
        export.file.delete(save=False)
        export.delete()
    SignInIncident.objects.filter(user=user).update(user=None)
    AccountMerge.objects.filter(kept=user).update(other_email="")
    own = [str(pk) for pk in accounts_of(user)]
    LogEntry.objects.filter(content_type__model="user", object_id__in=own).update(
        object_repr="An erased account", change_message=""
    )
    Member.objects.filter(user=user).update(user=None, activated_at=None)
    user.groups.clear()
    user.email, user.name, user.degrees, user.profession = f"erased-{user.pk}@invalid.invalid", "", "", ""
    user.is_active = False
    user.set_unusable_password()
    user.save()
    return ()


OWN = Part(tables=_own_tables, erase=_erase_own)


def tables_named(user: User, name: str) -> Rows:
    """One table of the copy, for a page that shows it."""
    return [row for part in _parts for row in part.tables(user).get(name, [])]
