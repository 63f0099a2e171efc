"""SAML 2.0 with allauth's provider and python3-saml: what staff enter, the question we ask, the answer that is proven.

Proven means: signed by one of the institution's certificates, for us, at this time, and the answer to a question this
browser asked, once. What follows from it is decided in `saml_accounts.py`.
"""

import logging
import socket
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from allauth.core.internal import httpkit
from allauth.socialaccount.models import SocialApp, SocialLogin
from allauth.socialaccount.providers.saml.provider import SAMLProvider
from allauth.socialaccount.sessions import LoginSession
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest

from subscriptions.models import InstitutionSignIn

log = logging.getLogger(__name__)

PROVIDER = "saml"
# What names a person for good, the best first: pairwise-id, subject-id, eduPersonPrincipalName, Entra's object id.
IDS = (
    "urn:oasis:names:tc:SAML:attribute:pairwise-id",
    "urn:oasis:names:tc:SAML:attribute:subject-id",
    "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
    "http://schemas.microsoft.com/identity/claims/objectidentifier",
)
TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
CONFIRMATIONS = "/samlp:Response/saml:Assertion/saml:Subject/saml:SubjectConfirmation/saml:SubjectConfirmationData"
MOST_BYTES, FETCH_SECONDS = 5_000_000, 10


class Unproven(Exception):
    """The answer proves nothing. `state` names the page's words; the text is for the record."""

    def __init__(self, state: str, happened: str) -> None:
        super().__init__(happened)
        self.state = state


class InstitutionProvider(SAMLProvider):  # type: ignore[misc]  # allauth is not typed
    """allauth's provider; the attributes are read once and not stored, and a passing id is none.

    allauth mounts `urls.py` of this package for it, so that no answer is taken by a view of its own.
    """

    told: dict[str, Any]

    def extract_extra_data(self, data: Any) -> dict[str, Any]:
        self.told = data.get_attributes()
        return {}

    def extract_uid(self, data: Any) -> str:
        uid = self._extract(data).get("uid")
        if not uid and data.get_nameid_format() != TRANSIENT:
            uid = data.get_nameid()
        if not uid:
            raise Unproven("no_id", "The answer names nobody for good (no pairwise-id, only a transient NameID).")
        return str(uid)


@lru_cache(maxsize=1)
def is_available() -> bool:
    """Whether xmlsec can be loaded: it wants the same libxml2 that lxml was built with."""
    try:
        import onelogin.saml2.auth  # noqa: F401, PLC0415  (a site without it runs, and says so)
    except (ImportError, OSError, RuntimeError) as error:
        log.warning("SAML is not available: %s", error)
        return False
    return True


def listed(text: str) -> list[str]:
    """What staff typed with commas between, in small letters."""
    return [part.strip().lower() for part in text.split(",") if part.strip()]


def app_of(sign_in: InstitutionSignIn) -> SocialApp:
    """A sign-in as allauth's app. `provider_id` keeps the readers of two institutions apart, whatever their ids."""
    app = SocialApp(
        provider=PROVIDER,
        provider_id=f"institution-{sign_in.institution_id}",
        name=sign_in.institution.name[:40],
        client_id=sign_in.slug,
        settings={
            "idp": {"entity_id": sign_in.entity_id, "sso_url": sign_in.sso_url, "x509cert": sign_in.certificates[0]},
            "attribute_mapping": {"uid": list(IDS), "email": [sign_in.email_attribute]},
            "verified_email": listed(sign_in.mail_domains),
            "advanced": {"allow_single_label_domains": True},  # a host of an intranet or a demo is one, too
        },
    )
    app.sign_in = sign_in
    return app


def config_of(request: HttpRequest, provider: Any) -> dict[str, Any]:
    """python3-saml's settings as allauth puts them together, with every certificate and without single logout."""
    from allauth.socialaccount.providers.saml.utils import build_saml_config  # noqa: PLC0415  (xmlsec may be missing)

    config: dict[str, Any] = build_saml_config(request, provider.app.settings, provider.app.client_id)
    config["idp"]["x509certMulti"] = {"signing": provider.app.sign_in.certificates}
    del config["sp"]["singleLogoutService"]
    return config


def prove(request: HttpRequest, provider: Any) -> SocialLogin:
    """The proven answer, with where its reader was going. Raises Unproven."""
    from allauth.socialaccount.providers.saml.utils import prepare_django_request  # noqa: PLC0415
    from onelogin.saml2.auth import OneLogin_Saml2_Auth  # noqa: PLC0415

    arrived = _arrived(request)
    auth = OneLogin_Saml2_Auth(prepare_django_request(arrived), config_of(arrived, provider))
    try:
        auth.process_response()
    except Exception as error:  # a stranger's text: not base64, not XML, not SAML, each with errors of its own
        raise Unproven("wrong", f"{type(error).__name__}: {error}") from None
    if auth.get_errors() or not auth.is_authenticated():
        raise Unproven("wrong", f"{', '.join(auth.get_errors())}: {auth.get_last_error_reason()}")
    question = auth.get_last_response_in_response_to()
    if not question or _answered(auth) != {question}:
        raise Unproven("unasked", "The answer is to no question, or to another one than it says.")
    try:
        state = provider.unstash_redirect_state(request, question)
    except PermissionDenied:
        raise Unproven("unasked", "This browser has not asked, or had its answer already.") from None
    login = provider.sociallogin_from_response(request, auth)
    login.state = state
    return login


def _arrived(request: HttpRequest) -> HttpRequest:
    """The answer as it came in the step before, without our cookies: allauth keeps it apart from the session."""
    kept = LoginSession(request, "saml_acs_session", "saml-acs-session")
    stored = kept.store.get("request")
    kept.delete()
    if not stored:
        raise Unproven("unasked", "No answer has arrived before this page was opened.")
    arrived: HttpRequest = httpkit.deserialize_request(stored, HttpRequest())
    return arrived


def _answered(auth: Any) -> set[str | None]:
    """Which questions the assertion itself answers: the outer element need not be signed, and could say anything."""
    from onelogin.saml2.xml_utils import OneLogin_Saml2_XML  # noqa: PLC0415

    document = OneLogin_Saml2_XML.to_etree(auth.get_last_response_xml())
    return {one.get("InResponseTo") for one in OneLogin_Saml2_XML.query(document, CONFIRMATIONS)}


# --- what staff enter ------------------------------------------------------------------------------------------------


def fetch_metadata(url: str) -> str:
    """The metadata at an https address. Raises ValidationError with the remedy."""
    if not url.startswith("https://"):
        raise ValidationError("The address must begin with https://.")
    if not _is_public(url):
        raise ValidationError("This address is not on the public Internet. Paste the XML instead.")
    try:
        with requests.get(url, timeout=FETCH_SECONDS, stream=True, allow_redirects=False) as answer:
            answer.raise_for_status()
            content = next(answer.iter_content(MOST_BYTES + 1), b"")
    except requests.RequestException as error:
        raise ValidationError(f"The metadata could not be fetched: {error}. Paste the XML instead.") from None
    if len(content) > MOST_BYTES:
        raise ValidationError("This is the metadata of a whole federation. Paste the part of this institution.")
    return content.decode("utf-8", "replace")


def _is_public(url: str) -> bool:
    """Whether every machine of this name is outside: nobody makes the server look around inside (SSRF).

    A name that is answered otherwise a moment later leads nowhere: its certificate would have to be of this name.
    """
    try:
        parts = urlsplit(url)
        found = socket.getaddrinfo(parts.hostname, parts.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, ValueError):
        return False
    return bool(found) and all(_is_outside(str(address[0]).partition("%")[0]) for *_, address in found)


def _is_outside(address: str) -> bool:
    ip = ip_address(address)
    mapped = ip.ipv4_mapped if isinstance(ip, IPv6Address) else None
    return (mapped or ip).is_global and not ip.is_multicast


def read_metadata(xml: str, entity_id: str = "") -> tuple[str, str, list[str]]:
    """(entity id, sign-in address, signing certificates) of one identity provider. Raises ValidationError."""
    from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser  # noqa: PLC0415

    try:
        idp = OneLogin_Saml2_IdPMetadataParser.parse(xml.strip().encode(), entity_id=entity_id or None).get("idp", {})
    except Exception as error:
        raise ValidationError(f"This is not SAML metadata that can be read: {error}") from None
    url = idp.get("singleSignOnService", {}).get("url", "")
    multi = idp.get("x509certMulti", {})
    certificates = multi.get("signing") or ([idp["x509cert"]] if "x509cert" in idp else [])
    if not idp.get("entityId") or not url:
        raise ValidationError("The metadata describes no identity provider with a sign-in address (HTTP-Redirect).")
    if not url.startswith(("https://", "http://")):
        raise ValidationError("The sign-in address in the metadata is no web address.")
    if not certificates:
        raise ValidationError("The metadata holds no signing certificate, so that no answer could be proven.")
    return idp["entityId"], url, certificates
