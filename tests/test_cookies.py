"""Cookies of ours: from this host only, over TLS only where the site has TLS, out of the reach of scripts."""

import os
import re
import subprocess
import sys
from pathlib import Path

from django.test import Client

from accounts.models import User
from journal.models import Article
from tests.conftest import signed_in

ROOT = Path(__file__).parent.parent
SET = re.compile(r"\.set_cookie\((.*?)\n    \)", re.DOTALL)
NAMED = re.compile(r"COOKIE_PREFIX|import COOKIE|LANGUAGE_COOKIE_NAME")
APPS = ("accounts", "journal", "subscriptions", "cme", "desk", "config")


def test_every_cookie_is_kept_to_this_host(article: Article, dan: User) -> None:
    """Every place that sets one says HttpOnly, SameSite and Secure, and names it with the prefix of the settings."""
    files = [path for app in APPS for path in (ROOT / app).rglob("*.py")]
    places = [(path, call) for path in files for call in SET.findall(path.read_text())]
    assert places
    for path, call in places:
        assert "httponly=True" in call, path
        assert 'samesite="Lax"' in call, path
        assert "secure=" in call, path
        assert "domain=" not in call, path
        assert "path=" not in call, path
        assert NAMED.search(path.read_text()), path
    for client in (Client(), signed_in(dan)):
        for cookie in client.get("/accounts/login/").cookies.values():
            assert cookie["httponly"]
            assert cookie["samesite"] == "Lax"
            assert not cookie["domain"]


def test_a_site_with_tls_names_its_cookies_for_it() -> None:
    told = (
        "import django; django.setup(); from django.conf import settings as s; from accounts.devices import COOKIE;"
        "print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, COOKIE, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE)"
    )
    environment = {
        "PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DJANGO_SETTINGS_MODULE": "config.settings",
        "SECRET_KEY": "x" * 60, "SITE_URL": "https://journal.example.org",
    }  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", told], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert said.stdout.split() == ["__Host-session", "__Host-csrf", "__Host-device", "True", "True"]
