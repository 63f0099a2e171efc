"""The society's roster: read from CSV with a sentence for every wrong line, and applied whole or not at all.

Columns by name, in any order: number, name, until (2027-12-31); email may be left out. What a membership opens is not
known here: other apps watch (`watch`) and follow every change of a member's row.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy

from accounts import spreadsheets
from accounts.models import Member, RosterImport, User
from accounts.spreadsheets import Sheet

NEEDED, KNOWN = ("number", "name", "until"), ("number", "name", "until", "email")
MOST_BYTES, MOST_ROWS = 10_000_000, 200_000
DAY = re.compile(r"\d{4}-\d{2}-\d{2}")

_watchers: list[Callable[[Member], None]] = []


def watch(function: Callable[[Member], None]) -> None:
    """Call `function` with each member whose user or last day has changed, in the same transaction."""
    if function not in _watchers:
        _watchers.append(function)


def tell(members: Iterable[Member]) -> None:
    for member in members:
        for function in _watchers:
            function(member)


@dataclass
class Row:
    line: int
    number: str
    name: str
    until: date
    email: str


@dataclass
class Checked:
    """What a roster says, and what it would do. With errors it does nothing."""

    rows: list[Row] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    new: int = 0
    changed: int = 0
    same: int = 0
    ended: int = 0
    ended_active: int = 0
    touched: list[Member] = field(default_factory=list)  # with an account, once it is applied

    @property
    def words(self) -> str:
        ended = f", {self.ended} ended ({self.ended_active} of them with an account)" if self.ended else ""
        return f"{self.new} new, {self.changed} changed, {self.same} as before{ended}"


# --- reading ---------------------------------------------------------------------------------------------------------


def text_of(raw: bytes) -> str:
    """The file's text. ValueError names the line that is not UTF-8."""
    return spreadsheets.text_of(raw, MOST_BYTES)


def read(text: str) -> Checked:
    sheet = Sheet(NEEDED, KNOWN, MOST_ROWS, "members")
    checked, seen = Checked(errors=sheet.errors), dict[str, int]()
    for line, cells in sheet.lines(text):
        row = _row(line, cells)
        if isinstance(row, str):
            sheet.wrong(line, row)
        elif row.number in seen:
            sheet.wrong(line, f"number {row.number} stands in line {seen[row.number]} already.")
        else:
            seen[row.number] = line
            checked.rows.append(row)
    if not checked.rows and not checked.errors:
        checked.errors.append("The file holds no members.")
    return checked


def _row(line: int, cells: dict[str, str]) -> Row | str:
    number, name = normal_number(cells.get("number", "")), " ".join(cells.get("name", "").split())
    until, email = cells.get("until", "").strip(), cells.get("email", "").strip().lower()
    if not number or len(number) > 40:
        return "the number is missing." if not number else "the number is longer than 40 characters."
    if not name or len(name) > 200:
        return "the name is missing." if not name else "the name is longer than 200 characters."
    try:
        day = date.fromisoformat(until) if DAY.fullmatch(until) else None
    except ValueError:
        day = None
    if day is None:
        return f"“{until[:20]}” is no day. Write it like 2027-12-31."
    try:
        if email:
            validate_email(email)
    except ValidationError:
        return f"“{email[:60]}” is no email address."
    return Row(line, number, name, day, email[:254])


def normal_number(typed: str) -> str:
    """Capitals, without spaces and hyphens; leading zeros count. `m-00 12` and `M0012` are one."""
    return re.sub(r"[\s‐-―-]", "", unicodedata.normalize("NFKC", typed)).upper()


# --- comparing and applying ------------------------------------------------------------------------------------------


def check(text: str, *, is_complete: bool) -> Checked:
    """The dry run: what applying it now would do. Nothing is written."""
    checked = read(text)
    if checked.errors:
        return checked
    known = {member.number: member for member in Member.objects.all()}
    for row in checked.rows:
        member = known.pop(row.number, None)
        if member is None:
            checked.new += 1
        elif _differs(member, row):
            checked.changed += 1
        else:
            checked.same += 1
    if is_complete:
        running = [member for member in known.values() if member.valid_until >= timezone.localdate()]
        checked.ended, checked.ended_active = len(running), sum(member.user_id is not None for member in running)
    return checked


def _differs(member: Member, row: Row) -> bool:
    return (member.name, member.valid_until, member.email) != (row.name, row.until, row.email)


def apply(roster: RosterImport) -> Checked:
    """All of it, or nothing: one transaction, in which the rights of activated members follow."""
    with transaction.atomic():
        roster = RosterImport.objects.select_for_update().get(pk=roster.pk)
        checked = check(roster.content, is_complete=roster.is_complete)
        if checked.errors or roster.applied_at:
            return checked
        known = Member.objects.select_for_update().in_bulk(field_name="number")
        new: list[Member] = []
        changed: list[Member] = []
        for row in checked.rows:
            member = known.pop(row.number, None) or Member(number=row.number)
            is_new, differs = member.pk is None, member.pk is None or _differs(member, row)
            member.name, member.valid_until, member.email = row.name, row.until, row.email
            if differs:
                (new if is_new else changed).append(member)
        if roster.is_complete:
            changed += _end(member for member in known.values() if member.valid_until >= timezone.localdate())
        Member.objects.bulk_create(new, batch_size=1000)
        Member.objects.bulk_update(changed, ["name", "valid_until", "email"], batch_size=1000)
        checked.touched = [member for member in changed if member.user_id]
        tell(checked.touched)
        roster.applied_at, roster.summary, roster.content = timezone.now(), checked.words, ""
        roster.save()
    return checked


def _end(members: Iterable[Member]) -> list[Member]:
    yesterday = timezone.localdate() - timedelta(days=1)
    ended = list(members)
    for member in ended:
        member.valid_until = yesterday
    return ended


# --- activating ------------------------------------------------------------------------------------------------------


class NotActivated(Exception):
    """Why not, as a sentence for the reader. Number and name that do not go together are one answer."""


NO_SUCH = gettext_lazy("We find no membership with this number and name. Both stand on your card or your last invoice.")
RUN_OUT = gettext_lazy("This membership ran out on {until}. The society can renew it; then activate it again.")
ELSEWHERE = gettext_lazy(
    "This membership is active in another account. If that account is yours, sign in there, or merge the two; otherwise"
    " please contact us."
)


def activate(user: User, number: str, name: str) -> Member:
    with transaction.atomic():
        member = Member.objects.select_for_update().filter(number=normal_number(number)).first()
        if member is None or not _is_named(member, name):
            raise NotActivated(NO_SUCH)
        if member.user_id not in (None, user.pk):
            raise NotActivated(ELSEWHERE)
        if member.valid_until < timezone.localdate():
            raise NotActivated(RUN_OUT.format(until=date_format(member.valid_until, "DATE_FORMAT")))
        member.user, member.activated_at = user, member.activated_at or timezone.now()
        member.save(update_fields=["user", "activated_at"])
        tell([member])
    return member


def _is_named(member: Member, typed: str) -> bool:
    """The family name is enough, in any case and with or without its accents: `muller` is Müller."""
    wanted, known = _words(typed), _words(member.name)
    return bool(wanted) and set(wanted) <= set(known) and max(map(len, wanted)) > 1


def _words(name: str) -> list[str]:
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return re.findall(r"\w+", plain)
