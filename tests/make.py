"""Plain functions that make what a test talks about. Every argument has a sensible default."""

import itertools
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from django.contrib.auth.models import Group
from django.utils import timezone

from accounts.models import User
from journal.asides import aside
from journal.models import Article, FullText, Issue, Journal, PublicPage
from subscriptions.models import Entitlement, Institution, IPRange, Offer

_count = itertools.count(2)  # issue 4(1) is the one of tests.journal.machines.rich
PASSWORD = "correct horse battery staple"
SECRET_SENTENCE = "The heron waits behind the wall for those who may read on."


def make_user(email: str = "", *, groups: list[str] | None = None, **fields: Any) -> User:
    """An account with a confirmed address and the password PASSWORD."""
    email = email or f"reader{next(_count)}@example.org"
    user = User.objects.create_user(email, PASSWORD, **fields)
    user.emailaddress_set.create(email=email, verified=True, primary=True)  # type: ignore[attr-defined]
    user.groups.set(Group.objects.filter(name__in=groups or []))
    return user


def make_journal(**fields: Any) -> Journal:
    defaults = {
        "title": "Journal of Tests",
        "abbreviation": "J Tests",
        "publisher": "Test Press",
        "issn_online": "9999-9994",
    }
    return Journal.objects.first() or Journal.objects.create(**{**defaults, **fields})


def make_issue(**fields: Any) -> Issue:
    number = next(_count)
    defaults = {
        "journal": make_journal(),
        "volume": "4",
        "number": str(number),
        "year": 2026,
        "published_on": date(2026, 3, 1),
    }
    return Issue.objects.create(**{**defaults, **fields})


def make_article(*, body: str = f"<p>{SECRET_SENTENCE}</p>", **fields: Any) -> Article:
    """A published, controlled article with its public parts and its full text."""
    number = next(_count)
    title = fields.pop("title", f"Article {number}")
    defaults = {
        "journal": make_journal(), "doi": f"10.5555/test.{number}", "title": title, "title_html": title,
        "status": Article.Status.PUBLISHED, "published_online": timezone.localdate() - timedelta(days=30),
        "abstract": "What everybody may read.", "has_full_text": True,
    }  # fmt: skip
    article = Article.objects.create(**{**defaults, **fields})
    public = PublicPage(article=article, header=f"<h1>{title}</h1>", abstract="<p>What everybody may read.</p>")
    text = FullText(article=article, body=body, plain_text=SECRET_SENTENCE)
    public.aside, text.aside = aside(article, public), aside(article, public, text)
    public.save(force_insert=True)
    text.save(force_insert=True)
    return article


def make_offer(kind: str = "purchase", **fields: Any) -> Offer:
    prices = {"purchase": 3000, "rental": 600, "issue": 9000, "subscription": 900, "cme": 2500}
    interval = "month" if kind == "subscription" else ""
    defaults = {"journal": make_journal(), "kind": kind, "amount": prices[kind], "interval": interval}
    return Offer.objects.create(**{**defaults, **fields})


def make_institution(network: str = "192.0.2.0/24", **fields: Any) -> Institution:
    institution = Institution.objects.create(**{"name": "University of Tests", **fields})
    IPRange.objects.create(institution=institution, network=network)
    return institution


def make_right(
    holder: User | Institution, scope: Article | Issue | Journal, kind: str = "", **fields: Any
) -> Entitlement:
    """A right in force for a day, unless the fields say otherwise."""
    now = timezone.now()
    is_user = isinstance(holder, User)
    holding = {"user": holder} if is_user else {"institution": holder}
    scopes = {Article: "article", Issue: "issue", Journal: "journal"}
    defaults: dict[str, Any] = {
        **holding, scopes[type(scope)]: scope, "kind": kind or ("purchase" if is_user else "institution"),
        "source": f"test:{next(_count)}", "starts_at": now - timedelta(hours=1),
    }  # fmt: skip
    if kind == "rental":
        defaults |= {"reading_seconds": 48 * 3600, "open_by": now + timedelta(days=30)}
    return Entitlement.objects.create(**{**defaults, **fields})


def sample_folder() -> Path:
    return Path(__file__).parent.parent / "sample"
