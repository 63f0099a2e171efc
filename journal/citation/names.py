"""Names of authors as citations write them: initials, suffixes, names in scripts that know no initials."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_ORDINALS = {"I": "1st", "II": "2nd", "III": "3rd", "IV": "4th", "V": "5th"}
_WRITTEN_TOGETHER = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL")
MOST_RUN_TOGETHER = 3  # letters that are still taken for initials: `NJ`, `JRR`


def one_line(text: str) -> str:
    """Without line ends of any kind and without control characters: neither may reach a format of lines."""
    return " ".join("".join(c for c in text if c.isspace() or unicodedata.category(c) != "Cc").split())


@dataclass(frozen=True, slots=True)
class Name:
    """A person, or a group (then `surname` and `given` are empty)."""

    surname: str = ""
    given: str = ""
    suffix: str = ""
    group: str = ""
    orcid: str = ""

    @classmethod
    def of(cls, author: Mapping[str, Any]) -> "Name":
        """From a row of `Article.authors`. Of ORCID iDs only the sixteen digits are kept."""
        surname, given, suffix, group = (one_line(author.get(k) or "") for k in ("surname", "given", "suffix", "group"))
        return cls(surname, given, suffix, group, one_line(author.get("orcid") or "").rpartition("/")[2])

    @property
    def is_known(self) -> bool:
        return bool(self.surname or self.given or self.group)

    @property
    def whole(self) -> str:
        """A group's name, or one in a script without capitals (李明), which knows no initials; else empty."""
        if self.group:
            return self.group
        letters = self.surname + self.given
        if any(c.lower() != c.upper() for c in letters):
            return ""
        first = unicodedata.name(letters[:1] or " ", "")
        between = "" if first.startswith(_WRITTEN_TOGETHER) else " "
        return between.join(filter(None, (self.surname, self.given)))

    @property
    def inverted(self) -> str:
        """`Okafor, Ngozi J., Jr`, or the group's name: RIS, BibTeX, MEDLINE."""
        return self.group or ", ".join(filter(None, (self.surname, self.given, self.suffix)))

    @property
    def initials(self) -> list[str]:
        """`Ngozi J.` → [N, J], `Jean-Luc` → [J-L], `NJ` → [N, J]. Particles (`Ludwig van`) have none."""
        given = [part for part in re.split(r"[\s.]+", self.given) if part]
        found: list[str] = []
        for part in [part for part in given if not part.islower()] or given:
            if part.isupper() and part.isalpha() and len(part) <= MOST_RUN_TOGETHER:
                found += part
            else:
                found.append("-".join(piece[0].upper() for piece in re.split("[-‐‑]", part) if piece))
        return [initial for initial in found if initial]


def ama_name(name: Name) -> str:
    """`Okafor NJ Jr` (AMA Manual of Style, 11th ed., 3.7)."""
    return name.whole or _run_together(name, name.suffix.rstrip("."))


def nlm_name(name: Name) -> str:
    """`Okafor NJ Jr`, `Smith A 3rd` (Citing Medicine, 2nd ed., chapter 1)."""
    suffix = name.suffix.rstrip(".")
    return name.whole or _run_together(name, _ORDINALS.get(suffix, suffix))


def _run_together(name: Name, suffix: str) -> str:
    initials = "".join(name.initials).replace("-", "")
    return " ".join(filter(None, (name.surname, initials, suffix)))


def apa_name(name: Name) -> str:
    """`Okafor, N. J., Jr.` (APA Publication Manual, 7th ed., 9.8)."""
    initials = " ".join(f"{part.replace('-', '.-')}." for part in name.initials)
    suffix = f"{name.suffix.rstrip('.')}." if name.suffix.rstrip(".") in ("Jr", "Sr") else name.suffix
    return name.whole or ", ".join(filter(None, (name.surname, initials, suffix)))
