"""How to cite an article: the page of styles, and the files of reference managers. Never behind the wall."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from journal.citation import FORMATS, in_styles
from journal.models import Article


def _article(doi: str) -> Article:
    return get_object_or_404(Article.objects.published().by_doi(doi).select_related("journal", "issue", "record"))


@require_safe
def cite(request: HttpRequest, doi: str) -> HttpResponse:
    """The citation in every style, to copy, and the files. The article page shows the same in a dialog."""
    article = _article(doi)
    return render(request, "journal/cite.html", {"article": article, "citations": in_styles(article)})


@require_safe
def citation(request: HttpRequest, doi: str, form: str) -> HttpResponse:
    if form not in FORMATS:
        raise Http404("We have citations as .ris, .bib, .nbib, .json and .txt.")
    content_type, write = FORMATS[form]
    article = _article(doi)
    text = write(article)
    body = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1)
    response = HttpResponse(body, content_type=f"{content_type}; charset=utf-8")
    name = f"{(article.doi or '').replace('/', '_')}.{form}"
    response["Content-Disposition"] = content_disposition_header(form != "txt", name) or "inline"
    return response
