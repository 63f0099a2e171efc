"""A passkey without a browser: a key that answers the site's question as a phone would, or wrongly."""

import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from django.test import Client
from fido2.cose import ES256
from fido2.utils import websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

from accounts.models import User

ADDRESS, SITE = "/accounts/2fa/webauthn/login/", "testserver"
RP = hashlib.sha256(SITE.encode()).digest()
FLAGS = AuthenticatorData.FLAG


@dataclass
class Passkey:
    """Registered for its owner when it is made."""

    owner: User
    id: bytes = b"a credential of this test"
    key: Any = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def __post_init__(self) -> None:
        public = ES256.from_cryptography_key(self.key.public_key())
        credential = AttestedCredentialData.create(Aaguid.NONE, self.id, public)
        data = AuthenticatorData.create(RP, FLAGS.UP | FLAGS.UV | FLAGS.AT, 0, credential)
        made = CollectedClientData.create("webauthn.create", b"x" * 32, f"https://{SITE}")
        response = {
            "clientDataJSON": websafe_encode(made),
            "attestationObject": websafe_encode(AttestationObject.create("none", data, {})),
        }
        known = {**self._named(), "response": response, "clientExtensionResults": {"credProps": {"rk": True}}}
        Authenticator.objects.create(
            user=self.owner, type=Authenticator.Type.WEBAUTHN, data={"name": "Phone", "credential": known}
        )

    def _named(self) -> dict[str, str]:
        return {"id": websafe_encode(self.id), "rawId": websafe_encode(self.id), "type": "public-key"}

    def answer(self, challenge: str, *, origin: str = f"https://{SITE}", signed_by: Any = None) -> dict[str, Any]:
        """What the browser hands over: for this challenge, at this site, by this key."""
        data = AuthenticatorData.create(RP, FLAGS.UP | FLAGS.UV, 1)
        told = CollectedClientData.create("webauthn.get", challenge, origin)
        signature = (signed_by or self.key).sign(data + told.hash, ec.ECDSA(hashes.SHA256()))
        return {
            **self._named(),
            "clientExtensionResults": {},
            "response": {
                "clientDataJSON": websafe_encode(told), "authenticatorData": websafe_encode(data),
                "signature": websafe_encode(signature),
                "userHandle": websafe_encode(user_pk_to_url_str(self.owner).encode()),
            },
        }  # fmt: skip


def challenge_for(browser: Client) -> str:
    asked = browser.get(ADDRESS, headers={"accept": "application/json"})
    return str(asked.json()["request_options"]["publicKey"]["challenge"])


def hand_over(browser: Client, answer: Any, **more: str) -> Any:
    return browser.post(ADDRESS, {"credential": json.dumps(answer), **more})


def by_passkey(browser: Client, passkey: Passkey, next: str = "", **wrong: Any) -> Any:  # noqa: A002
    return hand_over(browser, passkey.answer(challenge_for(browser), **wrong), next=next)
