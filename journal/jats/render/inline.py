"""Inline markup: faces, breaks, links, named content, small pictures and media in a line."""

import re

from journal.jats import links
from journal.jats.markup import attribute, escape
from journal.jats.render.rendering import Handler, Rendering, inline, plainly
from journal.jats.tree import Element, first_child, href, names, text_of

FACES = {"italic": "i", "bold": "b", "sup": "sup", "sub": "sub", "strike": "s", "tp:taxon-name": "i"}
SPANS = {
    "sc": "sc",
    "overline": "overline",
    "underline": "underline",
    "monospace": "mono",
    "roman": "roman",
    "sans-serif": "sans",
}
CONTENT_CLASSES = {"taxon-name": "taxon", "genus-species": "taxon", "species": "species", "gene": "gene"}
PLAIN = names(
    "fixed-case ali:license_ref ali:free_to_read addr-line country institution institution-wrap "
    "city state postal-code year month day season date string-date era conf-name conf-date conf-loc "
    "volume issue fpage lpage page-range elocation-id source article-title chapter-title trans-title "
    "trans-source part-title issue-title series edition isbn issn publisher-name publisher-loc patent gov version "
    "data-title std size collab collab-name collab-wrap surname given-names prefix suffix degrees role etal "
    "anonymous on-behalf-of comment annotation label title subtitle term kwd subject award-id funding-source "
    "principal-award-recipient phone fax rb glyph-data x copyright-statement copyright-year "
    "copyright-holder license-p supplement price named-book-part-body volume-series issue-part volume-id issue-id "
    "journal-id object-id std-organization abbrev-journal-title award-name tp:taxon-name-part"
)


def face(tag: str) -> Handler:
    def render(r: Rendering, el: Element) -> str:
        content = r.inline(el) if len(el) else escape(el.text)
        return f"<{tag}{r.anchor(el)}>{content}</{tag}>"

    return render


def span(css_class: str) -> Handler:
    def render(r: Rendering, el: Element) -> str:
        return f'<span class="{css_class}"{r.anchor(el)}>{r.inline(el)}</span>'

    return render


for _name, _tag in FACES.items():
    inline(_name)(face(_tag))
for _name, _class in SPANS.items():
    inline(_name)(span(_class))


inline(*PLAIN)(plainly)


@inline("break")
def line_break(_r: Rendering, _el: Element) -> str:
    return "<br>"


@inline("named-content", "styled-content")
def named_content(r: Rendering, el: Element) -> str:
    """Only faces we know; a source's own style is never taken over."""
    kind = el.get("content-type") or el.get("style-type") or ""
    css_class = CONTENT_CLASSES.get(kind.strip().lower(), "")
    attributes = attribute("class", css_class) + r.anchor(el) + r.language(el)
    content = r.inline(el)
    return f"<span{attributes}>{content}</span>" if attributes else content


@inline("ruby")
def ruby(r: Rendering, el: Element) -> str:
    """Small letters beside a word that say how it is read."""
    return f"<ruby>{r.inline(el)}</ruby>"


for _name in ("rt", "rp"):
    inline(_name)(face(_name))


@inline("foreign", "styled-text")
def foreign(r: Rendering, el: Element) -> str:
    return f"<span{r.language(el)}>{r.inline(el)}</span>"


@inline("abbrev")
def abbreviation(r: Rendering, el: Element) -> str:
    """The short form; a definition inside follows it in parentheses."""
    meaning = first_child(el, "def")
    short = escape(el.text) + "".join(escape(child.tail) for child in el)
    if meaning is None:
        return f"<abbr>{r.inline(el)}</abbr>"
    return f"<abbr>{short}</abbr> ({r.inline(meaning).strip()})"


def anchor_tag(r: Rendering, url: str, content: str, attributes: str = "") -> str:
    """A link out, or its bare content where there is no safe address or no link may stand."""
    if not url or r.in_link or not content.strip():
        return content
    return f'<a{attribute("href", url)} rel="nofollow noopener"{attributes}>{content}</a>'


@inline("ext-link", "uri", "self-uri")
def ext_link(r: Rendering, el: Element) -> str:
    url = links.typed_url(el.get("ext-link-type", ""), href(el) or text_of(el))
    content = r.unlinked(el) or escape(url.removeprefix("mailto:"))
    return anchor_tag(r, url, content, r.anchor(el))


@inline("email")
def email(r: Rendering, el: Element) -> str:
    return anchor_tag(r, links.mail_url(text_of(el)), r.unlinked(el))


@inline("related-article", "related-object")
def related(r: Rendering, el: Element) -> str:
    kind = el.get("ext-link-type") or ("doi" if links.find_doi(href(el)) == href(el) else "")
    return anchor_tag(r, links.typed_url(kind, href(el)), r.unlinked(el) or escape(printable(href(el))))


@inline("article-id", "contrib-id", "ext-id")
def identifier(r: Rendering, el: Element) -> str:
    kind = el.get("pub-id-type") or el.get("assigning-authority") or ""
    return anchor_tag(r, links.typed_url(kind, href(el) or text_of(el)), r.unlinked(el))


@inline("milestone-start", "milestone-end", "target")
def point(r: Rendering, el: Element) -> str:
    anchor = r.anchor(el)
    content = r.inline(el)
    return f"<span{anchor}>{content}</span>" if anchor else content


@inline("private-char")
def private_char(r: Rendering, el: Element) -> str:
    return r.inline(el) or f'<span class="missing">[{escape(el.get("description") or "character")}]</span>'


def printable(file_name: str) -> str:
    """A file name or address worth showing, "" if it is neither."""
    return file_name if re.fullmatch(r"[\w./ ()+-]{1,200}|https?://[\w./()+?=&%~-]{1,300}", file_name) else ""


@inline("inline-supplementary-material", "inline-media")
def file_in_line(r: Rendering, el: Element) -> str:
    """A link to a file of the package or on the web; of a file that was not supplied, its name."""
    return link_to_file(r, href(el), r.unlinked(el).strip() or escape(printable(href(el))), r.anchor(el))


def link_to_file(r: Rendering, address: str, words: str, attributes: str = "") -> str:
    own = r.files.get(links.file_name(address))
    if own and words and not r.in_link:
        return f'<a{attribute("href", own)} download=""{attributes}>{words}</a>'
    url = links.typed_url("", address)
    if address and not url and not own:
        name = printable(address) or "of an unusable name"
        r.warn("missing-file", f"The file {name} was not supplied; it is named without a link.")
    linked = anchor_tag(r, url, words, attributes)
    return f"<span{attributes}>{words}</span>" if attributes and linked == words else linked
