"""What an account has come by one by one: for alerts of corrections (journal/alerts.py)."""

from typing import Any

from django.db.models import Q

from accounts.models import User
from journal.models import Article
from subscriptions.models import Entitlement


def own_articles(user: User) -> Any:
    """Ids of articles bought, rented, or given to this account, also when the right has ended; not what a subscription
    opens: which of those were read is not kept."""
    rights = Entitlement.objects.filter(user=user, revoked_at=None)
    articles, issues = rights.filter(article__isnull=False), rights.filter(issue__isnull=False)
    bought = Q(pk__in=articles.values("article")) | Q(issue__in=issues.values("issue"))
    return Article.objects.filter(bought).values("pk")
