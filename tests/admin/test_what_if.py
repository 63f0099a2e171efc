"""What changes if: who and what gains or loses access, told before saving and by the decision itself."""

import ipaddress
from datetime import date, timedelta
from random import Random
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import User
from desk.what_if import articles, effect, embargo, licenses, networks, offers
from journal.models import Article
from subscriptions import get_access
from subscriptions.access import look_up
from subscriptions.institutions import licenses as licensing
from subscriptions.models import Entitlement, Institution, IPRange, Offer, Order, SiteLicense, Subscription
from tests.admin.said import is_look, look_and_save, text_of, typed_on
from tests.admin.test_articles import change as change_article
from tests.admin.test_offers import form as offer_form
from tests.make import make_article, make_institution, make_issue, make_journal, make_offer, make_right, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()
FAR = TODAY + timedelta(days=400)
ARTICLES = "/admin/journal/article/"
CAMPUS = "192.0.2.7"


def granted(user: User | None, article: Article, ip: str | None = None) -> bool:
    return look_up(user.pk if user else None, ip, [article.pk])[article.pk].granted


def press_save(client: Client, article: Article, **fields: Any) -> Any:
    """Save once, without the second look."""
    data = {"access_type": article.access_type, "position": 0, "published_online": article.published_online}
    inlines = {
        f"{name}-{count}_FORMS": 0
        for name in ("topic_rows", "files", "sources", "relations")
        for count in ("TOTAL", "INITIAL")
    }
    typed = {**data, "is_for_sale": "on", **inlines, **fields}
    return client.post(f"{ARTICLES}{article.pk}/change/", typed)


# --- an article ------------------------------------------------------------------------------------------------------


def test_taking_a_free_article_behind_the_wall_says_who_loses_it_and_who_keeps_it(root: Client) -> None:
    article = make_article(free_from=TODAY)
    make_right(make_user("anna@example.org"), article)
    make_right(make_institution(name="Heron University"), make_journal())
    make_right(make_user(), article, ends_at=timezone.now())  # ended
    answer = press_save(root, article, free_from=FAR)
    said = text_of(answer)
    assert "Nothing has been saved yet." in said
    assert "Everybody who has no right of their own" in said
    assert "Readers who can still read it, by a right: 1 anna@example.org" in said
    assert "Institutions whose readers can still read it, by a right: 1 Heron University" in said
    assert "400 days later" in said
    article.refresh_from_db()
    assert article.free_from == TODAY
    assert root.post(f"{ARTICLES}{article.pk}/change/", typed_on(answer)).status_code == 302
    article.refresh_from_db()
    assert article.free_from == FAR


def test_looking_writes_nothing(edith: Client) -> None:
    article = make_article(free_from=TODAY)
    with CaptureQueriesContext(connection) as asked:
        assert is_look(press_save(edith, article, free_from=""))
    assert [query["sql"] for query in asked if query["sql"].startswith(("INSERT", "UPDATE", "DELETE"))] == []
    assert len(asked) < 40


def test_who_may_not_see_readers_sees_how_many_they_are(edith: Client) -> None:
    article = make_article(free_from=TODAY)
    make_right(make_user("anna@example.org"), article)
    said = text_of(press_save(edith, article, free_from=FAR))
    assert "Readers who can still read it, by a right: 1 Your role sees numbers here, and no names." in said
    assert "anna@" not in said


def test_what_has_changed_since_the_look_is_looked_at_again(edith: Client) -> None:
    article = make_article(free_from=TODAY)
    first = press_save(edith, article, free_from=FAR)
    make_right(make_user(), article)
    second = edith.post(f"{ARTICLES}{article.pk}/change/", typed_on(first))
    assert is_look(second)
    assert "has changed since you looked" in text_of(second)
    assert edith.post(f"{ARTICLES}{article.pk}/change/", typed_on(second)).status_code == 302


def test_a_change_that_moves_nobody_and_a_draft_are_saved_at_once(edith: Client) -> None:
    assert press_save(edith, make_article(), position=7).status_code == 302
    assert press_save(edith, make_article(status="draft"), free_from=TODAY).status_code == 302
    assert change_article(edith, make_article(), free_from=TODAY).status_code == 302


def test_more_rights_than_are_looked_at_are_said_to_be_more(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (articles, effect):
        monkeypatch.setattr(module, "MOST_RIGHTS", 2)
    monkeypatch.setattr(effect.held, "__defaults__", (2,))
    before = make_article(free_from=TODAY)
    for _ in range(4):
        make_right(make_user(), before)
    after = Article.objects.get(pk=before.pk)
    after.free_from = FAR
    told = articles.effect(before, after)
    assert told
    assert told.limits == ["The first 2 rights to it were looked at; there are more."]


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_of_an_article_is_what_the_decision_answers_before_and_after(seed: int) -> None:
    chance = Random(seed)
    issues = [make_issue(), make_issue()]
    people, campus = [make_user() for _ in range(5)], make_institution()
    changed = 0
    for _ in range(6):
        article = make_article(issue=chance.choice(issues), free_from=chance.choice([None, TODAY, FAR]))
        for holder in (*people, campus):
            kind = "institution" if holder is campus else chance.choice(["purchase", "subscription"])
            scope = chance.choice([article, *issues, make_journal()])
            ends = chance.choice([None, timezone.now() - timedelta(minutes=1), timezone.now() + timedelta(days=9)])
            covers = chance.choice([None, TODAY - timedelta(days=20)])
            make_right(holder, scope, kind, ends_at=ends, covers_until=covers)
        after = Article.objects.get(pk=article.pk)
        after.issue = chance.choice([*issues, None])
        after.free_from = chance.choice([None, TODAY, FAR, article.free_from])
        after.access_type = chance.choice(["controlled", "controlled", "open"])
        after.published_online = TODAY - timedelta(days=chance.choice([10, 30]))
        was = {one: granted(one, article) for one in (None, *people)}
        was_on_campus = granted(None, article, CAMPUS)
        told = articles.effect(article, after)
        after.save()
        will = {one: granted(one, after) for one in (None, *people)}
        will_on_campus = granted(None, after, CAMPUS)
        if told is None:
            assert (was, was_on_campus) == (will, will_on_campus)
            continue
        changed += was != will
        assert (articles.EVERYBODY in told.gains) == (will[None] and not was[None])
        assert bool(told.loses and told.loses[0].count < 0) == (was[None] and not will[None])
        if not was[None] and not will[None]:
            emails = {group.what.split()[0].lower() + side: set(group.names) for side, groups in
                      (("+", told.gains), ("-", told.loses), ("=", told.keeps)) for group in groups}  # fmt: skip
            for side, before_it, after_it in (("+", False, True), ("-", True, False), ("=", True, True)):
                expected = {one.email for one in people if (was[one], will[one]) == (before_it, after_it)}
                assert emails.get(f"readers{side}", set()) == expected
                on_campus = {campus.name} if (was_on_campus, will_on_campus) == (before_it, after_it) else set()
                assert emails.get(f"institutions{side}", set()) == on_campus
    assert changed


# --- networks --------------------------------------------------------------------------------------------------------


def licensed(*ranges: str) -> Institution:
    institution = make_institution(ranges[0])
    for one in ranges[1:]:
        IPRange.objects.create(institution=institution, network=one)
    make_right(institution, make_journal())
    return institution


def save_ranges(client: Client, institution: Institution, *wanted: str) -> Any:
    """The institution's page with its networks as they are wanted: kept, deleted or added."""
    rows = list(institution.ranges.all())
    data: dict[str, Any] = {"name": institution.name, "seats": 0, "library_managers-TOTAL_FORMS": 0}
    data["tax_exempt"] = institution.tax_exempt
    data |= {"library_managers-INITIAL_FORMS": 0, "ranges-INITIAL_FORMS": len(rows)}
    for number, row in enumerate(rows):
        data |= {f"ranges-{number}-id": row.pk, f"ranges-{number}-institution": institution.pk}
        data |= {f"ranges-{number}-network": row.network}
        if row.network not in wanted:
            data[f"ranges-{number}-DELETE"] = "on"
    new = [one for one in wanted if one not in {row.network for row in rows}]
    for number, one in enumerate(new, start=len(rows)):
        data |= {f"ranges-{number}-institution": institution.pk, f"ranges-{number}-network": one}
    data["ranges-TOTAL_FORMS"] = len(rows) + len(new)
    return data


def test_removing_and_adding_networks_says_how_many_addresses_come_and_go(bea: Client) -> None:
    institution = licensed("192.0.2.0/24", "198.51.100.0/25")
    make_article(title="On waiting herons")
    make_right(make_institution("198.51.100.64/26", name="Crane College"), make_journal())
    address = f"/admin/subscriptions/institution/{institution.pk}/change/"
    data = save_ranges(bea, institution, "192.0.2.0/24", "203.0.113.0/28", "2001:db8::/32")
    answer = bea.post(address, data)
    said = text_of(answer)
    assert "University of Tests opens 1 article that others have to pay for." in said
    assert "IPv4 addresses whose readers no longer read them: 128 198.51.100.0/25" in said
    assert "IPv4 addresses whose readers read them then: 16 203.0.113.0/28" in said
    assert "IPv6 networks whose readers read them then: 1 2001:db8::/32" in said
    assert "Other institutions at home there, too, whose rights stay: 1 Crane College" in said
    assert "On waiting herons" in said
    assert institution.ranges.count() == 2
    assert look_and_save(bea, address, data).status_code == 302
    assert set(institution.ranges.values_list("network", flat=True)) == {
        "192.0.2.0/24", "203.0.113.0/28", "2001:db8::/32",
    }  # fmt: skip


def test_a_list_of_networks_says_the_same_beside_its_plan(bea: Client) -> None:
    institution = licensed("192.0.2.0/25")
    make_article()
    address = f"/admin/subscriptions/institution/{institution.pk}/networks/"
    said = text_of(bea.post(address, {"listed": "192.0.2.0/24", "mode": "replace"}))
    assert "IPv4 addresses whose readers read them then: 128 192.0.2.128/25" in said


def test_what_a_librarian_proposes_is_looked_at_before_it_is_taken(bea: Client) -> None:
    institution = licensed("192.0.2.0/25")
    make_article()
    proposal = institution.proposals.create(proposed_by=make_user(), listed="192.0.2.0/24")
    said = text_of(bea.get(f"/admin/subscriptions/rangeproposal/{proposal.pk}/decide/"))
    assert "IPv4 addresses whose readers read them then: 128 192.0.2.128/25" in said


def test_networks_of_an_institution_without_a_right_are_saved_at_once(bea: Client) -> None:
    institution = make_institution("192.0.2.0/24")
    make_article()
    address = f"/admin/subscriptions/institution/{institution.pk}/change/"
    assert bea.post(address, save_ranges(bea, institution, "203.0.113.0/28")).status_code == 302


@pytest.mark.parametrize("seed", range(4))
def test_what_is_told_of_networks_is_what_the_decision_answers_before_and_after(seed: int) -> None:
    chance, article = Random(seed), make_article()
    pool = [
        "10.0.0.0/30",
        "10.0.0.4/30",
        "10.0.0.0/29",
        "10.0.0.6/32",
        "10.0.0.8/31",
        "2001:db8::/126",
        "2001:db8::2/127",
    ]
    probes = [f"10.0.0.{n}" for n in range(12)] + [f"2001:db8::{n}" for n in range(6)]
    before, after = (chance.sample(pool, chance.randint(1, 5)) for _ in range(2))
    institution = licensed(*before)
    told = networks.effect(institution, before, after)
    come, gone = (
        [block for group in groups for block in map(ipaddress.ip_network, group.names)]
        for groups in ((told.gains, told.loses) if told else ((), ()))
    )
    was = {probe: granted(None, article, probe) for probe in probes}
    institution.ranges.all().delete()
    for one in after:
        IPRange.objects.create(institution=institution, network=one)
    for probe in probes:
        will, at = granted(None, article, probe), ipaddress.ip_address(probe)
        assert (will and not was[probe]) == any(at in block for block in come), probe
        assert (was[probe] and not will) == any(at in block for block in gone), probe


def test_spans_are_subtracted_as_sets_of_addresses() -> None:
    chance = Random(7)
    for _ in range(300):
        these, those = (sorted(_apart(chance)) for _ in range(2))
        left = networks.minus(these, those)
        numbers = [{(v, n) for v, a, b in spans for n in range(a, b + 1)} for spans in (these, those, left)]
        assert numbers[2] == numbers[0] - numbers[1], (these, those)


def _apart(chance: Random) -> list[networks.Span]:
    found, at = [], 0
    for _ in range(chance.randint(0, 4)):
        at += chance.randint(1, 4)
        last = at + chance.randint(0, 5)
        found.append((chance.choice([4, 4, 6]), at, last))
        at = last + 1
    return found


# --- a license -------------------------------------------------------------------------------------------------------


def draft_license(**fields: Any) -> SiteLicense:
    term = {"starts_on": TODAY - timedelta(days=1), "ends_on": TODAY + timedelta(days=364), "amount": 250_000}
    return SiteLicense.objects.create(institution=make_institution(), journal=make_journal(), **{**term, **fields})


def test_a_license_says_what_it_will_open_and_then_opens_that(bea: Client) -> None:
    row = draft_license()
    found = [make_article(published_online=TODAY - timedelta(days=days)) for days in (5, 50, 500)]
    make_article(access_type="open")
    data = {
        "institution": row.institution_id, "journal": row.journal_id, "starts_on": row.starts_on,
        "ends_on": row.ends_on, "covers_from": TODAY - timedelta(days=100), "amount": "2500.00", "currency": "usd",
        "days_until_due": 30,
    }  # fmt: skip
    address = f"/admin/subscriptions/sitelicense/{row.pk}/change/"
    said = text_of(bea.post(address, data))
    assert "this is a draft. Once it is paid:" in said
    assert "reads 2 articles, instead of 3." in said
    assert "after its end, University of Tests reads 0 articles, instead of 0." in said
    assert look_and_save(bea, address, data).status_code == 302
    row.refresh_from_db()
    assert "Paid, it opens 2 articles to readers of University of Tests now" in licenses.next_step(row)[0]
    assert "Paid, it opens 2 articles" in text_of(bea.get(f"/admin/subscriptions/sitelicense/{row.pk}/step/"))
    licensing.mark_paid(row, make_user(is_staff=True), "bank")
    licensing.write_rights(SiteLicense.objects.get(pk=row.pk), "")
    assert [granted(None, article, CAMPUS) for article in found] == [True, True, False]


# --- an offer --------------------------------------------------------------------------------------------------------


def test_a_price_takes_nothing_from_anybody_and_says_who_goes_on_at_the_old_one(bea: Client) -> None:
    offer = make_offer("subscription")
    anna = make_user("anna@example.org")
    order = Order.objects.create(
        user=anna, offer=offer, kind="subscription", journal=offer.journal, amount=900, currency="usd", state="paid",
        interval="month", description="x",
    )  # fmt: skip
    Order.objects.create(
        user=make_user(), offer=offer, kind="subscription", journal=offer.journal, amount=900, currency="usd",
        state="open", interval="month", description="x",
    )  # fmt: skip
    Subscription.objects.create(
        stripe_id="sub_1", user=anna, journal=offer.journal, order=order, status="active", amount=900, interval="month",
        synced_at=timezone.now(),
    )  # fmt: skip
    data = offer_form(kind="subscription", interval="month", amount="12.00")
    said = text_of(bea.post(f"/admin/subscriptions/offer/{offer.pk}/change/", data))
    assert "Nobody gains or loses access" in said
    assert "Orders under way that can still be paid as ordered, for $9.00: 1." in said
    assert "Running subscriptions that keep $9.00 per month until a price change is started for them" in said
    assert "Subscribers who keep reading and pay $9.00 as before: 1 Your role sees numbers here, and no names." in said
    offer.refresh_from_db()
    assert offer.amount == 900


def test_an_offer_that_goes_off_sale_names_the_articles_that_can_no_longer_be_bought(bea: Client) -> None:
    offer = make_offer()
    plain, own = make_article(title="On waiting herons"), make_article(title="Night rounds")
    make_offer(article=own, amount=5000)
    make_article(access_type="open"), make_article(is_for_sale=False), make_article(free_from=TODAY)
    make_article(retracted_on=TODAY), make_article(article_type="retraction")
    answer = bea.post(f"/admin/subscriptions/offer/{offer.pk}/change/", offer_form(active=""))
    said = text_of(answer)
    assert "Articles that can be bought only through this offer: 1 On waiting herons" in said
    told = set(offers.sold_through(offer, TODAY))
    assert told == {
        article for article in Article.objects.all()
        if not granted(None, article) and offer in get_access.offers_for(article, None)
    } == {plain}  # fmt: skip
    assert Offer.objects.get(pk=offer.pk).active


# --- months for many articles ----------------------------------------------------------------------------------------


def test_months_are_counted_from_publication_and_told_before(edith: Client, visitor: Client) -> None:
    old = make_article(title="Old", published_online=TODAY - timedelta(days=800))
    free = make_article(title="Free today", published_online=TODAY - timedelta(days=90), free_from=TODAY)
    new = make_article(title="New", published_online=TODAY - timedelta(days=90))
    opened = make_article(title="Open", access_type="open")
    data: dict[str, Any] = {"action": "change_free_day", "_selected_action": [a.pk for a in (old, free, new, opened)]}
    assert "4 articles chosen." in text_of(edith.post(ARTICLES, data))
    assert "Ensure this value is less than" in text_of(edith.post(ARTICLES, {**data, "months": "601"}))
    look = edith.post(ARTICLES, {**data, "months": "12"})
    said = text_of(look)
    assert "3 of 4 chosen articles get another day." in said
    assert "Articles that become free for everybody at once: 1 Old" in said
    assert "Articles that everybody reads now, and only rights open then: 1 Free today" in said
    assert "Articles that become free sooner, and not yet: 1 New" in said
    assert not granted(None, old)
    assert edith.post(ARTICLES, typed_on(look), follow=True).status_code == 200
    assert [granted(None, article) for article in (old, free, new, opened)] == [True, False, False, True]
    opened.refresh_from_db()
    assert opened.free_from is None
    assert LogEntry.objects.filter(change_message__contains="12 months after publication").count() == 3
    assert "never become free" in text_of(edith.post(ARTICLES, data))


def test_the_end_of_a_month_stays_the_end_of_a_month() -> None:
    days = {
        "2024-01-31": "2024-02-29",
        "2023-01-31": "2023-02-28",
        "2024-03-31": "2024-04-30",
        "2024-02-29": "2024-03-29",
    }
    found = {day: make_article(published_online=date.fromisoformat(day)) for day in days}
    embargo.Embargo(Article.objects.all(), 1).apply(make_user().pk)
    for day, then in days.items():
        found[day].refresh_from_db()
        assert str(found[day].free_from) == then


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_months_is_what_the_decision_answers_before_and_after(seed: int) -> None:
    chance = Random(seed)
    found = [
        make_article(
            published_online=TODAY - timedelta(days=chance.randint(0, 900)),
            free_from=chance.choice([None, TODAY - timedelta(days=3), TODAY, FAR]),
            access_type=chance.choice(["controlled", "controlled", "controlled", "open", "free_to_read"]),
            article_type=chance.choice(["research-article", "research-article", "correction"]),
        )
        for _ in range(15)
    ]
    was = [granted(None, article) for article in found]
    rule = embargo.Embargo(Article.objects.all(), chance.choice([None, 0, 6, 12, 24]))
    told = rule.effect(TODAY)
    rule.apply(make_user().pk)
    will = [granted(None, article) for article in found]
    assert sum(group.count for group in told.gains) == sum(not a and b for a, b in zip(was, will, strict=True))
    assert sum(group.count for group in told.loses) == sum(a and not b for a, b in zip(was, will, strict=True))
    assert Entitlement.objects.count() == 0
