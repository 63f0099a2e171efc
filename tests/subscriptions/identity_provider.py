"""A SAML identity provider of an institution, as far as a reader's browser meets it: metadata, and signed answers."""

import base64
import zlib
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from django.test import Client
from lxml import etree

AFFILIATION = "urn:oid:1.3.6.1.4.1.5923.1.1.1.9"
MAIL = "urn:oid:0.9.2342.19200300.100.1.3"
PAIRWISE = "urn:oasis:names:tc:SAML:attribute:pairwise-id"
SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
SHA256 = ("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", "http://www.w3.org/2001/04/xmlenc#sha256")
SHA1 = ("http://www.w3.org/2000/09/xmldsig#rsa-sha1", "http://www.w3.org/2000/09/xmldsig#sha1")


@lru_cache(maxsize=4)
def keys(name: str) -> tuple[str, str]:
    """(private key, certificate) as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
    certificate = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    signed = certificate.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private.decode(), signed.public_bytes(serialization.Encoding.PEM).decode()


class IdentityProvider:
    entity_id = "https://idp.heron.example/idp"
    sso_url = "https://idp.heron.example/sso"

    def __init__(self, name: str = "heron") -> None:
        self.key, self.certificate = keys(name)

    @property
    def metadata(self) -> str:
        pem = "".join(self.certificate.strip().splitlines()[1:-1])
        old = "".join(keys("old")[1].strip().splitlines()[1:-1])
        key = (
            '<md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate>'
            "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
        )
        return (
            '<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"'
            f' xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="{self.entity_id}">'
            '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">'
            f"{key.format(old)}{key.format(pem)}"
            '<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"'
            f' Location="{self.sso_url}"/></md:IDPSSODescriptor></md:EntityDescriptor>'
        )

    def question(self, location: str) -> dict[str, str]:
        """What the site asked, from the address it sent the browser to: id, acs, audience."""
        assert location.startswith(self.sso_url), location
        packed = parse_qs(urlsplit(location).query)["SAMLRequest"][0]
        asked = etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))
        issuer = asked.findtext(f"{{{SAML}}}Issuer") or ""
        return {"id": asked.get("ID"), "acs": asked.get("AssertionConsumerServiceURL"), "audience": issuer}

    def answer(
        self,
        question: dict[str, str],
        *,
        uid: str = "u1@heron.example",
        mail: str = "",
        affiliation: str = "student@heron.example",
        minutes: float = 0,
        signer: "IdentityProvider | None" = None,
        algorithms: tuple[str, str] = SHA256,
        **changed: Any,
    ) -> str:
        """A signed answer, base64; `minutes` moves its times, `changed` its audience, question, entity or signature."""
        at = datetime.now(UTC) + timedelta(minutes=minutes)
        told = {PAIRWISE: uid, MAIL: mail, AFFILIATION: affiliation} | changed.get("attributes", {})
        attributes = "".join(
            f'<saml:Attribute Name="{name}"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>'
            for name, value in told.items()
            if value
        )
        asked = changed.get("in_response_to", question["id"])
        answers = f' InResponseTo="{asked}"' if asked else ""
        stamp = "%Y-%m-%dT%H:%M:%SZ"
        start, end = f"{at - timedelta(minutes=1):{stamp}}", f"{at + timedelta(minutes=4):{stamp}}"
        assertion = (
            f'<saml:Assertion xmlns:saml="{SAML}" ID="_a1" Version="2.0" IssueInstant="{at:{stamp}}">'
            f"<saml:Issuer>{changed.get('entity_id', self.entity_id)}</saml:Issuer>"
            '<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient">t1</saml:NameID>'
            '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer">'
            f'<saml:SubjectConfirmationData{answers} Recipient="{question["acs"]}" NotOnOrAfter="{end}"/>'
            f'</saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore="{start}" NotOnOrAfter="{end}">'
            f"<saml:AudienceRestriction><saml:Audience>{changed.get('audience', question['audience'])}</saml:Audience>"
            f'</saml:AudienceRestriction></saml:Conditions><saml:AuthnStatement AuthnInstant="{at:{stamp}}">'
            "<saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
            "</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>"
            f"<saml:AttributeStatement>{attributes}</saml:AttributeStatement></saml:Assertion>"
        )
        if changed.get("sign", True):
            assertion = _signed(assertion, signer or self, algorithms)
        outer = changed.get("outer", asked)
        answers = f' InResponseTo="{outer}"' if outer else ""
        response = (
            f'<samlp:Response xmlns:samlp="{SAMLP}" xmlns:saml="{SAML}" ID="_r1" Version="2.0"'
            f' IssueInstant="{at:{stamp}}" Destination="{question["acs"]}"{answers}>'
            f"<saml:Issuer>{self.entity_id}</saml:Issuer><samlp:Status><samlp:StatusCode"
            f' Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>{assertion}</samlp:Response>'
        )
        response = changed.get("spoil", lambda text: text)(response)
        return base64.b64encode(response.encode()).decode()


def _signed(assertion: str, by: IdentityProvider, algorithms: tuple[str, str]) -> str:
    from onelogin.saml2.utils import OneLogin_Saml2_Utils

    signature, digest = algorithms
    signed = OneLogin_Saml2_Utils.add_sign(
        assertion, by.key, by.certificate, sign_algorithm=signature, digest_algorithm=digest
    )
    return (signed.decode() if isinstance(signed, bytes) else signed).replace("<?xml version='1.0'?>\n", "")


def wrapped(response: str) -> str:
    """The signed assertion is put away inside, and a forged one stands where it stood (signature wrapping)."""
    tree = etree.fromstring(response.encode())
    real = tree.find(f"{{{SAML}}}Assertion")
    assert real is not None
    forged = etree.fromstring(etree.tostring(real))
    forged.set("ID", "_evil")
    signature = forged.find("{http://www.w3.org/2000/09/xmldsig#}Signature")
    forged.remove(signature)
    for value in forged.iter(f"{{{SAML}}}AttributeValue"):
        value.text = (value.text or "").replace("u1@", "root@")
    tree.replace(real, forged)
    holder = etree.SubElement(tree, f"{{{SAMLP}}}Extensions")
    holder.append(real)
    return etree.tostring(tree).decode()


def arrive(client: Client, question: dict[str, str], answer: str) -> Any:
    """The browser carries the answer to the site and follows it to the end."""
    path = urlsplit(question["acs"]).path
    posted = client.post(path, {"SAMLResponse": answer, "RelayState": ""})
    return client.get(posted["Location"], follow=True) if posted.status_code == 302 else posted
