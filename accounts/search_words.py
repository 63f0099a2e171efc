"""Names and addresses as words to search by: without accents, in lower case, each found by how it begins.

The same is said twice, here for what is asked and in the database (migration 0008) for what is stored and indexed.
"""

import re
import unicodedata
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Func, TextField, Value
from django.db.models.expressions import Combinable

LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
MOST_WORDS = 6
_UMLAUT = re.compile(r"([aou])e")


class Words(Func):
    """`Words("name", "email")`: what a GIN index holds of one or two columns."""

    function = "search_words"
    output_field = SearchVectorField()

    def __init__(self, first: str | Combinable, second: str | Combinable | None = None, **extra: Any) -> None:
        super().__init__(first, Value("", TextField()) if second is None else second, **extra)


def folded(text: str) -> list[str]:
    """`Łukasz Müller-Lüdenscheidt` → `["lukasz", "muller", "ludenscheidt"]`."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", plain.lower().translate(LETTERS))


def question(text: str) -> str:
    """For `to_tsquery('simple', …)`: each word begins one of the stored, `Mueller` also `Müller`. "" for no words."""
    return " & ".join(_word(word) for word in folded(text)[:MOST_WORDS])


def _word(word: str) -> str:
    other = _UMLAUT.sub(r"\1", word)
    return f"{word}:*" if other == word else f"({word}:* | {other}:*)"
