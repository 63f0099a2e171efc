"""Writing HTML: escaping, attributes, and the way back from our own HTML to text."""

import html
import re
from functools import lru_cache

from journal.jats.tree import squeeze


def escape(text: str | None) -> str:
    """Text as HTML text. Only ``& < >`` change."""
    if not text:
        return ""
    if "&" in text:
        text = text.replace("&", "&amp;")
    if "<" in text:
        text = text.replace("<", "&lt;")
    if ">" in text:
        text = text.replace(">", "&gt;")
    return text


def attribute(name: str, value: str | int | None) -> str:
    """`` name="value"`` with a leading space, or "" when there is no value."""
    if value is None or value == "":
        return ""
    text = escape(str(value))
    return f' {name}="{text}"' if '"' not in text else f' {name}="{text.replace(chr(34), "&quot;")}"'


def element(tag: str, content: str, attributes: str = "") -> str:
    return f"<{tag}{attributes}>{content}</{tag}>"


_TAG = re.compile(r"<[^>]*>")
_BLOCK_TAG = re.compile(
    r"</?(?:p|div|li|ul|ol|dl|dt|dd|t[rdh]|table|section|h[1-6]|fig\w*|blockquote|pre|br|hr)\b[^>]*>"
)
_ATTRIBUTE_VALUE = re.compile(r' (?:id|data-refs)="[^"]*"')
_LINK = re.compile(r"</?a\b[^>]*>")
_CITATION = re.compile(r'<a class="(?:cite|note-mark)"[^>]*>.*?</a>', re.DOTALL)


def to_text(fragment: str) -> str:
    """The words of a fragment this package wrote (its attributes hold no ``>``), blocks apart by a space."""
    if "<" in fragment:
        fragment = _TAG.sub("", _BLOCK_TAG.sub(" ", fragment))
    if "&" in fragment:
        fragment = html.unescape(fragment)
    return squeeze(fragment)


class _Gaps(dict[str, str]):
    """What stands for a tag in plain text: a space for a block, nothing for all others."""

    def __missing__(self, tag: str) -> str:
        if tag.startswith(("a ", "span ")):
            return ""
        gap = " " if _BLOCK_TAG.match(f"<{tag}>") else ""
        if len(self) < 2000 and " id=" not in tag:
            self[tag] = gap
        return gap


_gaps = _Gaps()


def words_of(pieces: list[str]) -> str:
    """As `to_text`, of words and tags in turn: the tags without their brackets, a mark (U+0000) behind the words."""
    pieces[1::2] = map(_gaps.__getitem__, pieces[1::2])
    text = "".join(pieces).replace("\x00", "")
    return squeeze(html.unescape(text) if "&" in text else text)


def line_text(fragment: str) -> str:
    """The same for a fragment without blocks, which takes half the time."""
    if "<" in fragment:
        fragment = _TAG.sub("", fragment.replace("<br>", " "))
    if "&" in fragment:
        fragment = html.unescape(fragment)
    return squeeze(fragment)


def without_links(fragment: str) -> str:
    """The fragment for a second place on the page: no links, no ids."""
    return _ATTRIBUTE_VALUE.sub("", _LINK.sub("", fragment))


def without_citations(fragment: str) -> str:
    """A heading for the contents list: without citation marks, links and ids."""
    bare = without_links(_CITATION.sub("", fragment))
    return re.sub(r"<sup>[\s,;–-]*</sup>", "", bare).strip()


@lru_cache(maxsize=4096)
def slug(source_id: str) -> str:
    """A source id as part of an HTML id: letters, digits, ``_`` and ``-``; "" if nothing is left."""
    if source_id.isalnum() and source_id.isascii():
        return source_id[:80]
    return re.sub(r"[^A-Za-z0-9_-]+", "-", source_id).strip("-")[:80]
