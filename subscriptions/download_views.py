"""The page that asks what so many full texts are for, and the answer, after which one reads on."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import viewing
from journal import negotiation
from journal.models import Article
from subscriptions import downloads
from subscriptions.counter.actions import PARTS, TEXTS
from subscriptions.models import DownloadQuestion
from subscriptions.reader import RequestReader

ANSWERED = "downloads_answered"  # in the session: somebody behind a shared address
Purpose = DownloadQuestion.Purpose
WORDS = {
    Purpose.READING: gettext_lazy("I am reading them, one by one"),
    Purpose.REVIEW: gettext_lazy("I gather articles for a review or for teaching"),
    Purpose.KEEPING: gettext_lazy("I keep copies for later"),
    Purpose.MINING: gettext_lazy("I want to analyze the texts by program"),
    Purpose.OTHER: gettext_lazy("Something else"),
}


class PurposeForm(forms.Form):
    purpose = forms.ChoiceField(
        label=gettext_lazy("What are they for?"), choices=[(key.value, words) for key, words in WORDS.items()],
        widget=forms.RadioSelect, error_messages={"required": gettext_lazy("Choose what comes nearest.")},
    )  # fmt: skip


def question_before(request: HttpRequest, names: dict[str, Any]) -> HttpResponse | None:
    """The question, in the place of a text or file that is given by right, for whoever has one to answer."""
    match = request.resolver_match
    if match is None or match.app_names != ["journal"] or match.url_name not in TEXTS | PARTS:
        return None
    if match.url_name == "article" and not negotiation.wants_page(request):
        return None  # metadata, which everybody gets
    reader: RequestReader = request.reader  # type: ignore[attr-defined]
    question = _of(reader) if not viewing.is_by_staff(request) else None
    article = Article.objects.published().by_doi(names["doi"]).first() if question else None
    if question is None or article is None:
        return None
    access = reader.access_to(article)
    return _page(request, question, PurposeForm(), request.path) if access.granted and not access.is_public else None


def _of(reader: RequestReader) -> DownloadQuestion | None:
    """Asked of the database, too: another process may have taken the answer."""
    mine = downloads.keyed(downloads.mark_of(reader))
    if mine not in downloads.watch.asked:
        return None
    found: DownloadQuestion | None = DownloadQuestion.objects.open().filter(reader=mine).first()
    if found is None:
        downloads.watch.asked.discard(mine)
    return found


def _page(request: HttpRequest, question: DownloadQuestion, form: PurposeForm, following: str) -> HttpResponse:
    context = {"question": question, "form": form, "next": following}
    response = render(request, "subscriptions/read_on.html", context, status=429)
    response["Cache-Control"] = "private, no-store"
    return response


@never_cache
@require_POST
def read_on(request: HttpRequest) -> HttpResponse:
    """The answer. It opens nothing and closes nothing: the decision is the article's."""
    following = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(following, allowed_hosts=None):
        following = "/"
    mine = downloads.keyed(downloads.mark_of(request.reader))  # type: ignore[attr-defined]
    question = DownloadQuestion.objects.open().filter(reader=mine).first()
    if question is None:
        return redirect(following)
    form = PurposeForm(request.POST)
    if not form.is_valid():
        return _page(request, question, form, following)
    downloads.answer(question, form.cleaned_data["purpose"])
    if question.is_shared:
        request.session[ANSWERED] = True  # counted by this session from now on
    messages.success(request, _("Thank you. Read on."))
    return redirect(following)
