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


OPERATORS: tuple[Operator, ...] = (
    drop, repeat, rename, rename, swap_names, lose_ids, swap_links, shuffle, move, move, wrap_in_the_unknown, poison_links,
    poison_text, monstrous_spans, exchange_citation_models, float_everything, impossible_dates, lose_a_part,
)  # fmt: skip


def mutant(number: int, sources: list[Path]) -> tuple[str, bytes]:
    """(what was done to which file, the bytes): one to four operators, and now and then a flipped or missing byte."""
    seed = random.Random(number)
    path = seed.choice(sources)
    article = read(path.read_bytes()).article
    chosen = [seed.choice(OPERATORS) for _ in range(seed.randint(1, 4))]
    for operator in chosen:
        operator(article, seed)
    data = etree.tostring(article)
    if seed.random() < 0.1:
        place = seed.randrange(len(data))
        data = data[:place] + (bytes([seed.randrange(256)]) + data[place + 1 :] if seed.random() < 0.7 else b"")
    return f"{number} {path.stem}: {', '.join(operator.__name__ for operator in chosen)}", data
