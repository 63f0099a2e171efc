"""From a draft to an activity learners can take, and its end. What lists and the article's page tell goes along."""

import re
from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.html import strip_tags

from cme.models import Activity, Question
from cme.models.activity import LONGEST_YEARS
from cme.standing import fee
from journal.models import Article, FullText

_ID = re.compile(r'\sid="([^"]+)"')
_PLACE = re.compile(r'<(?:section|figure|div|p)\b[^>]*\sid="([^"]+)"')
_LABELED = re.compile(
    r'<figure\b[^>]*\sid="([^"]+)"[^>]*>(?:(?!</figure>).)*?<span class="label">([^<]+)</span>', re.DOTALL
)
_INDENT = "\N{NO-BREAK SPACE}" * 3
FEWEST_CHOICES = 2


def problems(activity: Activity) -> list[str]:
    """What is missing before it can be published, a sentence each."""
    return [*_of_the_article(activity), *_of_the_texts(activity), *_of_the_dates(activity), *_of_the_test(activity)]


def _of_the_article(activity: Activity) -> list[str]:
    article, said = activity.article, []
    if article.status != Article.Status.PUBLISHED:
        said.append("The article is not published.")
    if article.retracted_on:
        said.append("The article is retracted.")
    if not article.has_full_text:
        said.append("The article has no full text that could be read here.")
    if activity.audience == Activity.Audience.FEE and fee(activity) is None:
        said.append("It is for those who pay, and there is no price: add an offer “Take part in the CME activity”.")
    return said


def _of_the_texts(activity: Activity) -> list[str]:
    wanted = {
        "the learning objectives": activity.objective_list, "the target audience": activity.target_audience.strip(),
        "the disclosures": activity.disclosures.strip(),
    }  # fmt: skip
    return [f"Write {name}." for name, text in wanted.items() if not text]


def _of_the_dates(activity: Activity) -> list[str]:
    said, release = [], activity.released_on
    if activity.expires_on < timezone.localdate():
        said.append("The expiration date has passed.")
    if activity.expires_on > release + timedelta(days=365 * LONGEST_YEARS + 1):
        said.append(f"An activity is open for {LONGEST_YEARS} years at most.")
    return said


def _of_the_test(activity: Activity) -> list[str]:
    questions = list(activity.current_questions())
    if not questions:
        return ["There is no question."]
    passages = passages_of(activity.article)
    said, answerable = [], 0
    for number, question in enumerate(questions, 1):
        faults = list(_of_a_question(question, passages))
        answerable += not faults
        said += [f"Question {number}: {fault}" for fault in faults]
    needed = activity.needed_of(len(questions))
    if answerable < needed:
        said.append(f"The minimum score cannot be reached: {needed} right answers are needed, {answerable} possible.")
    return said


def _of_a_question(question: Question, passages: set[str]) -> list[str]:
    choices, said = list(question.choices.all()), []
    if len(choices) < FEWEST_CHOICES:
        said.append("it needs two choices at least.")
    if len({choice.text.strip().casefold() for choice in choices}) < len(choices):
        said.append("two of its choices are the same.")
    if question.preferred is None:
        said.append("no choice is the preferred answer.")
    if not question.rationale.strip():
        said.append("the rationale is missing.")
    if question.passage and question.passage not in passages:
        said.append(f"the article has no passage “{question.passage}”.")
    return said


def passages_of(article: Article) -> set[str]:
    """The ids in the full text that a question may point to."""
    text = FullText.objects.filter(article=article).values_list("body", "notes").first()
    return set(_ID.findall(" ".join(text))) if text else set()


def passage_choices(article: Article) -> list[tuple[str, str]]:
    """(id, words) of what a question may point to, as it follows in the text: sections, figures, tables, boxes."""
    text = FullText.objects.filter(article=article).values_list("body", "contents").first()
    if text is None:
        return []
    body, contents = text
    names = {one["id"]: f"{_INDENT * (one['level'] - 2)}{strip_tags(one['title_html'])}" for one in contents or []}
    names |= {found: f"{_INDENT}{strip_tags(label)}" for found, label in _LABELED.findall(body)}
    return [(found, names.get(found, found)) for found in dict.fromkeys(_PLACE.findall(body))]


def publish(activity: Activity) -> list[str]:
    """Open it to learners; returns what is missing, and then nothing was changed."""
    found = problems(activity)
    if not found:
        with transaction.atomic():
            activity.status, activity.published_at = Activity.Status.PUBLISHED, timezone.now()
            activity.save(update_fields=["status", "published_at", "updated_at"])
            tell(activity)
    return found


def close(activity: Activity, reason: str) -> None:
    """Nobody begins or hands in any more. Who has passed may claim for 30 days; credits stay."""
    with transaction.atomic():
        activity.status, activity.closed_at, activity.close_reason = Activity.Status.CLOSED, timezone.now(), reason
        activity.save(update_fields=["status", "closed_at", "close_reason", "updated_at"])
        tell(activity)


def tell(activity: Activity) -> None:
    """Put onto the article's row what its page and the lists say, so that they ask nothing more for it.

    `updated_at` makes the full-text index learn it within a minute (journal/changes.py).
    """
    told = None
    if activity.status == Activity.Status.PUBLISHED:
        renters = activity.takes_renters or activity.audience == Activity.Audience.EVERYONE
        told = {
            "id": activity.pk, "quarters": activity.quarters, "minimum": activity.minimum, "renters": renters,
            "from": activity.released_on.isoformat(), "until": activity.expires_on.isoformat(),
        }  # fmt: skip
    Article.objects.filter(pk=activity.article_id).update(activity=told, updated_at=timezone.now())
