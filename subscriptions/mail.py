"""Mail about money: written into the outbox with the change it tells of, sent once by a job.

A message's key names the happening (`receipt:12`), so reading Stripe again never mails again.
"""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.db.models import Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language
from procrastinate.contrib.django import app

from accounts.languages import speaking, spoken_to
from accounts.models import ServiceCenter, User
from journal.models import Journal
from subscriptions import gateway
from subscriptions.models import (
    CreditNote,
    Dispute,
    DownloadQuestion,
    Order,
    OutgoingMail,
    Payment,
    PriceNotice,
    Receipt,
    Subscription,
    TraineeProof,
    Withdrawal,
)
from subscriptions.money import format_money

#: After 1, 3, 7, 15 … minutes: the last after almost three days. A mail server may be away for a weekend.
MOST_ATTEMPTS = 13
AWAY_AFTER = 3  # failures in a row: the server is away, and the rest of the letters need not find out


def _payer(payment: Payment) -> User | Order | None:
    """Whose language a paper's mail is in: the account's, else that of the page the guest ordered on."""
    return payment.user or payment.order


def _subscriber(subscription: Subscription) -> User:
    return subscription.user


@spoken_to(lambda paper: _payer(paper.payment))
def receipt(paper: Receipt, again: str = "") -> None:
    """Once for a payment; with `again` (a key of its own) once more, because somebody asked."""
    payment = paper.payment
    order = payment.order
    context = {
        "number": paper.number,
        "description": paper.description,
        "amount": format_money(payment.amount, payment.currency),
        "paid_at": payment.paid_at.isoformat(),
        "paid_on": day(payment.paid_at),
        "card": payment.card_words if payment.card_last4 else "",
        "order_number": order.number if order else "",
        "kind": order.kind if order else "subscription",
        "terms": paper.terms,
        "receipt_path": paper.get_absolute_url(),
        "article_path": order.article.get_absolute_url() if order and order.article else "",
        "claim_order": str(order.pk) if order and order.user is None else "",
        "credit": str(order.credited) if order and order.credit else "",
        "price": str(order.price) if order else "",
        "taxes": ", ".join(f"{words} {amount}" for words, amount in paper.tax_lines),
        "tax_note": paper.tax_note if paper.tax else "",
    }
    key = f"receipt:{payment.charge_id}{again and f':{again}'}"
    enqueue(key, "subscriptions/email/receipt", payment.email, context, payment.user_id)


def found_purchases(email: str, orders: Sequence[Order], *, has_account: bool) -> None:
    """The answer of “Find my purchase”, at most one in ten minutes for an address."""
    context = {
        "purchases": [{"claim_order": str(order.pk), "description": order.description} for order in orders],
        "has_account": has_account,
    }
    key = f"found:{hashlib.sha256(email.encode()).hexdigest()[:16]}:{int(timezone.now().timestamp()) // 600}"
    enqueue(key, "subscriptions/email/found", email, context)


@spoken_to(lambda order: order.user or order)
def confirmation(order: Order) -> None:
    """What was ordered and agreed to where nothing was charged, so that there is no receipt (trial, full credit)."""
    trial_end = timezone.now() + timedelta(days=order.trial_days)
    context = {
        "order_number": order.number, "description": order.description, "terms": order.consent_text,
        "trial_days": order.trial_days, "price": str(order.price), "interval": order.interval_word,
        "first_payment": date_format(timezone.localtime(trial_end), "DATE_FORMAT") if order.trial_days else "",
        "credit": str(order.credited) if order.credit else "",
        "claim_order": str(order.pk) if order.user is None else "",
    }  # fmt: skip
    enqueue(f"confirmation:{order.pk}", "subscriptions/email/confirmation", order.email, context, order.user_id)


def many_downloads(question: DownloadQuestion) -> None:
    """To the library of a reader who fetched much. It can find out who it was; we tell no name and no address."""
    library = question.institution
    if library is None:
        return
    context = {
        "institution": library.name, "texts": question.texts, "hours": question.hours,
        "until": date_format(timezone.localtime(question.asked_at), "DATETIME_FORMAT"),
        "library_path": library.get_absolute_url(),
    }  # fmt: skip
    enqueue(f"downloads:{question.pk}", "subscriptions/email/many_downloads", library.contact_email, context)


@spoken_to(lambda row: row)
def withdrawal_received(row: Withdrawal) -> None:
    """The acknowledgement: what was declared, with day and time."""
    at = date_format(timezone.localtime(row.received_at), "DATETIME_FORMAT")
    context = {"name": row.name, "contract": row.contract, "received_at": at}
    enqueue(f"withdrawal:{row.pk}", "subscriptions/email/withdrawal_received", row.email, context)


@spoken_to(lambda row: row)
def withdrawal_decided(row: Withdrawal) -> None:
    accepted = row.state == Withdrawal.State.ACCEPTED
    context = {"contract": row.contract, "answer": row.answer, "accepted": accepted}
    enqueue(f"withdrawal-decided:{row.pk}", "subscriptions/email/withdrawal_decided", row.email, context)


@spoken_to(lambda proof: proof.user)
def trainee_decision(proof: TraineeProof) -> None:
    until = date_format(proof.valid_until, "DATE_FORMAT") if proof.valid_until else ""
    context = {"accepted": proof.state == TraineeProof.State.ACCEPTED, "until": until, "answer": proof.answer}
    enqueue(f"trainee:{proof.pk}", "subscriptions/email/trainee_decision", proof.user.email, context, proof.user_id)


@spoken_to(_subscriber)
def trainee_proof_ends(subscription: Subscription, proof: TraineeProof) -> None:
    """Once for each proof, 30 days before its end."""
    context = {"until": date_format(proof.valid_until, "DATE_FORMAT") if proof.valid_until else "", "stopped": False}
    user = subscription.user
    enqueue(f"trainee-ends:{proof.pk}", "subscriptions/email/trainee_ends", user.email, context, user.pk)


@spoken_to(_subscriber)
def trainee_stopped(subscription: Subscription) -> None:
    until = date_format(timezone.localtime(subscription.ends_at), "DATE_FORMAT") if subscription.ends_at else ""
    context = {"until": until, "stopped": True}
    key = f"trainee-stopped:{subscription.stripe_id}:{until}"
    enqueue(key, "subscriptions/email/trainee_ends", subscription.user.email, context, subscription.user_id)


@spoken_to(_subscriber)
def renewal_changed(subscription: Subscription, words: str, key: str) -> None:
    """The confirmation of a change the reader made: canceled, kept, switched."""
    context = {"words": words}
    user = subscription.user
    enqueue(f"{key}:{subscription.stripe_id}", "subscriptions/email/changed", user.email, context, user.pk)


@spoken_to(lambda paper: _payer(paper.refund.payment))
def credit_note(paper: CreditNote, again: str = "") -> None:
    refund = paper.refund
    context = {
        "number": paper.number, "receipt_number": paper.receipt.number, "description": paper.receipt.description,
        "amount": str(refund.price), "path": paper.get_absolute_url(),
    }  # fmt: skip
    payment = refund.payment
    key = f"refund:{refund.stripe_id}{again and f':{again}'}"
    enqueue(key, "subscriptions/email/refund", payment.email, context, payment.user_id)


def price_change_key(notice: PriceNotice) -> str:
    return f"price_change:{notice.pk}"


@spoken_to(lambda notice: notice.subscription.user)
def price_change(notice: PriceNotice) -> None:
    """The price from a renewal on, and that canceling before it costs nothing."""
    subscription = notice.subscription
    context = {
        "journal_title": subscription.journal.title, "old_price": str(notice.old_price), "price": str(notice.price),
        "interval": subscription.interval_word, "day": day(notice.applies_at), "reason": notice.change.reason,
        "tax_note": notice.change.offer.tax_words, "rises": notice.amount > notice.old_amount,
    }  # fmt: skip
    user = subscription.user
    enqueue(price_change_key(notice), "subscriptions/email/price_change", user.email, context, user.pk)


@spoken_to(lambda notice: notice.subscription.user)
def price_stays(notice: PriceNotice) -> None:
    subscription = notice.subscription
    context = {
        "journal_title": subscription.journal.title, "old_price": str(notice.old_price), "price": str(notice.price),
        "interval": subscription.interval_word,
    }  # fmt: skip
    user = subscription.user
    enqueue(f"price_stays:{notice.pk}", "subscriptions/email/price_stays", user.email, context, user.pk)


@spoken_to(_subscriber)
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
    return date_format(timezone.localtime(when), "DATE_FORMAT")


def alert_staff(key: str, message: str) -> None:
    address = parseaddr(settings.SERVER_EMAIL)[1]
    enqueue(f"alert:{key}", "subscriptions/email/alert", address, {"message": message})


def enqueue(key: str, template: str, to: str, context: dict[str, Any], user_id: int | None = None) -> None:
    """Put one message into the outbox with the caller's transaction; the same key again does nothing.

    It is written in the language that is spoken now, or that the context names.
    """
    context = {"language": get_language(), **context}
    message, created = OutgoingMail.objects.get_or_create(
        key=key, defaults={"template": template, "to": to, "context": context, "user_id": user_id}
    )
    if created:
        app.configure_task("subscriptions.send_mail").defer(message_id=message.pk)


def send_copy(message: OutgoingMail, to: str, again: str) -> None:
    """A message once more as it was written then, for example what a reader agreed to."""
    enqueue(f"{message.key}:{again}", message.template, to, message.context, message.user_id)


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


def send_now(template: str, to: str, context: dict[str, Any]) -> None:
    """A code somebody waits for: no outbox keeps it, and a mail server that refuses is the caller's to say."""
    _compose(OutgoingMail(key=f"now:{secrets.token_hex(8)}", template=template, to=to, context=context)).send()


def send_unsent(limit: int = 100) -> int:
    """What is due, oldest first; how many went out."""
    sent = failed = 0
    for pk in list(_due().order_by("pk").values_list("pk", flat=True)[:limit]):
        went_out = send(pk)
        sent, failed = sent + went_out, 0 if went_out else failed + 1
        if failed == AWAY_AFTER:
            break
    return sent


def _due() -> "QuerySet[OutgoingMail]":
    now = timezone.now()
    waited = [Q(attempts=n, created_at__lte=now - timedelta(minutes=2**n - 1)) for n in range(MOST_ATTEMPTS)]
    return OutgoingMail.objects.filter(reduce(or_, waited), sent_at=None)


def _compose(message: OutgoingMail) -> EmailMultiAlternatives:
    context = {
        **_with_links(message.context), "site_url": settings.SITE_URL, "journal": Journal.objects.first(),
        "service_center": ServiceCenter.current(),
    }  # fmt: skip
    with speaking(message.context.get("language", "")):
        subject = " ".join(render_to_string(f"{message.template}_subject.txt", context).split())
        text = render_to_string(f"{message.template}_message.txt", context)
        html = render_to_string(f"{message.template}_message.html", context)
    mail = EmailMultiAlternatives(subject, text, to=[message.to], headers={"Message-ID": _message_id(message)})
    mail.attach_alternative(html, "text/html")
    return mail


def _with_links(context: dict[str, Any]) -> dict[str, Any]:
    """The links of claims and seats, made when the message goes out: they open something, so no table keeps them."""
    from subscriptions.claiming import path_of  # noqa: PLC0415  (claiming writes mail)
    from subscriptions.institutions.seats import path_of as seat_path  # noqa: PLC0415  (and so do seats)

    if context.get("invitation"):
        context = {**context, "seat_path": seat_path(context["invitation"])}
    with_path = {**context, "claim_path": path_of(context["claim_order"])} if context.get("claim_order") else context
    purchases = [{**one, "claim_path": path_of(one["claim_order"])} for one in context.get("purchases", [])]
    return with_path | ({"purchases": purchases} if purchases else {})


def _message_id(message: OutgoingMail) -> str:
    """The same whichever machine sends it: a repeat after a crash is known as one."""
    domain = urlsplit(settings.SITE_URL).hostname or "localhost"
    return f"<{message.key.replace(':', '.')}.{message.pk}@{domain}>"
