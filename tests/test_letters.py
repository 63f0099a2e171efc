"""Every letter of the site, in all its forms: complete, in two forms that say the same, nothing from elsewhere."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.letters import FORMS, Letter, letters, names
from tests.make import make_journal

pytestmark = pytest.mark.django_db
LINK = re.compile(r"https?://[^\s\"'<>)]+")
#: In the frame of each HTML letter, or told by a button in other words.
ONLY_IN_TEXT = ("https://journal.example.org/accounts/sessions/",)


class Told(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_every_letter_is_whole_in_both_forms_and_loads_nothing(settings: Any) -> None:
    settings.SITE_URL = "https://journal.example.org"
    make_journal()
    written = list(letters())
    assert len(written) >= len(names()) + sum(len(forms) - 1 for forms in FORMS.values())
    assert set(FORMS) <= set(names())
    for letter in written:
        whole(letter)


def whole(letter: Letter) -> None:
    name, told = letter.name, Told(letter.html)
    assert 5 < len(letter.subject) < 160, name
    assert "\n" not in letter.subject, name
    for said in (letter.subject, letter.text, " ".join(told.words)):
        assert not re.search(r"\{[{%]|\bNone\b|&(?:amp|quot|#x27);", said), (name, said)
    assert not re.search(r"\n{4}", letter.text), name
    kinds = [tag for tag, _ in told.tags]
    assert kinds.count("main") == 1, name
    assert kinds.count("h1") <= 1 or "digest" in name, name
    assert not {"img", "script", "link", "form", "iframe"} & set(kinds), name
    assert dict(told.tags[0][1])["lang"], name
    assert "prefers-color-scheme: dark" in letter.html, name
    assert len(letter.html) < 20_000, name
    linked = {str(attrs["href"]) for tag, attrs in told.tags if tag == "a"}
    assert all(address.startswith(("https://", "mailto:")) for address in linked), (name, linked)
    for address in LINK.findall(letter.text):
        assert address.rstrip(".,") in linked | {"https://journal.example.org"} or address in ONLY_IN_TEXT, (
            name,
            address,
        )
    for amount in re.findall(r"[$€]\d[\d.,]*\d", letter.text):
        assert amount in letter.html, (name, amount)
