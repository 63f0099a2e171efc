"""Where a person stands with an activity: what they can do next, or what stands in the way. One answer for every page.

The rules, each with a test:
- A test begun while the right was there may be finished and claimed for, also after a subscription has lapsed. The next
  attempt needs the right again.
- Nothing is begun or handed in before the release, after the expiration day (in the site's time zone), once the article
  is retracted, or once staff have closed the activity. Answers saved until then are kept.
- Who passed in time may claim until 30 days after that end.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils import timezone

from accounts.models import User
from cme.models import Activity, Attempt, Credit
from cme.openings import READING_ONLY, has_opened
from journal.access import Access, Reason
from journal.models import Article
from subscriptions.models import Entitlement, Offer

CLAIM_DAYS = 30


class Step(StrEnum):
    """What comes next (first group) or what is in the way (second)."""

    START = "start"
    CONTINUE = "continue"
    RETAKE = "retake"
    CLAIM = "claim"
    CLAIMED = "claimed"

    SIGN_IN = "sign_in"
    NOT_RELEASED = "not_released"
    ENDED = "ended"  # expired, retracted, closed: `over` says which
    CLAIM_ENDED = "claim_ended"
    NO_RIGHT = "no_right"
    RENTERS_READ = "renters_read"
    NETWORKS_READ = "networks_read"
    SUBSCRIBERS = "subscribers"
    FEE = "fee"
    OPEN_FIRST = "open_first"
    WAIT = "wait"
    NO_MORE = "no_more"


class Over(StrEnum):
    EXPIRED = "expired"
    RETRACTED = "retracted"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Standing:
    """`attempt` is the one to go on with or that was passed; `until` the moment a wait or a chance to claim ends."""

    step: Step
    over: Over | None = None
    attempt: Attempt | None = None
    credit: Credit | None = None
    until: datetime | date | None = None
    left: int | None = None
    offer: Offer | None = None


def over(activity: Activity, today: date | None = None) -> Over | None:
    """Why nothing can be begun or handed in any more."""
    if activity.article.retracted_on:
        return Over.RETRACTED
    if activity.status == Activity.Status.CLOSED or activity.article.status != Article.Status.PUBLISHED:
        return Over.CLOSED
    return Over.EXPIRED if activity.expires_on < (today or timezone.localdate()) else None


def ended_on(activity: Activity) -> date:
    """The day it was over: claims are taken until 30 days after."""
    days = [activity.expires_on]
    if activity.article.retracted_on:
        days.append(activity.article.retracted_on)
    if activity.closed_at:
        days.append(timezone.localdate(activity.closed_at))
    return min(days)


def may_claim_until(activity: Activity) -> date:
    return ended_on(activity) + timedelta(days=CLAIM_DAYS)


def standing(activity: Activity, user: User | None, access: Access) -> Standing:
    """`access` is the reader's one decision about the article. Asks the database only for what may still matter."""
    why = over(activity)
    if user is None:
        return Standing(Step.ENDED, why) if why else Standing(_before_release(activity) or Step.SIGN_IN)
    credit = Credit.objects.filter(user=user, activity=activity).first()
    if credit:
        return Standing(Step.CLAIMED, why, credit.attempt, credit)
    attempts = list(Attempt.objects.filter(user=user, activity=activity).order_by("number"))
    passed = next((attempt for attempt in attempts if attempt.state == Attempt.State.PASSED), None)
    if passed:
        last_day = may_claim_until(activity)
        step = Step.CLAIM if timezone.localdate() <= last_day else Step.CLAIM_ENDED
        return Standing(step, why, passed, None, last_day)
    if why or (early := _before_release(activity)):
        return Standing(Step.ENDED, why) if why else Standing(early or Step.NOT_RELEASED)
    if attempts and attempts[-1].state == Attempt.State.OPEN:
        return Standing(Step.CONTINUE, attempt=attempts[-1], left=_left(activity, len(attempts)))
    return _to_begin(activity, user, access, attempts)


def _before_release(activity: Activity) -> Step | None:
    return Step.NOT_RELEASED if activity.released_on > timezone.localdate() else None


def _to_begin(activity: Activity, user: User, access: Access, attempts: list[Attempt]) -> Standing:
    obstacle = refusal(activity, user, access)
    if obstacle:
        return Standing(obstacle, offer=fee(activity) if obstacle == Step.FEE else None)
    if not has_opened(user, activity.article):
        return Standing(Step.OPEN_FIRST)
    if not attempts:
        return Standing(Step.START, left=_left(activity, 0))
    left = _left(activity, len(attempts))
    if left == 0:
        return Standing(Step.NO_MORE, attempt=attempts[-1], left=0)
    free_again = (attempts[-1].submitted_at or timezone.now()) + timedelta(hours=activity.wait_hours)
    step = Step.WAIT if free_again > timezone.now() else Step.RETAKE
    return Standing(step, attempt=attempts[-1], until=free_again, left=left)


def _left(activity: Activity, tried: int) -> int | None:
    return max(0, activity.attempts_allowed - tried) if activity.attempts_allowed else None


def refusal(activity: Activity, user: User, access: Access) -> Step | None:
    """Why a person may not begin, or None. Taking part always needs the full text; the audience says what else."""
    if not access.granted:
        return Step.NO_RIGHT
    audience = Activity.Audience(activity.audience)
    if access.reason in READING_ONLY and not activity.takes_renters and audience != Activity.Audience.EVERYONE:
        return Step.RENTERS_READ
    if audience == Activity.Audience.SUBSCRIBERS:
        return None if _subscribes(user, activity.article) else Step.SUBSCRIBERS
    if audience == Activity.Audience.FEE:
        return None if has_paid(user, activity.article) else Step.FEE
    own = audience == Activity.Audience.ENTITLED and not activity.takes_networks
    return Step.NETWORKS_READ if own and access.reason == Reason.INSTITUTION else None


def credited_articles(user: User) -> Any:
    """Ids of the articles somebody has earned credit for: they hear of corrections (journal/alerts.py)."""
    return Credit.objects.filter(user=user).values("activity__article")


def _subscribes(user: User, article: Article) -> bool:
    kind = Entitlement.Kind.SUBSCRIPTION
    return Entitlement.objects.in_force().filter(user=user, kind=kind, journal=article.journal_id).exists()


def has_paid(user: User, article: Article) -> bool:
    return Entitlement.objects.in_force().filter(user=user, kind=Entitlement.Kind.CME, article=article).exists()


def fee(activity: Activity) -> Offer | None:
    return Offer.objects.on_sale().filter(kind=Offer.Kind.CME, article=activity.article_id).first()
