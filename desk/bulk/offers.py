"""Offers as a table: what is on sale, and at which price. A line is one thing for sale, named by what it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.models import ADDITION, CHANGE, LogEntry
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import CheckConstraint

from accounts.spreadsheets import Sheet, restored
from desk.bulk.plan import Change, Plan, ignored_in
from journal.models import Article, Issue, Journal
from subscriptions import offers
from subscriptions.admin.offers import minor_units
from subscriptions.models import Offer
from subscriptions.money import MINIMUM, decimals, from_minor

MOST_ROWS = 2_000
NEEDED = ("kind", "price", "currency")
OPTIONS = ("trial_days", "rental_hours", "tax_note", "position")
KNOWN = (*NEEDED, "doi", "volume", "number", "audience", "interval", *OPTIONS, "on_sale")
COLUMNS = (*KNOWN, "for")
YES_NO = {"yes": True, "": True, "no": False}
Key = tuple[Any, ...]


# --- out -------------------------------------------------------------------------------------------------------------


def rows() -> Iterator[list[Any]]:
    """What is on sale."""
    found = Offer.objects.filter(active=True).select_related("article", "issue", "journal")
    for offer in found.order_by("kind", "position", "pk").iterator():
        price = f"{from_minor(offer.amount, offer.currency):.{decimals(offer.currency)}f}"
        yield [
            offer.kind, price, offer.currency, offer.article.doi if offer.article else "",
            offer.issue.volume if offer.issue else "", offer.issue.number if offer.issue else "", offer.audience,
            offer.interval, offer.trial_days, offer.rental_hours, offer.tax_note, offer.position, "yes",
            str(offer.article or offer.issue or offer.journal),
        ]  # fmt: skip


# --- in --------------------------------------------------------------------------------------------------------------


class Wrong(Exception):
    """A sentence about one line."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An offer as the table wants it: `old` is what is on sale now, `new` what should be; one of them may be None."""

    old: Offer | None
    new: Offer | None
    is_ordered: bool = False


@dataclass
class Known:
    journal: Journal
    offers: Mapping[Key, Offer]
    ordered: frozenset[int]
    articles: Mapping[str, Article]
    issues: Mapping[tuple[str, str], Issue]


def key_of(offer: Offer) -> Key:
    return offer.kind, offer.article_id, offer.issue_id, offer.audience, offer.interval, offer.currency


def check(text: str) -> Plan:
    sheet = Sheet(NEEDED, KNOWN, MOST_ROWS, "offers")
    lines = list(sheet.lines(text))
    plan = Plan(errors=sheet.errors, ignored=ignored_in(sheet.columns, KNOWN))
    journal = Journal.objects.first()
    if not lines or journal is None:
        plan.errors[:] = plan.errors or ["The file holds no offers." if journal else "There is no journal yet to sell."]
        return plan
    known, seen = _known(journal, lines), dict[Key, int]()
    for line, cells in lines:
        try:
            _add(plan, line, _wanted({name: restored(cell.strip()) for name, cell in cells.items()}, known, seen, line))
        except Wrong as wrong:
            sheet.wrong(line, str(wrong))
        except ValidationError as error:
            sheet.wrong(line, " ".join(error.messages))
    sheet.sort_errors()
    return plan


def _known(journal: Journal, lines: list[tuple[int, dict[str, str]]]) -> Known:
    active = list(Offer.objects.filter(journal=journal, active=True).select_related("article", "issue", "journal"))
    ordered = Offer.objects.filter(pk__in=[one.pk for one in active], orders__isnull=False).order_by()
    keys = {restored(cells.get("doi", "").strip()).lower() for _, cells in lines} - {""}
    articles = Article.objects.filter(doi_key__in=keys).only("doi", "doi_key", "title")
    issues = Issue.objects.filter(journal=journal)
    return Known(
        journal, {key_of(one): one for one in active}, frozenset(ordered.values_list("pk", flat=True).distinct()),
        {one.doi_key: one for one in articles}, {(one.volume, one.number): one for one in issues},
    )  # fmt: skip


def _wanted(cells: Mapping[str, str], known: Known, seen: dict[Key, int], line: int) -> Wanted:
    new = _named(cells, known)
    key, is_on_sale = key_of(new), YES_NO.get(cells.get("on_sale", "").lower())
    if is_on_sale is None:
        raise Wrong(f"on_sale is yes or no, not “{cells['on_sale'][:20]}”.")
    if key in seen:
        raise Wrong(f"the same thing is for sale in line {seen[key]} already.")
    seen[key] = line
    old = known.offers.get(key)
    if not is_on_sale:
        return Wanted(old, None)
    if old:
        new.takes_promotion_codes, new.pk = old.takes_promotion_codes, old.pk
        for name in OPTIONS:
            if name not in cells:
                setattr(new, name, getattr(old, name))
    _validate(new)
    return Wanted(old, new, old is not None and old.pk in known.ordered)


def _named(cells: Mapping[str, str], known: Known) -> Offer:
    """The line as an offer that is not saved."""
    kind, currency = cells["kind"].lower(), cells["currency"].lower()
    if kind not in Offer.Kind.values:
        raise Wrong(f"“{kind[:30]}” is no kind of offer. There are: {', '.join(Offer.Kind.values)}.")
    if currency not in MINIMUM:
        raise Wrong(f"“{currency[:10]}” is no currency of this site. There are: {', '.join(sorted(MINIMUM))}.")
    if cells.get("audience", "").lower() not in Offer.Audience.values:
        raise Wrong("audience is empty, for everybody, or trainee.")
    try:
        amount = minor_units(cells["price"], currency)
    except ValueError as error:
        raise Wrong(str(error)) from None
    return Offer(
        journal=known.journal, kind=kind, currency=currency, amount=amount, article=_article(cells, known),
        issue=_issue(cells, known), audience=cells.get("audience", "").lower(),
        interval=cells.get("interval", "").lower(), **_options(cells),
    )  # fmt: skip


def _options(cells: Mapping[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for name in ("trial_days", "rental_hours", "position"):
        text = cells.get(name, "")
        if text and not (text.isascii() and text.isdigit() and len(text) < 6):
            raise Wrong(f"{name} is a whole number, not “{text[:20]}”.")
        if text:
            told[name] = int(text)
    return told | ({"tax_note": cells["tax_note"]} if "tax_note" in cells else {})


def _article(cells: Mapping[str, str], known: Known) -> Article | None:
    doi = cells.get("doi", "").lower()
    if not doi:
        return None
    if doi not in known.articles:
        raise Wrong(f"there is no article with the DOI “{doi[:80]}”.")
    return known.articles[doi]


def _issue(cells: Mapping[str, str], known: Known) -> Issue | None:
    volume, number = cells.get("volume", ""), cells.get("number", "")
    if not (volume or number):
        return None
    if (volume, number) not in known.issues:
        raise Wrong(f"there is no issue {volume[:20]}({number[:20]}).")
    return known.issues[volume, number]


def _validate(offer: Offer) -> None:
    """The model's own rules, and the table's: all but the one that the offer it replaces would break."""
    if offer.kind == Offer.Kind.SUBSCRIPTION and offer.article:
        raise Wrong("a subscription is for the journal: leave the DOI empty.")
    offer.clean_fields(exclude=["journal", "article", "issue"])
    offer.clean()
    for constraint in Offer._meta.constraints:
        if isinstance(constraint, CheckConstraint):
            constraint.validate(Offer, offer)


def _add(plan: Plan, line: int, wanted: Wanted) -> None:
    old, new = wanted.old, wanted.new
    said = ""
    if new is None and old:
        said = "taken off sale"
    elif new and old is None:
        said = f"new, at {new.price}"
    elif new and old:
        changed = {name: (getattr(old, name), getattr(new, name)) for name in ("amount", *OPTIONS)}
        said = "; ".join(_difference(name, *pair, new) for name, pair in changed.items() if pair[0] != pair[1])
        if said and wanted.is_ordered and any(changed[name][0] != changed[name][1] for name in _terms()):
            said += "; has orders, so a new offer takes its place"
    if not said:
        plan.same += 1
        return
    plan.changes.append(Change(line, _about(new or old), said, wanted))


def _terms() -> list[str]:
    return [name for name in ("amount", *OPTIONS) if name in offers.TERMS]


def _difference(name: str, before: Any, after: Any, offer: Offer) -> str:
    if name == "amount":
        return f"price: {type(offer)(amount=before, currency=offer.currency).price} → {offer.price}"
    return f"{name.replace('_', ' ')}: {before if before != '' else '–'} → {after if after != '' else '–'}"


def _about(offer: Offer | None) -> str:
    assert offer is not None  # noqa: S101  (a change has one of the two)
    words = f"{offer.get_kind_display()}{' (in training)' if offer.audience else ''}"
    return f"{words}: {offer.article or offer.issue or offer.interval or 'every article'}, {offer.currency.upper()}"


def apply(plan: Plan, user_id: int) -> int:
    """All of it in one transaction. What somebody has ordered stays what it was (subscriptions/offers.py)."""
    with transaction.atomic():
        for change in plan.changes:
            wanted: Wanted = change.row
            row, flag = _write(wanted, change.said)
            LogEntry.objects.log_actions(user_id, [row], flag, change_message=f"By a table: {change.said}")
    return len(plan.changes)


def _write(wanted: Wanted, said: str) -> tuple[Offer, int]:
    old, new = wanted.old, wanted.new
    if new is None:
        assert old is not None  # noqa: S101  (as above)
        Offer.objects.filter(pk=old.pk).update(active=False)
        return old, CHANGE
    if old is None:
        new.save()
        return new, ADDITION
    if "a new offer takes its place" in said:
        return offers.replace(new), ADDITION
    new.save(force_update=True)
    return new, CHANGE
