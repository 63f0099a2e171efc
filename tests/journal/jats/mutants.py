"""Seeded damage to real articles: what exporters, editors and attackers do to JATS. The same seed gives the same mutant."""

import copy
import random
from collections.abc import Callable
from pathlib import Path

from lxml import etree

from journal.jats import read

Operator = Callable[[etree._Element, random.Random], None]
HREF = "{http://www.w3.org/1999/xlink}href"
NAMES = [
    "foo",
    "p",
    "sec",
    "td",
    "xref",
    "fig",
    "title",
    "list",
    "mixed-citation",
    "table",
    "fn",
    "ref",
    "{http://x}y",
    "alternatives",
    "caption",
    "label",
    "name",
    "contrib",
    "aff",
    "date",
    "{http://www.w3.org/1998/Math/MathML}mi",
]


def elements(article: etree._Element) -> list[etree._Element]:
    return [el for el in article.iter() if isinstance(el.tag, str)]


def any_of(article: etree._Element, seed: random.Random) -> etree._Element:
    return seed.choice(elements(article)[1:])


def drop(article: etree._Element, seed: random.Random) -> None:
    el = any_of(article, seed)
    el.getparent().remove(el)  # type: ignore[union-attr]


def repeat(article: etree._Element, seed: random.Random) -> None:
    el = any_of(article, seed)
    el.getparent().append(copy.deepcopy(el))  # type: ignore[union-attr]


def rename(article: etree._Element, seed: random.Random) -> None:
    any_of(article, seed).tag = seed.choice(NAMES)


def swap_names(article: etree._Element, seed: random.Random) -> None:
    one, other = any_of(article, seed), any_of(article, seed)
    one.tag, other.tag = other.tag, one.tag


def lose_ids(article: etree._Element, _seed: random.Random) -> None:
    for el in elements(article):
        el.attrib.pop("id", None)


def swap_links(article: etree._Element, seed: random.Random) -> None:
    ids = [el.get("id", "") for el in elements(article) if el.get("id")] or ["none"]
    for el in elements(article):
        if el.get("rid"):
            el.set("rid", seed.choice(ids))


def shuffle(article: etree._Element, seed: random.Random) -> None:
    el = seed.choice([el for el in elements(article) if len(el) > 1])
    children = list(el)
    seed.shuffle(children)
    el.extend(children)


def move(article: etree._Element, seed: random.Random) -> None:
    el, home = any_of(article, seed), any_of(article, seed)
    if el is not home and el not in list(home.iterancestors()):
        home.append(el)


def wrap_in_the_unknown(article: etree._Element, seed: random.Random) -> None:
    el = any_of(article, seed)
    parent = el.getparent()
    assert parent is not None
    wrapper = etree.Element("unheard-of")
    parent.insert(parent.index(el), wrapper)
    wrapper.append(el)


def poison_links(article: etree._Element, seed: random.Random) -> None:
    bad = [
        "javascript:alert(1)",
        "data:text/html,<script>",
        "//evil.example",
        'https://x"onmouseover=1',
        "file:///etc/passwd",
    ]
    for el in elements(article):
        if el.get(HREF):
            el.set(HREF, seed.choice(bad))


def poison_text(article: etree._Element, seed: random.Random) -> None:
    for el in elements(article):
        if el.text and seed.random() < 0.3:
            el.text = "<script>alert(1)</script>\"'><img onerror=x \u202e"


def monstrous_spans(article: etree._Element, _seed: random.Random) -> None:
    for el in article.iter("td", "th"):
        el.set("colspan", "1000000000")
        el.set("rowspan", "-1")


def exchange_citation_models(article: etree._Element, _seed: random.Random) -> None:
    for el in list(article.iter("mixed-citation", "element-citation")):
        el.tag = "element-citation" if el.tag == "mixed-citation" else "mixed-citation"


def float_everything(article: etree._Element, _seed: random.Random) -> None:
    group = article.find("floats-group")
    group = etree.SubElement(article, "floats-group") if group is None else group
    for el in list(article.iter("fig", "table-wrap")):
        if not any(parent.tag in ("fig", "table-wrap", "floats-group") for parent in el.iterancestors()):
            group.append(el)


def impossible_dates(article: etree._Element, seed: random.Random) -> None:
    for el in article.iter("day", "month", "year"):
        el.text = seed.choice(["99", "0", "-1", "x", "²", "١٢", ""])


def lose_a_part(article: etree._Element, seed: random.Random) -> None:
    part = article.find(seed.choice(["front", "body", "back"]))
    if part is not None:
        article.remove(part)


def lose_an_obligation(article: etree._Element, seed: random.Random) -> None:
    """The DOI, the title or the dates: without them an article is a draft."""
    for el in list(article.iter(seed.choice(["article-id", "title-group", "pub-date"]))):
        el.getparent().remove(el)  # type: ignore[union-attr]


def empty_texts(article: etree._Element, seed: random.Random) -> None:
    for el in elements(article):
        if seed.random() < 0.05:
            el.text = el.tail = None


def long_text(article: etree._Element, seed: random.Random) -> None:
    any_of(article, seed).text = seed.choice(["a ", "\u00e9", "1,"]) * 300_000


def strange_namespace(article: etree._Element, seed: random.Random) -> None:
    el = any_of(article, seed)
    namespace = seed.choice(["http://www.w3.org/1999/xhtml", "http://www.w3.org/2000/svg", "http://x", ""])
    for inner in el.iter("{*}*"):
        local = str(inner.tag).rpartition("}")[2]
        inner.tag = f"{{{namespace}}}{local}" if namespace else local


def nest_in_itself(article: etree._Element, seed: random.Random) -> None:
    """A paragraph in a paragraph, a figure in a figure."""
    name = seed.choice(["p", "fig", "table-wrap", "list", "sec", "td", "xref", "sup"])
    found = list(article.iter(name))
    if len(found) > 1:
        one, other = seed.sample(found, 2)
        if one not in list(other.iterancestors()):
            one.append(other)


def dig_deep(article: etree._Element, seed: random.Random) -> None:
    """Sections in sections, nearly as deep as the parser allows."""
    body = article.find("body")
    for _level in range(seed.choice([20, 200]) if body is not None else 0):
        assert body is not None
        body = etree.SubElement(body, "sec")
        etree.SubElement(body, "title").text = "deeper"


def ground_floats(article: etree._Element, seed: random.Random) -> None:
    """Floating figures back into the text, anywhere."""
    homes = [el for part in article.iterchildren("body", "back") for el in part.iter("p", "sec")] or [article]
    for group in list(article.iter("floats-group")):
        for el in list(group):
            seed.choice(homes).append(el)


OPERATORS: tuple[Operator, ...] = (
    drop, repeat, rename, rename, swap_names, lose_ids, swap_links, shuffle, move, move, wrap_in_the_unknown, poison_links,
    poison_text, monstrous_spans, exchange_citation_models, float_everything, impossible_dates, lose_a_part,
    lose_an_obligation, empty_texts, long_text, strange_namespace, nest_in_itself, dig_deep, ground_floats,
)  # fmt: skip


def flip(data: bytes, seed: random.Random) -> bytes:
    place = seed.randrange(len(data))
    return data[:place] + bytes([seed.randrange(256)]) + data[place + 1 :]


def truncate(data: bytes, seed: random.Random) -> bytes:
    return data[: seed.randrange(len(data))]


def windows_lines(data: bytes, _seed: random.Random) -> bytes:
    return data.replace(b"\n", b"\r\n")


def wrong_encoding(data: bytes, seed: random.Random) -> bytes:
    declared = seed.choice([b"utf-16", b"windows-1252", b"us-ascii", b"utf-8", b"nonsense"])
    return b'<?xml version="1.0" encoding="' + declared + b'"?>' + data


def with_doctype(data: bytes, seed: random.Random) -> bytes:
    subset = seed.choice([b"", b'[<!ENTITY x "y">]', b'[<!ENTITY x SYSTEM "file:///etc/passwd">]'])
    return b'<!DOCTYPE article SYSTEM "http://nowhere.example/x.dtd" ' + subset + b">" + data


def entities(data: bytes, seed: random.Random) -> bytes:
    """An entity instead of a letter: known to HTML, declared nowhere."""
    place = data.find(seed.choice([b"e", b"a", b"o"]), seed.randrange(len(data)))
    return data[:place] + seed.choice([b"&eacute;", b"&unheard;", b"&x;", b"&amp;lt;"]) + data[place + 1 :]


#: What happens to a file after it was written.
DAMAGE: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    flip, truncate, windows_lines, wrong_encoding, with_doctype, entities,
)  # fmt: skip


def mutant(number: int, sources: list[Path]) -> tuple[str, bytes]:
    """(what was done to which file, the bytes): one to four operators, and now and then damage to the bytes."""
    seed = random.Random(number)
    path = seed.choice(sources)
    article = read(path.read_bytes()).article
    chosen = [seed.choice(OPERATORS) for _ in range(seed.randint(1, 4))]
    for operator in chosen:
        operator(article, seed)
    data = etree.tostring(article, encoding=seed.choice(["us-ascii", "utf-8"]))
    names = [operator.__name__ for operator in chosen]
    if seed.random() < 0.2:
        damage = seed.choice(DAMAGE)
        data, names = damage(data, seed), [*names, damage.__name__]
    return f"{number} {path.stem}: {', '.join(names)}", data
