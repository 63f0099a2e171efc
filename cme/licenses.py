"""What can be told wrong about a license number or a birthday without asking anybody: shape, state, check digit."""

import re
from datetime import date

from django.utils.translation import gettext as _

from cme.states import NAMES

_LICENSE = re.compile(r"^(?=.*\d)[A-Z0-9](?:[A-Z0-9.\- ]{0,18}[A-Z0-9])?$")
NPI_PREFIX = "80840"  # the card issuer's number before an NPI, which its check digit counts in (45 CFR 162.406)
LEAP_YEAR = 2024  # so that February 29 is a birthday


def clean_license(state: str, number: str) -> str:
    """The number in capitals. Raises ValueError with a sentence for the learner.

    States write their numbers in many ways and publish no check digits, so only what no state issues is refused.
    """
    if state not in NAMES:
        raise ValueError(_("Choose the state that issued the license."))
    tidy = " ".join(number.upper().split())
    if not _LICENSE.match(tidy):
        raise ValueError(_("A license number has digits, perhaps letters, points and hyphens, at most 20 together."))
    return tidy


def clean_npi(text: str) -> str:
    """Ten digits whose last one checks the others (Luhn). Raises ValueError with a sentence for the learner."""
    digits = re.sub(r"[\s-]", "", text)
    if not re.fullmatch(r"[12]\d{9}", digits):
        raise ValueError(_("An NPI has ten digits and begins with 1 or 2."))
    if _luhn(NPI_PREFIX + digits) % 10:
        raise ValueError(
            _("This NPI's last digit does not fit the others: a digit is wrong or two have changed places.")
        )
    return digits


def _luhn(digits: str) -> int:
    """Every second digit from the right counts double, as the sum of its digits."""
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled)


def clean_birthday(text: str) -> str:
    """`MM-DD`. The year is never asked. Raises ValueError with a sentence for the learner."""
    found = re.fullmatch(r"\s*(\d{1,2})\s*[-/.]\s*(\d{1,2})\s*", text)
    try:
        day = date(LEAP_YEAR, int(found[1]), int(found[2])) if found else None
    except ValueError:
        day = None
    if day is None:
        raise ValueError(_("Write month and day of your birthday as MM-DD, for example 04-27."))
    return f"{day:%m-%d}"
