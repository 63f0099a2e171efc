"""Habits of the whole code: what is never done anywhere, and what every page has (docs/asvs.md)."""

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core import signing
from django.test import Client

from accounts.models import User
from desk.actions.reply_texts import sentence
from journal.models import Article
from subscriptions.claiming import path_of as claim_path
from subscriptions.institutions.seats import path_of as seat_path
from tests.accounts.steps import ask_for_code, mailed_code
from tests.conftest import signed_in
from tests.make import make_journal, make_right, make_user
from tests.mutations import MUTATIONS

ROOT = Path(__file__).parent.parent
APPS = ("accounts", "journal", "subscriptions", "cme", "desk", "config")
SECRETS = runpy.run_path(str(ROOT / "bin/secrets.py"))
AUDIT = runpy.run_path(str(ROOT / "bin/audit.py"))


@pytest.fixture(scope="module")
def calls() -> list[tuple[str, str, ast.Call]]:
    """(file, name, call) of every call in the product: `os.system`, `.xpath`, `eval`."""
    found = []
    for app in APPS:
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" not in path.parts:
                found += [(str(path.relative_to(ROOT)), *one) for one in named(ast.parse(path.read_text()))]
    assert len(found) > 5000
    return found


def named(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func) if not isinstance(node.func, ast.Attribute) else _attribute(node.func), node


def _attribute(function: ast.Attribute) -> str:
    return f"{function.value.id}.{function.attr}" if isinstance(function.value, ast.Name) else f".{function.attr}"


def says(call: ast.Call, name: str) -> Any:
    return next((ast.unparse(one.value) for one in call.keywords if one.arg == name), None)


def test_nothing_that_comes_in_is_run_formatted_or_unpacked(calls: list[tuple[str, str, ast.Call]]) -> None:
    """No eval, no shell, no pickles of others, no XPath, template or format string that is put together at run time."""
    never = {"eval", "exec", "os.system", "os.popen", "marshal.loads", "yaml.load", "Template", ".from_string"}
    assert [(file, name) for file, name, _ in calls if name in never] == []
    pickles = {file for file, name, _ in calls if name.startswith(("pickle.", "shelve."))}
    assert pickles == {"journal/worker.py"}, "which speaks to a child of its own"
    assert [file for file, _, call in calls if says(call, "shell") not in (None, "False")] == []
    asked = [(file, call) for file, name, call in calls if name.endswith(".xpath")]
    assert all(isinstance(call.args[0], ast.Constant) for _, call in asked), asked
    for file, name, call in calls:
        if name.endswith(".format") and isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            said = call.func.value.id
            assert said.isupper() or said in ("words", "then", "probe", "template"), (file, said)


def test_whoever_is_called_is_on_the_list(calls: list[tuple[str, str, ast.Call]]) -> None:
    """docs/security.md, "Who is talked to": a module that begins to call somebody else is entered there and here."""
    roads = (
        "requests.",
        "urllib.request.",
        "http.client.",
        "socket.create_connection",
        "stripe.StripeClient",
        "httpx.",
    )
    callers = {file for file, name, _ in calls if name.startswith(roads) and not name.endswith("Exception")}
    assert callers == {
        "journal/crossref/sending.py", "journal/elsewhere.py", "subscriptions/doctor.py", "subscriptions/gateway.py",
        "subscriptions/institutions/saml.py", "subscriptions/purging.py",
    }  # fmt: skip
    told = (ROOT / "docs/security.md").read_text().partition("## Who is talked to\n")[2].partition("\n## ")[0]
    for name in ("STRIPE_API_BASE", "S3_ENDPOINT", "Crossref", "ORCID", "OPENALEX_URL", "EUTILS_URL", "PURGE_URL"):
        assert name in told, name


def test_random_numbers_hashes_and_certificates(calls: list[tuple[str, str, ast.Call]]) -> None:
    guessable = {file for file, name, _ in calls if name.startswith("random.")}
    assert guessable <= {"subscriptions/sync.py"}, "it makes two retries meet less often"
    assert [file for file, name, _ in calls if name in ("hashlib.md5", "hashlib.sha1")] == []
    assert [file for file, _, call in calls if says(call, "verify") == "False"] == []
    asking = [
        (file, call) for file, name, call in calls if name in ("requests.get", "requests.post", "requests.request")
    ]
    assert len(asking) >= 3
    for file, call in asking:
        assert says(call, "allow_redirects") == "False", file
        assert says(call, "timeout"), file


def test_scripts_put_text_into_pages_and_keep_nothing_about_anybody() -> None:
    scripts = {path.name: path.read_text() for path in (ROOT / "static/js").rglob("*.js")}
    assert len(scripts) > 10
    words = ("eval(", "new Function", "document.write", "insertAdjacentHTML", "outerHTML", "postMessage", "__proto__",
             "sessionStorage", "indexedDB", "document.cookie", "document.domain", "XMLHttpRequest")  # fmt: skip
    assert [(name, word) for name, text in scripts.items() for word in words if word in text] == []
    for name, text in scripts.items():
        for written in re.findall(r"\.innerHTML\s*=\s*(.{1,40})", text):
            assert re.match(r"'|`|\"", written), (name, written)
    assert {name for name, text in scripts.items() if "localStorage" in text} == {"choice.js", "early.js"}
    kept = set(re.findall(r'localStorage\.\w+\("([\w-]+)"', scripts["early.js"]))
    assert kept == {"theme", "text-size"}


def test_pages_mark_as_safe_only_what_was_cleaned_at_import() -> None:
    """All else is escaped where it is put in. `help_text` is the forms' own."""
    prepared = {"abstract", "aside", "body", "entries", "first_page", "header", "information", "notes", "notices",
                "references", "html", "help_text"}  # fmt: skip
    pages = {path: path.read_text() for path in (ROOT / "templates").rglob("*.html")}
    assert [str(path) for path, text in pages.items() if "autoescape off" in text] == []
    named = {name for text in pages.values() for name in re.findall(r"(\w+)(?:\|\w+(?::\S+)?)*\|safe(?:seq)?\b", text)}
    assert len(named) > 10
    assert {name for name in named if not name.endswith("_html")} == prepared


def test_signing_out_is_on_every_page_and_no_demo_or_folder_is(alice: User, article: Article) -> None:
    reader = signed_in(alice)
    for path in (
        "/",
        article.get_absolute_url(),
        "/search/?q=x",
        "/my-access/",
        "/cme/",
        "/nothing/",
        "/account/profile/",
    ):
        assert 'action="/accounts/logout/"' in reader.get(path).content.decode(), path
    for path in (
        "/demo/",
        "/demo/mail/",
        "/static/",
        "/static/css/",
        "/media/",
        "/doi/",
        "/.git/config",
        "/.env",
        "/server-status",
    ):
        assert Client().get(path).status_code == 404, path


def test_over_http_there_is_only_the_way_to_https(article: Article, settings: Any) -> None:
    settings.SECURE_SSL_REDIRECT = True
    for path in ("/", article.get_absolute_url(), "/accounts/login/", "/oai/?verb=Identify"):
        answer = Client().get(path)
        assert (answer.status_code, answer["Location"]) == (301, f"https://testserver{path}")
    for path in ("/sushi/r51/reports/tr?api_key=k", "/kbart/k/x.txt", "/stripe/webhook/"):
        answer = Client().get(path)
        assert (answer.status_code, answer.text) == (403, "Ask over HTTPS."), "led on, programs would never notice"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "Ask over HTTPS" not in Client().get(path, secure=True).text


def test_a_new_site_has_no_accounts_and_a_form_sets_only_its_own_fields(dan: User) -> None:
    make_journal()
    User.objects.filter(pk=dan.pk).delete()
    assert not User.objects.exists(), "migrations make none"
    eve = make_user("eve@example.org")
    own = {"name": "Eve", "is_staff": "on", "is_superuser": "1", "email": "root@example.org", "held_for": "", "id": "1"}
    signed_in(eve).post("/account/profile/", own)
    made = {**own, "email": "new@example.org", "password1": "herons wait in the water"}
    Client().post("/accounts/signup/", made)
    assert set(User.objects.values_list("email", "is_staff", "is_superuser")) == {
        ("eve@example.org", False, False), ("new@example.org", False, False),
    }  # fmt: skip
    assert User.objects.get(pk=eve.pk).name == "Eve"
    asked = set(Client().get("/accounts/signup/").context["form"].fields)
    assert asked <= {"email", "password1", "name"}, "no secret question"
    assert [field.name for field in User._meta.get_fields() if "password" in field.name] == ["password"], (
        "it has no end"
    )


def test_mailed_codes_have_more_than_twenty_bits(dan: User) -> None:
    make_journal()
    codes = set()
    for _ in range(3):
        ask_for_code(Client(), dan.email)
        codes.add(mailed_code(dan.email))
    assert all(
        len(code.replace("-", "")) >= 8 and code.replace("-", "").isalnum() for code in codes
    )  # of 20 letters: 34 bits
    assert len(codes) == 3


def test_a_token_of_one_kind_opens_nothing_of_another(dan: User, article: Article) -> None:
    order = "0b9c1a56-7c2f-4f5e-9e5a-0f5b6f1f7a11"
    tokens = [
        claim_path(order).split("/")[-2],
        seat_path("x" * 16).split("/")[-2],
        signing.dumps(order),
        signing.dumps(order, salt="x"),
    ]
    reader = signed_in(dan)
    for token in tokens:
        for place in ("/purchases/claim/{}/", "/seat/{}/", "/gift/{}/", "/alerts/{}/", "/kbart/{}/"):
            assert reader.get(place.format(token)).status_code in (404, 410), (place, token)
        assert reader.get(f"/oai/?verb=ListRecords&resumptionToken={token}").text.count("badResumptionToken") == 1


def test_an_address_with_braces_in_it_is_only_an_address(article: Article) -> None:
    """What is said to a reader is put together of sentences with places for words in them."""
    reader = make_user("{find.__class__}@example.org")
    assert "{find.__class__}" not in sentence(reader, article)
    make_right(reader, article)
    assert "sign in as {find.__class__}@example.org" in sentence(reader, article)


def test_a_key_in_a_file_is_found_and_none_is_in_ours(tmp_path: Path) -> None:
    planted = {
        "aws": "AKIA" + "IOSFODNN7ABCDEFG", "stripe": "sk_live_" + "a1B2c3D4e5F6g7H8i9J0k1L2",
        "github": "ghp_" + "a" * 36,
        "key": "-----BEGIN RSA PRIVATE " + "KEY-----", "address": "postgresql://site:h3r0n" + "@db.example.org/x",
    }  # fmt: skip
    for name, secret in planted.items():
        (tmp_path / f"{name}.py").write_text(f'KEY = "{secret}"\n')
    found = SECRETS["found_in"]([str(tmp_path / f"{name}.py") for name in planted])
    assert len({line.partition(":")[0] for line in found}) == len(planted), found
    read = SECRETS["files"]()
    assert {"config/settings.py", ".env.example", "docs/running.md", "compose.yaml"} <= set(read)


def test_an_audit_that_asked_nobody_does_not_pass() -> None:
    well = '{"dependencies": [{"name": "heron", "version": "2", "vulns": []}]}'
    weak = '{"dependencies": [{"name": "heron", "version": "2", "vulns": [{"id": "CVE-1"}]}]}'
    skipped = (
        '{"dependencies": [{"name": "heron", "version": "2", "vulns": []}, {"name": "egret", "skip_reason": "x"}]}'
    )
    assert AUDIT["judged"](well, "") == (0, "1 packages asked about.")
    assert AUDIT["judged"](weak, "") == (1, "1 packages asked about; heron 2: CVE-1.")
    assert AUDIT["judged"](skipped, "")[0] == 2
    assert AUDIT["judged"]("", "Traceback\nno network")[0] == 2


def test_a_pin_with_a_known_weakness_is_named_and_every_pin_has_its_hash() -> None:
    known = [{"id": "CVE-1", "package": "heron", "since": "2.0", "mended_in": "2.4.1"}]
    there = {"requirements.txt": {"heron": "2.4.0", "egret": "1"}, "requirements-dev.txt": {"heron": "1.9"}}
    assert AUDIT["weak"](there, known) == ["requirements.txt: heron 2.4.0: CVE-1, mended in 2.4.1"]
    assert AUDIT["weak"]({"x": {"heron": "2.4.1"}}, known) == []
    pins = AUDIT["pins"]()
    assert len(pins["requirements.txt"]) > 40
    assert AUDIT["weak"](pins, AUDIT["known"]()[1]) == []
    assert {one["package"] for one in AUDIT["known"]()[1]} <= set(pins["requirements.txt"])
    for file in pins:
        if file != "requirements-schemas.txt":
            lines = (ROOT / file).read_text()
            assert len(re.findall(r"^[a-zA-Z0-9._-]+(?:\[.*\])?==", lines, re.MULTILINE)) <= lines.count(
                "--hash=sha256:"
            ), file


def test_every_mutation_finds_its_safeguard() -> None:
    """Else `make mutations` would take nothing out (docs/decisions/0008-mutations.md)."""
    for one in MUTATIONS:
        assert (ROOT / one.file).read_text().count(one.old) == 1, one.name
