"""Recovery codes as digests: shown when they are made, and never to be looked up again (ASVS 6.5.2).

allauth derives them from a seed that lies in the database. These are random (118 bits, so a plain digest is enough to
keep them) and take the place of its class. For ten minutes the session of whoever made them shows them, encrypted.
Sets made by a seed before go on working until their owner makes new ones.
"""

import hashlib
import secrets
import time
from typing import Any

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa import app_settings
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal import auth, flows
from django.db import transaction

from accounts import encryption

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
LENGTH, GROUP = 24, 4
SHOWN_SECONDS = 600
SHOWN = "recovery_codes"  # in the session
HASHES = "hashes"


class HashedCodes(auth.RecoveryCodes):  # type: ignore[misc]  # allauth is not typed
    @classmethod
    def activate(cls, user: Any) -> "HashedCodes":
        there = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).first()
        if there:
            return cls(there)
        codes = [_new() for _ in range(app_settings.RECOVERY_CODE_COUNT)]
        instance = Authenticator(
            user=user, type=Authenticator.Type.RECOVERY_CODES, data={HASHES: list(map(digest, codes))}
        )
        instance.save()
        if context.request:
            shown = encryption.encrypt("\n".join(codes))
            context.request.session[SHOWN] = {"until": time.time() + SHOWN_SECONDS, "codes": shown}
        return cls(instance)

    def generate_codes(self) -> list[str]:
        """As many as were made; blank, for nobody knows them."""
        return [""] * app_settings.RECOVERY_CODE_COUNT if self._is_hashed else list(super().generate_codes())

    def get_unused_codes(self) -> list[str]:
        """Those that are left; blank, unless this browser has just made them."""
        if not self._is_hashed:
            return list(super().get_unused_codes())
        left = set(self.instance.data[HASHES])
        return [code for code in _just_made() if digest(code) in left] or [""] * len(left)

    @transaction.atomic
    def validate_code(self, code: str) -> bool:
        """Each works once, also when it is sent twice at the same time."""
        if not self._is_hashed:
            return bool(super().validate_code(code))
        self.instance: Authenticator = Authenticator.objects.select_for_update().get(pk=self.instance.pk)
        left = [one for one in self.instance.data[HASHES] if not secrets.compare_digest(one, digest(code))]
        if len(left) == len(self.instance.data[HASHES]):
            return False
        self.instance.data[HASHES] = left
        self.instance.save(update_fields=["data"])
        return True

    @property
    def _is_hashed(self) -> bool:
        return HASHES in self.instance.data


def digest(code: str) -> str:
    return hashlib.sha256(f"recovery:{normalize_user_code(code)}".encode()).hexdigest()


def _new() -> str:
    letters = [secrets.choice(LETTERS) for _ in range(LENGTH)]
    return "-".join("".join(letters[at : at + GROUP]) for at in range(0, LENGTH, GROUP))


def _just_made() -> list[str]:
    told = context.request.session.get(SHOWN) if context.request else None
    return encryption.decrypt(told["codes"]).split("\n") if told and told["until"] > time.time() else []


def take_their_place() -> None:
    auth.RecoveryCodes = flows.RecoveryCodes = HashedCodes
