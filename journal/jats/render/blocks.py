"""Blocks of running text: sections, paragraphs, lists, quotations, boxes, definitions, code."""

from journal.jats.document import Heading
from journal.jats.markup import attribute, escape, to_text, without_citations
from journal.jats.render.rendering import Rendering, block, inline
from journal.jats.tree import Element, first_child, name

LIST_STYLES = {
    "alpha-lower": "a",
    "alpha-upper": "A",
    "roman-lower": "i",
    "roman-upper": "I",
    "order": "",
    "ordered": "",
}


def heading_words(r: Rendering, el: Element, default: str = "") -> str:
    """Label and title of a section-like element in one line, "" without both."""
    label, title = first_child(el, "label"), first_child(el, "title")
    words = r.inline(title).strip() if title is not None else ""
    mark = r.inline(label).strip() if label is not None else ""
    if mark:
        words = f'<span class="sec-label">{mark}</span> {words}'.strip()
    return words or escape(default)


def heading_tag(r: Rendering, words: str, attributes: str = "") -> str:
    level = min(r.level, 6)
    return f"<h{level}{attributes}>{words}</h{level}>" if words else ""


def under_heading(
    r: Rendering, el: Element, default: str = "", skip: tuple[str, ...] = (), listed: bool = False
) -> str:
    """Heading, then the content one level deeper; without a heading the level stays. Listed: in the contents."""
    words = heading_words(r, el, default)
    title = first_child(el, "title")
    head = heading_tag(r, words, r.anchor(title) if title is not None else "")
    if words and listed:
        shown = without_citations(words)
        r.headings.append(Heading(r.index.id_of(el, "sec"), min(r.level, 6), shown, to_text(shown)))
    deeper = 1 if words else 0
    r.level += deeper
    content = r.flow(el, skip=("label", "title", "sec-meta", *skip))
    r.level -= deeper
    return head + content


@block("sec", "tp:treatment-sec", "tp:taxon-treatment", "tp:nomenclature", "app-group")
def section(r: Rendering, el: Element) -> str:
    return f"<section{r.id(el, 'sec')}{r.language(el)}>{under_heading(r, el, listed=True)}</section>"


@block("body", "back", "floats-group", "supplementary-material-group", "front", "front-stub")
def transparent(r: Rendering, el: Element) -> str:
    return r.flow(el)


@block("title")
def loose_title(r: Rendering, el: Element) -> str:
    """A title where no section claims it."""
    return f'<p class="caption-title"{r.anchor(el)}>{r.inline(el)}</p>'


@block("p")
def paragraph(r: Rendering, el: Element) -> str:
    """One paragraph, or several with the blocks between them."""
    content = r.flow(el) if len(el) else plain_paragraph(el)
    attributes = r.anchor(el) + r.language(el)
    if not attributes:
        return content
    if content.startswith("<p>"):
        return f"<p{attributes}>{content[3:]}"
    return f"<div{attributes}>{content}</div>"


def plain_paragraph(el: Element) -> str:
    """A paragraph of nothing but words, as `flow` writes it."""
    text = escape(el.text).strip(" \t\r\n")
    return f"<p>{text}</p>" if text else ""


@block("list")
def itemized(r: Rendering, el: Element) -> str:
    """Ordered lists keep their kind of number; lists whose items carry marks of their own show those."""
    kind = (el.get("list-type") or "bullet").strip().lower()
    attributes = r.anchor(el) + r.language(el)
    title = first_child(el, "title")
    head = f'<p class="caption-title">{r.inline(title)}</p>' if title is not None else ""
    items = "".join(_list_item(r, item) for item in el.iterchildren("list-item"))
    rest = r.flow(el, skip=("title", "label", "list-item"))
    if any(first_child(item, "label") is not None for item in el.iterchildren("list-item")):
        body = f'<ul class="labelled"{attributes}>{items}</ul>'
    elif kind in LIST_STYLES:
        body = f"<ol{attribute('type', LIST_STYLES[kind])}{attributes}>{items}</ol>"
    else:
        body = f"<ul{attribute('class', 'plain' if kind in ('simple', 'none') else '')}{attributes}>{items}</ul>"
    return head + (body if items else "") + rest


def _list_item(r: Rendering, item: Element) -> str:
    label = first_child(item, "label")
    mark = f'<span class="list-label">{r.inline(label)}</span> ' if label is not None else ""
    return f"<li{r.anchor(item)}>{mark}{_single(r.flow(item, skip=('label',), wrap=False))}</li>"


@block("list-item")
def stray_item(r: Rendering, el: Element) -> str:
    return f"<ul>{_list_item(r, el)}</ul>"


def _single(content: str) -> str:
    """Content of a list item or cell without the box of its only paragraph."""
    if content.startswith("<p>") and content.endswith("</p>") and content.count("<p") == 1:
        return content[3:-4]
    return content


@block("disp-quote", "verse-group")
def quote(r: Rendering, el: Element) -> str:
    pulled = " pull-quote" if "pull" in (el.get("content-type") or "") else ""
    content = under_heading(r, el, skip=("attrib",))
    return f'<blockquote class="quote{pulled}"{r.anchor(el)}{r.language(el)}>{content}{attribution(r, el)}</blockquote>'


def attribution(r: Rendering, el: Element) -> str:
    said = [r.inline(attrib) for attrib in el.iterchildren("attrib")]
    return f'<footer class="attribution">{" ".join(said)}</footer>' if said else ""


@block("attrib")
def credit(r: Rendering, el: Element) -> str:
    return f'<p class="credit"{r.anchor(el)}>{r.inline(el)}</p>'


@block("verse-line")
def verse_line(r: Rendering, el: Element) -> str:
    return f"<p>{r.inline(el)}</p>"


@block("boxed-text")
def box(r: Rendering, el: Element) -> str:
    """Its title may be its own, or that of its caption or of the only section in it."""
    label, caption = first_child(el, "label"), first_child(el, "caption")
    head = "" if first_child(el, "title") is not None or label is None else f'<p class="label">{r.inline(label)}</p>'
    if caption is not None:
        head += r.flow(caption)
    skip = ("label", "caption") if head else ("caption",)
    body = under_heading(r, el, skip=skip) if first_child(el, "title") is not None else r.flow(el, skip=skip)
    return f'<div class="boxed-text" role="note"{r.id(el, "box")}>{head}{body}</div>'


@block("statement")
def statement(r: Rendering, el: Element) -> str:
    label, title = first_child(el, "label"), first_child(el, "title")
    head = " ".join(r.inline(part) for part in (label, title) if part is not None)
    mark = f'<p class="label">{head}</p>' if head else ""
    return f'<div class="statement"{r.id(el, "statement")}>{mark}{r.flow(el, skip=("label", "title"))}</div>'


@block("speech")
def speech(r: Rendering, el: Element) -> str:
    return f'<div class="speech"{r.anchor(el)}>{r.flow(el)}</div>'


@inline("speaker")
def speaker(r: Rendering, el: Element) -> str:
    return f'<b class="speaker">{r.inline(el)}</b> '


@block("question-wrap", "question", "question-preamble", "explanation")
def question(r: Rendering, el: Element) -> str:
    return f'<div class="question"{r.anchor(el)}>{under_heading(r, el)}</div>'


@block("answer", "answer-set", "option")
def answer(r: Rendering, el: Element) -> str:
    return f'<div class="answer"{r.anchor(el)}>{under_heading(r, el)}</div>'


@block("def-list", "glossary-list")
def definitions(r: Rendering, el: Element) -> str:
    head = heading_tag(r, heading_words(r, el))
    heads = [r.inline(part) for part in el.iterchildren("term-head", "def-head")]
    top = f'<p class="caption-title">{" – ".join(heads)}</p>' if heads else ""
    items = "".join(_definition(r, item) for item in el.iterchildren("def-item"))
    rest = r.flow(el, skip=("label", "title", "term-head", "def-head", "def-item"))
    return f'{head}{top}<dl class="definitions"{r.anchor(el)}>{items}</dl>{rest}' if items else head + top + rest


def _definition(r: Rendering, item: Element) -> str:
    """A term and its definitions; whatever else stands in the item joins the definition."""
    term = "".join(f"<dt{r.anchor(t)}>{r.inline(t)}</dt>" for t in item.iterchildren("label", "term")) or "<dt></dt>"
    meanings = [_single(r.flow(d, wrap=False)) for d in item.iterchildren("def")]
    rest = r.flow(item, skip=("label", "term", "def"))
    return f"<div{r.anchor(item)}>{term}" + "".join(f"<dd>{m}</dd>" for m in [*meanings, rest] if m) + "</div>"


@block("def-item", "def")
def loose_definition(r: Rendering, el: Element) -> str:
    return f'<dl class="definitions">{_definition(r, el)}</dl>' if name(el) == "def-item" else r.flow(el)


@block("preformat", "code")
def preformatted(r: Rendering, el: Element) -> str:
    return f'<pre class="code" tabindex="0"{r.anchor(el)}>{r.inline(el)}</pre>'


@block("kwd-group")
def keywords(r: Rendering, el: Element) -> str:
    """Keywords in a line, after what the source calls them."""
    named = " ".join(r.inline(part).strip() for part in el.iterchildren("label", "title")).rstrip(": ")
    lead = f"<b>{named}:</b> " if named else ""
    words = "; ".join(_keyword(r, kwd) for kwd in el.iter("kwd", "compound-kwd"))
    rest = r.flow(el, skip=("label", "title", "kwd", "compound-kwd", "nested-kwd", "unstructured-kwd-group"))
    rest += "".join(f"<p>{r.inline(part)}</p>" for part in el.iterchildren("unstructured-kwd-group"))
    return f'<p class="keywords"{r.anchor(el)}{r.language(el)}>{lead}{words}</p>{rest}'


def _keyword(r: Rendering, el: Element) -> str:
    parts = [r.inline(part).strip() for part in el] if name(el) == "compound-kwd" else [r.inline(el).strip()]
    return " ".join(part for part in parts if part)


@block("hr")
def rule(r: Rendering, el: Element) -> str:
    return "<hr>" + r.flow(el)


@block("product")
def product(r: Rendering, el: Element) -> str:
    return f'<div class="product"{r.anchor(el)}>{r.flow(el)}</div>'


@block("permissions", "copyright-statement", "license")
def permissions(r: Rendering, el: Element) -> str:
    """Who else holds rights in this part; a bare year or holder repeats the statement and is left out."""
    said = r.flow(
        el, skip=("copyright-year", "copyright-holder") if first_child(el, "copyright-statement") is not None else ()
    )
    return f'<div class="credit">{said}</div>' if said else ""


@block("sig-block", "sig", "bio", "ack", "glossary", "notes", "app", "toc", "toc-entry", "address", "nomenclature")
def part(r: Rendering, el: Element) -> str:
    """A part with a heading of its own, met inside the running text."""
    return f"<div{r.anchor(el)}>{under_heading(r, el)}</div>"
