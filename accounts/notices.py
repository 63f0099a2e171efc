"""Mail that tells of what has happened already. When the mail server refuses, a job tries again for a day."""

import logging
from typing import Any

from django.core.mail import EmailMultiAlternatives

log = logging.getLogger(__name__)


def send(message: Any) -> None:
    try:
        message.send()
    except OSError as error:
        from accounts.tasks import send_notice  # noqa: PLC0415  (the jobs import what they do)

        log.error("A notice did not go out and is tried again: %s", error)
        html = [content for content, kind in message.alternatives if kind == "text/html"]
        send_notice.defer(subject=message.subject, text=message.body, html="".join(html), to=message.to[0])


def deliver(subject: str, text: str, html: str, to: str) -> None:
    message = EmailMultiAlternatives(subject, text, to=[to])
    if html:
        message.attach_alternative(html, "text/html")
    message.send()
