"""Mail about money: written into the outbox with the change it tells of, sent once by a job.

A message's key names the happening (`receipt:12`), so reading Stripe again never mails again.
"""

from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from procrastinate.contrib.django import app

from accounts.models import ServiceCenter
from journal.models import Journal
from subscriptions.models import OutgoingMail, Receipt
from subscriptions.money import format_money

MOST_ATTEMPTS = 10


def receipt(paper: Receipt) -> None:
    payment = paper.payment
    order = payment.order
    context = {
        "number": paper.number,
        "description": paper.description,
        "amount": format_money(payment.amount, payment.currency),
        "paid_at": payment.paid_at.isoformat(),
        "card": f"{payment.card_brand.title()} ending in {payment.card_last4}" if payment.card_last4 else "",
        "order_number": order.number if order else "",
        "kind": order.kind if order else "subscription",
        "terms": paper.terms,
        "receipt_path": paper.get_absolute_url(),
        "article_path": order.article.get_absolute_url() if order and order.article else "",
    }
    enqueue(f"receipt:{payment.charge_id}", "subscriptions/email/receipt", payment.user.email, context, payment.user_id)


def alert_staff(key: str, message: str) -> None:
    address = parseaddr(settings.SERVER_EMAIL)[1]
    enqueue(f"alert:{key}", "subscriptions/email/alert", address, {"message": message})


def enqueue(key: str, template: str, to: str, context: dict[str, Any], user_id: int | None = None) -> None:
    """Put one message into the outbox with the caller's transaction; the same key again does nothing."""
    message, created = OutgoingMail.objects.get_or_create(
        key=key, defaults={"template": template, "to": to, "context": context, "user_id": user_id}
    )
    if created:
        app.configure_task("subscriptions.send_mail").defer(message_id=message.pk)


def send(message_id: int) -> bool:
    """Send one message and mark it; a second worker at the same message steps aside.

    Sending before marking means at least once: after a crash in between, the repeat carries the same Message-ID, so
    mail programs show it once.
    """
    with transaction.atomic():
        unsent = OutgoingMail.objects.select_for_update(skip_locked=True).filter(pk=message_id, sent_at=None)
        message = unsent.first()
        if message is None or message.attempts >= MOST_ATTEMPTS:
            return False
        message.attempts += 1
        try:
            _compose(message).send()
        except OSError as error:
            message.last_error = str(error)[:1000]
        else:
            message.sent_at, message.last_error = timezone.now(), ""
        message.save()
        return message.sent_at is not None


def send_unsent(limit: int = 100) -> int:
    unsent = OutgoingMail.objects.filter(sent_at=None, attempts__lt=MOST_ATTEMPTS).order_by("pk")
    return sum(send(pk) for pk in list(unsent.values_list("pk", flat=True)[:limit]))


def _compose(message: OutgoingMail) -> EmailMultiAlternatives:
    context = {
        **message.context, "site_url": settings.SITE_URL, "journal": Journal.objects.first(),
        "service_center": ServiceCenter.current(),
    }  # fmt: skip
    subject = " ".join(render_to_string(f"{message.template}_subject.txt", context).split())
    mail = EmailMultiAlternatives(
        subject,
        render_to_string(f"{message.template}_message.txt", context),
        to=[message.to],
        headers={"Message-ID": _message_id(message)},
    )
    mail.attach_alternative(render_to_string(f"{message.template}_message.html", context), "text/html")
    return mail


def _message_id(message: OutgoingMail) -> str:
    domain = make_msgid().rpartition("@")[2].rstrip(">")
    return f"<{message.key.replace(':', '.')}.{message.pk}@{domain}>"
