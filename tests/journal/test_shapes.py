"""The article's page that is put together from a shape is, word for word, what its template says."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client

from config import frame
from config.templatetags import shape_tags
from journal.kept_parts import NAME
from journal.models import Article, PublicPage
from tests.make import SECRET_SENTENCE, make_article, make_institution, make_issue, make_offer, make_right, make_user

NETWORK, HOME = "192.0.2.7", "198.51.100.7"


def with_parts(**parts: str) -> Callable[[Article], Any]:
    return lambda article: PublicPage.objects.filter(article=article).update(**parts)


KINDS: dict[str, Callable[[Article], Any]] = {
    "plain": lambda _: None,
    "a title with signs": lambda article: Article.objects.filter(pk=article.pk).update(title="A < B & 'C' “D”"),
    "retracted": lambda article: Article.objects.filter(pk=article.pk).update(retracted_on=date(2026, 1, 2)),
    "with a notice": with_parts(notices='<div class="alert">Corrected.</div>'),
    "all parts": with_parts(
        header="<h1>H</h1>", abstract="<p>A</p>", first_page="<figure>1</figure>",
        references="<ol>R</ol>", information="<dl>I</dl>", head='<meta name="x" content="y">', aside="<nav>A</nav>",
    ),
    "no parts": with_parts(abstract="", first_page="", references="", information="", notices=""),
    "no tools prepared": with_parts(aside=""),
    "a switch between languages": with_parts(abstract='<div class="languages">x</div>'),
    "not for sale": lambda article: Article.objects.filter(pk=article.pk).update(is_for_sale=False),
}  # fmt: skip


@pytest.mark.django_db
def test_a_shape_says_what_the_template_says_of_every_kind_of_article(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.FRAME_SECONDS, settings.STRIPE_SECRET_KEY = 60, "sk_test_sim_x"
    frame.forget()
    make_offer("purchase", amount=3000)
    make_offer("subscription", amount=9000, interval="year")
    issue, signed_in, told = make_issue(), Client(), Client()
    signed_in.force_login(make_user())
    told.cookies["messages"] = "none of ours"
    campus = make_institution("192.0.2.0/24")
    everybody: list[tuple[str, Client, str]] = [
        ("a visitor", Client(), HOME), ("the next", Client(), "198.51.100.8"), ("on a campus", Client(), NETWORK),
        ("signed in", signed_in, HOME), ("a message", told, HOME),
    ]  # fmt: skip
    articles = {}
    for kind, change in KINDS.items():
        articles[kind] = make_article(title=f"Of {kind}", issue=issue)
        change(articles[kind])
    for kind, article in articles.items():
        path = article.get_absolute_url()
        for who, client, ip in everybody:
            shown = client.get(path, REMOTE_ADDR=ip)
            with monkeypatch.context() as patched:
                patched.setattr(shape_tags, "_is_plain", lambda *_: False)
                expected = client.get(path, REMOTE_ADDR=ip)
            assert shown.status_code == expected.status_code == 200
            same = [without_token(answer.content) for answer in (shown, expected)]
            assert same[0] == same[1], (kind, who)
            assert SECRET_SENTENCE not in same[0], (kind, who)
            assert "\0" not in same[0], (kind, who)
            assert shown["Cache-Control"] == expected["Cache-Control"]
    kept = frame.current()
    assert kept is not None
    assert len([key for key in kept[NAME] if key[0] == "shape"]) == 3, "plain, retracted, and with a notice"

    # What the next visitor may read is no matter of shapes.
    path = articles["plain"].get_absolute_url()
    make_right(campus, articles["plain"].journal)
    assert SECRET_SENTENCE in Client().get(path, REMOTE_ADDR=NETWORK).content.decode()
    assert SECRET_SENTENCE not in Client().get(path).content.decode()


def without_token(content: bytes) -> str:
    before, name, rest = content.decode().partition('name="csrfmiddlewaretoken" value="')
    return before + name + rest[64:]
