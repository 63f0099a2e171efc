"""A process that is really killed (SIGKILL), once at every point where dying could matter, one point after the other.

A point lies before and after each request to Stripe, each commit, and each statement that commits by itself. The deed
runs in a forked child with its own connections; at the chosen point the child is gone, as in a power cut.
"""

import os
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import patch

import stripe
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from subscriptions import gateway, patience

MOST = 200
FINISHED, FAILED = 0, 3


class _Points:
    """Counts the points a process passes, and ends it at the fatal one."""

    def __init__(self, fatal: int) -> None:
        self.fatal, self.passed = fatal, 0

    def here(self) -> None:
        self.passed += 1
        if self.passed == self.fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    def around(self, really: Callable[..., Any]) -> Callable[..., Any]:
        def watched(*args: Any, **kwargs: Any) -> Any:
            self.here()
            answer = really(*args, **kwargs)
            self.here()
            return answer

        return watched

    def statement(self, execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        commits_itself = not context["connection"].in_atomic_block and not sql.lstrip().upper().startswith("SELECT")
        return (self.around(execute) if commits_itself else execute)(sql, params, many, context)


def every_point(prepare: Callable[[], Any], deed: Callable[[Any], None]) -> Iterator[tuple[int, Any]]:
    """For point 1, 2, 3 …: what `prepare` made, after a child died there in the midst of `deed`. Ends with the deed."""
    for number in range(1, MOST):
        made = prepare()
        if _dies_at(number, deed, made):
            yield number, made
        else:
            return
    raise AssertionError("the deed has no end")


def _dies_at(number: int, deed: Callable[[Any], None], made: Any) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of forking beside threads: ours only read pipes
        child = os.fork()
    if child == 0:
        _be_killed(number, deed, made)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == FINISHED, "the deed failed in the child; its traceback is above"
    return False


def _be_killed(number: int, deed: Callable[[Any], None], made: Any) -> None:
    """In the child: connections and sockets of its own, and no way back into the test."""
    try:
        kept = [(wrapper, wrapper.connection) for wrapper in connections.all()]  # the parent's; not ours to close
        for wrapper, _ in kept:
            wrapper.connection = None
        gateway._client.cache_clear()
        patience.places.cache_clear()
        points = _Points(number)
        commit, request = BaseDatabaseWrapper._commit, stripe.RequestsClient.request
        with (
            patch.object(BaseDatabaseWrapper, "_commit", points.around(commit)),
            patch.object(stripe.RequestsClient, "request", points.around(request)),
            connection.execute_wrapper(points.statement),
        ):
            deed(made)
    except BaseException:
        traceback.print_exc()
        os._exit(FAILED)
    os._exit(FINISHED)
