"""`manage.py subscription_status PERSON`: what the person's page says, from a shell."""

import json
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.languages import STAFF_LANGUAGE, speaking
from accounts.models import User
from desk import asking, person
from desk.finding import whom
from desk.person_views import facts_of, questions_about, reads_of, subscription_of
from journal.doi import pasted_doi
from journal.models import Article
from subscriptions.explaining import REPRESENTATIONS, Explanation, Question, explain
from subscriptions.next_steps import for_reader

Told = dict[str, Any]


class Command(BaseCommand):
    help = (
        "Who somebody is, the state of their subscription, what they can read; with --article, why they can or cannot."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "person", help="an email address, order number, receipt, reference, Stripe id: as in the search"
        )
        parser.add_argument(
            "--at", type=_moment, help="ask for a past moment, such as 2026-11-20T14:05; needs --article"
        )
        parser.add_argument("--article", help="the DOI of an article: explain whether they can read it")
        parser.add_argument("--of", default="page", choices=sorted(REPRESENTATIONS), help="what of the article")
        parser.add_argument("--ip", help="the address they read from")
        parser.add_argument("--json", action="store_true", help="for programs")

    def handle(self, *_: Any, **options: Any) -> None:
        with speaking(STAFF_LANGUAGE):
            self.tell(options)

    def tell(self, options: dict[str, Any]) -> None:
        try:
            found = whom.person(options["person"])
        except whom.NotOne as problem:
            raise CommandError(str(problem)) from None
        if options["at"] and not options["article"]:
            raise CommandError("Rights are told for a past moment by the article they open: add --article DOI.")
        told = status_of(found)
        if options["article"]:
            told["article"] = explained(explain(_question(found, options)))
        if options["json"]:
            self.stdout.write(json.dumps(told, indent=2, ensure_ascii=False, default=str))
        else:
            self.stdout.write("\n".join(_lines(told)))


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    at = at if timezone.is_aware(at) else timezone.make_aware(at)
    if at > timezone.now():
        raise ValueError("not a past moment")
    return at


def _question(found: User, options: dict[str, Any]) -> Question:
    doi = pasted_doi(options["article"])
    article = Article.objects.by_doi(doi).select_related("issue", "journal").first() if doi else None
    if article is None:
        raise CommandError(f"There is no article with the DOI {options['article']} here.")
    return Question(article, found, options["ip"], options["of"], options["at"])


def status_of(found: User) -> Told:
    """The head of the person's page and its parts, as plain texts."""
    answers = asking.in_one({**questions_about(found), **person.questions(found, lambda _: True)})
    return {
        "person": found.email, "name": found.name, "facts": dict(facts_of(found, answers)),
        "subscription": subscription_of(answers), "reads": reads_of([*answers["wide"], *answers["reads"]]),
        "parts": {
            part.title: [dict(zip(part.columns, (words for words, _ in row), strict=True)) for row in part.rows]
            for part in person.shown(found, answers)
        },
    }  # fmt: skip


def explained(found: Explanation) -> Told:
    question = found.question
    return {
        "doi": question.article.doi, "at": question.at, "of": question.representation, "granted": found.granted,
        "reason": str(found.access.reason), "answer": found.answer, "next": found.step,
        "reader_is_told": for_reader(found),
        "considered": [
            {"right": line.what, "opens": line.opens, "why": line.verdict, "source": line.source,
             "from": line.starts_at, "until": line.ends_at}
            for line in found.lines
        ],
        "others": [f"{line.what}: {line.verdict}" for line in found.others], "network": found.network,
        "orders": [one.what for one in found.orders],
        "behind": [f"{timezone.localtime(one.at):%Y-%m-%d %H:%M} {one.what}" for one in found.behind],
        "doubts": list(found.doubts),
    }  # fmt: skip


def _lines(told: Told) -> list[str]:
    lines = [f"{told['name'] or told['person']} <{told['person']}>", told["subscription"]]
    lines.append(f"Can read: {'; '.join(told['reads'])}." if told["reads"] else "Can read nothing beyond what is free.")
    if article := told.get("article"):
        lines += ["", f"{article['doi']}: {article['answer']}", f"Next: {article['next']}"]
        lines += [f"  {one['right']}: {one['why']} ({one['source']})" for one in article["considered"]]
        lines += [f"  {words}" for words in (article["network"], *article["others"], *article["orders"]) if words]
        lines += [f"  {words}" for words in (*article["behind"], *article["doubts"])]
    lines += ["", *(f"{name}: {value}" for name, value in told["facts"].items())]
    for title, rows in told["parts"].items():
        lines += ["", title, *("  " + " · ".join(value for value in row.values() if value) for row in rows)]
    return lines
