"""`4242 30.00 2026-11-20`, as people say it: a card's last four digits, an amount, a day, in any order and spelling."""

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils import timezone

from subscriptions.money import THREE_DECIMAL, ZERO_DECIMAL

MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january januar", "feb february februar", "mar march mär märz", "apr april", "may mai", "jun june juni",
         "jul july juli", "aug august", "sep sept september", "oct october okt oktober", "nov november",
         "dec december dez dezember"), start=1)
    for name in names.split()
}  # fmt: skip
SIGNS = {"$": "usd", "€": "eur", "£": "gbp", "¥": "jpy"}
NOISE = {
    "card",
    "visa",
    "mastercard",
    "amex",
    "ending",
    "in",
    "paid",
    "on",
    "the",
    "of",
    "for",
    "karte",
    "endet",
    "auf",
    "at",
}
_DAY = re.compile(r"\b(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})\b")
_DOTTED = re.compile(r"\b(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b")
_SLASHED = re.compile(r"\b(\d{1,2})/(\d{1,2})/(\d{4})\b")
_NAMED = re.compile(
    r"\b(?:(\d{1,2})\.?\s+([a-zä]{3,9})|([a-zä]{3,9})\.?\s+(\d{1,2})(?:st|nd|rd|th)?),?(?:\s+(\d{4}))?\b", re.IGNORECASE
)
_AMOUNT = re.compile(
    r"([$€£¥])?\s?\b(\d{1,3}(?:[ ,]\d{3})+(?:\.\d{2})|\d{1,7}[.,]\d{2})\b(?!\.\d)|([$€£¥])\s?(\d{1,7})\b"
)
_LAST_FOUR = re.compile(r"(?:^|[\s*•x.…])(\d{4})(?=\s|$|,)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Card:
    last4: str
    amount: Decimal | None
    days: tuple[date, ...]
    currency: str = ""

    @property
    def minor(self) -> list[tuple[int, str]]:
        """(minor units, which decimals) of the amount in currencies of two, none and three decimals."""
        if self.amount is None:
            return []
        scaled = [(self.amount.scaleb(places), kind) for places, kind in ((2, "two"), (0, "none"), (3, "three"))]
        return [(int(value), kind) for value, kind in scaled if value == int(value)]


def read_card(text: str) -> Card | None:
    """None unless the text is a card's last four digits with at least an amount or a day and nothing else of weight."""
    rest, days = _take_days(text)
    found = _AMOUNT.search(rest)
    amount, currency = None, ""
    if found:
        number = (found[2] or found[4]).replace(" ", "")
        if re.fullmatch(r"\d+,\d{2}", number):
            number = number.replace(",", ".")
        amount, currency = Decimal(number.replace(",", "")), SIGNS.get(found[1] or found[3] or "", "")
        rest = f"{rest[: found.start()]} {rest[found.end() :]}"
    card = _LAST_FOUR.search(rest)
    if card is None or (amount is None and not days):
        return None
    left = re.findall(r"[^\W\d_]{2,}|\d+", f"{rest[: card.start(1)]} {rest[card.end(1) :]}")
    spare = [
        word for word in left if word.lower() not in NOISE and not re.fullmatch(r"(?i)usd|eur|gbp|chf|jpy|x+", word)
    ]
    return None if spare else Card(card[1], amount, days, currency)


def _take_days(text: str) -> tuple[str, tuple[date, ...]]:
    """The text without its day, and the day; two where 11/10/2026 may be November or October."""
    for pattern, orders in ((_DAY, ("ymd",)), (_DOTTED, ("dmy",)), (_SLASHED, ("mdy", "dmy"))):
        if found := pattern.search(text):
            days = {day for order in orders if (day := _date(dict(zip(order, found.groups(), strict=True))))}
            return f"{text[: found.start()]} {text[found.end() :]}", tuple(sorted(days))
    for found in _NAMED.finditer(text):
        month = MONTHS.get((found[2] or found[3]).lower())
        day = (
            _date({"y": found[5] or str(timezone.localdate().year), "m": str(month), "d": found[1] or found[4]})
            if month
            else None
        )
        if day:
            return f"{text[: found.start()]} {text[found.end() :]}", (day,)
    return text, ()


def _date(parts: dict[str, str]) -> date | None:
    try:
        return date(int(parts["y"]), int(parts["m"]), int(parts["d"]))
    except ValueError:
        return None


DECIMALS = {"none": ZERO_DECIMAL, "three": THREE_DECIMAL}
