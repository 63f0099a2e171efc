"""An article in the formats that are handed out: oai_dc, and the front matter as JATS. Never the text."""

from dataclasses import dataclass

from django.utils import timezone
from lxml import etree

from journal.access import public_reason
from journal.jats import front
from journal.metadata import dublin_core
from journal.models import Article
from journal.records import facts_of
from journal.xml import XSI, Element, add, safe_parser

OAI_DC = "http://www.openarchives.org/OAI/2.0/oai_dc/"
DC = "http://purl.org/dc/elements/1.1/"


@dataclass(frozen=True, slots=True)
class Format:
    schema: str
    namespace: str


FORMATS = {
    "oai_dc": Format("http://www.openarchives.org/OAI/2.0/oai_dc.xsd", OAI_DC),
    "jats": Format(front.SCHEMA, front.NAMESPACE),
}


def described(article: Article, prefix: str) -> Element | None:
    """The article in a format, or None if it is not to be had in it."""
    return _jats(article) if prefix == "jats" else _oai_dc(article)


def has_jats(article: Article) -> bool:
    record = getattr(article, "record", None)
    return bool(record and record.front)


def _jats(article: Article) -> Element | None:
    if not has_jats(article):
        return None
    root = etree.fromstring(article.record.front, safe_parser())
    root.set(f"{{{XSI}}}schemaLocation", f"{front.NAMESPACE} {front.SCHEMA}")
    return root


def _oai_dc(article: Article) -> Element:
    names = {"oai_dc": OAI_DC, "dc": DC, "xsi": XSI}
    root = etree.Element(f"{{{OAI_DC}}}dc", nsmap=names)
    root.set(f"{{{XSI}}}schemaLocation", f"{OAI_DC} {FORMATS['oai_dc'].schema}")
    for name, value in [*dublin_core(article, facts_of(article)), *_rights(article)]:
        if value:
            add(root, f"{{{DC}}}{name}", value)
    return root


def _rights(article: Article) -> list[tuple[str, str]]:
    """Who may read it, in the words of OpenAIRE's guidelines (info:eu-repo)."""
    said = "info:eu-repo/semantics/"
    if public_reason(article, timezone.localdate()):
        return [("rights", f"{said}openAccess")]
    if article.free_from:
        end = f"info:eu-repo/date/embargoEnd/{article.free_from.isoformat()}"
        return [("rights", f"{said}embargoedAccess"), ("date", end)]
    return [("rights", f"{said}restrictedAccess")]
