"""`text/x-bibliography; style=…; locale=…`: a reference as a line of text (crosscite.org)."""

import re
from functools import lru_cache
from html import unescape
from pathlib import Path

import citeproc
from django.utils.html import strip_tags

from journal.citation import chosen, styles
from journal.citation.record import Record
from journal.models import Article

DEFAULT_STYLE = "apa"
_LOCALES = Path(citeproc.__file__).parent / "data/locales"


def bibliography(article: Article, style: str = "", locale: str = "") -> str:
    """Plain text in one of the four styles of medicine or any independent CSL style; "" for a style nobody knows.

    The four are English; with a locale the CSL style of that name is taken. An unknown locale is the style's own.
    """
    style = style.lower() or DEFAULT_STYLE
    record, language = Record.of(article), _locale(locale)
    if style in styles.STYLES and not language:
        return unescape(strip_tags(styles.STYLES[style][1](record)))
    if not re.fullmatch(r"[a-z0-9-]{1,100}", style) or not (chosen.STYLES / f"{style}.csl").is_file():
        return ""
    return unescape(strip_tags(chosen.cite(record, style, language)))


def _locale(wanted: str) -> str:
    """The locale that is meant: `fr-CA` itself, `fr-FR` for `fr`; "" for none and for one that is not there."""
    known = _locales()
    name = wanted.lower().replace("_", "-")
    own = next((locale for locale in known if locale.lower() == f"{name}-{name}"), "")
    return own or next((locale for locale in known if name and f"{locale.lower()}-".startswith(f"{name}-")), "")


@lru_cache(maxsize=1)
def _locales() -> tuple[str, ...]:
    return tuple(sorted(path.stem.removeprefix("locales-") for path in _LOCALES.glob("locales-*.xml")))
