"""Faults that staff switch on for one browser of the demo, to see what a reader would see (DEMO=1 only).

They are made where the real ones come from: the database refuses statements, the mail server the connection. So every
page that follows is the real one, with its reference and its record.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from contextvars import ContextVar
from typing import Any

from allauth.account.signals import authentication_step_completed
from django.core.mail.backends import filebased
from django.core.mail.message import EmailMessage
from django.db import OperationalError, ProgrammingError, connection
from django.dispatch import receiver
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from accounts import errors
from accounts.models import User

COOKIE, COOKIE_SECONDS = "demo_fault", 1800
FAULTS = {
    "database": "E1: the database does not answer. No page can be made; signing in is impossible.",
    "session": "E1: the database goes away while the session is saved, after the password was right.",
    "rights": "E2: signed in, but the rights cannot be looked up. Open an article that is sold.",
    "hold": "E3: whoever signs in has a disputed payment. Sign out, then sign in as anybody.",
    "mail": "E1: the mail server refuses. Ask for a sign-in code.",
    "tries": "429: too many tries. Sign in.",
}
_fault: ContextVar[str] = ContextVar("fault", default="")
RIGHTS, SESSIONS = "LEFT JOIN LATERAL", "django_session"


class FaultMiddleware:
    """Around the session and everything below it, within what answers a database that is away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        fault = request.COOKIES.get(COOKIE, "")
        if fault not in FAULTS or request.path.startswith(("/demo/", "/static/")):
            return self.get_response(request)
        if fault == "tries" and request.method == "POST" and request.path.startswith("/accounts/"):
            return errors.too_many(request)
        token = _fault.set(fault)
        try:
            with ExitStack() as stack:
                stack.enter_context(connection.execute_wrapper(_refuse))
                return self.get_response(request)
        finally:
            _fault.reset(token)


def _refuse(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
    fault, statement = _fault.get(), str(sql)
    if fault == "database":
        raise OperationalError("switched on in the demo: connection refused")
    if fault == "session" and SESSIONS in statement and not statement.startswith("SELECT"):
        raise OperationalError("switched on in the demo: the connection was lost")
    if fault == "rights" and RIGHTS in statement:
        raise ProgrammingError("switched on in the demo: the rights cannot be read")
    return execute(sql, params, many, context)


@receiver(authentication_step_completed)
def hold(user: User, **_: Any) -> None:
    """In memory only: the account of the database stays as it is."""
    if _fault.get() == "hold":
        user.is_active, user.held_for = False, User.Hold.DISPUTED


class EmailBackend(filebased.EmailBackend):
    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if _fault.get() == "mail":
            raise ConnectionRefusedError("switched on in the demo: the mail server refused the connection")
        return super().send_messages(email_messages)
