"""Every table that staff take out, and those they may bring back."""

from collections.abc import Iterator
from typing import Any

from accounts.models import Member
from desk.bulk import articles, offers
from desk.bulk.plan import Table
from subscriptions.models import IPRange


def _members() -> Iterator[list[Any]]:
    """In the roster's own columns, so that it can be changed and imported again."""
    for one in Member.objects.order_by("number").iterator(chunk_size=5000):
        activated = one.activated_at.date() if one.activated_at else ""
        yield [one.number, one.name, one.valid_until, one.email, activated]


def _networks() -> Iterator[list[Any]]:
    found = IPRange.objects.select_related("institution").order_by("institution__name", "network")
    for one in found.iterator(chunk_size=5000):
        yield [one.institution.name, one.institution.ror_id, one.network, one.note]


TABLES = {
    "articles": Table(
        "Change articles by a table", articles.COLUMNS, ("journal.view_article",), articles.rows,
        "journal_article", "Editor", ("journal.change_article",), articles.check, articles.apply,
        (
            ("Each line names an article by its doi, and what it should have: section (its name), topics (as in their"
            " addresses, with ; between) and free_from (like 2027-12-31)."),
            ("An empty cell takes away what is there; a column that is missing leaves it. Everything else comes from"
            " the JATS and is not read."),
        ),
    ),
    "offers": Table(
        "Change offers by a table", offers.COLUMNS, ("subscriptions.view_offer",), offers.rows, "subscriptions_offer",
        "Business", ("subscriptions.add_offer", "subscriptions.change_offer"), offers.check, offers.apply,
        (
            (f"Each line is one thing for sale: {', '.join(offers.NEEDED)} are needed; doi or volume and number where"
            " it is for one article or issue; interval (month, year) and audience (trainee) for subscriptions."),
            ("What is on sale and not in the table stays on sale. on_sale “no” takes it off. Nobody's order or running"
            " subscription changes its price."),
        ),
    ),
    "members": Table(
        "Members", ("number", "name", "until", "email", "activated"), ("accounts.view_member",), _members,
        "accounts_member",
    ),
    "networks": Table(
        "Networks", ("institution", "ror", "network", "note"), ("subscriptions.view_iprange",), _networks,
        "subscriptions_institution",
    ),
}  # fmt: skip
