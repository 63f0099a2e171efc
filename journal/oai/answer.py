"""The answers of the six verbs as XML, and the errors."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from lxml import etree

from journal.models import Journal
from journal.oai import listing
from journal.oai.formats import FORMATS, described, has_jats
from journal.oai.listing import Header
from journal.oai.request import (
    OaiError,
    arguments,
    check_prefix,
    selection,
    set_position,
    set_token,
    token,
)
from journal.xml import XSI, Element, add, document

OAI = "http://www.openarchives.org/OAI/2.0/"
SCHEMA = "http://www.openarchives.org/OAI/2.0/OAI-PMH.xsd"
IDENTIFIER = "http://www.openarchives.org/OAI/2.0/oai-identifier"
Arguments = Mapping[str, str]


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def oai(request: HttpRequest) -> HttpResponse:
    """GET and POST are the same; a harvester's mistake is an answer with 200, as the protocol has it."""
    given = request.POST if request.method == "POST" else request.GET
    response = HttpResponse(document(answer(given)), content_type="text/xml; charset=UTF-8")
    response["Cache-Control"] = "no-cache"
    return response


def answer(given: QueryDict) -> Element:
    try:
        known = arguments(given)
    except OaiError as error:
        return _failed(error, {})
    try:
        root = _root(known)
        VERBS[known["verb"]](_element(root, known["verb"]), known)
    except OaiError as error:
        return _failed(error, known)
    return root


def _failed(error: OaiError, known: Arguments) -> Element:
    """The request is repeated only where its arguments are legal (protocol, 3.6)."""
    root = _root({} if error.code in ("badVerb", "badArgument") else known)
    _element(root, "error", error.message, code=error.code)
    return root


def _root(known: Arguments) -> Element:
    names: dict[str | None, str] = {None: OAI, "xsi": XSI}
    root = etree.Element(f"{{{OAI}}}OAI-PMH", nsmap=names)  # type: ignore[arg-type]  # the stubs miss the default one
    root.set(f"{{{XSI}}}schemaLocation", f"{OAI} {SCHEMA}")
    _element(root, "responseDate", _stamp(datetime.now(UTC)))
    _element(root, "request", f"{settings.SITE_URL}{reverse('journal:oai')}", **known)
    return root


def _element(parent: Element, name: str, text: str = "", **attributes: str) -> Element:
    return add(parent, f"{{{OAI}}}{name}", text, **attributes)


def _stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


# --- the verbs -------------------------------------------------------------------------------------------------------


def _identify(holder: Element, _known: Arguments) -> None:
    journal = Journal.objects.first()
    host = urlsplit(settings.SITE_URL).hostname or ""
    mail = (journal.contact_email if journal else "") or f"webmaster@{host}{'' if '.' in host else '.invalid'}"
    said = {
        "repositoryName": journal.title if journal else "First Page",
        "baseURL": f"{settings.SITE_URL}{reverse('journal:oai')}",
        "protocolVersion": "2.0",
        "adminEmail": mail,
        "earliestDatestamp": _stamp(listing.earliest()),
        "deletedRecord": "persistent",
        "granularity": "YYYY-MM-DDThh:mm:ssZ",
    }
    for name, text in said.items():
        _element(holder, name, text)
    _identifier_format(_element(holder, "description"), host)


def _identifier_format(holder: Element, host: str) -> None:
    names: dict[str | None, str] = {None: IDENTIFIER}
    scheme = etree.SubElement(holder, f"{{{IDENTIFIER}}}oai-identifier", nsmap=names)  # type: ignore[arg-type]
    scheme.set(f"{{{XSI}}}schemaLocation", f"{IDENTIFIER} {IDENTIFIER}.xsd")
    said = {"scheme": "oai", "repositoryIdentifier": host, "delimiter": ":"}
    for name, text in {**said, "sampleIdentifier": listing.identifier("10.5555/12345678")}.items():
        add(scheme, f"{{{IDENTIFIER}}}{name}", text)


def _list_metadata_formats(holder: Element, known: Arguments) -> None:
    prefixes = list(FORMATS)
    if "identifier" in known:
        header = listing.header_of(known["identifier"])
        found = listing.articles([header], "jats").get(header.article or 0)
        prefixes = [prefix for prefix in prefixes if prefix != "jats" or found is None or has_jats(found)]
    for prefix in prefixes:
        entry = _element(holder, "metadataFormat")
        _element(entry, "metadataPrefix", prefix)
        _element(entry, "schema", FORMATS[prefix].schema)
        _element(entry, "metadataNamespace", FORMATS[prefix].namespace)


def _list_sets(holder: Element, known: Arguments) -> None:
    position, sets = set_position(known), listing.sets()
    end = position + listing.SETS_PAGE
    for spec, name in sets[position:end]:
        entry = _element(holder, "set")
        _element(entry, "setSpec", spec)
        _element(entry, "setName", name)
    if len(holder) == 0:
        raise OaiError("badResumptionToken", "There are fewer sets now. Begin the list again.")
    if position or end < len(sets):
        following = set_token(end) if end < len(sets) else ""
        _element(holder, "resumptionToken", following, completeListSize=str(len(sets)), cursor=str(position))


def _get_record(holder: Element, known: Arguments) -> None:
    check_prefix(known["metadataPrefix"])
    header = listing.header_of(known["identifier"])
    article = listing.articles([header], known["metadataPrefix"]).get(header.article or 0)
    described_as = described(article, known["metadataPrefix"]) if article else None
    if article and described_as is None:
        raise OaiError("cannotDisseminateFormat", "This article came without JATS; it is to be had as oai_dc.")
    _record(holder, header, described_as)


def _list_identifiers(holder: Element, known: Arguments) -> None:
    def write(headers: list[Header], _prefix: str) -> None:
        for header in headers:
            _header(holder, header, is_deleted=header.article is None)

    _list(holder, known, write)


def _list_records(holder: Element, known: Arguments) -> None:
    def write(headers: list[Header], prefix: str) -> None:
        articles = listing.articles(headers, prefix)
        for header in headers:
            article = articles.get(header.article or 0)
            _record(holder, header, described(article, prefix) if article else None)

    _list(holder, known, write)


def _list(holder: Element, known: Arguments, write: Callable[[list[Header], str], None]) -> None:
    """One page of a list, and the token for the next; the last page of several says so by an empty one."""
    wanted = selection(known)
    headers, following = listing.page(known["verb"], wanted)
    if not headers:
        raise OaiError("noRecordsMatch", "Nothing here is of this set, format and time.")
    write(headers, wanted.prefix)
    if following or wanted.after:
        text = token(known["verb"], wanted, following) if following else ""
        _element(holder, "resumptionToken", text, cursor=str(wanted.after.seen if wanted.after else 0))


def _record(holder: Element, header: Header, described_as: Element | None) -> None:
    record = _element(holder, "record")
    _header(record, header, is_deleted=described_as is None)
    if described_as is not None:
        _element(record, "metadata").append(described_as)


def _header(holder: Element, header: Header, *, is_deleted: bool) -> None:
    entry = _element(holder, "header", status="deleted" if is_deleted else "")
    _element(entry, "identifier", listing.identifier(header.doi))
    _element(entry, "datestamp", _stamp(header.stamp))
    for name in header.sets:
        _element(entry, "setSpec", name)


VERBS: dict[str, Callable[[Element, Arguments], None]] = {
    "Identify": _identify,
    "ListMetadataFormats": _list_metadata_formats,
    "ListSets": _list_sets,
    "GetRecord": _get_record,
    "ListIdentifiers": _list_identifiers,
    "ListRecords": _list_records,
}
