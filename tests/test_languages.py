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
from django.core.files.base import ContentFile
from django.core.management import call_command
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from selectolax.lexbor import LexborNode as Node

from accounts.models import User
from config.script_words import TEXTS
from journal.asides import aside
from journal.importing import import_source
from journal.models import Article, ArticleFile, FullText, PublicPage
from journal.publishing import publish
from subscriptions import mail, reminders
from subscriptions.models import LibraryManager, OutgoingMail, Subscription
from subscriptions.money import format_money
from tests.conftest import signed_in
from tests.journal.jats.build import DATE, DOI, TITLE, make_xml
from tests.journal.test_importing import BODY
from tests.make import PASSWORD, make_article, make_institution, make_journal, make_offer, make_right, make_user
from tests.speaking import offering, pseudo
from tests.test_who_reaches_what import filled, furnished
from tests.test_who_reaches_what import routes as all_routes

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
    "Deutsch", "A rental", "Ada Heron", "Birds", "Reader services", "University of Tests", "seat@example.org",
    "Test Press Journal of Tests", "Alice alice@example.org", "J Tests 7/3",
    "Taxes included",  # what staff write beside a price
    # an activity as its editors wrote it, and what accreditors prescribe word for word
    "CME: On waiting herons", "For those who wait", "Journal-based CME activity", "Nobody has anything to disclose",
    "Society of Herons", "Tell a heron from a crane Wait", "There is no commercial support for this activity",
}  # fmt: skip
PRESCRIBED = ("AMA PRA Category 1", "The Society of Herons", "A rental doi:")


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


def test_no_text_of_a_page_about_one_thing_is_unmarked(db: None) -> None:
    """The same for every address with a part that names something: a reader's, an owner's and a library's."""
    with pseudo():
        clients, parts = furnished()
        routes = [route for route in all_routes() if "<" in route and not any(word in route for word in NOT_PAGES)]
        places = [filled(route, parts) for route in routes]
        places.append(f"/library/{parts['institution_id']}/check/?doi={parts['doi']}&ip=198.51.99.7")
        pages = {
            (who, place): client.get(place)
            for who, client in clients.items()
            if who in ("visitor", "owner")
            for place in places
        }
        html = {
            one: answer.content.decode()
            for one, answer in pages.items()
            if not answer.streaming and answer.get("Content-Type", "").startswith("text/html")
        }
        unmarked = {one: found for one, text in html.items() if (found := set(_outside(text)))}
    assert len(html) > 60
    assert not unmarked, "\n".join(f"{one}: {sorted(found)}" for one, found in unmarked.items())


def rights() -> dict[str, dict[str, Any]]:
    """What a reader or a library may be told about one right: each makes another sentence."""
    now, day = timezone.now(), timedelta(days=1)
    return {
        "in force": {},
        "with an end": {"ends_at": now + day},
        "not begun": {"starts_at": now + 3 * day},
        "ended": {"starts_at": now - 9 * day, "ends_at": now - day},
        "ended today": {"starts_at": now - 9 * day, "ends_at": now - timedelta(hours=3, minutes=30)},
        "taken back": {"revoked_at": now - timedelta(hours=5), "revoke_reason": ""},
        "earlier years": {"covers_until": now.date() - 900 * day},
        "later years": {"covers_from": now.date() - day},
        "unpaid": {"ends_at": now + day, "grace_since": now - day},
    }


ENGLISH_DAY = re.compile(r"[A-Z][a-z]{2,8}\.? \d{1,2}, \d{4}|\d [AP]M\b|\d,\d{3}\b")


def test_why_something_is_open_or_closed_is_told_in_the_readers_language(two_languages: None) -> None:
    article, library, dan = make_article(), make_institution("192.0.2.0/25"), make_user("dan@example.org")
    LibraryManager.objects.create(institution=library, user=dan)
    reader, told, unmarked = in_german(signed_in(dan)), set(), {}
    why, check = f"/why/{article.pk}/", f"/library/{library.pk}/check/?doi={article.doi}&ip="

    def ask(case: str, place: str) -> None:
        said = HTMLParser(reader.get(place).content.decode()).css_first("main").text(separator=" ")
        assert not ENGLISH_DAY.search(said), (case, said)
        told.add(" ".join(said.split()))
        with pseudo():
            if found := set(_outside(reader.get(place).content.decode())):
                unmarked[case] = found

    for case, fields in rights().items():
        for holder, place in ((dan, why), (library, f"{check}192.0.2.130")):
            right = make_right(holder, article.journal, "complimentary" if holder is dan else "", **fields)
            ask(f"{case} of {holder}", place)
            right.delete()
    for kind in ("rental", "cme", "gift"):
        right = make_right(dan, article, kind)
        ask(kind, why)
        right.delete()
    for place in (why, f"{check}192.0.200.1", f"{check}192.0.2.7", f"{check}2001:db8::1"):
        ask(f"nothing, {place}", place)
    assert not unmarked, "\n".join(f"{one}: {sorted(found)}" for one, found in unmarked.items())
    whole = "\n".join(told)
    for words in ("Beendet", "3 Stunden", "um 3 Adressen", "50.562", "Ihr Zugang endete am", "ohne Ende", "Uhr"):
        assert words in whole, (words, whole)


def test_what_is_prepared_at_import_is_prepared_in_each_language_and_made_anew_with_it(two_languages: None) -> None:
    """Header, tools, notices, first page and the headings that are ours; the article's own words stay its own."""
    about = 'related-article-type="corrected-article" ext-link-type="doi" xlink:href="10.5555/SAMPLE.1"'
    note = "<fn-group><fn fn-type='conflict'><p>The authors have none.</p></fn></fn-group>"
    correction = f"{DOI.replace('sample.1', 'sample.2')}{TITLE}{DATE}<related-article {about}/>"
    for xml in (make_xml(BODY, note), make_xml(BODY, meta=correction)):
        record = import_source(xml, "paper.xml")
        assert record.article_id, record.errors
        publish(Article.objects.get(pk=record.article_id))
    article = Article.objects.get(doi="10.5555/sample.1")
    page, text = PublicPage.objects.get(article=article), FullText.objects.get(article=article)
    assert list(page.spoken) == list(text.spoken) == ["de"]
    assert {"header", "aside", "notices", "abstract"} <= set(page.spoken["de"])
    assert "references" not in page.spoken["de"]
    for english, german in (
        (page.header, page.spoken["de"]["header"]), (page.aside, page.spoken["de"]["aside"]),
        (page.notices, page.spoken["de"]["notices"]), (page.abstract, page.spoken["de"]["abstract"]),
        (text.aside, text.spoken["de"]["aside"]),
    ):  # fmt: skip
        assert english != german
        assert not ENGLISH_DAY.search(HTMLParser(german).text(separator=" "))
    assert "Inhalt" in text.spoken["de"]["aside"]
    alice = make_user("alice@example.org")
    make_right(alice, article)
    visitor = in_german(Client()).get(article.get_absolute_url()).content.decode()
    owner = in_german(signed_in(alice)).get(article.get_absolute_url()).content.decode()
    assert all(part in visitor for part in page.spoken["de"].values())
    assert text.spoken["de"]["aside"].split('class="tool-need"')[0] in owner  # what follows is said to each reader
    assert page.header in Client().get(article.get_absolute_url()).content.decode()
    PublicPage.objects.update(spoken={})
    FullText.objects.update(spoken={})
    call_command("rerender", verbosity=0)
    assert PublicPage.objects.get(article=article).spoken == page.spoken
    assert FullText.objects.get(article=article).spoken == text.spoken
    picture = {"name": "p1.webp", "width": 600, "height": 800, "sha256": "0" * 64, "content_type": "image/webp"}
    ArticleFile.objects.create(article=article, kind="preview", size=3, file=ContentFile(b"abc", "p1.webp"), **picture)
    call_command("rerender", verbosity=0)
    assert "Seite des Artikels" in PublicPage.objects.get(article=article).spoken["de"]["first_page"]


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
                and not words.startswith(("doi:", "©", "/", "http", *PRESCRIBED))
                and not ORDER_NUMBER.fullmatch(words)
                and words not in UNMARKED | _data()
            ):
                yield words


ORDER_NUMBER = re.compile(r"[A-Z0-9]{4}-[A-Z0-9]{4}")


def _attributes(node: Node) -> Iterator[str]:
    for name in ("aria-label", "alt", "title", "placeholder"):
        if node.attributes.get(name):
            yield str(node.attributes[name])


def _data() -> set[str]:
    journal = make_journal()
    titles = Article.objects.values_list("title", flat=True)
    return {journal.title, journal.publisher, journal.abbreviation, "What everybody may read", *titles}
