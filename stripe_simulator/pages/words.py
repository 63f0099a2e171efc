"""The hosted pages in the languages of our readers. English sentences are the keys; what is missing stays English."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..pricing import SYMBOLS, digits, every, money

TRANSLATIONS = Path(__file__).with_name("translations.json")
LANGUAGES = ("en", "de", "es", "fr", "it")
SEPARATORS = {"de": ".", "es": ".", "it": ".", "fr": "\N{NARROW NO-BREAK SPACE}"}


@lru_cache(None)
def _dictionary() -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = json.loads(TRANSLATIONS.read_text())
    return found


def language_of(*wishes: str | None) -> str:
    """The first wished language we speak: "de", "fr-CA" or a browser's whole list; English where there is none."""
    for wish in ",".join(filter(None, wishes)).split(","):
        language = wish.split(";")[0].strip().lower()[:2]
        if language in LANGUAGES:
            return language
    return "en"


@dataclass(frozen=True)
class Words:
    """`say("Pay {amount}", amount=…)` in one language, and its way of writing sums, dates and rhythms."""

    language: str = "en"

    def __call__(self, sentence: str, **values: Any) -> str:
        told = _dictionary().get(self.language, {}).get(sentence, sentence)
        return told.format(**values) if values else told

    def money(self, amount: int, currency: str) -> str:
        """$1,234.50 in English, 1.234,50 $ in the others."""
        if self.language == "en":
            return money(amount, currency)
        sign, whole, rest = digits(amount, currency)
        grouped = f"{whole:,}".replace(",", SEPARATORS[self.language])
        symbol = SYMBOLS.get(currency, currency.upper()).strip()
        return f"{sign}{grouped}{',' + rest if rest else ''}\N{NO-BREAK SPACE}{symbol}"

    def date(self, moment: int | None) -> str:
        """14 March 2027, 14. März 2027."""
        if not moment:
            return "—"
        day = datetime.fromtimestamp(moment, UTC)
        return self("{day} {month} {year}", day=day.day, month=self(f"{day:%B}"), year=day.year)

    def every(self, recurring: dict[str, Any] | None) -> str:
        """per month, every 3 months."""
        told = every(recurring)
        if not recurring or self.language == "en":
            return told
        many = self("every {count} " + recurring["interval"] + "s", count=recurring["interval_count"])
        return self(told) if recurring["interval_count"] == 1 else many


ENGLISH = Words()
