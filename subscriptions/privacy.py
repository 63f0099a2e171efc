"""What the shop knows of a reader: its share of the copy, and of being forgotten (accounts/privacy.py)."""

from collections.abc import Iterable

from django.db.models import OuterRef, Subquery, TextField
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from accounts.privacy import Part, Rows, accounts_of, values
from journal.models import Article
from subscriptions import papers
from subscriptions.models import (
    Consent,
    CreditNote,
    DownloadQuestion,
    Entitlement,
    GiftLink,
    Membership,
    Order,
    OutgoingMail,
    Payment,
    Receipt,
    Refund,
    RightChange,
    SeatInvitation,
    StripeEvent,
    Subscription,
    TraineeProof,
    Withdrawal,
)

KEEPS_PAPERS = gettext_lazy(
    "Invoices and credit notes, with the name and address they were made out to, and the payments behind them: tax law"
    " has us keep them, in most countries for ten years. They lie encrypted and are used for nothing else."
)
KEEPS_CONSENTS = gettext_lazy(
    "What you agreed to when you paid, and withdrawals, as evidence: three years after the contract."
)


#: A right's history names its article by number, so that it outlives it.
ARTICLE = Subquery(Article.objects.filter(pk=OuterRef("article_id")).values("doi")[:1])


def tables(user: User) -> dict[str, Rows]:
    return {
        "rights": values(
            Entitlement.objects.filter(user=user), "kind", "source", "article__doi", "issue__volume", "issue__number",
            "journal__title", "starts_at", "ends_at", "opened_at", "revoked_at", "revoke_reason", "reason",
        ),
        "changes_of_rights": values(
            RightChange.objects.filter(user_id__in=accounts_of(user)).annotate(doi=ARTICLE), "changed_at", "kind",
            "source", "doi", "starts_at", "ends_at", "opened_at", "revoked_at", "revoke_reason", "was_deleted",
        ),
        "orders": values(
            Order.objects.filter(user=user), "number", "kind", "description", "amount", "currency", "state",
            "created_at", "paid_at", "guest_email", "consent_text", "consented_at",
        ),
        "subscriptions": values(
            Subscription.objects.filter(user=user), "stripe_id", "status", "amount", "currency", "interval",
            "period_start", "period_end", "ends_at", "created_at",
        ),
        "payments": values(
            Payment.objects.filter(user=user), "charge_id", "amount", "currency", "amount_refunded", "card_brand",
            "card_last4", "paid_at",
        ),
        "receipts": values(Receipt.objects.filter(user=user), "number", "description", "terms", "issued_at"),
        "consents": values(
            Consent.objects.filter(order__user=user), "order__number", "kind", "text", "given_at", "page"
        ),
        "withdrawals": values(
            Withdrawal.objects.filter(order__user=user), "name", "email", "contract", "received_at", "state", "answer"
        ),
        "gift_links": values(GiftLink.objects.filter(giver=user), "article__doi", "created_at", "expires_at"),
        "training": values(
            TraineeProof.objects.filter(user=user), "program", "ends_on", "contact", "sent_at", "state", "valid_until",
            "answer",
        ),
        "institutions": values(
            Membership.objects.filter(user=user), "institution__name", "way", "affiliation", "began_at", "until",
            "ended_at",
        ),
        "questions_about_downloads": values(
            DownloadQuestion.objects.filter(user=user), "texts", "hours", "asked_at", "purpose", "answered_at", "note"
        ),
        "mails": values(OutgoingMail.objects.filter(user=user), "key", "to", "created_at", "sent_at"),
    }  # fmt: skip


def files(user: User) -> Iterable[tuple[str, bytes]]:
    """Receipts and credit notes as they can be downloaded, and the documents that were sent to us."""
    for receipt in Receipt.objects.filter(user=user).select_related("payment__order__article", "user"):
        yield f"invoices/invoice-{receipt.number}.pdf", papers.invoice(receipt)
    notes = CreditNote.objects.filter(receipt__user=user).select_related("refund__payment", "receipt__user")
    for note in notes:
        yield f"invoices/credit-note-{note.number}.pdf", papers.credit_note(note)
    for proof in TraineeProof.objects.filter(user=user).exclude(document=""):
        with proof.document.open() as document:
            yield f"training/{proof.pk}-{proof.document.name}", document.read()


def hinders(user: User) -> Iterable[str]:
    """A contract that goes on, or money on its way, needs the account."""
    running = Subscription.objects.filter(user=user, status__in=Subscription.LIVE)
    if running.filter(ends_at=None).exists():
        yield _("Cancel your subscription first (under My access): otherwise it would renew without you.")
    elif running.filter(period_end__gt=timezone.now()).exists():
        yield _(
            "Your subscription runs until the end of the time you have paid for. Ask again then, or withdraw from it."
        )
    if Order.objects.filter(user=user, state=Order.State.PROCESSING).exists():
        yield _("A payment of yours is still settling. Please wait until it has.")


def keeps(user: User) -> Iterable[str]:
    if Receipt.objects.filter(user=user).exists():
        yield str(KEEPS_PAPERS)
    if Order.objects.filter(user=user, consented_at__isnull=False).exists():
        yield str(KEEPS_CONSENTS)


def erase(user: User) -> Iterable[str]:
    kept = list(keeps(user))
    for receipt in Receipt.objects.filter(user=user).select_related("user", "payment"):
        receipt.kept_buyer = "\n".join(receipt.buyer)
        receipt.tax = {**receipt.tax, "buyer": []} if receipt.tax else receipt.tax
        receipt.save(update_fields=["kept_buyer", "tax"])
    Order.objects.filter(user=user).update(guest_email="", params={})
    _forget_events(user.email)
    OutgoingMail.objects.filter(user=user).delete()
    for proof in TraineeProof.objects.filter(user=user):
        proof.document.delete(save=False)
        proof.delete()
    GiftLink.objects.filter(giver=user, revoked_at=None).update(revoked_at=timezone.now())
    SeatInvitation.objects.filter(email=user.email).delete()
    Membership.objects.filter(user=user).delete()
    DownloadQuestion.objects.filter(user=user).delete()
    user.library_managers.all().delete()
    _forget_rights(user)
    return kept


def _forget_rights(user: User) -> None:
    """They end, and lose what staff wrote on them. What they were before goes: nobody can ask for it any more."""
    rights = Entitlement.objects.filter(user=user)
    rights.filter(revoked_at=None).update(revoked_at=timezone.now(), revoke_reason="The reader had the account erased.")
    rights.filter(revoked_by__isnull=False).update(revoke_reason="Taken back by staff.")
    rights.exclude(reason="").update(reason="")
    RightChange.objects.filter(user_id__in=accounts_of(user)).delete()
    Refund.objects.filter(payment__user=user, requested_by__isnull=False).update(note="")


def _forget_events(email: str) -> None:
    """What Stripe's webhooks told of an address. They were hints; what followed from them stands in the tables."""
    told = StripeEvent.objects.annotate(text=Cast("payload", TextField())).filter(text__icontains=email)
    told.update(payload={})


PART = Part(tables=tables, erase=erase, files=files, hinders=hinders, keeps=keeps)
