"""Finds a learner among licensed physicians, as the accreditor's system does: license or NPI, then name and birthday.

The local matcher reads a register from a tab-delimited file (CME_REGISTER), one physician a line: last name, first
name, birthday (MM-DD), state, license number, NPI. A society has one; the demo has an invented one.
Without it reports wait until staff hand them in themselves and write down the answer.
"""

import csv
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from cme.models import Report

COLUMNS = ("last_name", "first_name", "birthday", "state", "license_number", "npi")


class Unavailable(Exception):
    """There is no register, or it cannot be read: nothing was decided."""


@dataclass(frozen=True, slots=True)
class Registered:
    last_name: str
    first_name: str
    birthday: str
    state: str
    license_number: str
    npi: str


@dataclass(frozen=True, slots=True)
class Answer:
    accepted: bool
    reason: str = ""


def register() -> list[Registered]:
    """The whole register. Raises Unavailable."""
    if not settings.CME_REGISTER:
        raise Unavailable("CME_REGISTER is not set: no register of physicians to match with.")
    try:
        return list(_read(Path(settings.CME_REGISTER)))
    except (OSError, UnicodeDecodeError, TypeError) as error:
        raise Unavailable(f"The register {settings.CME_REGISTER} cannot be read: {error}") from error


def _read(path: Path) -> Iterator[Registered]:
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader((line for line in file if not line.startswith("#")), COLUMNS, delimiter="\t"):
            yield Registered(**{name: (row[name] or "").strip() for name in COLUMNS})


def match(report: Report, physicians: list[Registered]) -> Answer:
    """The answer for one report. A reason says what to look at again, never what would be right."""
    number = _plain(report.license_number)
    by_license = [
        one for one in physicians
        if number and one.state == report.license_state and _plain(one.license_number) == number
    ]  # fmt: skip
    found = by_license or [one for one in physicians if report.npi and one.npi == report.npi]
    if not found:
        return Answer(False, _("No physician with this license or NPI was found. Check the state and the numbers."))
    if not [one for one in found if _plain(one.last_name) == _plain(report.last_name)]:
        return Answer(False, _("The last name is not the one under which this license is held. Check the spelling."))
    if not [one for one in found if one.birthday == report.birthday]:
        return Answer(False, _("Month and day of birth do not fit this license. Check them."))
    return Answer(True)


def _plain(text: str) -> str:
    """Letters and digits only, without accents or case: `Kjær-Øst` and `KJAER OST` are written by different offices."""
    spelled = text.casefold().replace("ø", "o").replace("æ", "ae").replace("ß", "ss")
    decomposed = unicodedata.normalize("NFKD", spelled)
    return "".join(letter for letter in decomposed if letter.isalnum())
