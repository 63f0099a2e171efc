"""Saving, sharing and alerts: what a reader asks the journal to keep, and the mail that comes of it."""

import io
import json
import re
import zipfile
from datetime import date, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import User
from accounts.privacy import ask_to_erase, erase, make_copy
from journal import alerts
from journal.models import Article, MetadataRecord, Relation
from journal.pages import date_by_relations
from journal.reader_models import Alert, AlertMail, Folder, Happening, Recipient, SavedArticle
from journal.related_models import BoxLayout
from journal.search import upkeep
from journal.topic_models import Topic, draw_paths
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_article, make_issue, make_journal, make_right, make_user

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate()


@pytest.fixture(autouse=True)
def own_index(settings: Any, tmp_path: Any) -> None:
    settings.SEARCH_FOLDER = tmp_path
    make_journal()


def test_an_article_is_saved_to_a_folder_moved_and_removed(dan: User, article: Article) -> None:
    path, reader = f"{article.get_absolute_url()}save/", signed_in(dan)
    assert Client().get(path)["Location"] == f"/accounts/login/?next={path}"
    assert reader.post(path, {"new_folder": " To   read "})["Location"] == article.get_absolute_url()
    folder = Folder.objects.get(user=dan)
    assert folder.name == "To read"
    assert "On waiting herons" in reader.get(f"/saved/?folder={folder.pk}").content.decode()
    assert "Preview</span>" in reader.get("/saved/").content.decode()
    reader.post(path, {"folder": ""})
    assert "This folder is empty" in reader.get(f"/saved/?folder={folder.pk}").content.decode()
    strangers = Folder.objects.create(user=make_user(), name="Not yours")
    assert "Select a valid choice" in reader.post(path, {"folder": strangers.pk}).content.decode()
    reader.post("/saved/remove/", {"folder": strangers.pk})
    reader.post("/saved/remove/", {"folder": folder.pk})
    assert [row.name for row in Folder.objects.all()] == ["Not yours"]
    reader.post("/saved/remove/", {"doi": article.doi})
    assert not SavedArticle.objects.exists()
    assert "not saved an article yet" in reader.get("/saved/").content.decode()


def test_a_colleague_gets_the_link_and_the_form_is_no_way_to_send_spam(
    dan: User, article: Article, visitor: Client
) -> None:
    path = f"{article.get_absolute_url()}share/"
    said = {"name": "Ada", "to": "bob@example.org", "note": "Buy cheap pills at http://spam.example"}
    assert "on its way" in visitor.post(path, said).content.decode()
    assert "pills" not in mail.outbox[0].body  # a visitor has no words of their own
    assert article.get_absolute_url() in mail.outbox[0].body
    assert SECRET_SENTENCE not in mail.outbox[0].body
    signed_in(dan).post(path, {**said, "note": "See page 2.", "to": "carol@example.org"})
    assert "See page 2." in mail.outbox[1].body
    assert visitor.post(path, {**said, "name": "http://spam.example"}).status_code == 400
    assert visitor.post(path, {**said, "name": "A\r\nBcc: x"}).status_code == 200
    assert "\n" not in mail.outbox[2].subject
    answers = [visitor.post(path, said).status_code for _ in range(5)]
    assert answers[-1] == 400
    assert len(mail.outbox) == 6  # five a day to one address, and the one to carol


def test_permissions_say_the_license_or_whom_to_ask(visitor: Client, article: Article) -> None:
    MetadataRecord.objects.create(article=article, facts={"copyright": "© 2026 Test Press"})
    page = visitor.get(f"{article.get_absolute_url()}permissions/").content.decode()
    assert "© 2026 Test Press" in page
    assert "All rights are reserved" in page
    Article.objects.update(license_url="https://creativecommons.org/licenses/by/4.0/")
    assert "creativecommons.org" in visitor.get(f"{article.get_absolute_url()}permissions/").content.decode()


def ask(client: Client, query: str, *kinds: str, email: str = "reader@example.org", rhythm: str = "daily") -> str:
    answer = client.post(f"/alerts/?{query}", {"email": email, "kind": kinds, "rhythm": rhythm})
    assert answer.status_code == 200
    return answer.content.decode()


def deliver(day: date = TODAY) -> list[Any]:
    """The upkeep, the morning's digests, and their jobs. What was mailed."""
    upkeep.catch_up()
    before = len(mail.outbox)
    for row in alerts.gather(day):
        alerts.send(row)
    return mail.outbox[before:]


def test_nothing_is_sent_before_somebody_at_the_address_presses_confirm(visitor: Client) -> None:
    assert "Look into your mail" in ask(visitor, "", "issue", "online")
    link = re.search(r"/alerts/\S+/", mail.outbox[0].body)[0]  # type: ignore[index]
    assert "Nothing is sent to this address before" in visitor.get(link).content.decode()  # as a mail scanner does
    make_article(title="Too early to tell")
    assert deliver() == []
    visitor.post(link, {"confirm": "1"})
    make_article(title="Online tonight", published_online=TODAY)
    issue = make_issue(published_on=TODAY)
    make_article(title="In the issue", issue=issue, published_online=TODAY)
    (digest,) = deliver(TODAY + timedelta(days=1))
    assert "Online tonight" in digest.body
    assert str(issue) in digest.body
    assert "Too early" not in digest.body
    assert digest.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    stop = digest.extra_headers["List-Unsubscribe"].strip("<>").removeprefix("http://testserver")
    assert "Stop all alerts?" in visitor.get(stop).content.decode()
    assert Alert.objects.count() == 2
    assert Client(enforce_csrf_checks=True).post(stop, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert not Alert.objects.exists()
    assert (
        visitor.get("/alerts/guessed-token/").status_code
        == visitor.post("/alerts/guessed-token/stop/").status_code
        == 404
    )


def test_each_kind_tells_of_what_it_is_about_and_only_once(dan: User) -> None:
    reader = signed_in(dan)
    Topic.objects.create(name="Birds", slug="birds", keywords=["birds"])
    draw_paths()
    mine = make_article(
        title="Mine", free_from=TODAY + timedelta(days=400), published_online=TODAY - timedelta(days=300)
    )
    make_article(
        title="Before", authors=[{"given": "Ada", "surname": "Heron"}], published_online=TODAY - timedelta(days=300)
    )
    upkeep.catch_up()
    SavedArticle.objects.create(user=dan, article=mine)
    bought, read = make_article(title="Bought"), make_article(title="Read by subscription")
    make_right(dan, bought)
    make_right(dan, bought.journal, "subscription")
    assert "News goes to" in ask(reader, "topic=birds", "topic", email=dan.email)
    ask(reader, "author=ada-heron", "author", email=dan.email)
    ask(reader, f"doi={mine.doi}", "citing", "correction", "free", email=dan.email)
    ask(reader, "", "saved", email=dan.email)
    assert mail.outbox == []  # an account's own confirmed address
    assert deliver() == []
    make_article(title="A bird", keywords=["Birds"], published_online=TODAY)
    make_article(title="By Ada", authors=[{"given": "Ada", "surname": "Heron"}], published_online=TODAY)
    citing = make_article(title="Citing", published_online=TODAY)
    MetadataRecord.objects.create(article=citing, facts={"references": [{"doi": mine.doi}]})
    make_article(title="Nothing of it", published_online=TODAY)
    make_article(title="Draft bird", keywords=["birds"], status=Article.Status.DRAFT)
    notice = make_article(title="Notice", article_type="correction", published_online=TODAY)
    Relation.objects.create(article=notice, kind=Relation.Kind.CORRECTION, target_doi=mine.doi)
    for one in (bought, read):
        Relation.objects.create(article=notice, kind=Relation.Kind.CORRECTION, target_doi=one.doi)
        date_by_relations(one)
    date_by_relations(mine)
    mine.free_from = TODAY
    mine.save()
    (digest,) = deliver()
    parts = dict(re.findall(r"^([A-Z][^\n]+)\n\n  ([^\n]+)", digest.body, re.MULTILINE))
    assert parts["New articles on a topic: Birds"] == "A bird"
    assert parts["New articles by an author: Ada Heron"] == "By Ada"
    assert parts["Citations of an article: Mine"] == "Citing"
    assert "Corrected: Mine" in digest.body
    assert "Corrected: Bought" in digest.body
    assert "Read by subscription" not in digest.body  # which articles a subscriber reads is not kept
    assert "Nothing of it" not in digest.body + str(digest.alternatives)
    assert "Draft bird" not in digest.body
    assert SECRET_SENTENCE not in digest.body + str(digest.alternatives)
    assert not Alert.objects.filter(kind="free").exists()  # it happens once
    for article in Article.objects.all():
        article.save()  # seen again by the upkeep
    assert deliver(TODAY + timedelta(days=1)) == []


def test_how_often_is_chosen_by_a_visitor_too_and_changed_by_nobody_else_afterwards(visitor: Client, dan: User) -> None:
    ask(visitor, "", "issue", rhythm="weekly")
    recipient = Recipient.objects.get()
    assert recipient.rhythm == "weekly"
    Recipient.objects.update(confirmed_at=timezone.now())
    for client in (visitor, signed_in(dan)):
        ask(client, "", "online", rhythm="daily")
    recipient.refresh_from_db()
    assert (recipient.rhythm, recipient.alerts.count()) == ("weekly", 2)


def test_a_weekly_digest_comes_on_mondays(dan: User) -> None:
    ask(signed_in(dan), "", "online", email=dan.email, rhythm="weekly")
    make_article(title="New", published_online=TODAY)
    monday = TODAY + timedelta(days=-TODAY.weekday() % 7)
    assert [len(deliver(monday + timedelta(days=n))) for n in (1, 3, 6, 7, 14)] == [0, 0, 0, 1, 0]


def test_a_crash_sends_no_digest_twice_and_a_refusing_server_gets_it_again(dan: User, monkeypatch: Any) -> None:
    ask(signed_in(dan), "", "online", email=dan.email)
    make_article(title="New", published_online=TODAY)
    upkeep.catch_up()
    (digest,) = alerts.gather(TODAY)
    assert alerts.gather(TODAY) == []  # the job ran twice

    class Killed(BaseException):
        pass

    def refuse(*_: Any, **__: Any) -> None:
        raise ConnectionRefusedError("no server")

    compose = alerts._compose
    monkeypatch.setattr(alerts.EmailMultiAlternatives, "send", refuse)
    assert alerts.send(digest) is False
    assert alerts.waiting() == [digest]
    assert AlertMail.objects.get().error == "no server"
    monkeypatch.undo()

    def killed(row: AlertMail) -> Any:
        compose(row).send()
        raise Killed

    monkeypatch.setattr(alerts, "_compose", killed)
    with pytest.raises(Killed):
        alerts.send(digest)  # it went out, and the process died before it could say so
    monkeypatch.undo()
    assert alerts.waiting() == []
    assert alerts.send(digest) is False
    assert len(mail.outbox) == 1


def test_the_form_is_bounded_and_tells_nobody_who_has_alerts(visitor: Client, dan: User, article: Article) -> None:
    known = ask(signed_in(dan), "", "online", email=dan.email)
    assert "News goes to" in known
    stranger = ask(visitor, "", "online", email=dan.email)
    assert stranger.replace(dan.email, "x") == ask(visitor, "", "online", email="new@example.org").replace(
        "new@example.org", "x"
    )
    assert Recipient.objects.get(email=dan.email).rhythm == "daily"
    for _ in range(4):
        ask(visitor, f"doi={article.doi}", "citing", email="victim@example.org")
    assert len([one for one in mail.outbox if one.to == ["victim@example.org"]]) == 3
    assert (
        "saved"
        not in visitor.get("/alerts/").content.decode().partition('<form class="form')[2].partition("</form>")[0]
    )
    for query in ("topic=none", "collection=none", "author=no\x00body", "doi=10.5555/none"):
        assert visitor.get(f"/alerts/?{query}").status_code == 404
    Recipient.objects.filter(confirmed_at=None).update(created_at=timezone.now() - timedelta(days=8))
    alerts.forget()
    assert [one.email for one in Recipient.objects.all()] == [dan.email]


def test_a_back_file_and_the_first_run_are_no_news(dan: User) -> None:
    ask(signed_in(dan), "", "online", email=dan.email)
    make_article(title="Of long ago", published_online=TODAY - timedelta(days=400))
    assert deliver() == []
    assert not Happening.objects.exists()


def test_the_tools_say_what_each_needs(article: Article) -> None:
    owner = make_user()
    make_right(owner, article)
    renter, stranger = make_user(), make_user()
    now = timezone.now()
    make_right(renter, article, "rental", opened_at=now, ends_at=now + timedelta(hours=40))
    for reader in (Client(), *map(signed_in, (owner, renter, stranger))):
        page = reader.get(article.get_absolute_url()).content.decode()
        for word in ("save/", "share/", "permissions/", "/alerts/?doi="):
            assert word in page
        signed = "Sign out" in page
        assert ("Needs an account" in page, "To your list" in page) == (not signed, signed)


def test_the_copy_holds_what_a_reader_kept_and_being_forgotten_ends_it(dan: User, article: Article) -> None:
    folder = Folder.objects.create(user=dan, name="To read")
    SavedArticle.objects.create(user=dan, article=article, folder=folder)
    BoxLayout.objects.create(user=dan, order=["cited_by"])
    for email, user in ((dan.email, dan), ("other@example.org", None)):
        recipient = Recipient.objects.create(email=email, user=user, confirmed_at=timezone.now())
        Alert.objects.create(recipient=recipient, kind=Alert.Kind.CITING, article=article)
        AlertMail.objects.create(key=email, recipient=recipient)
    told = json.loads(zipfile.ZipFile(io.BytesIO(make_copy(dan))).read("everything.json"))
    assert told["saved_articles"][0]["folder__name"] == "To read"
    assert [row["article__doi"] for row in told["alerts"]] == [article.doi]
    assert (len(told["alert_mails"]), len(told["alert_addresses"]), len(told["boxes"])) == (1, 1, 1)
    erase(ask_to_erase(dan))
    assert [recipient.email for recipient in Recipient.objects.all()] == ["other@example.org"]
    assert (Alert.objects.count(), AlertMail.objects.count()) == (1, 1)
    assert not any(model.objects.exists() for model in (SavedArticle, Folder, BoxLayout))
