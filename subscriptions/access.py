"""The decision: who may read what. One SQL statement for one article or a whole list, one pure function for the answer.

`docs/access.md` holds the same rules as a table, and a test compares the two.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import connection

from journal.access import Access, Affiliation, Considered, Reason, Verdict, public_reason

# What a right in force answers with, best first: what opens the PDF and lasts longest is told to the reader.
ANSWERS = (
    Reason.PURCHASE,
    Reason.COMPLIMENTARY,
    Reason.ACCESS_CODE,
    Reason.MEMBERSHIP,
    Reason.SUBSCRIPTION,
    Reason.BACK_FILE,
    Reason.INSTITUTION,
    Reason.RENTAL,
    Reason.GIFT,
)
# Rows that never open the text, and what they answer instead.
APART = {
    "order": (Reason.SETTLING, Verdict.SETTLING),
    "cme": (Reason.NO_LICENSE, Verdict.CME_ONLY),
}
ENDED = {"rental": Reason.RENTAL_ENDED, "subscription": Reason.SUBSCRIPTION_ENDED}
# Reading on this site only, without PDF and printing.
READING_ONLY = frozenset({Reason.RENTAL, Reason.GIFT})
REFUSALS = (
    Reason.RENTAL_READY,
    Reason.SETTLING,
    Reason.RENTAL_ENDED,
    Reason.SUBSCRIPTION_ENDED,
    Reason.NO_LICENSE,
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What the decision needs to know of an article."""

    article_type: str
    access_type: str
    free_from: date | None
    published_online: date | None


@dataclass(frozen=True, slots=True)
class Right:
    """One row that might open the article: an entitlement, or (kind `order`) a payment that is still settling."""

    id: int | None
    kind: str
    source: str
    via: str = ""
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    covers_from: date | None = None
    covers_until: date | None = None
    grace_since: datetime | None = None
    reading_seconds: int | None = None
    open_by: datetime | None = None
    opened_at: datetime | None = None
    revoked_at: datetime | None = None
    revoke_reason: str = ""


def decide(
    facts: Facts, rights: Iterable[Right], now: datetime, today: date, institutions: tuple[Affiliation, ...] = ()
) -> Access:
    """The answer. `now` is aware, `today` is the same moment's day in the journal's time zone. Pure."""
    if public := public_reason(facts, today):
        return Access(True, public, institutions=institutions)
    judged = [(right, *judge(right, facts, now)) for right in rights]
    considered = tuple(
        Considered(right.source, reason, verdict, right.starts_at, right.ends_at, right)
        for right, reason, verdict in judged
    )
    opening = [(right, reason) for right, reason, _ in judged if reason in ANSWERS]
    if opening:
        right, reason = min(opening, key=_preference)
        return Access(
            True, reason, until=right.ends_at, via=right.via, pdf=reason not in READING_ONLY,
            grace=right.grace_since is not None, entitlement=right.id, considered=considered,
            institutions=institutions,
        )  # fmt: skip
    return _refusal(judged, considered, institutions)


def judge(right: Right, facts: Facts, now: datetime) -> tuple[Reason, Verdict]:
    """What one right does for an article at `now`: the reason it answers with, and the verdict on it."""
    if right.kind in APART:
        return APART[right.kind]
    if right.revoked_at:
        return Reason.NO_LICENSE, Verdict.REVOKED
    if right.starts_at and right.starts_at > now:
        return Reason.NO_LICENSE, Verdict.NOT_BEGUN
    if not _covers(right, facts.published_online):
        return Reason.NO_LICENSE, Verdict.OTHER_YEARS
    if right.reading_seconds is not None and right.opened_at is None:
        lapsed = right.open_by is not None and right.open_by <= now
        return (Reason.RENTAL_ENDED, Verdict.LAPSED) if lapsed else (Reason.RENTAL_READY, Verdict.NOT_OPENED)
    if right.ends_at and right.ends_at <= now:
        return ENDED.get(right.kind, Reason.NO_LICENSE), Verdict.ENDED
    if right.kind == "subscription" and right.covers_until:
        return Reason.BACK_FILE, Verdict.KEPT_YEARS
    return Reason(right.kind), Verdict.IN_FORCE


def _covers(right: Right, published: date | None) -> bool:
    if right.covers_from and (published is None or published < right.covers_from):
        return False
    return not (right.covers_until and (published is None or published > right.covers_until))


def _preference(opening: tuple[Right, Reason]) -> tuple[Any, ...]:
    right, reason = opening
    lasts = (0, 0.0) if right.ends_at is None else (1, -right.ends_at.timestamp())
    return (ANSWERS.index(reason), right.grace_since is not None, *lasts, right.source)


def _recency(right: Right) -> tuple[Any, ...]:
    """Of several that were refused alike the reader is told of the one that lasted longest."""
    moments = (right.ends_at, right.open_by, right.starts_at)
    return (*(moment.timestamp() if moment else 0.0 for moment in moments), right.source, right.id or 0)


def _refusal(
    judged: Sequence[tuple[Right, Reason, Verdict]],
    considered: tuple[Considered, ...],
    institutions: tuple[Affiliation, ...],
) -> Access:
    reasons = [reason for _, reason, _ in judged]
    reason = min([*reasons, Reason.NO_LICENSE], key=REFUSALS.index)
    right = max((right for right, found, _ in judged if found == reason), key=_recency, default=None)
    if right is None or reason == Reason.NO_LICENSE:
        return Access(False, Reason.NO_LICENSE, considered=considered, institutions=institutions)
    return Access(
        False, reason, until=right.ends_at, via=right.via, entitlement=right.id, open_by=right.open_by,
        reading_seconds=right.reading_seconds, considered=considered, institutions=institutions,
    )  # fmt: skip


# One probe for each holder × scope, each an exact look-up in its own index, so the cost does not grow with the number
# of rights a holder has (an OR-list took 42 times as long for a holder of 50,000).
KEPT_COLUMNS = (
    "kind", "source", "starts_at", "ends_at", "covers_from", "covers_until", "grace_since", "reading_seconds",
    "open_by", "opened_at", "revoked_at", "revoke_reason",
)  # fmt: skip
_COLUMNS = ", ".join(f"e.{column}" for column in ("id", *KEPT_COLUMNS))
_USER_PROBE = (
    "SELECT {columns}, '' AS via FROM {rights} e WHERE e.user_id = %(user)s::bigint AND e.{scope}_id = {target}"
)
# OFFSET 0 keeps the planner from joining in another way: not knowing the address, it expects hundreds of institutions,
# and read all rights to an article to find the one (7 ms instead of 0.3 with ten million rights).
_INSTITUTION_PROBE = (
    "SELECT e.*, h.name AS via FROM holder h CROSS JOIN LATERAL (SELECT {columns} FROM {rights} e"
    " WHERE e.institution_id = h.id AND e.{scope}_id = {target} OFFSET 0) e"
)
# A gift is held by its link; `gifts` are the links this device has opened and was counted for (subscriptions/gifts.py).
_GIFT_PROBE = (
    "SELECT {columns}, '' AS via FROM {rights} e"
    " WHERE e.gift_link_id = ANY(%(gifts)s::bigint[]) AND e.article_id = {target}"
)
_SETTLING_PROBE = (
    "SELECT NULL::bigint, 'order', 'order:' || o.number, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, '', ''"
    " FROM subscriptions_order o WHERE o.user_id = %(user)s::bigint AND o.state = 'processing' AND o.kind <> 'cme'"
    " AND CASE WHEN o.article_id IS NOT NULL THEN o.article_id = a.id"
    " WHEN o.issue_id IS NOT NULL THEN o.issue_id = a.issue_id ELSE o.journal_id = a.journal_id END"
)
_TARGETS = {"article": "a.id", "issue": "a.issue_id", "journal": "a.journal_id"}


def _statement(rights: str, belongs: str, before: str = "", beside: str = "") -> str:
    """The decision's statement over the table of rights as it is, or as it was (`rights`); `before` leads up to it.
    `beside` is what else is told of an article, at the end of each row.

    `holder` are the institutions a reader comes from or belongs to: an index scan for the address (SP-GiST) and one for
    the account's memberships. They are told with the answer, also where none of them has a license.
    """
    probes = [
        probe.format(columns=_COLUMNS, scope=scope, target=target, rights=rights)
        for probe in (_USER_PROBE, _INSTITUTION_PROBE)
        for scope, target in _TARGETS.items()
    ]
    probes.append(_GIFT_PROBE.format(columns=_COLUMNS, target=_TARGETS["article"], rights=rights))
    return f"""
WITH moment AS (SELECT coalesce(%(now)s::timestamptz, statement_timestamp()) AS now),
holder AS MATERIALIZED (
    SELECT i.id, i.name, i.resolver_url, i.resolver_label FROM (
        SELECT r.institution_id FROM subscriptions_iprange r WHERE r.network >>= %(ip)s::inet
        UNION SELECT m.institution_id FROM subscriptions_membership m, moment
        WHERE m.user_id = %(user)s::bigint AND {belongs} AND (m.until IS NULL OR m.until > moment.now)
    ) belongs CROSS JOIN LATERAL (
        SELECT * FROM subscriptions_institution i WHERE i.id = belongs.institution_id OFFSET 0
    ) i
){before}
SELECT a.id, a.article_type, a.access_type, a.free_from, a.published_online,
       moment.now, (moment.now AT TIME ZONE %(time_zone)s)::date,
       (SELECT json_agg(json_build_array(h.id, h.name, h.resolver_url, h.resolver_label) ORDER BY h.id) FROM holder h),
       e.*{beside}
FROM moment CROSS JOIN journal_article a
LEFT JOIN LATERAL ({" UNION ALL ".join([*probes, _SETTLING_PROBE])}) e ON true
WHERE a.id = ANY(%(articles)s::bigint[])
"""  # noqa: S608  (only our own column names are put together)


def statement(beside: str = "") -> str:
    """The decision as of now; see `_statement`."""
    return _statement("subscriptions_entitlement", "m.ended_at IS NULL", beside=beside)


DECISION = statement()
# The same over the rights as they stood at a past moment. A right stood as it does now, unless it was changed since:
# then as its first change after that moment found it (models/history.py). Another account may have held it then.
_HELD = (
    ("user_id", "= %(user)s::bigint"),
    ("institution_id", "IN (SELECT id FROM holder)"),
    ("gift_link_id", "= ANY(%(gifts)s::bigint[])"),
)
_LATER = "CASE WHEN {{row}}.{column} <= moment.now THEN {{row}}.{column} END AS {column}"  # what had not happened yet
_WAS = ", ".join(
    (_LATER if column in ("opened_at", "revoked_at") else "{{row}}.{column}").format(column=column)
    for column in (*(column for column, _ in _HELD), "article_id", "issue_id", "journal_id", *KEPT_COLUMNS)
)
_UNCHANGED = " UNION ALL ".join(
    f"SELECT e.id, {_WAS.format(row='e')} FROM subscriptions_entitlement e, moment WHERE e.{column} {held}"  # noqa: S608
    " AND e.created_at <= moment.now AND NOT EXISTS (SELECT FROM subscriptions_rightchange c"
    " WHERE c.right_id = e.id AND c.changed_at > moment.now)"
    for column, held in _HELD
)
_CHANGED = " UNION ".join(
    f"SELECT c.right_id FROM subscriptions_rightchange c WHERE c.{column} {held}"  # noqa: S608
    for column, held in _HELD
)
_AS_IT_WAS = f""",
was AS MATERIALIZED (
    {_UNCHANGED} UNION ALL SELECT * FROM (
        SELECT DISTINCT ON (c.right_id) c.right_id, {_WAS.format(row="c")} FROM subscriptions_rightchange c, moment
        WHERE c.right_id IN ({_CHANGED}) AND c.changed_at > moment.now AND c.right_created_at <= moment.now
        ORDER BY c.right_id, c.changed_at, c.id
    ) changed
)"""  # noqa: S608
LOOKING_BACK = _statement(
    "was", "m.began_at <= moment.now AND (m.ended_at IS NULL OR m.ended_at > moment.now)", _AS_IT_WAS
)


def look_up(
    user_id: int | None,
    ip: str | None,
    article_ids: Sequence[int],
    now: datetime | None = None,
    gifts: Sequence[int] = (),
    *,
    as_it_was: bool = False,
) -> Mapping[int, Access]:
    """The decision for each article, in one statement. `now` defaults to the database's clock.

    `gifts` are ids of gift links that this device was counted for. `as_it_was`: by the rights as they stood at `now`, a
    moment that has passed, and not as they stand since; articles and networks are today's.
    """
    if not article_ids:
        return {}
    asked = question(user_id, ip, article_ids, now, gifts)
    with connection.cursor() as cursor:
        cursor.execute(LOOKING_BACK if as_it_was else DECISION, asked)
        return answers(cursor.fetchall())


def question(
    user_id: int | None, ip: str | None, article_ids: Sequence[int], now: datetime | None, gifts: Sequence[int]
) -> dict[str, Any]:
    """What the statement is told."""
    return {
        "user": user_id, "ip": ip, "now": now, "time_zone": settings.TIME_ZONE, "articles": list(article_ids),
        "gifts": list(gifts),
    }  # fmt: skip


def answers(rows: Sequence[Sequence[Any]]) -> Mapping[int, Access]:
    """The statement's rows as the decision for each article."""
    facts: dict[int, tuple[Facts, datetime, date]] = {}
    rights: dict[int, list[Right]] = {}
    for row in rows:
        facts[row[0]] = (Facts(*row[1:5]), row[5], row[6])
        rights.setdefault(row[0], []).extend(_right(row[8:]))
    belongs = _institutions(rows[0][7]) if rows else ()
    return {article: decide(known, rights[article], at, day, belongs) for article, (known, at, day) in facts.items()}


def _institutions(told: Any) -> tuple[Affiliation, ...]:
    """What the statement says of the institutions, which is the same in every row; JSON or nothing."""
    found = json.loads(told) if isinstance(told, str) else told
    return tuple(Affiliation(*one) for one in found or ())


def _right(columns: Sequence[Any]) -> list[Right]:
    """The columns of the lateral part as a Right, or nothing when the article had none."""
    if columns[1] is None:
        return []
    identity, kind, source, *dates, via = columns
    return [Right(identity, kind, source, via, *dates)]
