"""Credit notes: an invoice's sum lowered before it is paid, or given back after: refunded, credited, or by hand."""

from __future__ import annotations

from . import customer_balance, invoicing
from .blank import Json, blank, identifier
from .errors import invalid
from .refunding import refund_charge
from .sandbox import Sandbox

WAYS = ("refund_amount", "credit_amount", "out_of_band_amount")


def issue(sandbox: Sandbox, invoice: Json, params: Json) -> Json:
    """A credit note on an open or paid invoice; on a paid one the ways the money goes back add up to its total."""
    if invoice["status"] not in ("open", "paid"):
        raise invalid("Credit notes can only be created for open or paid invoices.", "invoice")
    lines = _lines(invoice, params)
    total = sum(line["amount"] for line in lines)
    _check(sandbox, invoice, params, total)
    note = _new(sandbox, invoice, params, lines, total)
    if note["type"] == "pre_payment":
        _lower(sandbox, invoice, total)
    else:
        _give_back(sandbox, invoice, note, params, total)
    sandbox.emit("credit_note.created", note)
    return note


def _lines(invoice: Json, params: Json) -> list[Json]:
    told = params.get("lines")
    if told:
        return [_line(invoice, one, index) for index, one in enumerate(told)]
    known = (params.get(name) for name in ("amount", *WAYS))
    amount = next((int(one) for one in known if one is not None), _left(invoice))
    return [_custom(amount, "Credit")]


def _left(invoice: Json) -> int:
    noted = invoice["pre_payment_credit_notes_amount"] + invoice["post_payment_credit_notes_amount"]
    return int(invoice["total"]) - int(noted)


def _line(invoice: Json, told: Json, index: int) -> Json:
    if told["type"] == "custom_line_item":
        amount = told.get("amount") or told.get("unit_amount", 0) * told.get("quantity", 1)
        return _custom(amount, told.get("description") or "Credit")
    wanted, place = told.get("invoice_line_item"), f"lines[{index}][invoice_line_item]"
    line = next((one for one in invoice["lines"]["data"] if one["id"] == wanted), None)
    if line is None:
        raise invalid(f"No such line item: '{wanted}'", place, "resource_missing")
    share, whole = told.get("quantity", line["quantity"]), line["quantity"] or 1
    amount = told["amount"] if told.get("amount") is not None else line["amount"] * share // whole
    return _custom(amount, line["description"]) | {"type": "invoice_line_item", "invoice_line_item": line["id"]}


def _custom(amount: int, description: str) -> Json:
    return blank(
        "credit_note_line_item",
        id=identifier("credit_note_line_item"),
        amount=amount,
        description=description,
        quantity=1,
        type="custom_line_item",
        unit_amount=amount,
        unit_amount_decimal=str(amount),
        taxes=[],
    )


def _check(sandbox: Sandbox, invoice: Json, params: Json, total: int) -> None:
    if total <= 0:
        raise invalid("A credit note must be for more than nothing.", "amount")
    if total > _left(invoice) or (invoice["status"] == "open" and total > invoice["amount_remaining"]):
        raise invalid("The sum of credit notes cannot be more than the invoice's total.", "amount")
    ways = sum(params.get(name) or 0 for name in WAYS) + _refunded(sandbox, params)
    if invoice["status"] == "paid" and ways != total:
        message = f"The credit, refund and out of band amounts ({ways}) must add up to the total ({total})."
        raise invalid(message, "amount")
    if invoice["status"] == "open" and ways:
        raise invalid("Nothing was paid yet that could go back.", "refund_amount")


def _refunded(sandbox: Sandbox, params: Json) -> int:
    """What refunds made before this note are linked to it for."""
    told = params.get("refunds") or []
    known = (sandbox.require("refund", one.get("refund") or "", f"refunds[{n}][refund]") for n, one in enumerate(told))
    return sum(one.get("amount_refunded") or refund["amount"] for one, refund in zip(told, known, strict=True))


def _new(sandbox: Sandbox, invoice: Json, params: Json, lines: list[Json], total: int) -> Json:
    count = len(list(sandbox.store.where("credit_note", "invoice", invoice["id"]))) + 1
    before, note_id = invoice["status"] == "open", identifier("credit_note")
    url = f"/v1/credit_notes/{note_id}/lines"
    return sandbox.new(
        "credit_note",
        id=note_id,
        amount=total,
        currency=invoice["currency"],
        customer=invoice["customer"],
        effective_at=params.get("effective_at") or sandbox.now(),
        invoice=invoice["id"],
        lines={"object": "list", "data": lines, "has_more": False, "url": url},
        memo=params.get("memo") or None,
        metadata=params.get("metadata") or {},
        number=f"{invoice['number']}-CN-{count:02d}",
        out_of_band_amount=params.get("out_of_band_amount"),
        pdf=f"{sandbox.public_url}/cn/{note_id}/pdf",
        post_payment_amount=0 if before else total,
        pre_payment_amount=total if before else 0,
        reason=params.get("reason") or None,
        status="issued",
        subtotal=total,
        subtotal_excluding_tax=total,
        total=total,
        total_excluding_tax=total,
        total_taxes=[],
        type="pre_payment" if before else "post_payment",
    )


def _lower(sandbox: Sandbox, invoice: Json, total: int) -> None:
    """An open invoice asks for less; one that asks for nothing any more is paid."""
    noted = invoice["pre_payment_credit_notes_amount"] + total
    left = invoice["amount_remaining"] - total
    changes = {"pre_payment_credit_notes_amount": noted, "amount_due": invoice["amount_due"] - total}
    sandbox.update(invoice, "invoice.updated", amount_remaining=left, **changes)
    if left == 0:
        invoicing.settle(sandbox, invoice, None)


def _give_back(sandbox: Sandbox, invoice: Json, note: Json, params: Json, total: int) -> None:
    changes: Json = {
        "refunds": [
            _linked(one["refund"], one.get("amount_refunded") or sandbox.require("refund", one["refund"])["amount"])
            for one in params.get("refunds") or []
        ]
    }
    if params.get("refund_amount"):
        refund = refund_charge(sandbox, _charge(sandbox, invoice), params["refund_amount"])
        changes["refunds"].append(_linked(refund["id"], params["refund_amount"]))
    if params.get("credit_amount"):
        customer = sandbox.require("customer", invoice["customer"])
        links = {"credit_note": note["id"], "invoice": invoice["id"]}
        amount = -params["credit_amount"]
        moved = customer_balance.move(sandbox, customer, amount, invoice["currency"], "credit_note", **links)
        changes["customer_balance_transaction"] = moved["id"]
    sandbox.update(note, **changes)
    noted = invoice["post_payment_credit_notes_amount"] + total
    sandbox.update(invoice, "invoice.updated", post_payment_credit_notes_amount=noted)


def _linked(refund: str, amount: int) -> Json:
    return {"amount_refunded": amount, "payment_record_refund": None, "refund": refund, "type": "refund"}


def _charge(sandbox: Sandbox, invoice: Json) -> Json:
    payment = invoicing.payment_of(sandbox, invoice)
    if payment is None:
        raise invalid("This invoice was not paid by a charge that could be refunded.", "refund_amount")
    intent = sandbox.require("payment_intent", payment["payment"]["payment_intent"])
    return sandbox.require("charge", intent["latest_charge"])


def void(sandbox: Sandbox, note: Json) -> Json:
    """Only a note on an invoice that is still open; the invoice asks for the sum again."""
    invoice = sandbox.require("invoice", note["invoice"])
    if note["status"] == "void" or note["type"] != "pre_payment" or invoice["status"] != "open":
        raise invalid("Only an issued credit note of an open invoice can be voided.", "id")
    names = ("amount_due", "amount_remaining")
    changes = {name: invoice[name] + note["amount"] for name in names}
    noted = invoice["pre_payment_credit_notes_amount"] - note["amount"]
    sandbox.update(invoice, "invoice.updated", pre_payment_credit_notes_amount=noted, **changes)
    return sandbox.update(note, "credit_note.voided", status="void", voided_at=sandbox.now())
