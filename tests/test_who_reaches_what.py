"""Every address, asked by everybody, by GET and POST: the answers stand in `who_reaches_what.tsv`.

What belongs to somebody is alice's: her order, receipt, rental, subscription, library. A new address needs a line; an
answer that changes is looked at before the line is. `WRITE_TABLE=1 pytest tests/test_who_reaches_what.py` writes it.
"""

import os
import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import connection, transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from accounts.models import ServiceCenter
from journal.models import Article, ArticleFile
from journal.topic_models import ArticleAuthor, Collection, Topic
from subscriptions.models import Order, Payment, Receipt, Subscription
from tests.cme.make import make_activity
from tests.conftest import signed_in
from tests.make import (
    SECRET_SENTENCE,
    make_article,
    make_institution,
    make_issue,
    make_journal,
    make_offer,
    make_right,
    make_user,
)

TABLE = Path(__file__).with_suffix(".tsv").with_name("who_reaches_what.tsv")
LEFT_OUT = ("/admin/", "/demo/", "/static/")  # the admin's own matrix is tests/admin/test_roles.py
WHO = ("visitor", "stranger", "owner", "staff")
POSTING = WHO[:2]  # what their owner does has tests of its own, and staff act in the admin
KIND = re.compile(r"<(?:(\w+):)?(\w+)>")
WRITES = re.compile(r'^\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+"?(\w+)', re.IGNORECASE)
# What a GET may write: that somebody was here, never what somebody has.
MAY_BE_WRITTEN = {
    "django_session", "accounts_ratelimit", "accounts_signinincident", "usersessions_usersession", "django_admin_log",
    "subscriptions_usageevent", "accounts_cache", "cme_opening", "accounts_knowndevice",
    "subscriptions_sushiaccess",  # the library's line for its reports, made when its page is first looked at
    "subscriptions_synctarget",  # a hint to read Stripe again, on the pages Stripe leads back to

}  # fmt: skip


def furnished() -> tuple[dict[str, Client], dict[str, Any]]:
    """(who asks, what stands for each part of an address)."""
    now, journal, issue = timezone.now(), make_journal(), make_issue(volume="7", number="3")
    ServiceCenter.objects.create(name="Reader services", phone="+1 212 555 0100")
    alice = make_user("alice@example.org", name="Alice")
    article = make_article(issue=issue, doi="10.5555/matrix")
    same = {"sha256": "0" * 64, "content_type": "x/y"}
    for kind, name in (("figure", "f1.webp"), ("supplement", "s1.csv")):
        ArticleFile.objects.create(
            article=article, kind=kind, name=name, file=ContentFile(b"abc", name), size=3, **same
        )
    ArticleAuthor.objects.create(article=article, key="ada-heron", name="Ada Heron")
    Topic.objects.create(name="Birds", slug="birds")
    Collection.objects.create(title="Birds", slug="birds")
    offer = make_offer("rental")
    order = Order.objects.create(
        user=alice, offer=offer, kind="rental", article=article, journal=journal, amount=600, currency="usd",
        description="A rental", state="paid", paid_at=now, session_id="cs_1", payment_intent_id="pi_1",
    )  # fmt: skip
    rental = make_right(alice, article, "rental", source=f"order:{order.pk}")
    make_right(alice, journal, "subscription", ends_at=now + timedelta(days=20))
    subscription = Subscription.objects.create(
        stripe_id="sub_1", user=alice, journal=journal, status="active", synced_at=now
    )
    payment = Payment.objects.create(
        charge_id="ch_1", payment_intent_id="pi_1", user=alice, order=order, amount=600, currency="usd", paid_at=now
    )
    receipt = Receipt.objects.create(payment=payment, user=alice, description="A rental")
    institution = make_institution("198.51.100.0/24")
    institution.library_managers.create(user=alice)
    membership = institution.memberships.create(user=make_user("seat@example.org"), way="seat")
    activity = make_activity()
    asks = {
        "visitor": Client(), "stranger": signed_in(make_user("dan@example.org")), "owner": signed_in(alice),
        "staff": signed_in(make_user("sam@example.org", groups=["Support", "Editor", "Business"], is_staff=True)),
    }  # fmt: skip
    parts = {
        "doi": article.doi, "volume": "7", "number": "3", "slug": "birds", "key": "ada-heron", "form": "ris",
        "offer_id": offer.pk, "order_id": order.pk, "entitlement_id": rental.pk, "subscription_id": subscription.pk,
        "article_id": article.pk, "institution_id": institution.pk, "membership_id": membership.pk,
        "activity_id": activity.pk, "part": 1, "section": 1, "report_id": "tr", "token": "x" * 24, "name": "f1.webp",
    }  # fmt: skip
    return asks, {**parts, "int:number": receipt.number, "str:name>.csv": "t1", "files/<str:name": "s1.csv"}


@pytest.fixture
def world(db: None) -> tuple[dict[str, Client], dict[str, Any]]:
    return furnished()


def routes() -> Iterator[str]:
    def walk(patterns: list, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            route = prefix + str(pattern.pattern).removeprefix("^").removesuffix("$")
            if isinstance(pattern, URLResolver):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern):
                yield route.replace("\\.", ".").removesuffix("\\Z")

    for route in dict.fromkeys(walk(get_resolver().url_patterns, "/")):
        if not route.startswith(LEFT_OUT):
            yield route


def filled(route: str, parts: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        kind, name = match.groups()
        return str(parts.get(f"{kind}:{name}", parts.get(name, "1" if kind == "int" else "none")))

    route = route.replace("files/<str:name>", f"files/{parts['files/<str:name']}")
    return re.sub(r"\(\?P<\w+>[^)]*\)", "1-abc", KIND.sub(value, route))


def ask(client: Client, method: str, path: str) -> tuple[int, set[str], str]:
    """(status, tables written, text). Nothing of it stays."""
    written: set[str] = set()

    def notice(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        if found := WRITES.match(str(sql)):
            written.add(found[1])
        return execute(sql, params, many, context)

    before = client.cookies.copy()
    with transaction.atomic():
        with connection.execute_wrapper(notice):
            answer = client.generic(method, path)
        transaction.set_rollback(True)
    client.cookies = before
    return answer.status_code, written, "" if answer.streaming else answer.content.decode("utf-8", "replace")


@pytest.fixture
def asked(
    world: tuple[dict[str, Client], dict[str, Any]],
) -> dict[tuple[str, str], dict[str, tuple[int, set[str], str]]]:
    clients, parts = world
    for client in clients.values():
        client.raise_request_exception = False
    return {
        (method, route): {who: ask(clients[who], method, filled(route, parts)) for who in asking}
        for route in routes()
        for method, asking in (("GET", WHO), ("POST", POSTING))
    }


@pytest.mark.ignore_template_errors
def test_every_address_answers_everybody_as_written_down_and_no_get_changes_anything(asked) -> None:
    lines = [
        "\t".join([method, route, *(str(answers[who][0]) if who in answers else "" for who in WHO)]).rstrip()
        for (method, route), answers in asked.items()
    ]
    if os.environ.get("WRITE_TABLE"):
        TABLE.write_text("\n".join(["\t".join(["method", "address", *WHO]), *sorted(lines)]) + "\n")
    written_down = TABLE.read_text().splitlines()[1:]
    assert sorted(lines) == written_down
    assert not [line for line in lines if "\t5" in line], "an address that fails is no answer"
    for (method, route), answers in asked.items():
        for who, (_status, tables, text) in answers.items():
            assert method == "POST" or not tables - MAY_BE_WRITTEN, (route, who, tables)
            assert SECRET_SENTENCE not in text or who == "owner", (route, who)
    assert Article.objects.exists()
