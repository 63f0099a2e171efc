"""What would be tried first: words of the site, and passwords out of breaches with a few signs (ASVS 6.2.4, 6.2.11).

Django refuses the passwords of its list of 20,000 as they stand; fewer than 2,000 of them are long enough to be typed
here at all. So what is left of a password without digits and signs is looked up, too.
"""

import re
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

#: What a journal's site is about. The site's own name is added to them; docs/security.md lists them for readers.
WORDS = (
    "firstpage", "journal", "article", "issue", "subscription", "subscriber", "membership", "member", "society",
    "library", "university", "hospital", "doctor", "medicine", "medical", "reader", "reading", "editor", "support",
    "password", "passphrase", "welcome", "changeme", "letmein", "qwerty", "admin", "login",
)  # fmt: skip
LEAST_BESIDE = 5
MOST_SIGNS = 6  # around a word of the list; more of them are worth something by themselves
_SIGNS = re.compile(r"[\W\d_]+")


def words() -> list[str]:
    host = urlsplit(settings.SITE_URL).hostname or ""
    return sorted({*WORDS, *(part for part in re.split(r"[.-]", host) if len(part) > 3)}, key=len, reverse=True)


class NoWordsOfTheSiteValidator:
    def validate(self, password: str, user: Any = None) -> None:
        rest = password.lower()
        for word in words():
            rest = rest.replace(word, " ")
        if len(_SIGNS.sub("", rest)) < LEAST_BESIDE and rest != password.lower():
            raise ValidationError(self.get_help_text(), code="password_of_the_site")

    def get_help_text(self) -> str:
        return _("Words of this site and a few signs are tried first. Put words of your own into the password.")


class NoCommonCoreValidator(CommonPasswordValidator):
    """`dragon2026!!` is `dragon` to whoever guesses."""

    def validate(self, password: str, user: Any = None) -> None:
        core = _SIGNS.sub("", password.lower())
        if core in self.passwords and len(password) - len(core) <= MOST_SIGNS:
            raise ValidationError(self.get_help_text(), code="password_common_core")

    def get_help_text(self) -> str:
        return _("This is a password that others use, with a few signs. Put several words into it.")
