"""A wrong setting stops the site with a sentence that names it and the remedy; the example names every setting."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.environment import Environment

ROOT = Path(__file__).parent.parent


def check(*options: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "SECRET_KEY": "x" * 60, **settings}
    command = [sys.executable, "manage.py", "check", *options]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"SECRET_KEY": ""}, "SECRET_KEY is not set. Put a long random text into .env"),
        ({"SITE_URL": "journal.example.org"}, "SITE_URL is “journal.example.org”, but it must look like https://"),
        ({"DEBUG": "maybe"}, "DEBUG is “maybe”, but it must be 1 or 0."),
        ({"TRUSTED_PROXY_COUNT": "two"}, "TRUSTED_PROXY_COUNT is “two”, but it must be a whole number."),
        ({"DATABASE_URL": "mysql://x/y"}, "First Page runs on PostgreSQL only"),
        ({"DATABASE_URL": "postgresql://host/"}, "DATABASE_URL names no database"),
        ({"STRIPE_TAX": "yes"}, "STRIPE_TAX is “yes”, but it must be one of: empty, inclusive, exclusive."),
        ({"STRIPE_SECRET_KEY": "sk_test_a"}, "STRIPE_SECRET_KEY is set without STRIPE_WEBHOOK_SECRETS"),
        (
            {"STRIPE_API_BASE": "http://127.0.0.1:1", "STRIPE_SECRET_KEY": "sk_live_a"},
            "STRIPE_API_BASE is not Stripe's",
        ),
        ({"STRIPE_SECRET_KEY": "sk_live_a", "STRIPE_LIVEMODE": "0"}, "STRIPE_LIVEMODE and the kind of"),
    ],
)
def test_a_wrong_setting_stops_with_a_sentence(settings: dict[str, str], sentence: str) -> None:
    answer = check(**settings)
    assert answer.returncode != 0
    assert sentence in answer.stderr
    assert "Traceback" not in answer.stderr


def test_right_settings_start_and_a_site_in_production_has_nothing_to_be_warned_of() -> None:
    production = {
        "STRIPE_SECRET_KEY": "sk_test_a", "STRIPE_WEBHOOK_SECRETS": "whsec_a", "TRUSTED_PROXY_COUNT": "1",
        "SITE_URL": "https://journal.example.org", "SECRET_KEY": "0123456789 abcdefghijklmnopqrstuvwxyz" * 2,
    }  # fmt: skip
    answer = check("--deploy", "--fail-level", "WARNING", **production)
    assert answer.returncode == 0, answer.stderr
    assert "no issues" in answer.stdout
    plain = check("--deploy", "--fail-level", "WARNING", **production, DEBUG="1")
    assert plain.returncode == 1
    assert "security.W018" in plain.stderr


def test_the_example_names_every_setting_that_is_read_and_no_other() -> None:
    source = "".join((ROOT / "config" / name).read_text() for name in ("settings.py", "gunicorn.py", "storage.py"))
    read = set(re.findall(r"""env(?:iron)?\.(?:text|flag|integer|choice|words|get)\(\s*"([A-Z_]+)\"""", source))
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert named == read


def test_the_example_is_read_without_its_comments(tmp_path: Path) -> None:
    example = tmp_path / ".env"
    example.write_text((ROOT / ".env.example").read_text())
    env = Environment(example)
    assert (env.text("SITE_TAG"), env.integer("GRACE_DAYS", 0)) == ("firstpage", 14)
    assert env.text("DEFAULT_FROM_EMAIL") == "First Page <no-reply@localhost>"


def test_a_secret_may_lie_in_a_file_that_the_environment_names(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "key").write_text("from the file\n")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.delenv("SECRET_KEY", raising=False)
    assert Environment().text("SECRET_KEY") == "from the file"
    monkeypatch.setenv("SECRET_KEY", "said itself")
    assert Environment().text("SECRET_KEY") == "said itself"
    monkeypatch.delenv("SECRET_KEY")
    monkeypatch.setenv("SECRET_KEY_FILE", str(tmp_path / "nothing"))
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE names .*, which cannot be read"):
        Environment().text("SECRET_KEY")


def test_a_line_that_is_no_setting_is_named(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("DEBUG=1\nnonsense\n")
    with pytest.raises(Exception, match=r"Line 2 of \.env is not of the form NAME=value"):
        Environment(file)


def test_every_make_target_and_command_that_the_docs_name_exists() -> None:
    texts = "\n".join(path.read_text() for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)`", texts)) <= targets
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")}
    django_s_own = {"migrate", "check", "shell", "createsuperuser", "collectstatic", "procrastinate", "demo"}
    assert set(re.findall(r"manage\.py ([a-z_]+)", texts)) <= commands | django_s_own


def test_a_setting_may_come_from_a_file_as_containers_give_secrets(tmp_path: Path) -> None:
    secret = tmp_path / "secret_key"
    secret.write_text("a long secret\n")
    file = tmp_path / ".env"
    file.write_text(
        f"SECRET_KEY_FILE={secret}\nGRACE_DAYS_FILE={tmp_path / 'days'}\nEMAIL_USE_TLS_FILE={tmp_path / 'tls'}\n"
    )
    (tmp_path / "days").write_text("21\n")
    (tmp_path / "tls").write_text("1\n")
    env = Environment(file)
    assert (env.text("SECRET_KEY"), env.integer("GRACE_DAYS", 14), env.flag("EMAIL_USE_TLS")) == (
        "a long secret",
        21,
        True,
    )


def test_a_secret_that_cannot_be_read_stops_with_a_sentence() -> None:
    answer = check(SECRET_KEY_FILE="/no/such/file", SECRET_KEY="")
    assert answer.returncode != 0
    assert "SECRET_KEY_FILE names /no/such/file, which cannot be read: No such file or directory." in answer.stderr
    assert "Traceback" not in answer.stderr
