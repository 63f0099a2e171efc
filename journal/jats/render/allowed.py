"""The second net: what nh3 lets through. A new tag, attribute or class value of the renderer is entered here."""

import nh3

from journal.jats.render.maths import ATTRIBUTES, CORE
from journal.jats.tree import names

_TAGS = names(
    "a abbr aside b blockquote br caption cite code dd details div dl dt figcaption figure footer h2 h3 h4 h5 "
    "h6 header hr i img li ol p pre s section span sub summary sup table tbody td tfoot th thead tr ul"
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
    return _cleaner.clean(fragment) if "<" in fragment else fragment
