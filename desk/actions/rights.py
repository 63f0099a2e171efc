"""Rights that staff give, lengthen, take back and give back."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.admin.widgets import AdminDateWidget
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from accounts.models import User
from desk.actions.frame import Action, ActionForm, Done, Impossible, OwnChoice, Preview, locked, person_of
from desk.models import AuditEntry
from journal.access import Verdict
from journal.doi import pasted_doi
from journal.models import Article, Issue, Journal
from subscriptions import access, grants, support, sync
from subscriptions.models import Entitlement, SyncTarget

ARTICLE, ISSUE, JOURNAL = "article", "issue", "journal"
GIVES, STOPS = "subscriptions.add_entitlement", "subscriptions.change_entitlement"
MOST_HOURS = 720
IN_FORCE = (Verdict.IN_FORCE, Verdict.KEPT_YEARS)


def words(right: Entitlement) -> str:
    return f"{right.get_kind_display()}: {str(right.scope)[:80]} ({support.state_of(right)})"


def rights_of(person: User) -> Any:
    return Entitlement.objects.filter(user=person).select_related("user", "article", "issue", "journal")


# --- complimentary access --------------------------------------------------------------------------------------------


class ComplimentaryForm(ActionForm):
    what = forms.ChoiceField(
        label="What", widget=forms.RadioSelect, initial=ARTICLE,
        choices=[(ARTICLE, "The article"), (ISSUE, "The whole issue it is in"), (JOURNAL, "The whole journal")],
    )  # fmt: skip
    doi = forms.CharField(
        label="DOI of the article", max_length=300, required=False,
        widget=forms.TextInput(attrs={"size": 40, "placeholder": "10.1234/abc"}),
    )  # fmt: skip
    first_day = forms.DateField(initial=timezone.localdate, widget=AdminDateWidget)
    last_day = forms.DateField(
        required=False, widget=AdminDateWidget, help_text="Still open on this day. Empty: without end."
    )

    def clean_doi(self) -> Article | None:
        text = self.cleaned_data["doi"]
        doi = pasted_doi(text) if text else None
        found = Article.objects.select_related("issue", "journal").by_doi(doi).first() if doi else None
        if text and found is None:
            raise forms.ValidationError(f"There is no article with the DOI {text} here.")
        return found

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", "The last day lies before the first. Swap them, or leave the last day empty.")
        if "doi" not in self.errors and cleaned.get("what"):
            self._find_scope(cleaned)
        return cleaned

    def _find_scope(self, cleaned: dict[str, Any]) -> None:
        article: Article | None = cleaned.get("doi")
        only = list(Journal.objects.all()[:2]) if article is None else [article.journal]
        scopes: dict[str, Article | Issue | Journal | None] = {
            ARTICLE: article, ISSUE: article.issue if article else None, JOURNAL: only[0] if len(only) == 1 else None,
        }  # fmt: skip
        cleaned["scope"] = scopes[cleaned["what"]]
        if cleaned["scope"] is None:
            alone = article is not None and cleaned["what"] == ISSUE
            self.add_error("doi", "This article is in no issue." if alone else "Write the article's DOI.")


class Complimentary(Action):
    name, title, button = "complimentary", "Give complimentary access…", "Give access"
    intro = "A right that costs nothing, for an author, a reviewer, or as a remedy."
    permission, form_class, for_staff, can_be_undone = GIVES, ComplimentaryForm, True, True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        scope, first, last = told["scope"], told["first_day"], told["last_day"]
        until = f"until {_day(last)}, that day included" if last else "without end"
        sentences = [f"{person} can read {_named(scope)} from {_day(first)} {until}."]
        cautions = []
        if isinstance(scope, Article):
            now = access.look_up(person.pk, None, [scope.pk])[scope.pk]
            if now.granted:
                cautions.append(f"They can read it already: {str(now.reason).replace('_', ' ')}.")
        if last and last < timezone.localdate():
            cautions.append("This lies in the past: it opens nothing now.")
        return Preview(sentences, cautions)

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        scope, last = told["scope"], told["last_day"]
        right = Entitlement(
            user=person, reason=told["reason"], starts_at=grants.start_of(told["first_day"]),
            ends_at=grants.end_of(last) if last else None, **{told["what"]: scope},
        )  # fmt: skip
        grants.give(right, by)
        return Done(f"Given: {_named(scope)}. {support.state_of(right)}.", thing=right)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        right = _right_of(entry)
        if right.revoked_at:
            raise Impossible("This right was taken back already.")
        return Preview([f"{person_of(entry)} loses {_named(right.scope)} at once: {words(right)}."])

    def undo(self, entry: AuditEntry, by: User) -> Done:
        right = locked(_right_of(entry))
        grants.revoke(right, by, "Given by mistake")
        return Done("Taken back at once.", thing=right)


# --- a rental's time -------------------------------------------------------------------------------------------------


class ExtendForm(ActionForm):
    right = OwnChoice("rental", words, label="Rental")
    hours = forms.IntegerField(
        min_value=1, max_value=MOST_HOURS, initial=48, label="Hours more",
        help_text="To read, where the clock has run; else to start it.",
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        rentals = rights_of(self.person).filter(kind=Entitlement.Kind.RENTAL, revoked_at=None)
        self.fields["right"].offer(rentals, self.person, self.initial.get("right"))  # type: ignore[attr-defined]


class ExtendRental(Action):
    name, title, button = "extend_rental", "Extend a rental…", "Extend it"
    permission, form_class, for_staff, can_be_undone = STOPS, ExtendForm, True, True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        right, hours, now = told["right"], told["hours"], timezone.now()
        running_out = right.open_by if right.opened_at is None else right.ends_at
        more = timedelta(hours=hours)
        later = running_out > now
        until = f"until {support.moment(running_out + more)}" if later else f"for {hours} hours from then on"
        what = "can be started" if right.opened_at is None else "is open"
        return Preview([f"{right.scope} {what} {until}.", f"Now: {support.state_of(right)}."])

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        right = locked(told["right"])
        before = {"open_by": _iso(right.open_by), "ends_at": _iso(right.ends_at)}
        grants.extend_rental(right, told["hours"])
        after = {"then": [_iso(right.open_by), _iso(right.ends_at)]}
        return Done(f"{told['hours']} hours more: {support.state_of(right)}.", undo={**before, **after}, thing=right)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        right = _right_of(entry)
        if [_iso(right.open_by), _iso(right.ends_at)] != entry.undo.get("then"):
            raise Impossible("The rental has changed since (it was started, or extended again).")
        return Preview([f"{right.scope} has its time back as it was before. Now: {support.state_of(right)}."])

    def undo(self, entry: AuditEntry, by: User) -> Done:
        right = locked(_right_of(entry))
        right.open_by, right.ends_at = _moment(entry.undo["open_by"]), _moment(entry.undo["ends_at"])
        right.save(update_fields=["open_by", "ends_at", "updated_at"])
        return Done(f"As before: {support.state_of(right)}.", thing=right)


# --- taking back and giving back -------------------------------------------------------------------------------------


class RightForm(ActionForm):
    """One of the person's rights, out of those that `offered` says."""

    right = OwnChoice("right", words, label="Right")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["right"].offer(self.offered(), self.person, self.initial.get("right"))  # type: ignore[attr-defined]

    def offered(self) -> Any:
        raise NotImplementedError


class RevokeForm(RightForm):
    def offered(self) -> Any:
        return rights_of(self.person).filter(Q(ends_at=None) | Q(ends_at__gt=timezone.now()), revoked_at=None)


class Revoke(Action):
    name, title, button = "revoke", "Revoke a right…", "Revoke it"
    intro = "Closes at once. Money goes back by a refund, which ends the right by itself."
    permission, form_class, for_staff, can_be_undone = STOPS, RevokeForm, True, True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        right = told["right"]
        sentences = [f"{person} loses {_named(right.scope)} through this right: {words(right)}."]
        if right.article:
            sentences.append(_what_stays(person, right))
        if not grants.is_by_staff(right):
            sentences.append("It was sold: this gives no money back, and reading Stripe again does not bring it back.")
        return Preview(sentences)

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        right = locked(told["right"])
        grants.revoke(right, by, told["reason"][:300])
        return Done(f"Revoked: {_named(right.scope)}.", thing=right)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        return GiveBack().preview(person_of(entry), {"right": _revoked(entry)})

    def undo(self, entry: AuditEntry, by: User) -> Done:
        return GiveBack().do(person_of(entry), {"right": _revoked(entry)}, by)


class GiveBackForm(RightForm):
    right = OwnChoice("right that staff revoked", words, label="Right")

    def offered(self) -> Any:
        return rights_of(self.person).filter(revoked_by__isnull=False)


class GiveBack(Action):
    name, title, button = "give_back", "Give a revoked right back…", "Give it back"
    intro = "Only what staff revoked. What a refund or a dispute took back returns by itself when the payment stands."
    permission, form_class, for_staff, can_be_undone = STOPS, GiveBackForm, True, True

    def preview(self, person: User, told: dict[str, Any]) -> Preview:
        right = told["right"]
        sentences = [f"{person} has {_named(right.scope)} back as it was. Revoked now: {right.revoke_reason}"]
        if not grants.is_by_staff(right):
            sentences.append("Stripe is read again at once: a refund that stands takes it back.")
        return Preview(sentences)

    def do(self, person: User, told: dict[str, Any], by: User) -> Done:
        right = locked(told["right"])
        before = {"reason": right.revoke_reason}
        grants.give_back(right)
        order = None if grants.is_by_staff(right) else support.order_behind(right)
        if order and order.session_id:
            sync.hint(SyncTarget.Kind.ORDER, str(order.pk))
        return Done(f"Given back: {_named(right.scope)}. {support.state_of(right)}.", undo=before, thing=right)

    def preview_undo(self, entry: AuditEntry) -> Preview:
        right = _right_of(entry)
        if right.revoked_at:
            raise Impossible("This right was taken back already.")
        return Preview([f"{person_of(entry)} loses {_named(right.scope)} again: {words(right)}."])

    def undo(self, entry: AuditEntry, by: User) -> Done:
        right = locked(_right_of(entry))
        grants.revoke(right, by, entry.undo.get("reason", "")[:300])
        return Done(f"Revoked again: {_named(right.scope)}.", thing=right)


def _right_of(entry: AuditEntry) -> Entitlement:
    """The right an entry was about, while it is still this person's: a merge may have taken it along."""
    found = entry.row()
    if not isinstance(found, Entitlement) or found.user_id != entry.person_id:
        raise Impossible("This right is not this account's any more.")
    return found


def _revoked(entry: AuditEntry) -> Entitlement:
    right = _right_of(entry)
    if right.revoked_by_id is None:
        raise Impossible("This right is not revoked by staff any more.")
    return right


def _what_stays(person: User, right: Entitlement) -> str:
    answer = access.look_up(person.pk, None, [right.article_id])[right.article_id]  # type: ignore[list-item,index]
    others = [one.source for one in answer.considered if one.verdict in IN_FORCE and one.source != right.source]
    return f"They can still read it, through {', '.join(others)}." if others else "Nothing else of theirs opens it."


def _named(scope: Article | Issue | Journal) -> str:
    return {Article: "“{}”", Issue: "the issue {}", Journal: "all of {}"}[type(scope)].format(scope)


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def _iso(moment: Any) -> str | None:
    return moment.isoformat() if moment else None


def _moment(text: str | None) -> Any:

    return parse_datetime(text) if text else None
