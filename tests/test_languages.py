"""Who speaks German is spoken to in German, on every page and in every mail; everybody else notices nothing."""

import json
import re
import runpy
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings as site
from django.core import mail as outbox
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from selectolax.lexbor import LexborNode as Node

from accounts.models import User
from config.script_words import TEXTS
from journal.models import PublicPage
from journal.pages import aside
from subscriptions import mail, reminders
from subscriptions.models import OutgoingMail, Subscription
from subscriptions.money import format_money
from tests.conftest import signed_in
from tests.make import PASSWORD, make_article, make_journal, make_offer, make_user
from tests.speaking import offering, pseudo

MESSAGES = runpy.run_path(str(site.BASE_DIR / "bin/messages.py"))
CATALOG: Path = MESSAGES["catalog"]("de")


def test_every_text_is_in_the_german_catalog_translated_and_sure() -> None:
    assert MESSAGES["faults"]("de") == []


def test_the_compiled_catalog_says_what_the_written_one_says() -> None:
    """It is committed, so that a machine without gettext speaks German, too: `make messages` writes both."""
    written, compiled = polib.pofile(str(CATALOG)), polib.mofile(str(CATALOG.with_suffix(".mo")))
    said = {(entry.msgid, entry.msgid_plural): (entry.msgstr, entry.msgstr_plural) for entry in compiled}
    assert said == {(entry.msgid, entry.msgid_plural): (entry.msgstr, entry.msgstr_plural) for entry in written}


def test_german_is_set_as_german_is_set() -> None:
    """Quotation marks „so“, never straight ones around words, no three points, and nobody is addressed as du."""
    for entry in polib.pofile(str(CATALOG)):
        for text in [entry.msgstr, *entry.msgstr_plural.values()]:
            words = re.sub(r"<[^>]*>|\"white matter\"", "", text)
            assert '"' not in words, text
            assert "“" not in words.replace("“", "", words.count("„")), text
            assert "..." not in words, text
            assert not re.search(r"\b([Dd]u|[Dd]ein\w*|[Dd]ir|[Dd]ich|[Ee]uch)\b", words), text


def test_the_scripts_words_are_those_the_scripts_say() -> None:
    said = {
        text
        for path in (site.BASE_DIR / "static/js").glob("*.js")
        for text, _ in MESSAGES["in_script"](path.read_text())
    }
    assert said == set(TEXTS)


# --- a reader


@pytest.fixture
def two_languages(db: None) -> Iterator[None]:
    make_journal()
    with offering("en", "de"):
        yield


def in_german(client: Client) -> Client:
    client.cookies[site.LANGUAGE_COOKIE_NAME] = "de"
    return client


def test_a_visitor_chooses_german_at_the_foot_and_is_back_on_the_same_page(
    two_languages: None, visitor: Client
) -> None:
    article = make_article(title="On waiting herons")
    make_offer("purchase", amount=123_450)
    address = article.get_absolute_url()
    page = visitor.get(address)
    assert '<html lang="en">' in page.content.decode()
    assert "Cookie" in page["Vary"]
    accepting = visitor.get(address, headers={"Accept-Language": "de"}).content.decode()
    assert '<html lang="en">' in accepting  # what a browser would like decides nothing, or a cache would mix them
    chosen = visitor.post(
        "/account/language/", {"language": "de"}, headers={"Referer": f"http://testserver{address}?x=1"}
    )
    assert chosen.status_code == 302
    assert chosen["Location"] == f"{address}?x=1"
    german = visitor.get(address).content.decode()
    assert '<html lang="de">' in german
    assert "Volltext lesen" in german
    assert "1.234,50\N{NO-BREAK SPACE}$" in german
    assert '<strong lang="de" aria-current="true">Deutsch</strong>' in german
    words = json.loads(HTMLParser(german).css_first("#script-words").text())
    assert words["Copied"] == "Kopiert"
    assert set(words) == set(TEXTS)


def test_the_language_is_never_a_way_elsewhere_nor_something_else(two_languages: None, visitor: Client) -> None:
    for referer in ("https://elsewhere.example/", "//elsewhere.example/x", "javascript:alert(1)", ""):
        answer = visitor.post("/account/language/", {"language": "tlh"}, headers={"Referer": referer})
        assert answer["Location"] == "/"
        assert site.LANGUAGE_COOKIE_NAME not in answer.cookies
    visitor.cookies[site.LANGUAGE_COOKIE_NAME] = "../../etc"
    assert '<html lang="en">' in visitor.get("/about/").content.decode()


def test_prepared_parts_of_an_article_are_kept_in_each_language(two_languages: None, visitor: Client) -> None:
    article = make_article(title="On waiting herons")
    page = PublicPage.objects.get(article=article)
    page.spoken = {"de": {"aside": '<p id="tools-title">Werkzeuge</p>'}}
    page.aside = aside(article, page)
    page.save()
    assert "Werkzeuge" in in_german(Client()).get(article.get_absolute_url()).content.decode()
    assert "Werkzeuge" not in visitor.get(article.get_absolute_url()).content.decode()


def test_signing_in_brings_the_accounts_language_along(two_languages: None) -> None:
    user = make_user("greta@example.org", language="de")
    elsewhere = Client()
    answer = elsewhere.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    assert answer.status_code == 302
    assert elsewhere.cookies[site.LANGUAGE_COOKIE_NAME].value == "de"
    profile = elsewhere.get("/account/profile/").content.decode()
    assert "Profil" in profile
    elsewhere.post("/account/profile/", {"name": "Greta", "language": "en"})
    user.refresh_from_db()
    assert user.language == "en"
    assert "Your profile is saved." in elsewhere.get("/account/profile/").content.decode()
    # From another site's page the form changes the browser at most, never the account.
    elsewhere.post("/account/language/", {"language": "de"}, headers={"Origin": "https://elsewhere.example"})
    user.refresh_from_db()
    assert user.language == "en"
    elsewhere.post("/account/language/", {"language": "de"}, headers={"Origin": site.SITE_URL})
    user.refresh_from_db()
    assert user.language == "de"


def test_staff_pages_stay_english(two_languages: None) -> None:
    boss = in_german(signed_in(make_user(is_staff=True, is_superuser=True)))
    page = boss.get("/admin/journal/article/").content.decode()
    assert "Select article to change" in page
    assert "ändern" not in page


def test_mails_are_in_the_readers_language_whoever_sends_them(two_languages: None) -> None:
    greta, dan = make_user("greta@example.org", language="de"), make_user("dan@example.org")
    for number, user in enumerate((greta, dan)):
        Subscription.objects.create(
            stripe_id=f"sub_{number}", user=user, journal=make_journal(), status="active", amount=8900, currency="usd",
            interval="year", period_start=timezone.now(), period_end=timezone.now() + timedelta(days=20),
            synced_at=timezone.now(),
        )  # fmt: skip
    reminders.send_due()
    for message in OutgoingMail.objects.order_by("pk"):
        mail.send(message.pk)
    told = {message.to[0]: message for message in outbox.outbox}
    german, english = told["greta@example.org"], told["dan@example.org"]
    assert "verlängert sich am" in german.subject
    assert "89,00\N{NO-BREAK SPACE}$" in german.body
    assert 'lang="de"' in str(german.alternatives[0][0])  # type: ignore[attr-defined]
    assert "renews on" in english.subject
    assert "$89.00" in english.body
    code = in_german(Client())
    code.post("/accounts/login/code/", {"email": "dan@example.org"})
    assert outbox.outbox[-1].subject.startswith("Ihr Anmeldecode")


def test_a_code_goes_out_in_the_accounts_language_from_an_english_page(two_languages: None) -> None:
    greta = make_user("greta@example.org", language="de")
    Client().post("/accounts/login/code/", {"email": greta.email})
    assert "Ihr Anmeldecode" in outbox.outbox[-1].subject


def test_amounts_are_written_as_the_language_writes_them() -> None:
    assert format_money(123_456, "usd") == "$1,234.56"
    with offering("de"):
        assert format_money(-123_456, "eur") == "−1.234,56\N{NO-BREAK SPACE}€"
        assert format_money(300, "jpy") == "300\N{NO-BREAK SPACE}¥"
        assert format_money(100_050, "chf") == "1.000,50\N{NO-BREAK SPACE}CHF"


# --- nothing is forgotten

NOT_PAGES = ("admin", "accessibility/", "demo/", "oai", "feed", "sitemap", "stripe/", "suggestions", "^", "language/")
#: What is data, a name or the same in every language, and so is said as it is.
UNMARKED = {
    "alice@example.org", "Alice", "First Page", "ORCID", "DOI", "RSS", "CME", "PDF", "CSV", "ISSN", "English",
    "Deutsch",
}  # fmt: skip


def addresses(patterns: Any = None, prefix: str = "") -> Iterator[str]:
    """Every address without a variable part: the pages one can come to by oneself."""
    for one in get_resolver().url_patterns if patterns is None else patterns:
        part = str(one.pattern)
        if "<" in part or any(word in part for word in NOT_PAGES):
            continue
        if isinstance(one, URLResolver):
            yield from addresses(one.url_patterns, prefix + part)
        elif isinstance(one, URLPattern):
            yield f"/{prefix}{part}"


def test_no_text_of_a_page_is_unmarked(alice: User, visitor: Client) -> None:
    """Each page in a language that puts every marked text in brackets: what stands outside of them must be data."""
    unmarked: dict[str, set[str]] = {}
    seen, her = 0, signed_in(alice)
    with pseudo():
        article = make_article(title="On waiting herons")
        make_offer("purchase")
        make_offer("rental")
        here = article.get_absolute_url()
        places = [
            *addresses(),
            here,
            *(f"{here}{part}/" for part in ("save", "share", "cite", "permissions", "related")),
        ]
        places.append("/search/?q=77")
        for client in (visitor, her):
            for place in places:
                answer = client.get(place)
                if answer.status_code != 200 or not answer.get("Content-Type", "").startswith("text/html"):
                    continue
                seen += 1
                found = set(_outside(answer.content.decode()))
                if found:
                    unmarked[place] = found
    assert seen > 60
    assert not unmarked, "\n".join(f"{place}: {sorted(found)}" for place, found in unmarked.items())


def _outside(html: str) -> Iterator[str]:
    tree = HTMLParser(html)
    for node in tree.css("script, style, svg, code, .full-text, .cite-this, select[name=state] option"):
        node.decompose()
    text = [node.text(deep=True, separator=" ") for node in tree.css("title, body")]
    said = [value for node in tree.css("*") for value in _attributes(node)]
    for piece in [*text, *said]:
        rest = unescape(piece)
        while "⟦" in rest:
            shorter = re.sub(r"⟦[^⟦⟧]*⟧", " ", rest)
            if shorter == rest:
                break
            rest = shorter
        for line in re.split(r"\s{2,}|\n|\|", rest):
            words = line.strip(" .,:;·()[]←→“”–-+?!")
            if (
                re.search(r"[A-Za-z]{2,}", words)
                and not words.startswith(("doi:", "©", "/", "http"))
                and words not in UNMARKED | _data()
            ):
                yield words


def _attributes(node: Node) -> Iterator[str]:
    for name in ("aria-label", "alt", "title", "placeholder"):
        if node.attributes.get(name):
            yield str(node.attributes[name])


def _data() -> set[str]:
    journal = make_journal()
    return {journal.title, journal.publisher, journal.abbreviation, "On waiting herons", "What everybody may read"}
