"""What happens to a Checkout Session after it was created: paid, declined, challenged, expired, recovered."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Any

from . import billing, invoicing, setups
from .blank import Json, blank, identifier
from .customer_balance import due_after
from .customers import new_customer
from .discounting import redeem
from .errors import invalid
from .payment_methods import attach, billing_details, card_of
from .payments import AUTHENTICATION_FAILED, Attempt, cancel_intent, create_intent, decline, pay_intent
from .sandbox import DAY, Sandbox, timer
from .taxes import is_inclusive, kind_of_number


@dataclass(frozen=True)
class Payer:
    """Who filled in the payment page."""

    email: str = ""
    name: str = ""
    country: str = ""
    postal_code: str = ""
    agreed: bool = False
    vat: str = ""

    @property
    def address(self) -> Json:
        empty = billing_details(country=self.country or None)["address"]
        return {**empty, "postal_code": self.postal_code or None}


def line_items(sandbox: Sandbox, session: Json) -> list[Json]:
    lines: list[Json] = sandbox.store.hidden(session["id"])["line_items"]
    return lines


def coupon_of(sandbox: Sandbox, session: Json) -> Json | None:
    for discount in session["discounts"] or []:
        code = sandbox.get("promotion_code", discount["promotion_code"])
        return sandbox.get("coupon", discount["coupon"] or (code["promotion"]["coupon"] if code else None))
    return None


def data_of(sandbox: Sandbox, session: Json, name: str) -> Json:
    """One of the `…_data` parameters the session was created with."""
    data: Json = sandbox.store.hidden(session["id"])["params"].get(name) or {}
    return data


def trial_end(sandbox: Sandbox, session: Json) -> int | None:
    data = data_of(sandbox, session, "subscription_data")
    days = data.get("trial_period_days")
    return sandbox.now() + int(days) * DAY if days else data.get("trial_end")


def due_today(sandbox: Sandbox, session: Json) -> int:
    """What the page takes now; a trial takes nothing, and a subscriber's credit pays first."""
    if session["mode"] != "subscription":
        return int(session["amount_total"] or 0)
    if trial_end(sandbox, session):
        return 0
    balance = (sandbox.get("customer", session["customer"]) or {}).get("balance", 0)
    return due_after(balance, session["amount_total"], session["currency"])[0]


def needs_card(sandbox: Sandbox, session: Json) -> bool:
    if session["mode"] == "setup" or due_today(sandbox, session):
        return True
    return bool(session["mode"] == "subscription" and session["payment_method_collection"] != "if_required")


# Paying


def pay(sandbox: Sandbox, session: Json, payer: Payer, method: Json | None, authenticated: bool = False) -> Attempt:
    """One press of the button. A decline leaves the session open; a success completes it."""
    customer = _customer(sandbox, session, payer)
    if method and customer and session["mode"] == "subscription" and card_of(sandbox, method).saves:
        attach(sandbox, method, customer)
    amount = due_today(sandbox, session)
    if amount == 0:
        attempt, intent = _save(sandbox, session, method, customer, authenticated), None
    else:
        if method is None:
            raise invalid("A payment method is needed.", "payment_method")
        intent = _intent(sandbox, session, amount, customer)
        attempt = pay_intent(sandbox, intent, method, authenticated=authenticated)
    if attempt.status in ("succeeded", "processing"):
        _complete(sandbox, session, payer, customer, method, intent, attempt)
    elif attempt.status == "requires_action" and method:
        sandbox.store.hide(session["id"], challenge={"method": method["id"], "payer": vars(payer)})
    return attempt


def answer_challenge(sandbox: Sandbox, session: Json, passed: bool) -> Attempt:
    """The payer's answer to the bank's question (3-D Secure)."""
    challenge = sandbox.store.hidden(session["id"]).get("challenge")
    if not challenge:
        return Attempt("declined", message="There is nothing to confirm. Enter your card again.")
    sandbox.store.hide(session["id"], challenge=None)
    method = sandbox.require("payment_method", challenge["method"])
    if passed:
        return pay(sandbox, session, Payer(**challenge["payer"]), method, authenticated=True)
    hidden = sandbox.store.hidden(session["id"])
    setup = sandbox.get("setup_intent", session["setup_intent"] or hidden.get("setup"))
    if setup:
        return setups.fail_setup(sandbox, setup, method)
    return decline(sandbox, sandbox.require("payment_intent", hidden["intent"]), method, AUTHENTICATION_FAILED)


def _save(sandbox: Sandbox, session: Json, method: Json | None, customer: str | None, authenticated: bool) -> Attempt:
    """Nothing is due now: the card is only kept for later."""
    if method is None:
        return Attempt("succeeded")
    intent = sandbox.get("setup_intent", session["setup_intent"] or sandbox.store.hidden(session["id"]).get("setup"))
    if intent is None:
        intent = setups.create_setup(sandbox, customer=customer)
        sandbox.store.hide(session["id"], setup=intent["id"])
    if customer and not intent["customer"]:
        sandbox.update(intent, customer=customer)
    return setups.confirm_setup(sandbox, intent, method, authenticated)


def _customer(sandbox: Sandbox, session: Json, payer: Payer) -> str | None:
    """The session's customer; one is made when the mode or `customer_creation` asks for it, once a session."""
    known = session["customer"] or sandbox.store.hidden(session["id"]).get("customer")
    if known:
        return str(known)
    if session["mode"] != "subscription" and session["customer_creation"] != "always":
        return None
    customer = new_customer(sandbox, email=payer.email, name=payer.name or None, address=payer.address)
    sandbox.store.hide(session["id"], customer=customer["id"])
    return str(customer["id"])


def _intent(sandbox: Sandbox, session: Json, amount: int, customer: str | None) -> Json:
    """One payment intent a session, whatever the number of attempts."""
    known = sandbox.get("payment_intent", sandbox.store.hidden(session["id"]).get("intent"))
    if known:  # a code may have been typed after a decline
        return sandbox.update(known, amount=amount)
    data = data_of(sandbox, session, "payment_intent_data")
    names = ("description", "metadata", "receipt_email", "setup_future_usage", "statement_descriptor_suffix")
    values = {name: data[name] for name in names if name in data}
    if session["mode"] == "subscription":
        values = {"description": "Subscription creation", "setup_future_usage": "off_session"}
    intent = create_intent(sandbox, amount, session["currency"], customer=customer, **values)
    sandbox.store.hide(session["id"], intent=intent["id"])
    sandbox.store.hide(intent["id"], session=session["id"])
    if session["mode"] == "payment":
        sandbox.update(session, payment_intent=intent["id"])
    return intent


def _complete(
    sandbox: Sandbox,
    session: Json,
    payer: Payer,
    customer: str | None,
    method: Json | None,
    intent: Json | None,
    attempt: Attempt,
) -> None:
    _know(sandbox, session, customer, payer)
    changes: Json = {"customer": customer, "status": "complete", "url": None}
    changes["customer_details"] = details(sandbox, customer, payer)
    paid = "unpaid" if attempt.status == "processing" else "paid"
    changes["payment_status"] = paid if intent else "no_payment_required"
    if session["consent_collection"]:
        changes["consent"] = {"promotions": None, "terms_of_service": "accepted" if payer.agreed else None}
    if session["mode"] == "setup":
        pass  # the setup intent has said it all
    elif session["mode"] == "subscription":
        changes |= _subscribe(sandbox, session, str(customer), method, intent, attempt)
    elif session["invoice_creation"] and session["invoice_creation"]["enabled"]:
        changes["invoice"] = _invoice_sale(sandbox, session, customer, intent)
    _redeem(sandbox, session)
    sandbox.update(session, **changes)
    sandbox.emit("checkout.session.completed", session)


def _know(sandbox: Sandbox, session: Json, customer_id: str | None, payer: Payer) -> None:
    """What the customer's record learns: as `customer_update` allows, and their VAT number."""
    customer = sandbox.get("customer", customer_id)
    if customer is None:
        return
    wishes = data_of(sandbox, session, "customer_update")
    told: Json = {"address": payer.address if payer.country else None, "name": payer.name}
    changes = {name: value for name, value in told.items() if value and wishes.get(name) == "auto"}
    kind = kind_of_number(payer.vat) if payer.vat else None
    if kind:
        changes["tax_exempt"] = "reverse"
        number = {"type": kind, "value": payer.vat, "country": payer.vat[:2].upper()}
        owner = {"type": "customer", "customer": customer["id"]}
        known = sandbox.new("tax_id", **number, customer=customer["id"], owner=owner)
        sandbox.emit("customer.tax_id.created", known)
    sandbox.update(customer, "customer.updated", **changes)


def details(sandbox: Sandbox, customer: str | None, payer: Payer) -> Json:
    known = sandbox.get("customer", customer) or {}
    return {
        "address": payer.address,
        "business_name": None,
        "email": payer.email or known.get("email"),
        "individual_name": None,
        "name": payer.name or known.get("name"),
        "phone": None,
        "tax_exempt": "reverse" if payer.vat else known.get("tax_exempt") or "none",
        "tax_ids": [{"type": kind_of_number(payer.vat) or "unknown", "value": payer.vat}] if payer.vat else [],
    }


def _subscribe(
    sandbox: Sandbox, session: Json, customer: str, method: Json | None, intent: Json | None, attempt: Attempt
) -> Json:
    """The subscription and its first invoice, made after the money came."""
    data = data_of(sandbox, session, "subscription_data")
    lines = line_items(sandbox, session)
    wanted = [(line["price"], line["quantity"]) for line in lines if line["price"]["recurring"]]
    coupon = coupon_of(sandbox, session)
    values = {name: data[name] for name in ("description", "metadata", "trial_settings") if name in data}
    subscription = billing.create(
        sandbox,
        customer,
        wanted,
        trial_end=trial_end(sandbox, session),
        coupon=coupon,
        promotion_code=session["discounts"][0]["promotion_code"] if coupon else None,
        default_payment_method=method["id"] if method else None,
        automatic_tax=_taxed(session),
        **values,
    )
    late = sandbox.knobs.subscription_starts_incomplete or attempt.status == "processing"
    if subscription["status"] == "incomplete" and not late:
        sandbox.update(subscription, status="active")
    billing.open_for_business(sandbox, subscription)
    bill = billing.period_lines(sandbox, subscription) + _once(sandbox, lines)
    invoice = billing.invoice_for(sandbox, subscription, "subscription_create", bill, coupon=coupon)
    invoicing.finalize(sandbox, invoice)
    if invoice["status"] == "open" and intent:
        _settle_first(sandbox, invoice, intent, attempt)
    if subscription["status"] == "incomplete" and invoice["status"] == "paid":
        sandbox.update(subscription, "customer.subscription.updated", status="active")
    return {"subscription": subscription["id"], "invoice": invoice["id"]}


def _taxed(session: Json) -> Json:
    enabled = session["automatic_tax"]["enabled"]
    return {"enabled": enabled, "liability": {"type": "self"} if enabled else None, "disabled_reason": None}


def _settle_first(sandbox: Sandbox, invoice: Json, intent: Json, attempt: Attempt) -> None:
    sandbox.update(invoice, attempt_count=1, attempted=True)
    if attempt.status == "processing":
        invoicing.add_payment(sandbox, invoice, intent)
    else:
        invoicing.settle(sandbox, invoice, intent)


def _once(sandbox: Sandbox, lines: list[Json]) -> list[Json]:
    """Invoice lines for what is sold once."""
    now = sandbox.now()
    return [
        invoicing.line(
            line["amount_subtotal"],
            line["currency"],
            line["description"],
            now,
            now,
            quantity=line["quantity"],
            pricing=invoicing.pricing(line["price"]),
        )
        for line in lines
        if not line["price"]["recurring"]
    ]


def _invoice_sale(sandbox: Sandbox, session: Json, customer: str | None, intent: Json | None) -> str:
    """`invoice_creation`: a paid invoice for a one-off sale."""
    data = data_of(sandbox, session, "invoice_creation").get("invoice_data") or {}
    lines = _once(sandbox, line_items(sandbox, session))
    values = {name: data[name] for name in ("custom_fields", "description", "footer", "metadata") if name in data}
    coupon, country = coupon_of(sandbox, session), sandbox.store.hidden(session["id"]).get("place", {}).get("country")
    values["automatic_tax"] = _taxed(session)
    values["customer_address"] = billing_details(country=country)["address"]
    invoice = invoicing.draft(sandbox, customer, session["currency"], lines, "manual", coupon=coupon, **values)
    invoicing.finalize(sandbox, invoice, with_balance=False)
    if invoice["status"] == "open" and intent:
        invoicing.settle(sandbox, invoice, intent)
    return str(invoice["id"])


def _redeem(sandbox: Sandbox, session: Json) -> None:
    coupon = coupon_of(sandbox, session)
    if coupon:
        redeem(sandbox, coupon, session["discounts"][0]["promotion_code"])


# The end of an unpaid session


@timer("checkout.expire")
def expire_due(sandbox: Sandbox, session: Json) -> None:
    if session["status"] == "open":
        expire(sandbox, session)


def expire(sandbox: Sandbox, session: Json) -> Json:
    if session["status"] != "open":
        raise invalid('Only Checkout Sessions with a status in ["open"] can be expired.', "session")
    changes: Json = {"status": "expired", "url": None}
    recovery = (session["after_expiration"] or {}).get("recovery")
    if recovery and recovery["enabled"]:
        token = secrets.token_urlsafe(24)
        sandbox.store.hide(session["id"], recovery=token)
        until = sandbox.now() + 30 * DAY
        told = recovery | {"url": f"{sandbox.public_url}/r/{token}", "expires_at": until}
        changes["after_expiration"] = {"recovery": told}
    sandbox.update(session, **changes)
    sandbox.emit("checkout.session.expired", session)
    intent = sandbox.get("payment_intent", sandbox.store.hidden(session["id"]).get("intent"))
    if intent:
        cancel_intent(sandbox, intent, "expired")
    setup = sandbox.get("setup_intent", session["setup_intent"])
    if setup:
        setups.cancel_setup(sandbox, setup, "abandoned")
    return session


def success_url(session: Json) -> str:
    """The placeholder is replaced where it stands literally; an encoded one is left alone, as Stripe leaves it."""
    return str(session["success_url"]).replace("{CHECKOUT_SESSION_ID}", session["id"])


def item(price: Json, quantity: int, name: str, discount: int = 0, tax: int = 0) -> Json:
    """A line of a session; `tax` is on top of the price, or in it where the price says so."""
    subtotal = price["unit_amount"] * quantity
    values: dict[str, Any] = {
        "amount_discount": discount,
        "amount_subtotal": subtotal,
        "amount_tax": tax,
        "amount_total": subtotal - discount + (0 if is_inclusive(price) else tax),
        "currency": price["currency"],
        "description": name,
        "price": price,
        "quantity": quantity,
    }
    return blank("item", id=identifier("item"), **values)
