"""Mail about money: written into the outbox with the change it tells of, sent once by a job.

A message's key names the happening (`receipt:12`), so reading Stripe again never mails again.
"""

from datetime import datetime
from email.utils import make_msgid, parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from procrastinate.contrib.django import app

from accounts.models import ServiceCenter
from journal.models import Journal
from subscriptions import gateway
from subscriptions.models import CreditNote, Dispute, OutgoingMail, Receipt, Subscription
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


def credit_note(paper: CreditNote) -> None:
    refund = paper.refund
    context = {
        "number": paper.number, "receipt_number": paper.receipt.number, "description": paper.receipt.description,
        "amount": str(refund.price), "path": paper.get_absolute_url(),
    }  # fmt: skip
    payer = refund.payment.user
    enqueue(f"refund:{refund.stripe_id}", "subscriptions/email/refund", payer.email, context, payer.pk)


def past_due(subscription: Subscription, invoice: gateway.Invoice, open_until: datetime) -> None:
    """One mail for one unpaid invoice, also when the bank asks for the reader (payment_action_required)."""
    context = {
        "amount": format_money(invoice.amount_due, subscription.currency), "open_until": day(open_until),
        "pay_url": invoice.hosted_invoice_url,
        "next_attempt": day(invoice.next_attempt) if invoice.next_attempt else "",
    }  # fmt: skip
    user = subscription.user
    enqueue(f"past_due:{invoice.id}", "subscriptions/email/past_due", user.email, context, user.pk)


def dispute(row: Dispute) -> None:
    """To staff, once: what to do, and until when."""
    due = f" Evidence is taken until {day(row.due_by)}." if row.due_by else ""
    words = "is asked about (an inquiry: no money has moved)" if row.status in Dispute.INQUIRY else "is disputed"
    message = (
        f"Payment {row.payment_intent_id} over {format_money(row.amount, row.currency)} {words}, reason:"
        f" {row.reason or 'none given'}.{due} Keep the receipt, the terms agreed to and the times of reading; answer in"
        " Stripe's dashboard."
    )
    alert_staff(f"dispute:{row.stripe_id}", message)


def day(when: datetime) -> str:
    """`November 22, 2026`, in the site's time zone."""
    return date_format(timezone.localtime(when), "F j, Y")


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
