"""“Why can't I read this?”: the explanation of access in the one sentence that is the reader's."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from journal.models import Article
from subscriptions.explaining import Question, explain
from subscriptions.next_steps import for_reader, help_for_reader
from subscriptions.reader import RequestReader


@never_cache
@require_safe
def why(request: HttpRequest, article_id: int) -> HttpResponse:
    """A page of its own, so that the article's page pays nothing for it. It tells nothing about anybody else."""
    article = get_object_or_404(Article.objects.published().select_related("issue", "journal"), pk=article_id)
    reader: RequestReader = request.reader  # type: ignore[attr-defined]
    access = reader.access_to(article)
    found = explain(Question(article, reader.user, reader.ip, gifts=reader.gifts))
    context = {"article": article, "access": access, "sentence": for_reader(found), "steps": help_for_reader(found)}
    return render(request, "subscriptions/why.html", context)
