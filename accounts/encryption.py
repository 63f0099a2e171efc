"""Text that lies encrypted in the database: license numbers, secrets of second factors. A stolen dump does not read it.

Fernet (AES-128-CBC with HMAC) of the `cryptography` package. The first of ENCRYPTION_KEYS writes, every one reads, and
so does the key derived from SECRET_KEY: a site may begin without keys of its own and get some later. After a new key
has been put in front, `manage.py reencrypt` writes everything anew with it, and the old one can go.
"""

import base64
import hashlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

PURPOSE = b"firstpage.accounts.encryption:"


class Unreadable(Exception):
    """None of the keys opens it: a key was thrown away before `manage.py reencrypt` was run, or the text is damaged."""


def encrypt(text: str) -> str:
    return _keys().encrypt(text.encode()).decode()


def decrypt(token: str) -> str:
    try:
        return _keys().decrypt(token.encode()).decode()
    except InvalidToken:
        raise Unreadable("No key of this site opens this text. Put the old key back into ENCRYPTION_KEYS.") from None


def is_valid_key(key: str) -> bool:
    try:
        return len(base64.urlsafe_b64decode(key.encode())) == 32
    except ValueError:
        return False


def reencrypt(token: str) -> str:
    """The same text, written with the first key."""
    try:
        return _keys().rotate(token.encode()).decode()
    except InvalidToken:
        raise Unreadable("No key of this site opens this text.") from None


def _keys() -> MultiFernet:
    return _made((*settings.ENCRYPTION_KEYS,), (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=4)
def _made(own: tuple[str, ...], secrets: tuple[str, ...]) -> MultiFernet:
    derived = [base64.urlsafe_b64encode(hashlib.sha256(PURPOSE + secret.encode()).digest()) for secret in secrets]
    return MultiFernet([Fernet(key) for key in [*map(str.encode, own), *derived]])


class EncryptedTextField(models.TextField):  # type: ignore[type-arg]
    """Text to Python, a token in the table. It cannot be searched or ordered by; the empty text stays empty."""

    def get_prep_value(self, value: Any) -> Any:
        value = super().get_prep_value(value)
        return encrypt(value) if value else value

    def from_db_value(self, value: str | None, *_: Any) -> str | None:
        return decrypt(value) if value else value

    def get_lookup(self, lookup_name: str) -> Any:
        """Only "is it there?": two encryptions of one text differ, so a comparison would quietly find nothing."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
