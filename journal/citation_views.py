"""Citation files. Never behind the wall."""

import json

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from journal.citation import FORMATS
from journal.models import Article


@require_safe
def citation(request: HttpRequest, doi: str, form: str) -> HttpResponse:
    if form not in FORMATS:
        raise Http404("We have citations as .ris, .bib, .json and .txt.")
    published = Article.objects.published().by_doi(doi).select_related("journal", "issue")
    article = get_object_or_404(published)
    content_type, write = FORMATS[form]
    text = write(article)
    body = text if isinstance(text, str) else json.dumps(text, ensure_ascii=False, indent=1)
    response = HttpResponse(body, content_type=f"{content_type}; charset=utf-8")
    name = f"{(article.doi or '').replace('/', '_')}.{form}"
    response["Content-Disposition"] = content_disposition_header(form != "txt", name) or "inline"
    return response
