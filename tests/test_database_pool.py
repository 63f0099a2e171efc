"""Connections the web server keeps open: none that the server has ended reaches a page."""

import copy
from collections.abc import Iterator

import pytest
from django.db import connection, connections
from psycopg_pool import ConnectionPool, PoolTimeout

from config.postgres.base import DatabaseWrapper
from config.postgres.pool import Attempts, Pool


@pytest.fixture
def pooled(transactional_db: None) -> Iterator[DatabaseWrapper]:
    """A second way into the test's database, with a pool of one connection as the web server has."""
    settings = copy.deepcopy(connection.settings_dict)
    settings["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 1, "timeout": 5}
    wrapper: DatabaseWrapper = type(connections["default"])(settings, alias="default")
    yield wrapper
    wrapper.close()
    wrapper.close_pool()


def process_of(wrapper: DatabaseWrapper) -> int:
    """The server's process behind the connection; it goes back to the pool as at the end of a request."""
    with wrapper.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    wrapper.close()
    return int(pid)


def test_a_connection_is_kept_from_page_to_page(pooled: DatabaseWrapper) -> None:
    assert process_of(pooled) == process_of(pooled)


def test_a_connection_that_the_server_has_ended_is_replaced_before_a_page_gets_it(pooled: DatabaseWrapper) -> None:
    before = process_of(pooled)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [before])
    assert process_of(pooled) != before


def test_who_connects_beside_the_pool_is_told_the_same_place(pooled: DatabaseWrapper) -> None:
    """The job worker does: told nothing, it looked for another server and gave up after 30 seconds."""
    before = pooled.get_connection_params()
    process_of(pooled)
    assert pooled.get_connection_params() == before
    assert before["dbname"] == connection.settings_dict["NAME"]


def test_tries_to_connect_again_never_lie_far_apart_however_long_the_server_was_away() -> None:
    """psycopg doubles its pauses: after an outage of minutes readers would have waited for minutes more."""
    attempt, now = Attempts(timeout=300), 0.0
    pauses = []
    while now < 200:
        attempt.update_delay(now)
        pauses.append(attempt.delay)
        now += attempt.delay
    assert pauses[0] < 0.2
    assert max(pauses) <= 1.0


def test_once_the_server_has_been_away_for_long_nobody_waits_in_full(monkeypatch: pytest.MonkeyPatch) -> None:
    pool = Pool("host=127.0.0.1 port=9 dbname=x connect_timeout=1", open=True, min_size=1, max_size=1, timeout=0.8)
    try:
        for _ in range(2):  # a page, and the same once more
            with pytest.raises(PoolTimeout, match=r"after 0\.[78]"):
                pool.getconn()
        monkeypatch.setattr("config.postgres.pool.PATIENT", 1.0)
        with pytest.raises(PoolTimeout, match=r"after 0\.[45]"):
            pool.getconn()
    finally:
        pool.close()


def test_after_one_connection_was_cut_off_the_others_are_asked_before_they_are_given_out(
    pooled: DatabaseWrapper,
) -> None:
    """A server that shuts down ends them one after the other: the next one may still look sound."""
    process_of(pooled)
    pool = pooled.pool
    assert pool
    asked: list[object] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ConnectionPool, "check_connection", staticmethod(asked.append))
        process_of(pooled)
        assert asked == []
        pool.doubt()
        process_of(pooled)
        assert len(asked) == 1
