"""What stands beside an article: its contents and its tools, prepared at import for most readers."""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.template.loader import render_to_string
from django.utils.html import escape
from django.utils.http import RFC3986_SUBDELIMS
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from journal.access import Access, Reader, Reason
from journal.filing import doi_in_addresses
from journal.models import Article, FullText, PublicPage

#: What the tools say to visitors only; before it was marked, it stood there in English.
_FOR_VISITORS = re.compile(r'(<span class="tool-need")(?: data-need="account">[^<]*|>Needs an account)(?=<)')


def aside_for(reader: Reader, aside: str) -> str:
    """The prepared tools, for this reader: whoever is signed in needs no account any more."""
    if not reader.is_authenticated:
        return aside
    return _FOR_VISITORS.sub(lambda found: f"{found[1]}>{escape(_('To your list'))}", aside, count=1)


def aside(
    article: Article, public: Mapping[str, str] | PublicPage, text: Mapping[str, Any] | FullText | None = None,
    *, has_figures: bool = False,
) -> str:  # fmt: skip
    """Contents and tools: with the `text` for those whose right covers it and the PDF, without it for all others.

    Without it, `has_figures` says that there are some to be had.
    """
    if text is not None:
        has_figures = any("<figure" in _part(text, name) for name in ("body", "notes"))
    tools = _tools_of(article, has_text=text is not None, has_figures=has_figures)
    return render_to_string("journal/_aside.html", {"public": public, "full_text": text, "tools": tools})


def _part(text: Mapping[str, Any] | FullText, name: str) -> str:
    said: str = text[name] if isinstance(text, Mapping) else getattr(text, name)
    return said


# The tools of two articles differ in little but the DOI in a dozen addresses, and the template took a tenth of an
# import's own time. So it is rendered once with a DOI that looks different wherever it is written in another way.
_HERE = "10.0000/<here>"
_WRITTEN: tuple[Callable[[str], str], ...] = (
    lambda doi: escape(quote(doi, safe=f"{RFC3986_SUBDELIMS}/~:@")),  # in addresses, as `reverse` has it
    lambda doi: quote(doi, safe=""),
    escape,
)
_MARKS = {write(_HERE): write for write in _WRITTEN}


def _tools_of(article: Article, *, has_text: bool, has_figures: bool) -> SafeString:
    doi = doi_in_addresses(article)
    written = {mark: write(doi) for mark, write in _MARKS.items()}
    shape = _tools(get_language(), has_text, has_figures, article.has_pdf, article.pdf_pages)
    return mark_safe("".join([written.get(piece, piece) for piece in shape]))  # noqa: S308  (the template's; escaped)


@lru_cache(maxsize=200)
def _tools(
    _language: str | None, has_text: bool, has_figures: bool, has_pdf: bool, pdf_pages: int
) -> list[str]:  # fmt: skip
    """The HTML of the tools in pieces; what stands for a DOI is a piece of its own."""
    access = Access(granted=has_text, reason=Reason.PURCHASE if has_text else Reason.NO_LICENSE)
    context = {
        "article": Article(has_pdf=has_pdf, pdf_pages=pdf_pages), "doi": _HERE, "access": access,
        "full_text": {"body": "<figure" if has_figures else "", "notes": ""} if has_text else None,
        "has_figures": has_figures,
    }  # fmt: skip
    html = render_to_string("journal/_tools.html", context)
    return re.split(f"({'|'.join(map(re.escape, _MARKS))})", html)
