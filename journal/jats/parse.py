"""Bytes to one `<article>` element, or a refusal an editor can act on.

The settings are the measured ones: no entity is resolved by the parser, no DTD or network is touched, and libxml2's own
limits (depth 256, text node 10 MB, entity amplification) stay on.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.entities import html5, name2codepoint
from typing import Any

from lxml import etree

from journal.jats.document import Problem
from journal.jats.tree import Element, detach, line_of, local_name

MAX_BYTES = 20 * 1024 * 1024
_NAMESPACES = {
    "xlink": "http://www.w3.org/1999/xlink",
    "mml": "http://www.w3.org/1998/Math/MathML",
    "ali": "http://www.niso.org/schemas/ali/1.0/",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
}
_JATS_NAMESPACE = re.compile(r"\{https?://(?:jats\.nlm\.nih\.gov|dtd\.nlm\.nih\.gov|www\.ncbi\.nlm\.nih\.gov)[^}]*\}")
_OTHER_ROOTS = {
    "html": "This is a web page. Ask for the JATS XML of the article.",
    "TEI": "This is TEI. First Page reads JATS; convert it first.",
    "doi_batch": "This is a Crossref deposit. It describes an article but does not hold it.",
    "book": "This is a book (BITS). First Page reads articles.",
    "standard": "This is a standard (NISO STS). First Page reads articles.",
}


class JatsError(Exception):
    """The file cannot be an article. ``line`` counts from 1; ``remedy`` says what to do about it."""

    def __init__(self, message: str, line: int | None = None, remedy: str = "") -> None:
        super().__init__(message)
        self.message, self.line, self.remedy = message, line, remedy

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.message} {self.remedy}".strip()


@dataclass(slots=True)
class Parsed:
    """The article's element, detached from any wrapper, and what had to be mended to get it."""

    article: Element
    warnings: list[Problem] = field(default_factory=list)


def parse(data: bytes) -> Element:
    """The `<article>` element of a JATS file. Raises `JatsError`; see `read` for what was mended on the way."""
    return read(data).article


def read(data: bytes) -> Parsed:
    """Parse a JATS file given as bytes (at most 20 MB). Raises `JatsError`."""
    _check_bytes(data)
    warnings: list[Problem] = []
    root = _tree(data, warnings)
    article = _find_article(root)
    _strip_jats_namespace(article)
    _replace_entities(article, warnings)
    return Parsed(article, warnings)


def _check_bytes(data: bytes) -> None:
    if len(data) > MAX_BYTES:
        raise JatsError(
            f"The file has {len(data) >> 20} MB; an article may have 20.", remedy="Supply pictures as files."
        )
    if not data.strip(b" \t\r\n\x00"):
        raise JatsError("The file is empty.", remedy="Upload the article's XML again.")
    if data[:2] == b"\x1f\x8b" or data[:4] == b"PK\x03\x04":
        raise JatsError("This is a compressed file named as XML.", remedy="Name it .zip or .tar.gz, or unpack it.")
    if data[:5] == b"%PDF-":
        raise JatsError("This is a PDF.", remedy="Put it into a package together with the article's XML.")


def _parser() -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_pis=True,
        remove_comments=True,
    )


def _tree(data: bytes, warnings: list[Problem]) -> Element:
    """Parse; on the mistakes that have one obvious repair, repair once each and say so."""
    for _attempt in range(len(_REPAIRS) + 1):
        try:
            return etree.fromstring(data, _parser())
        except etree.XMLSyntaxError as error:
            repaired = _repair(data, error, warnings)
            if repaired is None:
                raise _refusal(data, error) from None
            data = repaired
    raise JatsError("The file is not well-formed XML.", remedy="Validate it against the JATS DTD.")


def _repair(data: bytes, error: etree.XMLSyntaxError, warnings: list[Problem]) -> bytes | None:
    for said, mend, note in _REPAIRS:
        if said in str(error.msg):
            mended = mend(data)
            if mended != data:
                warnings.append(Problem("repaired", note, error.lineno))
                return mended
    return None


def _declare_prefixes(data: bytes) -> bytes:
    """Declare the usual prefixes on the first start tag that is not a declaration."""
    match = re.search(rb"<[A-Za-z][\w:.-]*", data)
    if not match:
        return data
    head = data[match.start() : data.find(b">", match.start())]
    missing = [f' xmlns:{p}="{uri}"' for p, uri in _NAMESPACES.items() if f"xmlns:{p}=".encode() not in head]
    return data[: match.end()] + "".join(missing).encode("ascii") + data[match.end() :]


def _numeric_entities(data: bytes) -> bytes:
    """HTML's named entities as character references, unless a CDATA section makes that ambiguous."""
    if b"<![CDATA[" in data:
        return data

    def numeric(match: re.Match[bytes]) -> bytes:
        characters = html5.get(match.group(1).decode("ascii") + ";", "<")
        if not _MARKUP.isdisjoint(characters):
            return match.group()
        return "".join(f"&#{ord(character)};" for character in characters).encode("ascii")

    return re.sub(rb"&([A-Za-z][A-Za-z0-9]{1,30});", numeric, data)


#: What has a meaning of its own in XML and stays an entity.
_MARKUP = frozenset("<>&\"'")


def _from_declaration(data: bytes) -> bytes:
    return data.removeprefix(b"\xef\xbb\xbf").lstrip()


#: What libxml2 says → the repair → what the editor is told.
_REPAIRS = (
    ("XML declaration allowed only", _from_declaration, "Blank lines before the XML declaration were removed."),
    ("Namespace prefix", _declare_prefixes, "A namespace prefix was not declared; the usual declaration was added."),
    ("Entity '", _numeric_entities, "Named characters without a DTD were replaced by the characters."),
)

_REMEDIES = (
    ("amplification", "Its entities multiply beyond any real article; remove the DOCTYPE's entity declarations."),
    ("Excessive depth", "Its elements nest deeper than 256 levels; no article does."),
    ("Text node too long", "One text is longer than 10 MB; supply data and pictures as files of their own."),
    (
        "encoding",
        "Its bytes are not in the encoding it declares; save it as UTF-8, or declare windows-1252 if it is that.",
    ),
    ("Premature end", "The file is cut off; upload it again."),
    ("Invalid char", "It holds a control character that XML forbids; remove it."),
    ("invalid Char", "It holds a control character that XML forbids; remove it."),
    ("redefined", "An attribute is given twice on one element; remove one."),
    ("Entity '", "An entity is used that nothing declares; write the character itself."),
    ("Namespace prefix", "A prefix is used that nothing declares; declare it on the article element."),
)


def _refusal(data: bytes, error: etree.XMLSyntaxError) -> JatsError:
    said = re.sub(r",? line \d+, column \d+$", "", " ".join(str(error.msg).split()))
    if re.match(rb"(?i)\s*<!doctype\s+html|\s*<html", data[:200]):
        return JatsError("This is a web page, not JATS XML.", error.lineno, _OTHER_ROOTS["html"])
    remedy = next((text for key, text in _REMEDIES if key in said), "Correct the XML, or export it again.")
    return JatsError(f"The file is not well-formed XML: {said}.", error.lineno, remedy)


def _find_article(root: Element) -> Element:
    """The one article: the root itself, or inside a wrapper (pmc-articleset, an OAI record)."""
    if local_name(root) == "article":
        articles = [root]
        if str(root.tag).startswith("{http://docbook.org/"):
            raise JatsError("This is DocBook.", line_of(root), "First Page reads JATS; convert it first.")
    else:
        articles = [
            el for el in root.iter("{*}article") if not any(local_name(a) == "article" for a in el.iterancestors())
        ]
    if not articles:
        kind = local_name(root)
        raise JatsError(
            f"The file's root is <{kind[:40]}>; it holds no JATS article.",
            line_of(root),
            _OTHER_ROOTS.get(kind, "Upload the JATS XML of the article."),
        )
    if len(articles) > 1:
        raise JatsError(
            f"The file holds {len(articles)} articles.",
            line_of(articles[1]),
            "Upload each article as a file of its own.",
        )
    return _checked(articles[0])


def _checked(article: Element) -> Element:
    if len(article) == 0:
        raise JatsError("The article element is empty.", line_of(article), "Upload the whole article.")
    if article.getparent() is not None:
        detach(article)
    return article


def _strip_jats_namespace(article: Element) -> None:
    if not _JATS_NAMESPACE.match(str(article.tag)):
        return
    for el in article.iter("{*}*"):
        el.tag = _JATS_NAMESPACE.sub("", str(el.tag))


def _replace_entities(article: Element, warnings: list[Problem]) -> None:
    """Entity nodes become the character HTML knows by that name, a short text the file itself declares, or nothing."""
    for entity in list(article.iter(etree.Entity)):
        entity_name = str(entity.text).strip("&;")
        text = _meaning(entity_name, article)
        if text is None:
            warnings.append(
                Problem(
                    "entity-dropped",
                    f"The entity {entity_name[:40]} is not known here and was left out.",
                    line_of(entity),
                )
            )
        entity.tail = (text or "") + (entity.tail or "")
        detach(entity)


def _meaning(entity_name: str, article: Element) -> str | None:
    if entity_name in name2codepoint:
        return chr(name2codepoint[entity_name])
    dtd = article.getroottree().docinfo.internalDTD
    declarations: Iterable[Any] = dtd.iterentities() if dtd is not None else ()  # type: ignore[attr-defined]
    for declared in declarations:
        content = declared.content or ""
        if declared.name == entity_name and 0 < len(content) <= 64 and not re.search("[&<]", content):
            return str(content)
    return html5.get(entity_name + ";")
