"""`make bench-cme`: 10,000 learners take a test within ten minutes on the production server, and no answer is lost.

Each learner, with a session of their own, saves answers as the page's script does and hands in, over real HTTP; then
the tables are compared with what was sent, answer by answer. LEARNERS=500 for a short run.
"""

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from demo.processes import free_port
from tests.benchmarks.site import FIRST_PORT, ROOT, _start, remove, site_environment

LEARNERS = int(os.environ.get("LEARNERS", "10000"))
QUESTIONS, SAVES, CONNECTIONS = 5, 2, 8
LIMIT = 600.0


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix="firstpage-cme-"))
    folder.chmod(0o755)
    port = free_port(FIRST_PORT)
    try:
        environment = site_environment(folder, port)
        _run(environment, "manage.py", "migrate", "--verbosity", "0")
        _run(environment, "manage.py", "collectstatic", "--noinput", "--verbosity", "0")
        _run(environment, "-m", "tests.benchmarks.cme", "--prepare", str(folder / "learners.json"))
        server = _start(folder, environment, port)
        try:
            learners = json.loads((folder / "learners.json").read_text())
            seconds, slow, again = take(port, learners)
        finally:
            server.stop()
        _tell(len(learners), seconds, slow, again)
        _run(environment, "-m", "tests.benchmarks.cme", "--compare", str(folder / "learners.json"))
    finally:
        remove(folder)
    return 0 if seconds <= LIMIT else 1


def _run(environment: dict[str, str], *words: str) -> None:
    subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)


def _tell(learners: int, seconds: float, milliseconds: list[float], again: int) -> None:
    milliseconds.sort()
    half, late = (milliseconds[int(len(milliseconds) * share)] for share in (0.5, 0.95))
    sys.stdout.write(
        f"{learners} learners handed in within {seconds:.0f} s (aim: {LIMIT:.0f} s);"
        f" {len(milliseconds) / seconds:.0f} requests a second, median {half:.0f} ms, 95 % within {late:.0f} ms,"
        f" {again} asked again\n"
    )


# --- the learners ----------------------------------------------------------------------------------------------------


def take(port: int, learners: list[dict[str, Any]]) -> tuple[float, list[float], int]:
    """Everybody saves and hands in. Returns seconds, each request's milliseconds, and how often one was asked again."""
    waiting, lock = iter(learners), threading.Lock()
    milliseconds: list[float] = []
    again = [0]
    began = time.perf_counter()
    threads = [
        threading.Thread(target=_one_connection, args=(port, waiting, lock, milliseconds, again))
        for _ in range(CONNECTIONS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return time.perf_counter() - began, milliseconds, again[0]


def _one_connection(
    port: int, waiting: Iterator[dict[str, Any]], lock: threading.Lock, milliseconds: list[float], again: list[int]
) -> None:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    while True:
        with lock:
            learner = next(waiting, None)
        if learner is None:
            return
        for address, fields, wanted in _requests(learner):
            began = time.perf_counter()
            while not _ask(connection, learner, address, fields, wanted):
                again[0] += 1
            milliseconds.append((time.perf_counter() - began) * 1000)


def _requests(learner: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any], int]]:
    """The first answers one by one, as they are ticked; then everything with the button."""
    said = {f"q-{question}": choice for question, choice in learner["answers"]}
    address = f"/cme/attempts/{learner['attempt']}/"
    for count in range(1, SAVES + 1):
        yield f"{address}answers/", dict(list(said.items())[:count]), 200
    yield address, {**said, "action": "hand-in", "attested": "on"}, 302


def _ask(
    connection: HTTPConnection, learner: dict[str, Any], address: str, fields: dict[str, Any], wanted: int
) -> bool:
    """False when the connection was closed (a worker that has served its share): a browser would ask again, too."""
    token = "a" * 32
    body = urlencode({**fields, "csrfmiddlewaretoken": token})
    cookies = f"session={learner['session']}; csrf={token}"
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookies}
    try:
        connection.request("POST", address, body, headers)
        answer = connection.getresponse()
        answer.read()
    except (HTTPException, ConnectionError):
        connection.close()
        return False
    if answer.status != wanted:
        raise AssertionError(f"{address} answered {answer.status}, not {wanted}")
    return True


# --- inside the site -------------------------------------------------------------------------------------------------


def prepare(told: Path) -> None:
    """An activity, and everybody at the start of its test with a session, written in bulk."""
    import random

    import django

    django.setup()
    from accounts.models import User
    from cme.models import Attempt
    from tests.cme.make import make_activity

    activity = make_activity(number=QUESTIONS)
    questions = list(activity.current_questions())
    users = User.objects.bulk_create(
        [User(email=f"learner{n}@example.org", password="!") for n in range(LEARNERS)], batch_size=2000
    )
    order = [question.pk for question in questions]
    attempts = Attempt.objects.bulk_create(
        [Attempt(activity=activity, user=user, number=1, questions=order, minimum=80) for user in users],
        batch_size=2000,
    )
    chance = random.Random(1)
    sessions = _sessions(users)
    learners = [
        {
            "attempt": str(attempt.pk), "session": session,
            "answers": [(question.pk, chance.choice(list(question.choices.all())).pk) for question in questions],
        }
        for attempt, session in zip(attempts, sessions, strict=True)
    ]  # fmt: skip
    told.write_text(json.dumps(learners))


def _sessions(users: list[Any]) -> list[str]:
    from datetime import timedelta
    from importlib import import_module

    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.utils import timezone

    store = import_module(settings.SESSION_ENGINE).SessionStore
    rows, keys = [], []
    for user in users:
        session = store()
        told = {
            SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: settings.AUTHENTICATION_BACKENDS[0],
            HASH_SESSION_KEY: user.get_session_auth_hash(),
        }  # fmt: skip
        key = session._get_new_session_key()
        expires = timezone.now() + timedelta(days=1)
        rows.append(session.model(session_key=key, session_data=session.encode(told), expire_date=expires))
        keys.append(key)
    rows[0].__class__.objects.bulk_create(rows, batch_size=2000)
    return keys


def compare(told: Path) -> None:
    """Every answer that was sent stands in the table, and every score follows from it. Stops with what differs."""
    import django

    django.setup()
    from cme.models import Answer, Attempt

    learners = json.loads(told.read_text())
    sent = {(one["attempt"], question): choice for one in learners for question, choice in one["answers"]}
    rows = Answer.objects.values_list("attempt_id", "question_id", "choice_id").iterator()
    kept = {(str(attempt), question): choice for attempt, question, choice in rows}
    assert kept == sent, f"{len(set(sent.items()) ^ set(kept.items()))} answers differ"
    attempts = list(Attempt.objects.all())
    wrong = [attempt for attempt in attempts if attempt.state == "open" or attempt.right != attempt.score().right]
    assert not wrong, f"{len(wrong)} attempts are not scored as they should be"
    passed = sum(attempt.state == "passed" for attempt in attempts)
    sys.stdout.write(f"{len(kept)} answers compared, none lost; {len(attempts)} attempts scored, {passed} passed\n")


if __name__ == "__main__":
    if "--prepare" in sys.argv:
        prepare(Path(sys.argv[2]))
    elif "--compare" in sys.argv:
        compare(Path(sys.argv[2]))
    else:
        sys.exit(main())
