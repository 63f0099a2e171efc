"""Names and addresses as words to search by: without accents, in lower case, each found by how it begins.

The same is said twice, here for what is asked and in the database (migration 0008) for what is stored and indexed.
"""

import re
import unicodedata
from typing import Any

from django.contrib.postgres.search import SearchVectorField
from django.db.models import Func

LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ı": "i", "ß": "ss", "æ": "ae", "œ": "oe"})
MOST_WORDS = 6
_UMLAUT = re.compile(r"([aou])e")


class Words(Func):
    """`Words("name", "email")`: what a GIN index holds of one or two columns.

    The empty second text stands in the statement: as a parameter of a kept plan it would not be the index's own.
    """

    function = "search_words"
    output_field = SearchVectorField()

    def as_sql(self, *args: Any, **kwargs: Any) -> Any:
        alone = {"template": "%(function)s(%(expressions)s, '')"} if len(self.source_expressions) == 1 else {}
        return super().as_sql(*args, **{**alone, **kwargs})


def folded(text: str) -> list[str]:
    """`Łukasz Müller-Lüdenscheidt` → `["lukasz", "muller", "ludenscheidt"]`."""
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", plain.lower().translate(LETTERS))


def question(text: str, *, whole: bool = False) -> str:
    """For `to_tsquery('simple', …)`: each word begins one of the stored (or is one, `whole`). "" for no words."""
    sign = "" if whole else ":*"
    return " & ".join(_word(word, sign) for word in folded(text)[:MOST_WORDS])


def _word(word: str, sign: str) -> str:
    """`Mueller` is also asked as `Muller`, as `Müller` is stored."""
    other = _UMLAUT.sub(r"\1", word)
    return f"{word}{sign}" if other == word else f"({word}{sign} | {other}{sign})"
