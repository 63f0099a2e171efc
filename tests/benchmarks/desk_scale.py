"""`make bench-scale`: the support desk over a million readers and ten million rights, on the database of scale.py.

Beside the rights there is money: an order, a payment and a receipt for every tenth reader, some subscriptions, errors,
mail and events. Asked are the person's page (a typical reader, one with money, the holder of 50,000 rights) and the
search by everything it takes, through the site's own views and templates, signed in as support; p95 in milliseconds,
and what of it the database took in how many statements. `--keep NAME` leaves the site in var/NAME, and another run with
the same name asks it at once; `--only WORDS` asks what has these words in its name, `--told` with each statement.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from tests.benchmarks.scale import Scale, _percentile, copies, say
from tests.benchmarks.site import ROOT, folder_of, site_environment

ASKED, WARM_UP = 100, 10
NAMES = ["Anna", "Bärbel", "Chloé", "Dmitri", "Emeka", "Fatima", "Łukasz", "Haruka", "Inés", "Søren"]
FAMILIES = ["Müller", "Achterberg", "Okafor", "García", "Wieczorek", "Tanaka", "O'Neill", "Nguyễn", "Lindqvist", "Berg"]


def main() -> int:
    with folder_of("desk", _options().keep) as folder:
        environment = site_environment(folder, 8401)
        for words in (
            ("manage.py", "collectstatic", "--noinput", "--verbosity", "0"),
            ("manage.py", "migrate", "--verbosity", "0"),
            ("-m", "tests.benchmarks.desk_scale", "--inside"),
        ):
            told = sys.argv[1:] if "--inside" in words else []
            subprocess.run([sys.executable, *words, *told], cwd=ROOT, env=environment, check=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rights", type=int, default=10_000_000)
    parser.add_argument("--readers", type=int, default=1_000_000)
    parser.add_argument("--keep", default="", metavar="NAME", help="leave the site in var/NAME, or use the one there")
    parser.add_argument("--only", default="", metavar="WORDS", help="ask only what has these words in its name")
    parser.add_argument("--told", action="store_true", help="tell each statement of the last question, and its time")
    parser.add_argument("--inside", action="store_true")
    return parser.parse_args()


def inside() -> None:
    import django
    from django.conf import settings

    django.setup()
    options = _options()
    made = Path(settings.VAR_DIR) / f"made-{options.readers}-{options.rights}"
    scale = Scale(options.readers, 10_000, 100_000)
    desk = Desk(scale, options.readers)
    if made.exists():
        scale.find_world()
    else:
        began = time.monotonic()
        scale.make_world()
        desk.make_people_and_money()
        scale.make_rights(options.rights)
        say(f"{options.readers:,} readers, {options.rights:,} rights made in {time.monotonic() - began:.0f} s")
        made.touch()
    for line in desk.measure(options.only, told=options.told):
        print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201


def _one_of(words: list[str], pick: str) -> str:
    quoted = ", ".join("'" + word.replace("'", "''") + "'" for word in words)
    return f"(ARRAY[{quoted}])[1 + {pick}]"


class Desk:
    def __init__(self, scale: Scale, readers: int) -> None:
        self.scale, self.readers, self.chance = scale, readers, random.Random(8)
        self.base, self.number = scale.base, readers // 10  # how many orders, payments and so on

    def make_people_and_money(self) -> None:
        """Names for all; for every tenth reader an order with payment and receipt, an error, a mail and an event."""
        from django.utils import timezone

        from accounts.models import SignInIncident
        from subscriptions.models import OutgoingMail, Payment, Receipt, StripeEvent
        from tests.desk.selling import ordered
        from tests.make import make_article, make_user

        parts = (_one_of(NAMES, "id % 10"), _one_of(FAMILIES, "(id / 10) % 10"), "id / 100 % 1000")
        name = " || ' ' || ".join(parts)
        ((words,),) = self.scale.rows("SELECT indexdef FROM pg_indexes WHERE indexname = 'user_words'")
        self.scale.sql("DROP INDEX user_words")
        self.scale.sql(f"UPDATE accounts_user SET name = {name} WHERE id > 1000")  # noqa: S608
        self.scale.sql(words)
        user, number = make_user(), self.number
        order = ordered(user, make_article(), state="paid", paid_at=timezone.now())
        payment = Payment.objects.create(
            charge_id="ch_0", payment_intent_id="pi_0", user=user, order=order, amount=3000, currency="usd",
            paid_at=timezone.now(), card_brand="visa", card_last4="4242",
        )  # fmt: skip
        receipt = Receipt.objects.create(payment=payment, user=user, description="x")
        mail = OutgoingMail.objects.create(key="m", template="subscriptions/email/receipt", to=user.email, user=user)
        incident = SignInIncident.objects.create(reference="E2-0", stage="E2", user=user, path="/", happened="timeout")
        told = {"type": "charge.succeeded", "object_type": "charge", "livemode": False, "payload": {}}
        StripeEvent.objects.create(id="evt_0", object_id="ch_0", created=timezone.now(), **told)
        theirs = f"{self.base} + n * 10"
        self._copies_of_order(order, number, theirs)
        copies(
            Payment, payment, "1", str(number), id="1000 + n", charge_id="'ch_' || n", user_id=theirs,
            payment_intent_id="'pi_' || n", order_id="md5('o' || n)::uuid", amount="1000 + n % 5000",
            card_last4="lpad((n % 10000)::text, 4, '0')", paid_at="now() - make_interval(hours => n % 9000)",
        )  # fmt: skip
        copies(
            Receipt, receipt, "1", str(number), id="1000 + n", number="2000 + n", payment_id="1000 + n", user_id=theirs
        )
        copies(OutgoingMail, mail, "1", str(number), id="1000 + n", key="'m' || n", user_id=theirs)
        copies(SignInIncident, incident, "1", str(number), id="1000 + n", reference="'E2-' || n", user_id=theirs)
        with_events = (
            "INSERT INTO subscriptions_stripeevent SELECT ('evt_' || n), type, object_type, 'ch_' || n, api_version,"
        )
        self.scale.sql(
            f"{with_events} livemode, created, payload, deliveries, received_at FROM subscriptions_stripeevent,"
            f" generate_series(1, {number}) n WHERE id = 'evt_0'"
        )

    def _copies_of_order(self, order: Any, number: int, theirs: str) -> None:
        from subscriptions.models import Order

        columns = [field.column for field in Order._meta.concrete_fields]
        new = {"id": "md5('o' || n)::uuid", "number": "'N' || n", "user_id": theirs, "session_id": "'cs_' || n",
               "payment_intent_id": "'pi_' || n"}  # fmt: skip
        values = ", ".join(new.get(column, f't."{column}"') for column in columns)
        names = ", ".join(f'"{column}"' for column in columns)
        self.scale.sql(
            f"INSERT INTO subscriptions_order ({names}) SELECT {values} FROM subscriptions_order t,"  # noqa: S608
            f" generate_series(1, {number}) n WHERE t.id = '{order.pk}'"
        )

    def measure(self, only: str, *, told: bool) -> Iterator[dict[str, Any]]:
        from allauth.mfa.models import Authenticator
        from django.test import Client

        from accounts.models import User
        from tests.make import make_user

        support = User.objects.filter(email="desk@example.org").first()
        if support is None:
            support = make_user("desk@example.org", groups=["Support"], is_staff=True)
            Authenticator.objects.create(user=support, type=Authenticator.Type.TOTP, data={"secret": "x"})
        self.client = Client(headers={"host": "127.0.0.1:8401"})
        self.client.force_login(support)
        for name, ask in self._questions().items():
            if only in name:
                yield self._timed(name, ask, told=told)

    def _questions(self) -> dict[str, Callable[[], str]]:
        one = lambda: self.chance.randint(1, self.number)  # noqa: E731
        anybody = lambda: self.base + self.chance.randint(1, self.readers)  # noqa: E731
        names = lambda: (self.chance.choice(NAMES), self.chance.choice(FAMILIES))  # noqa: E731
        search = "/admin/desk/?q="
        return {
            "page: typical reader": lambda: f"/admin/desk/people/{anybody()}/",
            "page: reader with money": lambda: f"/admin/desk/people/{self.base + one() * 10}/",
            "page: holder of 50,000 rights": lambda: f"/admin/desk/people/{self.scale.big_holder}/",
            "search: address": lambda: f"{search}r{self.chance.randint(1, self.readers)}@scale.example.org",
            "search: beginning of an address": lambda: f"{search}r{one()}@",
            "search: whole name": lambda: f"{search}{' '.join(names())} {self.chance.randint(0, 999)}",
            "search: common name": lambda: f"{search}{' '.join(names())}",
            "search: family name alone": lambda: f"{search}{names()[1]}",
            "search: a word everybody has": lambda: f"{search}scale example",
            "search: nobody": lambda: f"{search}zzyx qwrt",
            "search: receipt": lambda: f"{search}{2000 + one()}",
            "search: Stripe's id": lambda: f"{search}pi_{one()}",
            "search: card, amount": lambda: f"{search}{one() % 10000:04d} {(1000 + one() % 5000) / 100:.2f}",
            "search: card, day": lambda: f"{search}{one() % 10000:04d} 2026-11-{self.chance.randint(1, 28):02d}",
            "search: reference": lambda: f"{search}E2-{one()}",
            "search: IP address": lambda: f"{search}11.{one() // 256 % 256}.{one() % 256}.9",
            "search: unknown IP address": lambda: f"{search}198.51.100.7",
            "search: institution": lambda: f"{search}University {one() % 9000}",
        }

    def _timed(self, name: str, question: Callable[[], str], *, told: bool) -> dict[str, Any]:
        from django.db import connection

        took: list[float] = []
        asked, answers, statements = [], set(), []
        for number in range(WARM_UP + ASKED):
            watched = Watched()
            address, began = question(), time.perf_counter()
            with connection.execute_wrapper(watched):
                answers.add(self.client.get(address).status_code)
            if number >= WARM_UP:
                took.append((time.perf_counter() - began) * 1e3)
                asked.append(watched.milliseconds)
                statements.append(len(watched.told))
        if told:
            for milliseconds, sql in sorted(watched.told, reverse=True):
                say(f"{milliseconds:8.2f} ms  {sql}")
        times = {f"p{share}_ms": _percentile(took, share) for share in (50, 95, 99)}
        of_database = {f"database_p{share}_ms": _percentile(asked, share) for share in (50, 95)}
        return {"asked": name, **times, **of_database, "statements": max(statements), "answers": sorted(answers)}


class Watched:
    """How long each statement took, as the page saw it."""

    def __init__(self) -> None:
        self.told: list[tuple[float, str]] = []

    @property
    def milliseconds(self) -> float:
        return sum(took for took, _ in self.told)

    def __call__(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            self.told.append(((time.perf_counter() - began) * 1e3, sql))


if __name__ == "__main__":
    if os.environ.get("DJANGO_SETTINGS_MODULE") and "--inside" in sys.argv:
        inside()
    else:
        sys.exit(main())
