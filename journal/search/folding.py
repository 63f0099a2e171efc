"""Words as they are compared, written or asked for: without accents and capitals, in whatever script."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

import snowballstemmer

_ACCENTS = re.compile("[\u0300-\u036f]")
_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "ŧ": "t", "’": "'"}
)
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})
_WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")
_stemmer = snowballstemmer.stemmer("english")

#: The words PostgreSQL's English configuration leaves out (english.stop).
COMMON = frozenset({
    "i", "me", "my", "myself", "we", "our", "ours", "ourselves", "you", "your", "yours", "yourself", "yourselves",
    "he", "him", "his", "himself", "she", "her", "hers", "herself", "it", "its", "itself", "they", "them", "their",
    "theirs", "themselves", "what", "which", "who", "whom", "this", "that", "these", "those", "am", "is", "are",
    "was", "were", "be", "been", "being", "have", "has", "had", "having", "do", "does", "did", "doing", "a", "an",
    "the", "and", "but", "if", "or", "because", "as", "until", "while", "of", "at", "by", "for", "with", "about",
    "against", "between", "into", "through", "during", "before", "after", "above", "below", "to", "from", "up",
    "down", "in", "out", "on", "off", "over", "under", "again", "further", "then", "once", "here", "there", "when",
    "where", "why", "how", "all", "any", "both", "each", "few", "more", "most", "other", "some", "such", "no",
    "nor", "not", "only", "own", "same", "so", "than", "too", "very", "s", "t", "can", "will", "just", "don",
    "should", "now",
})  # fmt: skip


def fold(text: str) -> str:
    """`Ménière` → `meniere`, `Łukasz` → `lukasz`. What has no accents (Chinese, Arabic) stays as it is."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", lowered)).translate(_LETTERS)
    return unicodedata.normalize("NFC", bare)


def spelled_out(text: str) -> str:
    """`Müller` → `mueller`: the other way an umlaut is written without one."""
    lowered = unicodedata.normalize("NFC", text.lower())
    return fold(lowered.translate(_UMLAUTS))


def words(text: str) -> list[str]:
    """The folded words of a text."""
    return _WORD.findall(fold(text))


def written_words(text: str) -> Iterator["re.Match[str]"]:
    """The words as they stand in the text, with their places."""
    return _WORD.finditer(text)


@lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    """Of a folded word, as PostgreSQL's English stemmer has it."""
    stemmed: str = _stemmer.stemWord(word)
    return stemmed
