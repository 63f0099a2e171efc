"""What it takes to publish an article, the two verbs, and what is due on the day of a notice."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts.languages import speaking
from journal import pages
from journal.jats import JatsError
from journal.models import Article, PublicPage, Relation, Withdrawal
from journal.notices import banners
from journal.oai.listing import sets_of
from journal.typesetting import job
from journal.worker import WorkerError

log = logging.getLogger(__name__)
NO_TEXT = (
    "It has no full text: the JATS has no <body>, or it was rejected, and there is no PDF. Import it again, or, if it "
    "consists of its abstract, make it open access or free to read: what is not there is not sold."
)


class NotReady(Exception):
    """The article cannot be published. `obstacles` are sentences for an editor, each with its remedy."""

    def __init__(self, obstacles: list[str]) -> None:
        super().__init__(" ".join(obstacles))
        self.obstacles = obstacles


def obstacles(article: Article) -> list[str]:
    """Why an article cannot be published, in words for an editor; empty when it can."""
    checks = (
        (article.doi, "It has no DOI: add <article-id pub-id-type=\"doi\"> to the JATS and import it again."),
        (article.title, "It has no title: add <article-title> to the JATS and import it again."),
        (article.published_online, "It has no date: fill in “Published online”, or <pub-date> in the JATS."),
        (_is_whole(article), NO_TEXT),
    )  # fmt: skip
    return [sentence for present, sentence in checks if not present]


def _is_whole(article: Article) -> bool:
    """Nothing is sold that is not there: of an abstract only, what everybody may read can be published."""
    is_free = article.access_type != Article.AccessType.CONTROLLED
    return article.has_full_text or article.is_only_pdf or bool(article.abstract and is_free)


def publish(article: Article) -> None:
    """From its publication date on, visitors find the article, and related ones point to it. Raises NotReady."""
    with transaction.atomic():
        current = Article.objects.select_for_update().get(pk=article.pk)
        if found := obstacles(current):
            raise NotReady(found)
        _set_status(article, Article.Status.PUBLISHED)
        if problem := _prepared(article, around=True):
            raise NotReady([f"Its page could not be prepared: {problem}"])


def unpublish(article: Article) -> None:
    """Back to a draft: nobody finds it, and rights that were sold stay for the day it returns.

    Taking something off the site never fails because a related article's page could not be prepared again.
    """
    was_on_site = is_on_site(article)
    _set_status(article, Article.Status.DRAFT)
    if was_on_site:
        note_withdrawal(article)
    if problem := _prepared(article, around=True):
        log.warning("Article %s was unpublished; a page around it could not be prepared: %s", article.pk, problem)


def note_withdrawal(article: Article) -> None:
    """Harvesters are told that the record of an article that was on the site is deleted, until it is there again."""
    sets = sets_of(article.journal_id, article.issue_id, article.section_id)
    now = {"doi": article.doi or "", "sets": sets}
    Withdrawal.objects.update_or_create(doi_key=(article.doi or "").lower(), defaults=now, create_defaults=now)


#: Days within which the day of a notice is noticed, should no job have run for as long.
LATE = timedelta(days=30)


def announce_due() -> int:
    """Notices, and articles they are about, whose day has come: the pages around them get their banners.

    Looks at what the pages say, not at when it was last asked, so it may run twice or days late. How many were told.
    """
    today = timezone.localdate()
    lately = Article.objects.published().filter(published_online__gt=today - LATE).select_related("journal", "issue")
    said, told = Relation.objects.values("article"), Relation.objects.values("target_doi")
    due = 0
    for one in lately.filter(Q(pk__in=said) | Q(doi_key__in=told)):
        if all(_is_told(page) for page in [one, *pages.related(one)]):
            continue
        due += 1
        if problem := _prepared(one, around=True):
            log.warning("The day of article %s has come; a page around it could not be prepared: %s", one.pk, problem)
    return due


def _is_told(article: Article) -> bool:
    """Whether an article's page bears the banners that are due today."""
    stored = PublicPage.objects.filter(article=article).values_list("notices", flat=True).first()
    with speaking(settings.LANGUAGE_CODE):
        return stored is None or stored == banners(article)


def place(article: Article) -> str:
    """After a change of issue or date: prepare the page again. Returns why it could not be, or the empty text."""
    return _prepared(article, around=False)


def _prepared(article: Article, *, around: bool) -> str:
    try:
        with transaction.atomic():
            Article.objects.select_for_update(no_key=True).values_list("pk").get(pk=article.pk)  # one version at a time
            pages.refresh_around(article) if around else pages.prepare(article)
            job.request(article)
    except (JatsError, WorkerError) as error:
        return str(error)
    return ""


def is_on_site(article: Article) -> bool:
    """Whether a visitor finds it today: published, and the day has come in the site's time zone."""
    day = article.published_online
    return article.status == Article.Status.PUBLISHED and day is not None and day <= timezone.localdate()


def _set_status(article: Article, status: Article.Status) -> None:
    article.status = status
    article.save(update_fields=["status", "updated_at"])
