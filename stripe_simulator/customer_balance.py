"""A customer's credit (below zero) or debt (above): what invoices take from it and put into it."""

from __future__ import annotations

from .blank import Json
from .pricing import MINIMUM
from .sandbox import Sandbox


def move(sandbox: Sandbox, customer: Json, amount: int, currency: str, kind: str, **links: object) -> Json:
    """Adds `amount` (minus is credit) to the customer's balance, and books it."""
    after = customer["balance"] + amount
    transaction = sandbox.new(
        "customer_balance_transaction",
        **{
            "amount": amount,
            "currency": currency,
            "customer": customer["id"],
            "ending_balance": after,
            "type": kind,
        }
        | links,
    )
    sandbox.update(customer, "customer.updated", balance=after, currency=customer["currency"] or currency)
    return transaction


def credit_of(sandbox: Sandbox, customer: str | None, currency: str) -> int:
    """What the customer has to their credit in this currency, as a positive number."""
    found = sandbox.get("customer", customer)
    return max(0, -found["balance"]) if found and found["currency"] in (None, currency) else 0


def due_after(balance: int, total: int, currency: str) -> tuple[int, int]:
    """(what is due, the balance afterwards) of an invoice: a negative total is credited, credit pays, debt is added;
    what is too small to be charged is put on the balance."""
    if total < 0:
        return 0, balance + total
    due = max(balance + total, 0)
    due = due if due >= MINIMUM.get(currency, 50) else 0
    return due, balance + total - due


def apply(sandbox: Sandbox, invoice: Json) -> None:
    """Finalizing: the customer's balance and the invoice settle what they owe each other. Changes the invoice in
    place."""
    customer, total = sandbox.get("customer", invoice["customer"]), invoice["total"]
    invoice["ending_balance"] = 0
    if customer is None:
        return
    balance = customer["balance"]
    due, after = due_after(balance, total, invoice["currency"])
    invoice |= {"starting_balance": balance, "ending_balance": after, "amount_due": due, "amount_remaining": due}
    if after != balance:
        kind = "invoice_too_small" if balance + total > 0 and due == 0 else "applied_to_invoice"
        move(sandbox, customer, after - balance, invoice["currency"], kind, invoice=invoice["id"])


def give_back(sandbox: Sandbox, invoice: Json) -> None:
    """An invoice that is void returns what it took from the balance."""
    used = (invoice["ending_balance"] or 0) - invoice["starting_balance"]
    customer = sandbox.get("customer", invoice["customer"])
    if customer and used:
        move(sandbox, customer, -used, invoice["currency"], "unapplied_from_invoice", invoice=invoice["id"])
