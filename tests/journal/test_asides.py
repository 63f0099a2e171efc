"""The tools beside an article come from a shape; whatever the DOI, they are what the template would have made of it."""

import itertools

import pytest
from django.template.loader import render_to_string
from django.utils.translation import override

from journal.access import Access, Reason
from journal.asides import aside
from journal.models import Article

DOIS = (
    "10.5555/plain.1",
    "10.1002/(SICI)1097-0258(19980815)17:15<1661::AID-SIM968>3.0.CO;2-2",
    "10.5555/a&b'c\"d?e=1#f%20g~h+i@j,k:l/m;ü\\n",
)
FIGURE = "<p>Words</p><figure></figure>"


@pytest.mark.parametrize("doi", [*DOIS, None])
def test_the_tools_are_word_for_word_those_of_the_template(doi: str | None) -> None:
    for pages, body, language in itertools.product((None, 0, 1, 7), ("", FIGURE), ("en", "de")):
        article = Article(pk=7, doi=doi, has_pdf=pages is not None, pdf_pages=pages or 0)
        public = {"abstract": "<p>A</p>", "references": "<ol></ol>", "information": "", "first_page": ""}
        text = {"body": body, "notes": "", "contents": [{"id": "s1", "level": 2, "title_html": "One & two"}]}
        context = {"article": article, "doi": doi or "10.0000/draft-7", "public": public, "has_figures": bool(body)}
        with override(language):
            for full_text in (None, text):
                reason = Reason.PURCHASE if full_text else Reason.NO_LICENSE
                access = Access(granted=full_text is not None, reason=reason)
                whole = render_to_string("journal/_aside.html", {**context, "full_text": full_text, "access": access})
                assert aside(article, public, full_text, has_figures=bool(body)) == whole
