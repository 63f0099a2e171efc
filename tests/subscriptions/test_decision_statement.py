"""The statement behind the decision: on random rights, addresses and moments it finds what a slow oracle finds, and its
plan stays one exact probe a holder and scope when institutions, networks and rights are many."""

import ipaddress
import re
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from journal.models import Article, Issue
from subscriptions.access import DECISION, look_up
from subscriptions.models import Entitlement, Institution, IPRange, Membership
from tests.make import make_article, make_institution, make_issue, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
NETWORKS = ["192.0.2.0/24", "192.0.2.128/25", "198.51.100.7/32", "2001:db8::/32", "2001:db8:1::/48"]
ADDRESSES = ["192.0.2.1", "192.0.2.200", "198.51.100.7", "198.51.100.8", "2001:db8::1", "2001:db8:1::9", "2001:db9::1"]


class Town:
    """Three readers, three institutions, four articles, and rights by chance."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance
        self.issues: list[Issue | None] = [make_issue(), make_issue(), None]
        self.articles = [make_article(issue=self.issues[n % 3]) for n in range(4)]
        self.readers = [make_user() for _ in range(3)]
        self.institutions = [self._institution() for _ in range(3)]
        for _ in range(chance.randint(3, 25)):
            self._right()

    def _institution(self) -> Institution:
        networks = self.chance.sample(NETWORKS, 2)
        institution = make_institution(networks[0])
        IPRange.objects.create(institution=institution, network=networks[1])
        if self.chance.random() < 0.5:
            until = self.chance.choice([None, NOW - timedelta(days=1), NOW + timedelta(days=1)])
            Membership.objects.create(institution=institution, user=self.chance.choice(self.readers), until=until)
        return institution

    def _right(self) -> None:
        holder: Any = self.chance.choice([*self.readers, *self.institutions])
        scope: Any = self.chance.choice([*self.articles, self.issues[0], self.issues[1], make_journal()])
        start = NOW + timedelta(hours=self.chance.choice([-100, -1, 1]))
        ends = self.chance.choice([None, start + timedelta(hours=50), start + timedelta(hours=200)])
        revoked = self.chance.choice([None, None, NOW])
        kind = "institution" if isinstance(holder, Institution) else self.chance.choice(["purchase", "subscription"])
        make_right(holder, scope, kind, starts_at=start, ends_at=ends, revoked_at=revoked)


def reads(town: Town, reader: User | None, address: str | None, article: Article) -> bool:
    """The oracle: every right, one after the other."""
    holders: set[tuple[str, int]] = {("user", reader.pk)} if reader else set()
    for network in IPRange.objects.all():
        if address and ipaddress.ip_address(address) in ipaddress.ip_network(str(network.network)):
            holders.add(("institution", network.institution_id))
    for member in Membership.objects.filter(user=reader) if reader else []:
        if member.ended_at is None and (member.until is None or member.until > NOW):
            holders.add(("institution", member.institution_id))
    for right in Entitlement.objects.all():
        held = {("user", right.user_id), ("institution", right.institution_id)} & holders
        about = (
            right.article_id == article.pk
            or (right.issue_id is not None and right.issue_id == article.issue_id)
            or right.journal_id == article.journal_id
        )
        lasts = right.starts_at <= NOW and (right.ends_at is None or right.ends_at > NOW) and right.revoked_at is None
        if held and about and lasts:
            return True
    return False


@pytest.mark.parametrize("seed", range(6))
def test_the_statement_finds_what_a_slow_oracle_finds(seed: int) -> None:
    town = Town(Random(seed))
    answers = set()
    for reader in (None, *town.readers):
        for address in (None, *ADDRESSES):
            with CaptureQueriesContext(connection) as asked:
                told = look_up(reader.pk if reader else None, address, [one.pk for one in town.articles], NOW)
            assert len(asked) == 1
            for article in town.articles:
                expected = reads(town, reader, address, article)
                assert told[article.pk].granted is expected, (seed, reader, address, article.pk, told[article.pk])
                answers.add(expected)
    assert answers == {True, False}


def test_its_plan_reads_rights_one_by_one_however_many_there_are() -> None:
    """PostgreSQL plans it once, not knowing the address, and expects hundreds of institutions behind one."""
    article = make_article(issue=make_issue())
    Institution.objects.bulk_create(Institution(name=f"University {number}") for number in range(400))
    institutions = list(Institution.objects.all())
    IPRange.objects.bulk_create(
        IPRange(institution=institutions[number % 400], network=f"10.{number // 250}.{number % 250}.0/24")
        for number in range(4000)
    )
    rights = (
        Entitlement(institution=one, article=article, kind="institution", source=f"many:{one.pk}:{n}", starts_at=NOW)
        for one in institutions
        for n in range(8)
    )
    Entitlement.objects.bulk_create(rights, batch_size=1000)
    types = {"user": "bigint", "ip": "inet", "now": "timestamptz", "time_zone": "text", "articles": "bigint[]",
             "gifts": "bigint[]"}  # fmt: skip
    statement = DECISION
    for number, name in enumerate(types, start=1):
        statement = re.sub(rf"%\({name}\)s", f"${number}", statement)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
        cursor.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        cursor.execute(f"PREPARE decision ({', '.join(types.values())}) AS {statement}")
        called = f"EXECUTE decision (NULL, '10.3.77.9', '{timezone.now()}', 'UTC', '{{{article.pk}}}', '{{}}')"
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) {called}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
        cursor.execute("DEALLOCATE decision")
    assert len(re.findall(r"Index Cond: .*institution_id = h(_\d)?\.id", plan)) == 3, plan
    others = re.findall(r"(?:Hash|Merge) Join|Seq Scan on subscriptions_(?:institution|iprange|entitlement)\b", plan)
    assert others == [], plan
