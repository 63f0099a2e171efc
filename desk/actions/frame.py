"""The frame of every action: a form with a reason → what would happen → doing it once → an audit entry → undoing it.

What a member of staff was shown is what is done. The preview's page carries a signed token of what it said; when it
would say something else by now (another agent was quicker, Stripe told news), nothing is done and the new preview is
shown. Doing happens under the locks of the accounts concerned, and the token's key stands in the audit log, so that a
second click finds the first one's entry.
"""

import hashlib
import json
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ClassVar

from django import forms
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Max, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import User
from desk import audit
from desk.models import AuditEntry

SALT = "desk.actions"
VALID_SECONDS = 3600
LISTED = 50


class Impossible(Exception):
    """Why this cannot be done to this person now, as a sentence with what to do instead."""


class Failed(Exception):
    """What was asked for was not done, because somebody else (Stripe) did not do it. A sentence."""


class Changed(Exception):
    """Things are not as they were when the preview was shown."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What would happen, in sentences; `table` compares two columns; `button` is the verb of the second step."""

    sentences: list[str]
    cautions: list[str] = field(default_factory=list)
    table: list[tuple[str, str, str]] = field(default_factory=list)
    heads: tuple[str, str, str] = ("", "", "")

    @property
    def digest(self) -> str:
        return hashlib.sha256(json.dumps([self.sentences, self.cautions, self.table]).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Done:
    """What was done. `then` is what must happen outside the transaction (asking Stripe); it raises Failed."""

    effect: str
    undo: dict[str, Any] = field(default_factory=dict)
    thing: Model | None = None
    about: str = ""
    then: Callable[[], str] | None = None


class ActionForm(forms.Form):
    """What an action asks. The reason comes last, is required, and is kept in the audit log."""

    reason = forms.CharField(
        label="Reason", max_length=1000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Who asked and why. Kept in the audit log; the reader does not see it.",
        error_messages={"required": "Write the reason: it is kept in the audit log."},
    )  # fmt: skip

    def __init__(self, data: Any = None, *, person: User, initial: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial=dict(initial or {}))
        self.person = person
        self.order_fields([name for name in self.fields if name != "reason"])


class Newest(forms.models.ModelChoiceIterator):  # type: ignore[type-arg]
    """A person may hold thousands of rights: the newest are listed, and the one a link has named."""

    def __iter__(self) -> Iterator[Any]:
        named = str(getattr(self.field, "named", ""))
        rows = list(self.queryset[:LISTED])
        if named.isdigit() and named not in {str(row.pk) for row in rows}:
            rows = [*self.queryset.filter(pk=named), *rows]
        return (self.choice(row) for row in rows)


class OwnChoice(forms.ModelChoiceField):  # type: ignore[type-arg]
    """One of this person's own rows; somebody else's is refused in words."""

    iterator = Newest

    def __init__(self, noun: str, words: Callable[[Any], str] = str, **kwargs: Any) -> None:
        super().__init__(queryset=None, empty_label=None, **kwargs)
        self.noun, self.words, self.named = noun, words, ""
        self.error_messages["required"] = f"Choose the {noun}."

    def offer(self, rows: "QuerySet[Any]", person: User, named: Any = "") -> None:
        self.queryset, self.named = rows, named
        self.error_messages["invalid_choice"] = (
            f"This is not a {self.noun} of {person} for which this can be done. Look for its owner by its number."
        )

    def label_from_instance(self, row: Any) -> str:
        return self.words(row)


class Action:
    """One thing staff can do for a person. Subclasses say what it asks, what it would do, does it, and undoes it."""

    name: ClassVar[str]
    title: ClassVar[str]
    button: ClassVar[str]
    look: ClassVar[str] = "Look at what happens"
    permission: ClassVar[str] = "desk.act_for_reader"
    intro: ClassVar[str] = ""
    form_class: ClassVar[type[ActionForm]] = ActionForm
    for_staff: ClassVar[bool] = False  # whether it can be done to a colleague's account
    can_be_undone: ClassVar[bool] = False

    def check(self, person: User) -> None:
        """Raises Impossible where it makes no sense for this person, before anything is asked. Asks no database."""
        if not self.for_staff and (person.is_staff or person.is_superuser):
            raise Impossible(f"{person} is a staff account. An administrator looks after those, under Users.")

    def locks(self, person: User, told: dict[str, Any]) -> list[int]:
        """The accounts that stay as they are while this is done."""
        return [person.pk]

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        """Raises Impossible."""
        raise NotImplementedError

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        """Inside a transaction, under the locks. Raises Impossible."""
        raise NotImplementedError

    def leads_to(self, told: dict[str, Any]) -> str:
        """The address of a page that previews and does it already; empty where this frame does it."""
        return ""

    def preview_undo(self, entry: AuditEntry) -> Preview:
        raise Impossible("This cannot be undone.")

    def undo(self, entry: AuditEntry, by: User) -> Done:
        raise Impossible("This cannot be undone.")

    def builder(self, request: HttpRequest, person: User) -> forms.Form | None:
        """A form of its own above, sent by GET, that fills in the one below."""
        return None

    def begin(self, form: forms.Form, person: User) -> dict[str, Any]:
        """What the fields begin with, from the form above."""
        return {}

    def answer(self, request: HttpRequest, entry: AuditEntry) -> HttpResponse | None:
        """Where doing it leads, if not to its audit entry."""
        return None


def person_of(entry: AuditEntry) -> User:
    if entry.person is None:
        raise Impossible("This entry names nobody.")
    return entry.person


def locked(row: Any) -> Any:
    """A row as it is now, kept as it is until the transaction ends."""
    return type(row)._base_manager.select_for_update().get(pk=row.pk)


# --- the token of what was shown -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """What a preview's page said, as its token tells. `newest`: the last entry of this deed that stood in the log."""

    key: uuid.UUID
    digest: str
    newest: int
    moment: datetime


def newest(person: User, action: str) -> int:
    """Asked before a preview is made: what was done after that, the preview may not know of.

    Entries of one deed on one person are written under the lock of the account, so their numbers grow.
    """
    found = AuditEntry.objects.filter(person=person, action=action).aggregate(last=Max("pk"))
    return found["last"] or 0


def typed(form: forms.Form) -> str:
    """The form as it was sent: a token is for these words and no others."""
    sent = {name: form[name].data for name in form.fields}
    return hashlib.sha256(json.dumps(sent, sort_keys=True, default=str).encode()).hexdigest()


def token_for(what: str, by: User, words: str, preview: Preview, newest: int) -> str:
    said = [what, by.pk, words, preview.digest, str(uuid.uuid4()), newest, timezone.now().timestamp()]
    return signing.dumps(said, salt=SALT)


def read_token(token: str, what: str, by: User, words: str) -> Shown | None:
    """None when it is not of this page, this member of staff and these words, or too old."""
    try:
        *of, digest, key, last, at = signing.loads(token, salt=SALT, max_age=VALID_SECONDS)
    except (signing.BadSignature, ValueError):
        return None
    shown = Shown(uuid.UUID(key), digest, last, datetime.fromtimestamp(at, UTC))
    return shown if of == [what, by.pk, words] else None


# --- doing it once ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """The entry of what was done, whether it was done now or before, and what to tell staff beside it."""

    entry: AuditEntry
    is_new: bool = True
    said: str = ""


def perform(action: Action, person: User, form: ActionForm, by: User, shown: Shown) -> Outcome:
    """Do it, unless it was done. Raises Changed, Impossible, and Failed.

    The entry is written before anybody outside is asked, so that nothing happens without one; where they refuse, an
    entry beside it says that it came to nothing.
    """
    try:
        with transaction.atomic():
            accounts = _lock(action.locks(person, form.cleaned_data))
            earlier = AuditEntry.objects.filter(key=shown.key).first()
            if earlier:
                return Outcome(earlier, is_new=False)
            done, entry = _do(action, accounts[person.pk], form, by, shown)
    except IntegrityError:  # the same was done at this moment on another account, such as taking an address
        raise Changed from None
    return Outcome(entry, said=_ask_others(done, entry, by))


def _do(action: Action, person: User, form: ActionForm, by: User, shown: Shown) -> tuple[Done, AuditEntry]:
    """Under the locks: what is so now must be what was shown, or nothing is done."""
    form.person = person
    form.full_clean()  # its choices are read again
    if form.errors or newest(person, action.name) != shown.newest:
        raise Changed
    action.check(person)
    told = form.cleaned_data
    if action.preview(person, told).digest != shown.digest:
        raise Changed
    done = action.do(person, told, by)
    entry = audit.record(
        action.name, by=by, person=person, thing=done.thing, about=done.about, reason=told["reason"],
        effect=done.effect, undo=done.undo, key=shown.key,
    )  # fmt: skip
    return done, entry


def perform_undo(action: Action, entry: AuditEntry, reason: str, by: User, shown: Shown) -> Outcome:
    try:
        with transaction.atomic():
            _lock([pk for pk in (entry.person_id,) if pk])
            entry = AuditEntry.objects.select_related("undone_by", "person").get(pk=entry.pk)
            if entry.follow_up:
                return Outcome(entry.follow_up, is_new=False)
            if action.preview_undo(entry).digest != shown.digest:
                raise Changed
            done = action.undo(entry, by)
            undone = audit.record(
                f"undo_{action.name}", by=by, person=entry.person, thing=done.thing, about=done.about or entry.about,
                reason=reason, effect=done.effect, key=shown.key, undoes=entry,
            )  # fmt: skip
    except IntegrityError:
        raise Changed from None
    return Outcome(undone, said=_ask_others(done, undone, by))


def _lock(accounts: list[int]) -> dict[int, User]:
    """Kept from each other and from whoever changes the account; rows that only name it may be written meanwhile."""
    return User.objects.select_for_update(no_key=True).order_by("pk").in_bulk(sorted(set(accounts)))


def _ask_others(done: Done, entry: AuditEntry, by: User) -> str:
    if done.then is None:
        return ""
    try:
        return done.then()
    except Failed as failure:
        audit.record(
            "came_to_nothing", by=by, person=entry.person, about=entry.about, thing=entry.row(), effect=str(failure),
            undoes=entry,
        )  # fmt: skip
        raise


def quicker(person: User, action: str, shown: Shown) -> AuditEntry | None:
    """The newest deed on this person since a preview was shown: who was quicker."""
    since = Q(at__gt=shown.moment) | Q(action=action, pk__gt=shown.newest)
    return AuditEntry.objects.filter(since, person=person).select_related("by").first()
