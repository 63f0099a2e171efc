"""The sample journal's CME activities, from sample/cme.toml. May run again; nothing is doubled."""

import tomllib
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from cme import publishing, questions
from cme.models import Activity, Provider, Requirement
from cme.questions import Draft
from demo.sample_journal import FOLDER
from journal.models import Article

REGISTER = FOLDER / "cme-register.tsv"


def load() -> list[str]:
    """Publish what is not there yet; returns what stood in the way, a sentence each."""
    data = tomllib.loads((FOLDER / "cme.toml").read_text(encoding="utf-8"))
    provider, _ = Provider.objects.get_or_create(
        name=data["provider"]["name"], defaults={"pars_id": data["provider"]["pars_id"]}
    )
    return [sentence for told in data["activities"] for sentence in _activity(provider, told)]


def _activity(provider: Provider, told: dict[str, Any]) -> list[str]:
    article = Article.objects.published().filter(sources__name=f"{told['article']}.zip").first()
    if article is None or Activity.objects.filter(article=article).exists():
        return []
    today = timezone.localdate()
    own = ("quarters", "audience", "minimum", "attempts_allowed", "wait_hours", "target_audience")
    with transaction.atomic():
        activity = Activity.objects.create(
            article=article, provider=provider, objectives=told["objectives"].strip(),
            disclosures=told["disclosures"].strip(), released_on=article.published_online or today,
            expires_on=today + timedelta(days=told["expires_in_days"]), **{name: told[name] for name in own},
        )  # fmt: skip
        Requirement.objects.bulk_create(Requirement(activity=activity, **one) for one in told["requirements"])
        for position, one in enumerate(told["questions"]):
            draft = Draft(one["text"], one["choices"], one["preferred"], one["rationale"], one["passage"], position)
            questions.add(activity, draft)
        return publishing.publish(activity)
