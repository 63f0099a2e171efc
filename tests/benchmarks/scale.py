"""`make bench-scale`: the decision with ten million rights, on a database of its own under var/ (removed at the end).

A million readers, ten thousand institutions with a hundred thousand networks, and rights at two sizes, made by SQL from
a row each that the models made. Asked are a typical reader, a visitor at an institution, and a holder of 50,000 rights,
as the site asks (`look_up`: statement and answer) and at the database alone (the prepared statement); `select 1`, asked
before, says what the machine itself takes. `cpu_` is the processor time of PostgreSQL's process for one question, which
other programs on the machine hardly change (Linux only). `--rights 100000 --readers 20000 …` makes a small run.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks.site import ROOT, remove, site_environment

SMALL, FIRST = 10_000, 1_000
BIG_HOLDER = 50_000
ASKED, WARM_UP = 3_000, 2_000
ARTICLES, ISSUES = 100_000, 2_000


def main() -> int:
    options = _options()
    (ROOT / "var").mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="scale-", dir=ROOT / "var"))
    folder.chmod(0o755)
    environment = site_environment(folder, 8400)
    try:
        for words in (("manage.py", "migrate", "--verbosity", "0"), ("-m", "tests.benchmarks.scale", "--inside")):
            told = sys.argv[1:] if "--inside" in words else []
            subprocess.run([sys.executable, *words, *told], cwd=ROOT, env=environment, check=True)
    finally:
        if not options.keep:
            remove(folder)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rights", type=int, default=10_000_000)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--institutions", type=int, default=10_000)
    parser.add_argument("--ranges", type=int, default=100_000)
    parser.add_argument("--keep", action="store_true", help="leave the database where it is")
    parser.add_argument("--ahead", action="store_true", help="ask with precedence over other programs (root only)")
    parser.add_argument("--inside", action="store_true")
    return parser.parse_args()


def inside() -> None:
    """In a process of the new site."""
    import django

    django.setup()
    options = _options()
    scale = Scale(options.readers, options.institutions, options.ranges)
    scale.make_world()
    if options.ahead:
        for process in (0, scale.rows("SELECT pg_backend_pid()")[0][0]):
            os.setpriority(os.PRIO_PROCESS, process, -19)
    for rights in (min(SMALL, options.rights), options.rights):
        began = time.monotonic()
        scale.make_rights(rights)
        say(f"{rights:,} rights made in {time.monotonic() - began:.0f} s, {scale.size()} on disk")
        for line in scale.measure(rights):
            print(json.dumps(line), flush=True)  # noqa: T201


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


def copies(model: Any, template: Any, first: str, last: str, **new: str) -> None:
    """Rows `first` to `last` (n) of a model, like `template` but for the columns that `new` gives as SQL."""
    from django.db import connection

    table = model._meta.db_table
    columns = [field.column for field in model._meta.concrete_fields if not field.generated]
    values = ", ".join(new.get(column, f't."{column}"') for column in columns)
    names = ", ".join(f'"{column}"' for column in columns)
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} ({names}) SELECT {values} FROM {table} t, generate_series({first}, {last}) n"  # noqa: S608
            f" WHERE t.{model._meta.pk.column} = {template.pk}"
        )


class Scale:
    def __init__(self, readers: int, institutions: int, ranges: int) -> None:
        self.readers, self.institutions, self.ranges = readers, institutions, ranges
        self.chance, self.base = random.Random(2026), FIRST

    # --- making ---

    def make_world(self) -> None:
        """Readers, articles in issues of one journal, institutions and their networks (a tenth of them IPv6)."""
        from accounts.models import User
        from journal.models import Article, Issue
        from subscriptions.models import Institution, IPRange
        from tests.make import make_article, make_institution, make_issue, make_journal, make_user

        self.sql("SET session_replication_role = replica")  # no foreign keys are looked up while rows are made
        self.sql("SET statement_timeout = 0")
        self.sql("SET synchronous_commit = off")
        self.journal, issue, article = make_journal(), make_issue(), make_article()
        user, institution = make_user(), make_institution("10.0.0.0/24")
        network = IPRange.objects.get()
        base = self.base
        copies(User, user, "1", str(self.readers), id=f"{base} + n", email="'r' || n || '@scale.example.org'")
        copies(Issue, issue, "1", str(ISSUES), id=f"{base} + n", number="'x' || n")
        copies(Article, article, "1", str(ARTICLES), id=f"{base} + n", doi="'10.5555/scale.' || n",
               issue_id=f"{base} + 1 + n % {ISSUES}", title="'Article ' || n")  # fmt: skip
        copies(Institution, institution, "1", str(self.institutions), id=f"{base} + n", name="'University ' || n")
        v4 = "set_masklen('11.0.0.0'::inet + n * 256, 24)::cidr"
        v6 = "set_masklen(('2001:db8::'::inet + n::bigint * 65536), 112)::cidr"
        either = f"CASE WHEN n % 10 = 0 THEN {v6} ELSE {v4} END"
        copies(IPRange, network, "1", str(self.ranges), id=f"{base} + n", network=either,
               institution_id=f"{base} + 1 + n % {self.institutions}")  # fmt: skip
        self.big_holder = user.pk

    def find_world(self) -> None:
        """The one that an earlier run has made."""
        self.big_holder = self.rows(f"SELECT min(id) FROM accounts_user WHERE id <= {self.base}")[0][0]  # noqa: S608

    def make_rights(self, rights: int) -> None:
        """Of a hundred 88 single articles, two issues, nine subscriptions, one institution's; and one big holder."""
        from subscriptions.models import Entitlement
        from tests.make import make_right

        self.sql("TRUNCATE subscriptions_entitlement CASCADE")
        indexes = self.rows(
            "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'subscriptions_entitlement'"
            " AND indexname NOT IN (SELECT conname FROM pg_constraint)"
        )
        for name, _ in indexes:
            self.sql(f'DROP INDEX "{name}"')
        from accounts.models import User

        template = make_right(User.objects.get(pk=self.big_holder), self.journal, "subscription")
        holder = f"{self.base} + 1 + (hashint8extended(n, 1) & 2147483647) % {self.readers}"
        article = f"{self.base} + 1 + (hashint8extended(n, 2) & 2147483647) % {ARTICLES}"
        issue = f"{self.base} + 1 + (hashint8extended(n, 3) & 2147483647) % {ISSUES}"
        at_institution = f"{self.base} + 1 + (hashint8extended(n, 1) & 2147483647) % {self.institutions}"
        big = min(BIG_HOLDER, rights // 2)
        copies(
            Entitlement, template, "1", str(rights - big),
            id="1000 + n", source="'scale:' || n",
            user_id=f"CASE WHEN n % 100 = 0 THEN NULL ELSE {holder} END",
            institution_id=f"CASE WHEN n % 100 = 0 THEN {at_institution} END",
            journal_id=f"CASE WHEN n % 100 = 0 OR n % 100 > 90 THEN {self.journal.pk} END",
            issue_id=f"CASE WHEN n % 100 IN (1, 2) THEN {issue} END",
            article_id=f"CASE WHEN n % 100 BETWEEN 3 AND 90 THEN {article} END",
            kind="CASE WHEN n % 100 = 0 THEN 'institution' WHEN n % 100 > 90 THEN 'subscription' ELSE 'purchase' END",
            ends_at="CASE WHEN n % 100 > 90 THEN now() + make_interval(days => n % 400 + 100) END",
            starts_at="now() - interval '100 days'",
        )  # fmt: skip
        copies(Entitlement, template, "1", str(big), id="1000000000 + n", source="'big:' || n", journal_id="NULL",
               article_id=f"{self.base} + n % {ARTICLES}", kind="'purchase'")  # fmt: skip
        Entitlement.objects.filter(pk=template.pk).delete()
        self.sql("SET maintenance_work_mem = '1GB'")
        for _, definition in indexes:
            self.sql(definition)
        self.sql("VACUUM ANALYZE")

    def sql(self, statement: str) -> None:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement)

    def rows(self, statement: str) -> list[Any]:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def size(self) -> str:
        return str(self.rows("SELECT pg_size_pretty(pg_total_relation_size('subscriptions_entitlement'))")[0][0])

    # --- asking ---

    def measure(self, rights: int) -> list[dict[str, Any]]:
        callers: dict[str, Callable[[], tuple[int | None, str | None]]] = {
            "typical reader": lambda: (self._reader(), "203.0.113.7"),
            "visitor by address": lambda: (None, self._address()),
            "holder of 50,000 rights": lambda: (self.big_holder, "203.0.113.7"),
        }
        found = [self._timed("select 1 (the machine)", rights, self._select_one)]
        for name, caller in callers.items():
            found.append(self._timed(f"{name}, database alone", rights, self._prepared(caller)))
            found.append(self._timed(f"{name}, as the site asks", rights, self._as_the_site(caller)))
        return found

    def _timed(self, name: str, rights: int, ask: Callable[[], bool]) -> dict[str, Any]:
        for _ in range(WARM_UP):
            ask()
        server = Path(f"/proc/{self.rows('SELECT pg_backend_pid()')[0][0]}/schedstat")
        took, cost, granted = [], [], 0
        for _ in range(ASKED):
            spent, began = _processor_ms(server), time.perf_counter()
            granted += ask()
            took.append((time.perf_counter() - began) * 1e3)
            cost.append(_processor_ms(server) - spent)
        told = {f"p{share}_ms": _percentile(took, share) for share in (50, 95, 99)}
        told |= {f"cpu_p{share}_ms": _percentile(cost, share) for share in (50, 99)}
        return {"asked": name, "rights": rights, **told, "yes": round(granted / ASKED, 3)}

    def _select_one(self) -> bool:
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            return bool(cursor.fetchall())

    def _prepared(self, caller: Callable[[], tuple[int | None, str | None]]) -> Callable[[], bool]:
        """The very statement and parameters of the site, sent to a connection of psycopg's without Django."""
        from django.db import connection

        from subscriptions import access

        connection.ensure_connection()
        raw = connection.connection.cursor()

        def ask() -> bool:
            user, address = caller()
            sent = access_parameters(access, user, address, [self._article()])
            raw.execute(*sent, prepare=True)
            return bool(raw.fetchall())  # the article's row, with or without rights beside it

        return ask

    def _as_the_site(self, caller: Callable[[], tuple[int | None, str | None]]) -> Callable[[], bool]:
        from subscriptions.access import look_up

        def ask() -> bool:
            user, address = caller()
            article = self._article()
            return look_up(user, address, [article])[article].granted

        return ask

    def _reader(self) -> int:
        return self.base + self.chance.randint(1, self.readers)

    def _article(self) -> int:
        return self.base + self.chance.randint(1, ARTICLES)

    def _address(self) -> str:
        """Three in ten at an institution, as in a visitor's life."""
        if self.chance.random() < 0.3:
            n = self.chance.randint(1, self.ranges)
            return f"{11 + n // 65_536}.{n // 256 % 256}.{n % 256}.9"
        return f"198.51.100.{self.chance.randint(1, 250)}"


def _percentile(values: list[float], share: int) -> float:
    return round(sorted(values)[len(values) * share // 100], 3)


def _processor_ms(file: Path) -> float:
    """How long a process has run so far, in milliseconds; 0 where the system does not tell."""
    try:
        return int(file.read_text().split()[0]) / 1e6
    except OSError:
        return 0.0


def access_parameters(access: Any, user: int | None, address: str | None, articles: list[int]) -> tuple[str, Any]:
    """What `look_up` sends, caught on its way."""

    class Caught(Exception):
        pass

    def catch(_execute: Any, sql: str, params: Any, *_: Any) -> Any:
        raise Caught(sql, params)

    from django.db import connection

    connection.ensure_connection()
    try:
        with connection.execute_wrapper(catch):
            access.look_up(user, address, articles)
    except Caught as caught:
        return caught.args[0], caught.args[1]
    raise AssertionError("look_up sent nothing")


if __name__ == "__main__":
    if os.environ.get("DJANGO_SETTINGS_MODULE") and "--inside" in sys.argv:
        inside()
    else:
        sys.exit(main())
