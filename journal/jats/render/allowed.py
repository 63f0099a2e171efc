"""The second net: what reaches the page, whatever the renderer did. A new tag or attribute is entered here.

nh3 takes out what is not allowed, and sets right what is wrongly nested. It builds a tree of every fragment for that, a
fifth of the time of a whole rendering, and nearly always finds nothing. So a fragment is looked through first, tag by
tag: when each is allowed as it stands and lies where HTML's parser leaves it, nh3 would give the fragment back as it
is, which a test holds of every article there is. Whatever is not as simple as that goes through nh3
(docs/decisions/0046-second-net.md).
"""

import re
from functools import cache
from typing import NamedTuple

import nh3

from journal.jats.markup import to_text, words_of
from journal.jats.render.maths import ATTRIBUTES, CORE
from journal.jats.tree import names

_TAGS = names(
    "a abbr aside b blockquote br caption cite code dd details div dl dt figcaption figure footer h2 h3 h4 h5 "
    "h6 header hr i img li ol p pre rp rt ruby s section span sub summary sup table tbody td tfoot th thead tr ul"
)
_EVERYWHERE = {"id", "class", "lang", "dir", "role", "tabindex", "aria-label", "aria-labelledby"}
_ATTRIBUTES = {
    "*": _EVERYWHERE,
    "a": {"href", "rel", "data-refs", "download"},
    "img": {"src", "srcset", "sizes", "width", "height", "alt", "loading", "decoding"},
    "ol": {"type", "start"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan", "scope"},
    "math": {"display"},
    **{tag: set(ATTRIBUTES) for tag in CORE - {"math"}},
}
_cleaner = nh3.Cleaner(
    tags=_TAGS | set(CORE),
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https", "mailto"},
    link_rel=None,
    strip_comments=True,
)


def clean(fragment: str) -> str:
    """The fragment as nh3 lets it through; fragments of the renderer come out with the same words and tags."""
    if "<" not in fragment:
        return fragment
    fragment = fragment.replace("\xa0", "&nbsp;")  # as nh3 writes it
    return _cleaner.clean(fragment) if _taken_apart(fragment) is None else fragment


def clean_and_read(fragment: str) -> tuple[str, str]:
    """The same, and its words as `markup.to_text` reads them."""
    fragment = fragment.replace("\xa0", "&nbsp;")
    pieces = _taken_apart(fragment)
    if pieces is not None:
        return fragment, words_of(pieces)
    cleaned = _cleaner.clean(fragment)
    return cleaned, to_text(cleaned)


#: Other references than HTML's writers leave in words, and in values.
_ODD_IN_WORDS = re.compile("&(?!(?:amp|lt|gt|nbsp);)").search
_ODD_IN_VALUES = re.compile("&(?!(?:amp|lt|gt|nbsp|quot);)").search
#: Words between the parts of a table, which parsers put before it.
_BETWEEN_CELLS = re.compile(
    "<(?:t(?:able|r|head|body|foot)(?: [^>]*)?|/t(?:r|head|body|foot|d|h)|/caption)>[^<]"
).search
#: A line's end that begins preformatted text, which parsers leave out.
_EMPTY_LINE = re.compile("<pre(?: [^>]*)?>\n").search
_SHAPE = re.compile('([a-z][a-z0-9]*)((?: [a-z-]+="")*)')
_NAME = re.compile(" ([a-z-]+)=")
_GOOD_ADDRESSES = ("#", "/", "https://", "http://", "mailto:")

# What may stand in what, so that HTML's parser closes nothing by itself: fewer things than HTML allows.
_LINE = names("abbr b br cite code i img math s span sub sup")
_LINE_AND_LINKS = _LINE | {"a"}
_ANYTHING = _LINE_AND_LINKS | names(
    "aside blockquote details div dl figure footer h2 h3 h4 h5 h6 header hr ol p pre section table ul"
)
_PARTS_OF_LISTS = names("dt dd")
_IN_LINE = names("abbr b cite code i s span sub sup")  # holds what its holder may hold, but nothing of blocks
_VOID = names("br hr img")
_FORMULA = frozenset(CORE - {"math"})
_NOTHING: frozenset[str] = frozenset()
_HOLDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(names("aside blockquote div section footer header li dd td th"), _ANYTHING),
    **dict.fromkeys(names("p pre dt summary caption h2 h3 h4 h5 h6"), _LINE_AND_LINKS),
    **dict.fromkeys(_IN_LINE, _LINE_AND_LINKS),
    **dict.fromkeys(_FORMULA | {"math"}, _FORMULA),
    **dict.fromkeys(names("mi mn mo ms mtext mspace mprescripts"), _NOTHING),
    "a": _LINE,
    "ul": names("li"),
    "ol": names("li"),
    "dl": _PARTS_OF_LISTS | {"div"},
    "details": _ANYTHING | {"summary"},
    "figure": _ANYTHING | {"figcaption"},
    "figcaption": _ANYTHING,
    "table": names("caption thead tbody tfoot"),
    "tr": names("td th"),
    **dict.fromkeys(names("thead tbody tfoot"), names("tr")),
}


#: Written behind the words before a tag, so that one split tells words from tags; XML has no such character.
_MARK = "\x00"


def _taken_apart(fragment: str) -> list[str] | None:
    """Words and tags in turn (see `markup.words_of`), if each tag is allowed, all are closed in order, and each lies
    where the parser leaves it; None for what nh3 has to look at.

    As many tags as there are `<`, and none with a mark in it: so each begins with `<` and ends with `>`.
    """
    marked = fragment.replace("<", f"{_MARK}>")
    pieces = marked.split(">")
    tags = pieces[1::2]
    if not len(pieces) - len(tags) - 1 == len(tags) == len(marked) - len(fragment) or _MARK in fragment:
        return None
    return pieces if _nests(tags) and not _has_odd_words(fragment, pieces) else None


def _has_odd_words(fragment: str, pieces: list[str]) -> bool:
    """What parsers write in another way, leave out, or put elsewhere."""
    if _ODD_IN_WORDS(fragment) and (_ODD_IN_VALUES(fragment) or any(_ODD_IN_WORDS(words) for words in pieces[::2])):
        return True
    return (
        "\r" in fragment
        or bool("/table>" in fragment and _BETWEEN_CELLS(fragment))
        or bool("/pre>" in fragment and _EMPTY_LINE(fragment))
    )


class _Place(dict[str, "_Place | None"]):
    """Where one stands in a fragment: what each tag leads to that was met here before. None is nowhere: not allowed."""

    def __init__(self, end: str, holds: frozenset[str]) -> None:
        self.end, self.holds = end, holds
        self.shapes: dict[str, _Step] = {}

    def __missing__(self, tag: str) -> "_Place | None":
        parts = tag.split('"')
        if len(parts) % 2 == 0:  # a quote without its twin
            return None
        shape = '""'.join(parts[::2])
        step = self.shapes.get(shape) or self._remembered(shape)
        for place in step.addresses:
            if not parts[place].startswith(_GOOD_ADDRESSES):
                return None
        if step.is_common and len(tag) < 60 and len(self) < MOST_KNOWN:
            self[tag] = step.leads_to
        return step.leads_to

    def _remembered(self, shape: str) -> "_Step":
        if len(self.shapes) >= MOST_KNOWN:
            self.shapes.clear()
        leads_to = self._leads_to(shape)
        written = _NAME.findall(shape) if leads_to is not None else []
        addresses = tuple(2 * place + 1 for place, key in enumerate(written) if key in ("href", "src"))
        step = self.shapes[shape] = _Step(leads_to, addresses, is_common=not {"id", "href", "src"} & set(written))
        return step

    def _leads_to(self, shape: str) -> "_Place | None":
        if shape == self.end:
            return _OUT
        tag = _tag_of(shape)
        if tag not in self.holds:
            return None
        return _HERE if tag in _VOID else _place(f"/{tag}", _inside(tag, self.holds))


class _Step(NamedTuple):
    """What a tag without its values leads to from one place; of its values, which are addresses; and whether the tag
    comes often as it stands."""

    leads_to: _Place | None
    addresses: tuple[int, ...]
    is_common: bool


#: Where an end tag leads, and one without an end.
_OUT, _HERE = _Place("<", _NOTHING), _Place("<", _NOTHING)
MOST_KNOWN = 2000


@cache  # as many as there are pairs of a tag and what it may hold
def _place(end: str, holds: frozenset[str]) -> _Place:
    return _Place(end, holds)


def _inside(tag: str, around: frozenset[str]) -> frozenset[str]:
    """What may stand in an element: no link in a link, however deep; terms in the boxes of a list of definitions."""
    if around == _LINE and tag in _IN_LINE:
        return _LINE
    return _PARTS_OF_LISTS if tag == "div" and "dt" in around else _HOLDS[tag]


def _tag_of(shape: str) -> str:
    """The name in `a class="" href=""`, a tag with its values taken out, if all its attributes are allowed; else ""."""
    match = _SHAPE.fullmatch(shape)
    if match is None:
        return ""
    tag, written = match[1], _NAME.findall(match[2])
    allowed = _EVERYWHERE | _ATTRIBUTES.get(tag, set())
    return tag if len(set(written)) == len(written) and allowed.issuperset(written) else ""


def _nests(tags: list[str]) -> bool:
    outside = here = _place("<", _ANYTHING)  # which ends no element
    around: list[_Place] = []
    for tag in tags:
        there = here[tag]
        if there is _OUT:
            here = around.pop()
        elif there is None:
            return False
        elif there is not _HERE:
            around.append(here)
            here = there
    return here is outside
