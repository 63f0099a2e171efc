"""The second net: what reaches the page, whatever the renderer did. A new tag or attribute is entered here.

nh3 takes out what is not allowed, and sets right what is wrongly nested. It builds a tree of every fragment for that, a
fifth of the time of a whole rendering, and nearly always finds nothing. So a fragment is looked through first, tag by
tag: when each is allowed as it stands and lies where HTML's parser leaves it, nh3 would give the fragment back as it
is, which a test holds of every article there is. Whatever is not as simple as that goes through nh3
(docs/decisions/0046-second-net.md).
"""

import re
from dataclasses import dataclass

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
    return fragment if _is_simple(fragment, _SPLIT(fragment)) else _cleaner.clean(fragment)


def clean_and_read(fragment: str) -> tuple[str, str]:
    """The same, and its words as `markup.to_text` reads them."""
    fragment = fragment.replace("\xa0", "&nbsp;")
    pieces = _SPLIT(fragment)
    if _is_simple(fragment, pieces):
        return fragment, words_of(pieces)
    cleaned = _cleaner.clean(fragment)
    return cleaned, to_text(cleaned)


_SPLIT = re.compile("(<[^>]*>)").split
#: Other references than HTML's writers leave in words, and in values.
_ODD_IN_WORDS = re.compile("&(?!(?:amp|lt|gt|nbsp);)").search
_ODD_IN_VALUES = re.compile("&(?!(?:amp|lt|gt|nbsp|quot);)").search
#: Words between the parts of a table, which parsers put before it.
_BETWEEN_CELLS = re.compile(
    "<(?:t(?:able|r|head|body|foot)(?: [^>]*)?|/t(?:r|head|body|foot|d|h)|/caption)>[^<]"
).search
_SHAPE = re.compile('<([a-z][a-z0-9]*)((?: [a-z-]+="")*)>')
_NAME = re.compile(" ([a-z-]+)=")
_GOOD_ADDRESSES = ("#", "/", "https://", "http://", "mailto:")

# What may stand in what, so that HTML's parser closes nothing by itself: fewer things than HTML allows.
_LINE = names("abbr b br cite code i img math s span sub sup")
_LINE_AND_LINKS = _LINE | {"a"}
_ANYTHING = _LINE_AND_LINKS | names(
    "aside blockquote details div dl figure footer h2 h3 h4 h5 h6 header hr ol p section table ul"
)
_PARTS_OF_LISTS = names("dt dd")
_IN_LINE = names("abbr b cite code i s span sub sup")  # holds what its holder may hold, but nothing of blocks
_VOID = names("br hr img")
_FORMULA = frozenset(CORE - {"math"})
_NOTHING: frozenset[str] = frozenset()
_HOLDS: dict[str, frozenset[str]] = {
    **dict.fromkeys(names("aside blockquote div section footer header li dd td th"), _ANYTHING),
    **dict.fromkeys(names("p dt summary caption h2 h3 h4 h5 h6"), _LINE_AND_LINKS),
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


@dataclass(frozen=True, slots=True)
class _Known:
    """What is known of a start tag: the end tag it wants ("" for none), what it may hold; of its values, which are
    addresses; and whether the tag comes often as it stands."""

    name: str
    end: str
    holds: frozenset[str]
    addresses: tuple[int, ...]
    is_common: bool


_known: dict[str, _Known] = {}
#: The same of tags without their values.
_shapes: dict[str, _Known | None] = {}
MOST_KNOWN = 2000


def _is_simple(fragment: str, pieces: list[str]) -> bool:
    """Whether each tag is allowed, all are closed in order, and each lies where the parser leaves it."""
    tags = pieces[1::2]
    return (
        len(tags) == fragment.count("<") == fragment.count(">")
        and _nests(tags)
        and not _has_odd_words(fragment, pieces)
    )


def _has_odd_words(fragment: str, pieces: list[str]) -> bool:
    """What parsers write in another way, or put elsewhere."""
    if _ODD_IN_WORDS(fragment) and (_ODD_IN_VALUES(fragment) or any(_ODD_IN_WORDS(words) for words in pieces[::2])):
        return True
    return "\r" in fragment or "\x00" in fragment or bool("<table" in fragment and _BETWEEN_CELLS(fragment))


def _nests(tags: list[str]) -> bool:
    wanted: list[str] = []
    around: list[frozenset[str]] = []
    here = _ANYTHING
    for tag in tags:
        if tag[1] == "/":
            if not wanted or wanted.pop() != tag:
                return False
            here = around.pop()
            continue
        known = _known.get(tag) or _looked_at(tag)
        if known is None or known.name not in here:
            return False
        if known.end:
            wanted.append(known.end)
            around.append(here)
            here = _inside(known, here) if here is _LINE or known.name == "div" else known.holds
    return not wanted


def _inside(known: _Known, around: frozenset[str]) -> frozenset[str]:
    """What may stand in an element: no link in a link, however deep; terms in the boxes of a list of definitions."""
    if around is _LINE and known.name in _IN_LINE:
        return _LINE
    return _PARTS_OF_LISTS if known.name == "div" and "dt" in around else known.holds


def _looked_at(tag: str) -> _Known | None:
    """What is known of a start tag; None for one that is not allowed as it stands."""
    parts = tag.split('"')
    shape = '""'.join(parts[::2])
    try:
        known = _shapes[shape]
    except KeyError:
        known = _remembered(shape)
    if known is None:
        return None
    for place in known.addresses:
        if not parts[place].startswith(_GOOD_ADDRESSES):
            return None
    if known.is_common and len(tag) < 60 and len(_known) < MOST_KNOWN:
        _known[tag] = known
    return known


def _remembered(shape: str) -> _Known | None:
    if len(_shapes) >= MOST_KNOWN:
        _shapes.clear()
    known = _shapes[shape] = _allowed(shape)
    return known


def _allowed(shape: str) -> _Known | None:
    """`<a class="" href="">` with its values taken out: known if its tag and all its attributes are allowed."""
    match = _SHAPE.fullmatch(shape)
    if match is None:
        return None
    tag, written = match[1], _NAME.findall(match[2])
    allowed = _EVERYWHERE | _ATTRIBUTES.get(tag, set())
    if (tag not in _HOLDS and tag not in _VOID) or len(set(written)) < len(written) or not allowed.issuperset(written):
        return None
    addresses = tuple(2 * place + 1 for place, key in enumerate(written) if key in ("href", "src"))
    end = "" if tag in _VOID else f"</{tag}>"
    return _Known(tag, end, _HOLDS.get(tag, _NOTHING), addresses, is_common=not {"id", "href", "src"} & set(written))
