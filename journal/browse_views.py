"""Topics, collections, authors and volumes: lists of articles with their access marks."""

from collections import Counter
from typing import Any

from django.db.models import Count, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_safe

from journal import authors
from journal.browsing import Listed, newest_of_collection, newest_of_topic, of_author, of_collection
from journal.models import Article, ArticleQuerySet, Issue
from journal.search.folding import fold
from journal.topic_models import ArticleAuthor, Collection, Topic
from journal.views import ISSUE_ORDER, listed, marked

MOST_AUTHORS = 2000


def _page_of(request: HttpRequest, articles: ArticleQuerySet, newest: list[int] | None = None) -> dict[str, Any]:
    """One page of a list with the marks of its articles. Three statements, however long the list is."""
    pages = Listed(listed(articles), newest)
    page = pages.get_page(request.GET.get("page"))
    return {"page": page, "items": marked(request, page.object_list), "is_more": pages.is_more, "count": pages.count}


@require_safe
def topic_list(request: HttpRequest) -> HttpResponse:
    """The tree, as an outline: a topic with several parents stands under each of them."""
    topics = {topic.pk: topic for topic in Topic.objects.all()}
    below: dict[int, list[int]] = {}
    for child, parent in Topic.objects.exclude(parents=None).values_list("pk", "parents"):
        below.setdefault(parent, []).append(child)
    children = {child for found in below.values() for child in found}
    roots = [pk for pk in topics if pk not in children] or list(topics)
    tree = [_branch(topics, below, pk, frozenset()) for pk in roots]
    return render(request, "journal/topic_list.html", {"tree": tree})


def _branch(topics: dict[int, Topic], below: dict[int, list[int]], pk: int, above: frozenset[int]) -> dict[str, Any]:
    inner = [child for child in below.get(pk, []) if child not in above and child != pk]
    inner.sort(key=lambda child: topics[child].name)
    return {"topic": topics[pk], "children": [_branch(topics, below, child, above | {pk}) for child in inner]}


@require_safe
def topic(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Topic, slug=slug)
    around = Topic.objects.filter(Q(parents=found) | Q(children=found)).distinct().exclude(pk=found.pk)
    near = list(around.annotate(is_child=Count("parents", filter=Q(parents=found))))
    context = {
        "topic": found,
        "narrower": [one for one in near if one.is_child],
        "broader": [one for one in near if not one.is_child],
    }
    page = _page_of(request, Article.objects.published().newest(), newest_of_topic(found.pk))
    return render(request, "journal/topic.html", context | page)


@require_safe
def collection_list(request: HttpRequest) -> HttpResponse:
    return render(request, "journal/collection_list.html", {"collections": Collection.objects.filter(is_shown=True)})


@require_safe
def collection(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_object_or_404(Collection, slug=slug, is_shown=True)
    newest = newest_of_collection(found)
    articles = of_collection(found) if newest is None else Article.objects.published().newest()
    page = _page_of(request, articles, newest)
    return render(request, "journal/collection.html", {"collection": found} | page)


@require_safe
def author_list(request: HttpRequest) -> HttpResponse:
    """Authors by the first letter of their surnames."""
    letters = list(ArticleAuthor.objects.order_by("initial").values_list("initial", flat=True).distinct())
    letter = fold(request.GET.get("letter", ""))[:1]
    letter = letter if letter in letters else (letters[0] if letters else "")
    people = authors.beginning_with(letter, MOST_AUTHORS) if letter else []
    context = {"letters": letters, "letter": letter, "people": people, "shared": _shared([one.name for one in people])}
    return render(request, "journal/author_list.html", context)


def _shared(names: list[str]) -> set[str]:
    """Names that more than one stands under."""
    return {name for name, number in Counter(names).items() if number > 1}


@require_safe
def author(request: HttpRequest, key: str) -> HttpResponse:
    person = authors.find(key)
    if person is None:
        raise Http404("Nobody of this name has written in this journal.")
    if person.key != key:
        return redirect("journal:author", person.key)
    context = {"person": person, "name": person.name, "key": key, **_page_of(request, of_author(authors.rows_of(key)))}
    return render(request, "journal/author.html", context)


@require_safe
def volume(request: HttpRequest, volume: str) -> HttpResponse:
    """The issues of one volume."""
    published = Count("articles", filter=Q(articles__status=Article.Status.PUBLISHED))
    issues = Issue.objects.published().filter(volume=volume).annotate(article_count=published).order_by(*ISSUE_ORDER)
    found = list(issues)
    if not found:
        raise Http404("No issue of this volume has been published.")
    return render(request, "journal/issue_list.html", {"issues": found, "volume": volume})
