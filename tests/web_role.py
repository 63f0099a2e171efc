"""Requests of tests are answered in the role of pages, as the web server answers them (config/postgres/roles.py).

What a test makes and looks up itself is asked in the role of the login, on the same connection.
"""

from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase


class WebRoleMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        try:
            connection.ensure_connection()
        except Exception:  # a test without a database, or of one that is away
            return self.get_response(request)
        with connection.in_role(settings.DATABASE_WEB_ROLE):
            return self.get_response(request)
