"""The mail server refuses, says nothing, or is away for a day: each letter goes out once, and nobody waits for it."""

import socket
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as outbox
from django.db.models import F
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from subscriptions import mail
from subscriptions.models import OutgoingMail
from tests.make import make_article, make_journal

pytestmark = pytest.mark.django_db
SMTP = "django.core.mail.backends.smtp.EmailBackend"
LETTERS = 6


@pytest.fixture
def letters() -> None:
    make_journal()
    for number in range(LETTERS):
        mail.enqueue(f"alert:{number}", "subscriptions/email/alert", f"r{number}@example.org", {"message": "Hello"})


@pytest.fixture
def silent_server(settings: Any) -> Any:
    """It takes the connection and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, *server.getsockname()
        settings.EMAIL_TIMEOUT = 0.2
        yield server


def pass_by(**time: float) -> None:
    OutgoingMail.objects.update(created_at=F("created_at") - timedelta(**time))


def attempts() -> list[int]:
    return list(OutgoingMail.objects.order_by("pk").values_list("attempts", flat=True))


def test_a_silent_mail_server_costs_a_sweep_three_letters_time_and_not_a_hundred(
    letters: None, silent_server: Any
) -> None:
    assert mail.send_unsent() == 0
    assert attempts() == [1, 1, 1, 0, 0, 0]
    assert Client().get("/").status_code == 200


def test_after_a_day_without_a_mail_server_every_letter_goes_out_once(letters: None, settings: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", port
    for _ in range(24 * 60 // 20):  # a day, looked at each twenty minutes
        mail.send_unsent()
        pass_by(minutes=20)
    assert max(attempts()) < mail.MOST_ATTEMPTS
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    pass_by(days=1)  # the next attempt comes by itself
    for _ in range(3):
        mail.send_unsent()
    assert sorted(letter.to[0] for letter in outbox.outbox) == [f"r{number}@example.org" for number in range(LETTERS)]
    assert not OutgoingMail.objects.filter(sent_at=None).exists()


def test_a_letter_that_nobody_takes_is_given_up_after_days_and_the_others_do_not_wait_for_it(
    letters: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.core.mail.message import EmailMessage

    really = EmailMessage.send

    def send(self: Any, *rest: Any, **more: Any) -> int:
        if self.to == ["r0@example.org"]:
            raise ConnectionRefusedError("user unknown")
        return really(self, *rest, **more)

    monkeypatch.setattr(EmailMessage, "send", send)
    for _ in range(mail.MOST_ATTEMPTS + 2):
        mail.send_unsent()
        pass_by(days=4)
    assert len(outbox.outbox) == LETTERS - 1
    refused = OutgoingMail.objects.get(sent_at=None)
    assert (refused.attempts, refused.last_error) == (mail.MOST_ATTEMPTS, "user unknown")
    assert refused.created_at < timezone.now()


def test_a_page_that_mails_says_so_when_the_server_is_away_and_is_no_error(silent_server: Any) -> None:
    """Found by `make attack`: both were errors."""
    article, visitor = make_article(), Client()
    said = {"to": "colleague@example.org", "name": "Ada"}
    answer = visitor.post(f"{article.get_absolute_url()}share/", said)
    assert answer.status_code == 400
    assert "could not be sent right now" in answer.content.decode()
    page = visitor.post("/alerts/", {"email": "reader@example.org", "kind": ["issue"], "rhythm": "daily"})
    assert page.status_code == 200
    assert page.context.get("form") is None, page.context["form"].errors
    assert ProcrastinateJob.objects.filter(task_name="accounts.send_notice").count() == 1
