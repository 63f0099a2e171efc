"""The wall inside the database: what pages for readers may not read, whatever the code asks."""

import copy
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, connections, transaction
from django.test import Client

from accounts.models import User
from config.postgres.base import LOGIN
from journal import feeds, guard
from journal.article_parts import full_text
from journal.models import Article, FullText
from tests.conftest import signed_in
from tests.make import SECRET_SENTENCE, make_user

ROOT = Path(__file__).parent.parent
ROLE = settings.DATABASE_WEB_ROLE


@pytest.mark.parametrize("model", guard.BEHIND_THE_WALL, ids=lambda model: model.__name__)
def test_the_role_of_pages_may_not_read_what_stands_behind_the_wall(article: Article, model: type) -> None:
    denied = pytest.raises(ProgrammingError, match="permission denied for table")
    with denied, transaction.atomic(), connection.in_role(ROLE):
        model.objects.first()


def test_nor_by_a_join_nor_by_writing(article: Article) -> None:
    tries = [
        lambda: list(Article.objects.select_related("full_text")),
        lambda: Article.objects.filter(full_text__body__contains="a").exists(),
        lambda: FullText.objects.filter(article=article).update(body=""),
        lambda: FullText.objects.filter(article=article).delete(),
    ]
    for attempt in tries:
        with connection.in_role(ROLE), pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            attempt()


def test_the_text_comes_by_one_function_that_one_module_calls(article: Article) -> None:
    with connection.in_role(ROLE):
        assert SECRET_SENTENCE in full_text(article).body
    apps = ("config", "demo", "desk", "cme", "subscriptions", "journal", "accounts")
    naming = [
        str(path.relative_to(ROOT))
        for app in apps
        for path in (ROOT / app).rglob("*.py")
        if guard.ONLY_WAY in path.read_text() and "migrations" not in path.parts
    ]
    assert sorted(naming) == ["journal/article_parts.py", "journal/guard.py"]


def test_a_feed_that_reaches_for_the_text_is_an_error_and_no_leak(article: Article, monkeypatch) -> None:
    assert Client().get("/feed/").status_code == 200
    monkeypatch.setattr(feeds, "_fields", lambda article: [("dc:description", article.full_text.body)])
    with pytest.raises(ProgrammingError, match="permission denied for table journal_fulltext"):
        Client().get("/feed/")


@pytest.mark.ignore_template_errors
def test_staff_reach_the_text_only_behind_the_admin_s_permission(article: Article, dan: User) -> None:
    address = f"/admin/journal/article/{article.pk}/change/"
    editor = make_user("edith@example.org", is_staff=True, is_superuser=True)
    assert signed_in(editor).get(address).status_code == 200
    assert signed_in(dan).get(address).status_code in (302, 403)
    assert connection.role == LOGIN  # after the answer the test asks as itself again


def test_the_connections_of_the_web_server_are_made_in_the_role(article: Article) -> None:
    """As `config.wsgi` sets them, with a pool."""
    as_served = copy.deepcopy(connection.settings_dict)
    as_served["OPTIONS"] |= {"assume_role": ROLE, "pool": {"min_size": 1, "max_size": 1, "timeout": 5}}
    wrapper = type(connections["default"])(as_served, alias="default")

    def whoami() -> str:
        with wrapper.cursor() as cursor:
            cursor.execute("SELECT current_user")
            return str(cursor.fetchone()[0])

    try:
        login = connection.settings_dict["USER"]
        assert whoami() == ROLE
        with wrapper.in_role(LOGIN):
            assert whoami() == login
        assert whoami() == ROLE
        with pytest.raises(ZeroDivisionError), wrapper.in_role(LOGIN):
            raise ZeroDivisionError
        wrapper.close()
        assert whoami() == ROLE  # the pool's connection comes back as it was
        with wrapper.in_role(LOGIN):
            wrapper.connection.close()  # PostgreSQL went away in the middle
        wrapper.close()
        assert whoami() == ROLE
    finally:
        wrapper.close()
        wrapper.close_pool()


def test_what_gunicorn_loads_asks_for_the_role() -> None:
    told = "import config.wsgi; from django.db import connections as c; print(c['default'].role)"
    environment = {"PATH": os.environ["PATH"], "ENV_FILE": os.devnull, "DEBUG": "1"}
    command = [sys.executable, "-c", told]
    said = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert said.stdout.strip() == "firstpage_web"


def test_setting_the_roles_again_changes_nothing_and_new_tables_are_open(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE added_later (id int)")
        guard.set_roles()
        guard.set_roles()
        cursor.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace"
            " AND NOT has_table_privilege(%s, c.oid, 'SELECT') ORDER BY 1",
            [ROLE],
        )
        assert [name for (name,) in cursor.fetchall()] == sorted(guard.behind_the_wall())


def test_without_the_right_to_make_a_role_the_sentence_says_what_to_do(db: None, settings) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE ROLE firstpage_poor NOLOGIN; GRANT SELECT ON ALL TABLES IN SCHEMA public TO firstpage_poor"
        )
    settings.DATABASE_WEB_ROLE = "firstpage_unmade"
    with connection.in_role("firstpage_poor"), pytest.raises(guard.RolesError, match="CREATE ROLE firstpage_unmade"):
        guard.set_roles()
