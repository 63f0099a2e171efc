"""Answers that could tell by their time whether an address has an account go out on the half second.

Behind one form a known address and an unknown one lead to different letters, rows and hashes: a millisecond more or
less, which whoever asks often enough can measure. Made equal by hand, they would be equal until somebody changes a
letter. So the answer waits for the next half second since the request came. Why not letters by a job: decision 0052.
"""

import time
from collections.abc import Callable
from functools import cache

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

#: Forms that take an address of somebody, and those of the codes mailed to it (asking again mails only to the known).
NAMES = (
    "account_signup", "account_request_login_code", "account_confirm_login_code", "account_reset_password",
    "account_confirm_password_reset_code", "account_email_verification_sent", "account_email", "socialaccount_signup",
    "subscriptions:find_purchase", "subscriptions:merge", "subscriptions:merge_prove",
)  # fmt: skip

REFUSED = 400  # and above: too many tries, no token, no database. That is said to everybody alike, and holds no thread


@cache
def addresses() -> frozenset[str]:
    return frozenset(reverse(name) for name in NAMES)


class EvenAnswersMiddleware:
    """Outermost: whatever the answer took, also to save its session, is over before it waits."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or request.path not in addresses():
            return self.get_response(request)
        began = time.monotonic()
        response = self.get_response(request)
        step = settings.EVEN_ANSWERS_SECONDS
        if step and response.status_code < REFUSED:
            time.sleep(step - (time.monotonic() - began) % step)
        return response
