"""Tables out of a spreadsheet and back: looked at first, a sentence for every wrong line, all of it or nothing."""

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Member
from accounts.spreadsheets import harmless, restored
from desk.bulk import articles, offers
from journal.models import Article, Section
from journal.topic_models import Topic
from subscriptions.models import Offer
from tests.admin.said import messages_of, text_of
from tests.admin.test_offers import order
from tests.make import make_article, make_institution, make_issue, make_journal, make_offer

pytestmark = pytest.mark.django_db
TABLES = "/admin/desk/tables/"
TODAY = timezone.localdate()


def taken(client: Client, name: str) -> list[dict[str, str]]:
    answer = client.get(f"{TABLES}{name}.csv")
    assert answer.status_code == 200
    assert answer.content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))


def bring(client: Client, name: str, content: str | bytes) -> Any:
    raw = content if isinstance(content, bytes) else content.encode()
    return client.post(f"{TABLES}{name}/", {"file": SimpleUploadedFile("table.csv", raw)})


def press_apply(client: Client, name: str, look: Any) -> Any:
    told = look.context
    return client.post(f"{TABLES}{name}/", {"content": told["content"], "digest": told["plan"].digest})


def as_table(rows: list[dict[str, Any]], delimiter: str = ",") -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


# --- articles --------------------------------------------------------------------------------------------------------


def test_articles_are_taken_out_changed_in_a_spreadsheet_and_brought_back(edith: Client) -> None:
    review = Section.objects.create(journal=make_journal(), name="Review")
    herons, night = Topic.objects.create(name="Herons", slug="herons"), Topic.objects.create(name="Night", slug="night")
    article = make_article(title="=On waiting, herons", doi="10.5555/heron.1", published_online=TODAY - timedelta(9))
    article.topic_rows.create(topic=herons)
    article.topic_rows.create(topic=night, by_keyword=True)
    other = make_article(section=review)
    rows = taken(edith, "articles")
    first = next(row for row in rows if row["doi"] == article.doi)
    assert (first["title"], first["topics"], first["topics_by_keyword"]) == ("'=On waiting, herons", "herons", "night")
    first |= {"section": "review", "topics": "night", "free_from": str(TODAY)}
    look = bring(edith, "articles", as_table(rows, ";"))
    said = text_of(look)
    assert "1 would change , 1 stay as they are." in said
    assert "section: – → Review; free from: – → " in said
    assert "topic added: Night; topic taken away: Herons" in said
    assert "Articles that become free for everybody at once: 1 =On waiting, herons" in said
    assert "Not read: topics_by_keyword, title, authors" in said
    article.refresh_from_db()
    assert (article.section, article.free_from) == (None, None)
    before = article.updated_at
    assert press_apply(edith, "articles", look).status_code == 302
    article.refresh_from_db()
    assert (article.section, article.free_from) == (review, TODAY)
    assert article.updated_at > before
    assert list(article.topic_rows.values_list("topic__slug", "by_keyword")) == [("night", False)]
    assert LogEntry.objects.get(object_id=article.pk).change_message.startswith("By a table: section: – → Review")
    assert "Nothing would change" in text_of(bring(edith, "articles", as_table(taken(edith, "articles"))))
    other.refresh_from_db()
    assert other.section == review


def test_an_empty_cell_takes_away_and_a_missing_column_leaves(edith: Client) -> None:
    review = Section.objects.create(journal=make_journal(), name="Review")
    article = make_article(section=review, free_from=TODAY + timedelta(30))
    look = bring(edith, "articles", f"doi,free_from\nhttps://doi.org/{article.doi.upper()},\n")
    press_apply(edith, "articles", look)
    article.refresh_from_db()
    assert (article.section, article.free_from) == (review, None)


def test_every_wrong_line_is_named_and_nothing_is_half_done(edith: Client) -> None:
    Section.objects.create(journal=make_journal(), name="Review")
    good, opened = make_article(), make_article(access_type="open")
    content = (
        "doi,section,free_from,topics\n"
        f"{good.doi},Review,2027-12-31,\n"
        "10.5555/none,,,\n"
        f"{good.doi},,,\n"
        ",Review,,\n"
        f"{make_article().doi},Editorials,,\n"
        f"{make_article().doi},,31.12.2027,\n"
        f"{opened.doi},,2027-12-31,\n"
        f"{make_article().doi},,,herons\n"
        f"{make_article().doi},a,b,c,d\n"
    )
    look = bring(edith, "articles", content)
    assert look.context["plan"].errors == [
        "Line 3: there is no article with the DOI “10.5555/none”.",
        f"Line 4: the DOI {good.doi} stands in line 2 already.",
        "Line 5: the DOI is missing.",
        "Line 6: there is no section “Editorials”. There are: Review.",
        "Line 7: “31.12.2027” is no day. Write it like 2027-12-31.",
        "Line 8: an open access article is free already. Leave free_from empty.",
        "Line 9: there is no topic “herons”. Name topics as in their addresses, with ; between.",
        "Line 10: 1 more value(s) than columns; a value with the separator in it needs quotation marks.",
    ]
    assert "Apply all of it" not in text_of(look)
    answer = edith.post(f"{TABLES}articles/", {"content": content, "digest": look.context["plan"].digest})
    assert "Nothing was changed" in messages_of(answer)
    assert Article.objects.exclude(section=None).count() == 0


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        ("doi,section\n10.5555/x,Übersicht\n".encode("latin-1"), "Line 2 is not UTF-8 (byte 0xDC). Save the file as"),
        (b"doi,section\n10.5555/x,\0\n", "Line 2 holds a zero byte"),
        ("doi,section\n".encode("utf-16")[:-1], "The file begins like UTF-16, but is cut off."),
        (b"doi," + b"x" * 1_000_001, "The file is larger than 1 MB."),
        (b"title,section\nx,y\n", "Line 1 must name the columns; missing: doi."),
        (b"doi,doi,section\n", "Line 1 names the column doi twice."),
        (b"doi,title\n10.5555/x,y\n", "Line 1 names no column that can be changed."),
        (b"doi,section\n", "The file holds no articles."),
        (b'doi,section\n10.5555/x,"open\n', "Perhaps a quotation mark is not closed."),
        ("doi,section\n10.5555/x,a\u200bb\n".encode(), "Line 2: it holds characters that cannot be seen."),
        (b"", "The submitted file is empty."),
    ],
)
def test_a_file_that_is_none_is_refused_in_words(edith: Client, raw: bytes, sentence: str) -> None:
    assert sentence in text_of(bring(edith, "articles", raw))


def test_what_changed_meanwhile_is_looked_at_again(edith: Client) -> None:
    article = make_article()
    look = bring(edith, "articles", f"doi,free_from\n{article.doi},2027-12-31\n")
    Article.objects.filter(pk=article.pk).update(free_from="2028-12-31")
    again = press_apply(edith, "articles", look)
    assert "it would be something else by now" in messages_of(again)
    assert "2028-12-31 → 2027-12-31" in text_of(again)


def test_a_long_table_asks_no_more_of_the_database_than_a_short_one() -> None:
    def statements(number: int) -> int:
        lines = "".join(f"{make_article().doi},2027-12-31\n" for _ in range(number))
        with CaptureQueriesContext(connection) as asked:
            assert len(articles.check(f"doi,free_from\n{lines}").changes) == number
        return len(asked)

    assert statements(1) == statements(15)


# --- offers ----------------------------------------------------------------------------------------------------------


def test_prices_are_changed_by_a_table_and_what_was_ordered_stays(bea: Client) -> None:
    bought, plain = make_offer(), make_offer("rental")
    order(bought)
    article, issue = make_article(doi="10.5555/heron.1"), make_issue(volume="9", number="1")
    rows = taken(bea, "offers")
    assert [(row["kind"], row["price"]) for row in rows] == [("purchase", "30.00"), ("rental", "6.00")]
    rows[0]["price"], rows[1]["price"] = "35.00", "7.00"
    blank = dict.fromkeys(rows[0], "")
    rows.append({**blank, "kind": "purchase", "price": "50", "currency": "USD", "doi": article.doi})
    rows.append({**blank, "kind": "issue", "price": "9000", "currency": "jpy", "volume": "9", "number": "1"})
    rows.append({**blank, "kind": "subscription", "price": "9", "currency": "eur", "interval": "month",
                 "audience": "trainee", "trial_days": "14"})  # fmt: skip
    look = bring(bea, "offers", as_table(rows))
    said = text_of(look)
    assert "5 would change" in said
    assert "price: $30.00 → $35.00; has orders, so a new offer takes its place" in said
    assert "price: $6.00 → $7.00" in said
    assert "new, at ¥9,000" in said
    assert Offer.objects.count() == 2
    assert press_apply(bea, "offers", look).status_code == 302
    bought.refresh_from_db()
    plain.refresh_from_db()
    assert (bought.active, bought.amount, plain.active, plain.amount) == (False, 3000, True, 700)
    assert Offer.objects.get(active=True, kind="purchase", article=None).amount == 3500
    assert Offer.objects.get(article=article).amount == 5000
    assert Offer.objects.get(issue=issue).price.currency == "jpy"
    assert Offer.objects.get(kind="subscription").trial_days == 14
    assert "Nothing would change" in text_of(bring(bea, "offers", as_table(taken(bea, "offers"))))
    off = bring(bea, "offers", "kind,price,currency,on_sale\nrental,7.00,usd,no\n")
    assert "taken off sale" in text_of(off)
    press_apply(bea, "offers", off)
    assert not Offer.objects.filter(kind="rental", active=True).exists()


def test_every_wrong_price_is_named_by_its_line(bea: Client) -> None:
    make_journal()
    look = bring(
        bea, "offers",
        "kind,price,currency,interval,doi,volume,number,audience,trial_days,on_sale\n"
        "purchase,\"30,00\",usd,,,,,,,\n"
        "purchase,30.00,xyz,,,,,,,\n"
        "gift,30.00,usd,,,,,,,\n"
        "purchase,0.10,usd,,,,,,,\n"
        "subscription,9.00,usd,,,,,,,\n"
        "rental,6.00,usd,month,,,,,,\n"
        "purchase,30.00,usd,,10.5555/none,,,,,\n"
        "issue,30.00,usd,,,9,9,,,\n"
        "rental,6.00,eur,,,,,trainee,,\n"
        "rental,6.00,gbp,,,,,,many,\n"
        "rental,6.00,chf,,,,,,,perhaps\n"
        "cme,25.00,usd,,,,,,,\n"
        "purchase,0,usd,,,,,,,\n",
    )  # fmt: skip
    told = dict(error.split(": ", 1) for error in look.context["plan"].errors)
    assert list(told) == [f"Line {number}" for number in range(2, 15)]
    assert told["Line 2"] == "“30,00” is not a price. Write it like 30.00."
    assert told["Line 5"] == "Stripe takes no payment below $0.50."
    assert told["Line 6"] == told["Line 7"] == "A subscription renews every month or year; other offers do not renew."
    assert told["Line 10"] == "Only a subscription has a trial or is for trainees."
    assert told["Line 13"] == "Choose the article whose CME activity this is the price of."
    assert told["Line 14"].startswith("A price of 0 is not free access.")
    assert not Offer.objects.exists()


def test_a_table_that_meets_another_hand_at_the_same_moment_does_nothing(bea: Client) -> None:
    make_journal()
    plan = offers.check("kind,price,currency\npurchase,30.00,usd\nrental,6.00,usd\n")
    look = bring(bea, "offers", "kind,price,currency\nrental,6.00,usd\npurchase,30.00,usd\n")
    assert len(plan.changes) == 2
    make_offer()
    answer = press_apply(bea, "offers", look)
    assert "Nothing was changed" in messages_of(answer)
    assert Offer.objects.count() == 1


# --- who, and what is only taken out ---------------------------------------------------------------------------------


def test_members_are_taken_out_in_the_rosters_own_columns(bea: Client) -> None:
    Member.objects.create(number="M1", name="Müller, Ada", valid_until="2027-12-31", email="ada@example.org")
    Member.objects.create(number="M2", name="@SUM(A1)", valid_until="2027-12-31")
    rows = taken(bea, "members")
    assert rows[0] == {
        "number": "M1", "name": "Müller, Ada", "until": "2027-12-31", "email": "ada@example.org", "activated": "",
    }  # fmt: skip
    assert rows[1]["name"] == "'@SUM(A1)"


def test_networks_are_taken_out_with_their_institutions(bea: Client) -> None:
    make_institution("192.0.2.0/24", name="=cmd|' /C calc'!A0")
    assert taken(bea, "networks") == [
        {"institution": "'=cmd|' /C calc'!A0", "ror": "", "network": "192.0.2.0/24", "note": ""}
    ]


def test_each_role_takes_and_brings_its_own_tables(edith: Client, sam: Client, bea: Client, ella: Client) -> None:
    def codes(client: Client, name: str) -> tuple[int, int]:
        return client.get(f"{TABLES}{name}.csv").status_code, client.get(f"{TABLES}{name}/").status_code

    make_journal()
    assert [codes(client, "articles") for client in (edith, sam, bea, ella)] == [(200, 200), *[(200, 403)] * 3]
    assert [codes(client, "offers") for client in (edith, sam, bea, ella)] == [
        (403, 403),
        (200, 403),
        (200, 200),
        (403, 403),
    ]
    assert [codes(client, "members")[0] for client in (edith, sam, bea, ella)] == [403, 200, 200, 403]
    assert codes(bea, "networks") == (200, 404)
    assert codes(bea, "nothing") == (404, 404)
    assert edith.post(f"{TABLES}offers/", {"content": "x", "digest": "y"}).status_code == 403


def test_what_a_spreadsheet_would_take_for_a_formula_is_put_behind_an_apostrophe_and_comes_back() -> None:
    for text in ("=1+1", "+1", "-1", "@x", "\tx", "\rx", " =1", "'tis", "plain", ""):
        assert restored(harmless(text)) == text
    assert harmless(-5) == -5
    assert harmless("=1+1") == "'=1+1"
