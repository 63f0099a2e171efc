"""What Django's check says about accounts before the site starts."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from accounts.encryption import is_valid_key


@register
def encryption_keys(**_: Any) -> list[CheckMessage]:
    wrong = [number for number, key in enumerate(settings.ENCRYPTION_KEYS, start=1) if not is_valid_key(key)]
    if not wrong:
        return []
    said = f"ENCRYPTION_KEYS: number {wrong[0]} is no Fernet key (44 letters of base64, 32 bytes)."
    remedy = 'Make one: python -c "from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())"'
    return [Error(said, hint=remedy, id="accounts.E001")]
