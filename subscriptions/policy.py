"""What follows from a refund, a dispute or a failed renewal: the table staff read and edit, and the limits they have.

The limits are the product's promise: nobody reads without having paid, and nobody who has paid is shut out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from subscriptions.models import Policy

Happening, Consequence = Policy.Happening, Policy.Consequence
KEEP, HOLD, REFUND = Consequence.KEEP, Consequence.HOLD, Consequence.REFUND


@dataclass(frozen=True, slots=True)
class Rule:
    """What follows, and for how many days where that is asked."""

    consequence: str
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Limit:
    """What staff may choose, the first being the default; `days` is (fewest, most); `why` is said beside it."""

    choices: tuple[str, ...]
    days: tuple[int, int] | None = None
    why: str = ""


LIMITS: Mapping[str, Limit] = {
    Happening.REFUNDED_IN_PART: Limit((KEEP, HOLD), why="A part of the price is usually a gesture."),
    Happening.REFUNDED_IN_FULL: Limit((HOLD,), why="Nobody keeps what they got their money back for."),
    Happening.PERIOD_REFUNDED: Limit((HOLD,), why="Cancel the subscription, too, or it renews."),
    Happening.INQUIRY: Limit((KEEP, HOLD), why="No money has moved. Answer it before its day."),
    Happening.DISPUTED: Limit((HOLD, KEEP), why="The bank has taken the money until it decides."),
    Happening.PERIOD_DISPUTED: Limit((HOLD, KEEP), why="The bank has taken the money until it decides."),
    Happening.DISPUTE_LOST: Limit((HOLD,), why="The money is gone for good."),
    Happening.FRAUD_WARNING: Limit((KEEP, HOLD, REFUND), why="A refund now averts the dispute and its fee."),
    Happening.DUPLICATE: Limit((KEEP, REFUND), why="Without a refund at once, a person finds it under Findings."),
    Happening.RENEWAL_FAILED: Limit((KEEP,), days=(0, 30), why="Days of grace, from the unpaid invoice's day."),
}  # fmt: skip


def default(happening: str) -> Rule:
    return Rule(LIMITS[happening].choices[0], settings.GRACE_DAYS if LIMITS[happening].days else None)


def rules() -> dict[str, Rule]:
    """The whole table as it stands; a row that is missing, or outside the limits, has its default."""
    found = {row.happening: Rule(row.consequence, row.days) for row in Policy.objects.all()}
    return {name: found[name] if name in found and is_allowed(name, found[name]) else default(name) for name in LIMITS}


def is_allowed(happening: str, rule: Rule) -> bool:
    limit = LIMITS[happening]
    if limit.days is None:
        return rule.consequence in limit.choices
    return rule.consequence in limit.choices and rule.days is not None and limit.days[0] <= rule.days <= limit.days[1]


def make_rows(*, using: str = "default", **_: Any) -> None:
    """After each migration: one row for each happening, so that staff see the whole table."""
    rows = [Policy(happening=n, consequence=default(n).consequence, days=default(n).days) for n in LIMITS]
    Policy.objects.using(using).bulk_create(rows, ignore_conflicts=True)
