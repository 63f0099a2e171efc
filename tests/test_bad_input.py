"""What no browser sends: the right status, no traceback, nothing forged in the log. And the headers of every answer."""

import logging
import re
from pathlib import Path

import pytest
from django.core.files.storage import storages
from django.db import OperationalError, connection, transaction
from django.test import Client

from accounts.models import User
from journal.models import Article
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_journal, make_user

STRANGE_PATHS = [
    ("/\x00/", 404),
    ("/%00/", 404),
    ("/doi/10.5555/%00/", 404),
    ("/search/?q=%00", 200),
    ("/authors/?letter=%00", 200),
    ("/search/?q=" + "a" * 100_000, 200),
    ("/search/?q=" + "%F0%9F%98%80" * 2000, 200),
    ("/search/?q=" + "(" * 5000, 200),
    ("/search/?q=%FF%FE", 200),
    ("/search/?page=" + "9" * 400, 200),
    ("/search/?page=-1&year=999999999999", 200),
    ("/online-first/?page=10000000000", 200),
    ("/offers/99999999999999999999999/order/", 404),
    ("/receipts/99999999999999999999999/", 302),
    ("/doi/10.5555/../../etc/passwd/", 404),
    ("/doi/10.5555/%2e%2e%2f%2e%2e%2fetc%2fpasswd/files/..%2f..%2fsettings.py", 301),
    ("/doi/10.5555/x/files/%0d%0aSet-Cookie:%20a=b", 404),
    ("/issues/%F0%9F%98%80/%FF/", 404),
    ("/%2F%2Fevil.example/", 404),
    ("/accounts/login/?next=//evil.example", 200),
    ("/accounts/login/?next=javascript:alert(1)", 200),
    ("/" + "a/" * 4000, 404),
    ("/oai/?verb=ListRecords&resumptionToken=%27%22%3C", 200),
    ("/openurl?" + "&".join(f"k{n}=v" for n in range(2000)), 400),
]


def plain(answer) -> str:
    body = answer.content.decode("utf-8", "replace")
    for word in ("Traceback", "django.db", "psycopg", "/site-packages/", "SECRET_KEY"):
        assert word not in body
    return body


@pytest.mark.parametrize(("path", "status"), STRANGE_PATHS, ids=lambda value: str(value)[:40])
def test_a_strange_address_is_answered_plainly(article: Article, path: str, status: int) -> None:
    answer = Client(raise_request_exception=False).get(path)
    assert answer.status_code in {status, 302} - ({302} if status in (400, 404) else set()), answer.status_code
    assert SECRET_SENTENCE not in plain(answer)


@pytest.mark.parametrize("method", ["TRACE", "PUT", "PATCH", "DELETE", "CONNECT", "PROPFIND", "x"])
def test_other_methods_are_refused(article: Article, method: str) -> None:
    for path in ("/", article.get_absolute_url(), "/accounts/login/", "/nothing/"):
        answer = Client().generic(method, path, headers={"X-Secret": "came back"})
        assert answer.status_code == 405
        assert answer.headers["Allow"]
        assert b"came back" not in answer.content


@pytest.mark.parametrize("host", ["evil.example", "testserver:80:80", "testserver@evil.example", "[::1", "a b", "\xff"])
def test_another_s_host_name_is_refused_and_never_repeated(article: Article, host: str) -> None:
    answer = Client(raise_request_exception=False).get("/accounts/password/reset/", headers={"Host": host})
    assert answer.status_code == 400
    assert "evil.example" not in plain(answer)


def test_what_cannot_be_read_gets_a_page_that_says_why_and_needs_no_database(article: Article, settings) -> None:
    """With the site's style, the way to its real address, and nothing of what was sent."""
    settings.SITE_URL, settings.SECURE_SSL_REDIRECT = "https://journal.example.org", False

    def away(*_: object) -> None:
        raise OperationalError("away")

    big, many = b"login=" + b"evil" * 800_000, b"&".join(b"evil%d=x" % n for n in range(1500))
    form = "application/x-www-form-urlencoded"
    browser = Client(raise_request_exception=False)
    with connection.execute_wrapper(away):
        answers = [
            (browser.get("/search/?q=evil", headers={"Host": "evil.example"}), 400, "This is not the site"),
            (browser.generic("POST", "/accounts/login/", big, form), 413, "That is too much at one time"),
            (browser.generic("POST", "/accounts/login/", many, form), 400, "That is too much at one time"),
        ]
        settings.SECURE_SSL_REDIRECT = True  # before any policy of the site's is there
        early = Client(raise_request_exception=False)
        answers.append((early.get("/", headers={"Host": "evil.example"}), 400, "This is not the site"))
    for answer, status, title in answers:
        page = plain(answer)
        assert answer.status_code == status
        assert f"<h1>{title}" in page
        assert 'rel="stylesheet"' in page
        assert 'href="https://journal.example.org/"' in page
        assert "evil" not in page
        assert "style-src 'self'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    "cookie",
    [
        "session=" + "a" * 9000, "session=\x01\x02", "session=%00", "=;=;;;", "session", "session=a; session=b",
        "csrf=<script>",
    ],
    ids=lambda value: repr(value)[:24],
)  # fmt: skip
def test_a_malformed_cookie_is_a_visitor(article: Article, cookie: str) -> None:
    for path in ("/", article.get_absolute_url(), "/my-access/"):
        answer = Client(raise_request_exception=False).get(path, headers={"Cookie": cookie})
        assert answer.status_code in (200, 302)
        assert SECRET_SENTENCE not in plain(answer)


def test_forms_with_a_nul_or_too_much_in_them_are_refused(article: Article, dan: User) -> None:
    client = signed_in(dan)
    client.raise_request_exception = False
    sent = [
        ("/account/profile/", {"name": "a\x00b"}), ("/accounts/login/", {"login": "a\x00@b.c", "password": "\x00"}),
        ("/saved/remove/", {"doi": "\x00"}), ("/saved/remove/", {"folder": "9" * 30}), ("/redeem/", {"code": "\x00"}),
        ("/purchases/find/", {"email": "\x00"}), ("/membership/", {"number": "\x00", "name": "\x00"}),
    ]  # fmt: skip
    for path, data in sent:
        with transaction.atomic():
            answer = client.post(path, data)
            transaction.set_rollback(True)
        assert answer.status_code in (200, 302, 400, 404), (path, answer.status_code)
        plain(answer)
    many = {f"f{n}": "x" for n in range(1500)}
    assert client.post("/account/profile/", many).status_code == 400
    big = client.generic("POST", "/account/profile/", b"name=" + b"a" * 3_000_000, "application/x-www-form-urlencoded")
    assert big.status_code == 413
    broken = client.generic("POST", "/account/profile/", b"--x\r\n\r\n", "multipart/form-data; boundary=y")
    assert broken.status_code in (200, 400)


HOSTILE_NAMES = [
    "../../../../etc/cron.d/x.xml", "..\\..\\x.xml", "/etc/passwd", "C:\\boot.ini", "a\x00.xml", "a\r\nX-Evil: 1.xml",
    "x" * 5000 + ".xml",
    ".htaccess", "\u202elmx.exe", "con.xml", "{name}.xml", "%s%n.xml", "$(id).xml", "<script>.xml",
    "a/b/../../c.xml", "",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: repr(name)[:20])
def test_a_hostile_file_name_names_nothing_on_our_disk(alice: User, settings, name: str) -> None:
    """What staff and readers send is kept under names of ours, inside its folder, and no header is made of theirs."""
    make_journal()
    edith = signed_in(make_user("edith@example.org", groups=["Editor"], is_staff=True))
    quoted = name.replace("\r\n", "%0D%0A").replace('"', "%22")
    for client, path, field, fields in (
        (edith, "/admin/journal/article/import/", "uploads", {}),
        (signed_in(alice), "/my-access/training/", "document", {"program": "Neurology", "ends_on": "2030-01-01"}),
    ):
        client.raise_request_exception = False
        head = "--b\r\nContent-Disposition: form-data; name="
        parts = [f'{head}"{key}"\r\n\r\n{value}\r\n' for key, value in fields.items()]
        parts.append(f'{head}"{field}"; filename="{quoted}"\r\n\r\n%PDF-1.7 x\r\n--b--\r\n')
        answer = client.generic("POST", path, "".join(parts).encode(), "multipart/form-data; boundary=b")
        assert answer.status_code in (200, 302, 400), (path, answer.status_code)
        plain(answer)
        assert "X-Evil" not in answer.headers
    for kind in ("imports", "proofs"):
        root = Path(storages[kind].path("")).resolve()
        for stored in root.rglob("*"):
            assert stored.resolve().is_relative_to(root)
            assert re.fullmatch(r"[\w.-]{1,120}", stored.name, re.ASCII), stored.name
    assert not (settings.VAR_DIR / "cron.d").exists()


def test_a_parameter_twice_is_read_once(article: Article) -> None:
    """The last one counts, in every place alike; an array is text."""
    for path in ("/search/?q=herons&q=waiting", "/search/?q[]=herons&q[$ne]=1", "/online-first/?page=1&page=2"):
        assert Client().get(path).status_code == 200
    page = Client().get("/search/?q=herons&q=waiting").content.decode()
    assert 'value="waiting"' in page
    assert 'value="herons"' not in page


def test_nothing_of_a_request_writes_a_line_of_its_own_into_the_log(article: Article, caplog) -> None:
    client = Client(raise_request_exception=False)
    with caplog.at_level(logging.DEBUG):
        client.get("/nothing%0d%0aERROR%20forged:%20line/", headers={"User-Agent": "a\r\nERROR forged: agent"})
        client.get("/", headers={"Host": "evil\r\nERROR forged: host"})
        client.get("/", headers={"X-Request-ID": "a\r\nERROR forged: id"})
        client.post("/stripe/webhook/", b"\r\nERROR forged: body", "application/json")
    formatter = logging.Formatter("%(levelname)s %(name)s: %(message)s")
    for record in caplog.records:
        message = formatter.format(record).split("\nTraceback", 1)[0]
        assert not [line for line in message.splitlines()[1:] if line.startswith("ERROR forged")], message


HEADERS = {
    "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin",
}  # fmt: skip


def test_every_kind_of_answer_has_the_headers(article: Article, alice: User, settings, rf) -> None:
    place = article.get_absolute_url()
    paths = ["/", place, f"{place}article.pdf", "/feed/", "/brand.css", "/nothing/", "/accounts/login/", "/admin/",
             "/sushi/r51/status", "/oai/?verb=Identify", "/search/?q=%00", f"{place}citation.ris"]  # fmt: skip
    settings.SECURE_HSTS_SECONDS = 63_072_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    for client in (Client(), signed_in(alice)):
        for path in paths:
            answer = client.get(path, secure=True)
            for name, value in HEADERS.items():
                assert answer.headers.get(name) == value, (path, name)
            policy = answer.headers["Content-Security-Policy"]
            assert "default-src 'none'" in policy, path
            assert "frame-ancestors 'none'" in policy, path
            assert "unsafe" not in policy, path
            assert answer.headers["Strict-Transport-Security"].startswith("max-age=63072000; includeSubDomains"), path
            assert "camera=()" in answer.headers["Permissions-Policy"], path
            assert "Access-Control-Allow-Origin" not in answer.headers, path
            kind = answer.headers["Content-Type"].lower()
            assert "charset=utf-8" in kind or kind in ("application/json", "application/pdf"), path
