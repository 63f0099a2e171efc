"""Anna, her browser, and the other sides; and what is expected of an answer when something goes wrong."""

import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from allauth.socialaccount.models import SocialAccount
from django.core import mail
from django.test import Client

from accounts import incidents
from accounts.models import SignInIncident, User
from subscriptions.institutions import saml
from subscriptions.models import InstitutionSignIn
from tests.accounts import steps
from tests.accounts.orcid import JOSIAH, LocalOrcid
from tests.accounts.passkey import Passkey
from tests.make import PASSWORD, make_institution
from tests.subscriptions.identity_provider import IdentityProvider

ANNA = "anna@example.org"
E1, E3 = "sign anyone in right now", "There is a question about your account"
NO_CODE = "send you a code right now"
TOO_MANY = "Please wait a"
COOKIE = "did not keep the cookie"


@dataclass
class World:
    """Anna, her browser, and the other sides: mail server, ORCID, her university."""

    settings: Any
    orcid: LocalOrcid
    anna: User
    browser: Client = field(default_factory=Client)

    def mail_down(self) -> None:
        self.settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        self.settings.EMAIL_HOST, self.settings.EMAIL_PORT = "127.0.0.1", 9

    def hold(self) -> None:
        User.objects.update(is_active=False, held_for="disputed")

    def link_orcid(self) -> None:
        SocialAccount.objects.create(user=self.anna, provider="orcid", uid=JOSIAH)

    def unconfirmed(self) -> None:
        self.anna.emailaddress_set.update(verified=False)  # type: ignore[attr-defined]

    def strict(self) -> None:
        """A browser that keeps no cookies, as the site meets it."""
        self.browser = Client(enforce_csrf_checks=True)

    def age_session(self, seconds: int, *path: str) -> None:
        """What the session keeps of the beginning of a code lies further back."""
        session = self.browser.session
        kept = session[path[0]]
        deepest = kept
        for part in path[1:]:
            deepest = deepest[part]
        deepest["at"] = time.time() - seconds
        session[path[0]] = kept
        session.save()

    @cached_property
    def passkey(self) -> Passkey:
        return Passkey(self.anna)

    @cached_property
    def idp(self) -> IdentityProvider:
        """Her university, with which her account is joined."""
        idp, institution = IdentityProvider(), make_institution("198.51.100.0/24", name="Heron University")
        entity_id, sso_url, certificates = saml.read_metadata(idp.metadata)
        InstitutionSignIn.objects.create(
            institution=institution, slug="heron", entity_id=entity_id, sso_url=sso_url, certificates=certificates,
            mail_domains="heron.example",
        )  # fmt: skip
        SocialAccount.objects.create(user=self.anna, provider=f"institution-{institution.pk}", uid="u1@heron.example")
        return idp

    def question(self) -> dict[str, str]:
        return self.idp.question(self.browser.get("/accounts/institution/heron/")["Location"])


@dataclass(frozen=True)
class Expected:
    status: int
    says: str
    stage: str = ""
    mails: int = 0
    mail_says: str = ""
    signed_in: bool = False


def judge(world: World, answer: Any, expected: Expected) -> None:
    """Page, status, session, incident and mail; and no record holds a secret."""
    text = answer.content.decode()
    assert (answer.status_code, expected.says in text) == (expected.status, True), text
    assert ("Retry-After" in answer) is (expected.status == 503 or TOO_MANY in text)
    assert steps.is_signed_in(world.browser) is expected.signed_in
    incidents.catch_up()
    stages = list(SignInIncident.objects.values_list("stage", flat=True))
    assert stages == ([expected.stage] if expected.stage else [])
    assert not expected.stage or SignInIncident.objects.get().reference in text
    assert len(mail.outbox) == expected.mails, [str(letter.body) for letter in mail.outbox]
    assert not expected.mail_says or expected.mail_says in str(mail.outbox[-1].body)
    for stored in SignInIncident.objects.values_list("happened", "path"):
        assert PASSWORD not in "".join(stored)
