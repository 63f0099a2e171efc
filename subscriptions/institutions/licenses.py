"""From a license to its rights: asked for, invoiced by Stripe or paid another way, and derived again at each reading.

Paid: open for the term, and what was published during it stays open for good where the contract says so. Trusted: open
from the invoice's day until 30 days after it is due. Void, written off, refunded or disputed: nothing.
"""

import hashlib
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from subscriptions import gateway, mail, payments, policy, standing, stripe_invoices, sync
from subscriptions.grants import end_of, start_of
from subscriptions.models import Entitlement, Institution, SiteLicense, SyncTarget

PARTS = ("", "years")
TRUST_DAYS = 30
State = SiteLicense.State
STATES = {
    "draft": State.REQUESTED, "open": State.OPEN, "paid": State.PAID, "void": State.VOID,
    "uncollectible": State.UNCOLLECTIBLE,
}  # fmt: skip


class NotPossible(Exception):
    """What staff asked for does not fit how the license stands. The message is for them."""


@dataclass(frozen=True, slots=True)
class FoundLicense:
    license_id: int
    customer_id: str
    invoice: stripe_invoices.SentInvoice
    charge: gateway.Charge | None


@dataclass(frozen=True, slots=True)
class Right:
    """What a license opens: `part` is empty for the term, `years` for what is kept after it."""

    part: str
    starts_at: datetime
    ends_at: datetime | None
    covers_from: date | None
    covers_until: date | None


# --- what staff ask for ----------------------------------------------------------------------------------------------


def request_invoice(row: SiteLicense) -> None:
    """Have Stripe make and mail the invoice. A row first: a worker that dies leaves it to the next."""
    with transaction.atomic():
        row = SiteLicense.objects.select_for_update(of=("self",)).select_related("institution").get(pk=row.pk)
        if row.state != State.DRAFT:
            raise NotPossible("The invoice was asked for already, or the license is paid.")
        if not row.institution.contact_email:
            raise NotPossible("The institution has no contact address: nobody would get the invoice.")
        if settings.STRIPE_TAX and not row.institution.billing_country:
            raise NotPossible("Stripe Tax has to know where the institution is: add its billing address first.")
        if not gateway.is_open():
            raise NotPossible("No Stripe key is set. Mark the license as paid when the money has come.")
        row.state = State.REQUESTED
        row.save(update_fields=["state"])
        _hint(row)


def mark_paid(row: SiteLicense, by: User, reason: str) -> None:
    """The money came by bank transfer. An open invoice at Stripe is marked there, too, when it is read next."""
    with transaction.atomic():
        row = SiteLicense.objects.select_for_update().get(pk=row.pk)
        if row.state not in (State.DRAFT, State.OPEN):
            raise NotPossible("This license is paid, void or written off, or its invoice is just being made.")
        row.paid_by_hand, row.marked_by = reason, by
        if row.invoice_id:
            _hint(row)
        else:
            row.state, row.paid_at = State.PAID, timezone.now()
            write_rights(row, "")
        row.save()


def make_void(row: SiteLicense, by: User, reason: str) -> None:
    """The contract does not come about, or ends: no invoice is open any more, and no right stands."""
    if row.invoice_id and row.state in (State.OPEN, State.UNCOLLECTIBLE):
        stripe_invoices.void(row.invoice_id)
        _hint(row)
        return
    with transaction.atomic():
        row = SiteLicense.objects.select_for_update().get(pk=row.pk)
        if row.invoice_id or row.state == State.REQUESTED:
            raise NotPossible("Its invoice is paid or being made. Refund the payment instead; the right goes with it.")
        row.state, row.paid_by_hand, row.marked_by = State.VOID, reason, by
        row.save()
        write_rights(row, "")


def _hint(row: SiteLicense) -> None:
    sync.hint(SyncTarget.Kind.LICENSE, str(row.pk))


def overdue() -> list[tuple[str, str]]:
    """Licenses whose invoice nobody has looked at for a day, whatever the webhooks said."""
    late = timezone.now() - timedelta(hours=24)
    rows = SiteLicense.objects.filter(state__in=SiteLicense.UNDECIDED).exclude(synced_at__gt=late)
    return [(str(SyncTarget.Kind.LICENSE), str(pk)) for pk in rows.values_list("pk", flat=True)[:500]]


# --- reading and writing (sync.py) -----------------------------------------------------------------------------------


def read(key: str) -> FoundLicense | None:
    """Make what is asked for and not there yet, and read what is. No transaction is open."""
    row = SiteLicense.objects.select_related("institution", "journal").filter(pk=key).first()
    if row is None or not (row.invoice_id or row.state == State.REQUESTED):
        return None
    customer = row.institution.customer_id or _customer(row.institution)
    invoice_id = row.invoice_id or _made(row, customer)
    invoice = stripe_invoices.read(invoice_id)
    if row.paid_by_hand and invoice.status == "open":
        stripe_invoices.mark_paid(invoice_id)
        invoice = stripe_invoices.read(invoice_id)
    charge = gateway.read_charge(invoice.payment_intent_id) if invoice.payment_intent_id else None
    return FoundLicense(row.pk, customer, invoice, charge)


def _customer(institution: Institution) -> str:
    """Made once and kept at once: a second license must meet the same one."""
    made = stripe_invoices.create_customer(_payer(institution))
    Institution.objects.filter(pk=institution.pk, customer_id="").update(customer_id=made)
    return Institution.objects.values_list("customer_id", flat=True).get(pk=institution.pk)


def _made(row: SiteLicense, customer: str) -> str:
    """The license's invoice. What Stripe refuses in it (an address, a tax number) is for a person to mend."""
    try:
        stripe_invoices.tell_customer(customer, _payer(row.institution))
        return stripe_invoices.ensure(_wanted(row, customer))
    except gateway.Rejected as error:
        digest = hashlib.sha256(str(error).encode()).hexdigest()[:12]
        mail.alert_staff(
            f"license_refused:{row.pk}:{digest}",
            f"Stripe makes no invoice for {row} of {row.institution}: {error} Mend the institution's billing details;"
            " it is tried again by itself.",
        )
        raise


def _payer(institution: Institution) -> stripe_invoices.Payer:
    parts = ("line1", "line2", "postal_code", "city", "state", "country")
    address = {part: getattr(institution, f"billing_{part}") for part in parts}
    return stripe_invoices.Payer(
        email=institution.contact_email, name=institution.name, number=str(institution.pk),
        address={part: told for part, told in address.items() if told} if institution.billing_country else {},
        tax_number=institution.tax_number, tax_exempt=institution.tax_exempt,
    )  # fmt: skip


def _wanted(row: SiteLicense, customer: str) -> stripe_invoices.Wanted:
    return stripe_invoices.Wanted(
        number=row.number, customer=customer, amount=row.amount, currency=row.currency, description=row.description,
        po_number=row.po_number, days_until_due=row.days_until_due,
    )  # fmt: skip


def apply(found: FoundLicense) -> list[tuple[str, str]]:
    row = SiteLicense.objects.select_for_update(of=("self",)).select_related("institution").get(pk=found.license_id)
    invoice, charge = found.invoice, found.charge
    row.state = STATES.get(invoice.status, State.OPEN)
    row.invoice_id, row.invoice_number = invoice.id, invoice.number
    row.hosted_invoice_url, row.invoice_pdf = invoice.hosted_url, invoice.pdf
    row.payment_intent_id = invoice.payment_intent_id
    row.finalized_at, row.due_at, row.paid_at = invoice.finalized_at, invoice.due_at, invoice.paid_at
    row.tax = asdict(invoice.tax) if invoice.tax else None
    row.synced_at = timezone.now()
    row.save()
    paid = payments.standing_of(charge) if charge else None
    if charge:
        payments.record_license_charge(charge, row)
    objection = standing.objection(paid, policy.rules()) if paid else ""
    if (invoice.subtotal, invoice.currency) != (row.amount, row.currency):
        objection = "The invoice is over another amount than the license"
        mail.alert_staff(
            f"license:{row.pk}:{invoice.subtotal}",
            f"Invoice {invoice.number} asks for {invoice.subtotal} {invoice.currency} (minor units), {row} costs"
            f" {row.price}. Nothing was opened. Void it and make a new license.",
        )
    write_rights(row, objection)
    unseen = charge and payments.has_unseen_dispute(charge)
    return [(str(SyncTarget.Kind.PAYMENT), invoice.payment_intent_id)] if unseen else []


def rights_of(row: SiteLicense) -> list[Right]:
    """What a license opens as it stands. Its dates decide, and the hour plays no part."""
    starts, ends = start_of(row.starts_on), end_of(row.ends_on)
    if row.state == State.OPEN and row.trusted and row.finalized_at:
        until = (row.due_at or row.finalized_at) + timedelta(days=TRUST_DAYS)
        trusted = Right("", starts, min(ends, until), row.covers_from, None)
        return [trusted] if until > starts else []
    if row.state != State.PAID:
        return []
    term = Right("", starts, ends, row.covers_from, None)
    years = Right("years", ends, None, max(row.starts_on, row.covers_from or row.starts_on), row.ends_on)
    return [term, years] if row.keeps_back_file else [term]


def write_rights(row: SiteLicense, objection: str) -> None:
    """Make, move, hold back and give back; what staff have revoked stays revoked."""
    known = {right.source: right for right in Entitlement.objects.filter(source__in=[_source(row, p) for p in PARTS])}
    wanted = {_source(row, right.part): right for right in rights_of(row)}
    for source, right in wanted.items():
        entitlement = known.get(source) or Entitlement(source=source, kind=Entitlement.Kind.INSTITUTION)
        entitlement.institution, entitlement.journal = row.institution, row.journal
        entitlement.starts_at, entitlement.ends_at = right.starts_at, right.ends_at
        entitlement.covers_from, entitlement.covers_until = right.covers_from, right.covers_until
        _hold(entitlement, objection)
        entitlement.save()
    for source, entitlement in known.items():
        if source not in wanted:
            _hold(entitlement, f"The license is not paid ({row.get_state_display().lower()})")
            entitlement.save()


def _source(row: SiteLicense, part: str) -> str:
    return f"license:{row.pk}:{part}" if part else f"license:{row.pk}"


def _hold(right: Entitlement, reason: str) -> None:
    if right.revoked_by_id is None:
        right.revoked_at = (right.revoked_at or timezone.now()) if reason else None
        right.revoke_reason = reason


def number_of(metadata: Any) -> int | None:
    """The license an invoice's metadata name, if it is one of this site's."""
    number = str((metadata or {}).get("license", ""))
    return SiteLicense.objects.filter(number=number).values_list("pk", flat=True).first() if number else None
