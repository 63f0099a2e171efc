"""Activities, and learners at them, as plain functions."""

from datetime import timedelta
from typing import Any

from django.test import Client
from django.utils import timezone

from accounts.models import User
from cme import claiming, publishing, questions, taking
from cme.models import Activity, Attempt, Credit, Opening, Provider, Question, Requirement
from cme.questions import Draft
from cme.taking import Sheet
from journal.models import Article
from tests.make import make_article, make_right, make_user

BODY = '<section id="s1"><h2>Herons</h2><p>The heron waits behind the wall for those who may read on.</p></section>'
RATIONALE = "Because the heron waits behind the wall."


def make_activity(article: Article | None = None, *, number: int = 5, publish: bool = True, **fields: Any) -> Activity:
    """A published activity of five questions, each with the preferred answer B."""
    article = article or make_article(title="On waiting herons", body=BODY)
    provider, _ = Provider.objects.get_or_create(name="Society of Herons", pars_id="0001")
    today = timezone.localdate()
    defaults = {
        "provider": provider, "objectives": "Tell a heron from a crane\nWait", "target_audience": "For those who wait.",
        "disclosures": "Nobody has anything to disclose.", "released_on": today - timedelta(days=10),
        "expires_on": today + timedelta(days=300),
    }  # fmt: skip
    activity = Activity.objects.create(article=article, **{**defaults, **fields})
    for place in range(number):
        draft = Draft(f"Question of herons {place + 1}?", ["One", "Two", "Three"], "B", RATIONALE, "s1", place)
        questions.add(activity, draft)
    if publish:
        assert publishing.publish(activity) == []
    return Activity.objects.select_related("article", "provider").get(pk=activity.pk)


def make_requirement(activity: Activity, state: str = "FL", topic: str = "Birds", **fields: Any) -> Requirement:
    defaults = {"board": "Board of Medicine", "quarters": 4}
    return Requirement.objects.create(activity=activity, state=state, topic=topic, **{**defaults, **fields})


def make_learner(activity: Activity, email: str = "", kind: str = "purchase", **fields: Any) -> User:
    """Somebody who may open the text and has opened it."""
    user = make_user(email, name="Lena Learner")
    make_right(user, activity.article if kind != "subscription" else activity.article.journal, kind, **fields)
    Opening.objects.create(user=user, article=activity.article)
    return user


def choice(question: Question, letter: str) -> int:
    return question.choices.get(letter=letter).pk


def sheet(attempt: Attempt, letters: str) -> Sheet:
    """`"BB-BA"`: a letter a question, a dash for none."""
    pairs = zip(attempt.asked(), letters, strict=True)
    return Sheet({question.pk: choice(question, letter) for question, letter in pairs if letter != "-"})


def fields(attempt: Attempt, letters: str, shown: str = "") -> dict[str, Any]:
    """The same as the page sends it."""
    said = sheet(attempt, letters).ticked
    showed = sheet(attempt, shown).ticked if shown else {}
    return {f"q-{q}": c for q, c in said.items()} | {f"shown-{q}": c for q, c in showed.items()}


def make_attempt(activity: Activity, user: User, letters: str = "", *, attested: bool = True) -> Attempt:
    """An attempt that was begun and, with letters, handed in."""
    attempt = taking.begin(activity, user)
    if letters:
        attempt = taking.hand_in(attempt, sheet(attempt, letters), attested=attested).attempt
    return attempt


def make_credit(activity: Activity | None = None, user: User | None = None, **said: Any) -> Credit:
    activity = activity or make_activity()
    user = user or make_learner(activity)
    attempt = make_attempt(activity, user, "B" * activity.questions.filter(replaced_at=None).count())
    defaults = {
        "name": "Lena Learner, MD",
        "profession": "physician",
        "quarters": 3,
        "objectives_met": 4,
        "was_balanced": "yes",
    }
    return claiming.claim(attempt, claiming.Claim(**{**defaults, **said}))


def post(client: Client, path: str, **data: Any) -> Any:
    return client.post(path, data)
