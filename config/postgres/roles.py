"""Two roles on one connection: pages are asked for in one that may not read the text, staff's in the one of the login.

What each may do is written by `journal/guard.py`; why, in docs/decisions/0035-role-of-pages.md.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.db import connection, connections
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config.postgres.base import LOGIN

View = Callable[..., HttpResponseBase]


def pages_only() -> None:
    """From here on every connection of this process is made in the role of pages. The web server calls it at its start.

    Set once when a connection is made, so it costs a page nothing.
    """
    connections.settings["default"]["OPTIONS"]["assume_role"] = settings.DATABASE_WEB_ROLE


def for_staff(view: View) -> View:
    """The view, and its template, in the role of the login: it is behind a permission of its own."""

    @wraps(view)
    def in_login_role(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        with connection.in_role(LOGIN):  # type: ignore[attr-defined]  # our engine (config/postgres/base.py)
            response = view(request, *args, **kwargs)
            render = getattr(response, "render", None)
            return render() if callable(render) else response

    return in_login_role
