"""Checkout Sessions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from .. import checkout, taxes
from ..blank import Json, identifier
from ..discounting import check_redeemable, shares
from ..errors import invalid
from ..prices import create_price
from ..pricing import MINIMUM, money
from ..sandbox import DAY, Sandbox
from ..setups import create_setup
from .catalog import merged_metadata
from .checkout_rules import check_lines, check_rules
from .expanding import included
from .routing import Call, endpoint, page, resource

ECHOED = (
    "allowed_payment_method_types",
    "allow_promotion_codes",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "locale",
    "payment_method_collection",
    "submit_type",
    "success_url",
)
KEPT = ("payment_intent_data", "subscription_data", "invoice_creation", "customer_update")

resource(
    "checkout.session",
    "/v1/checkout/sessions",
    "session",
    param="session",
    customer_details=lambda body, wanted: (body["customer_details"] or {}).get("email") == wanted["email"],
)


@included("checkout.session", "line_items", "/v1/checkout/sessions/{id}/line_items")
def _line_items(sandbox: Sandbox, session: Json) -> list[Json]:
    return checkout.line_items(sandbox, session)


@included("item", "taxes", "")
def _line_taxes(sandbox: Sandbox, item: Json) -> list[Json]:
    """A line's taxes with their rates, which Stripe tells when asked for."""
    session = next(one for one in sandbox.store.of_kind("checkout.session") if _holds(sandbox, one, item))
    place = Place(**sandbox.store.hidden(session["id"]).get("place", {}))
    if not place.taxed or not taxes.percent(place.country):
        return []
    inclusive = taxes.is_inclusive(item["price"])
    free, taxable = place.exempt in taxes.EXEMPT, item["amount_subtotal"] - item["amount_discount"]
    return [
        {
            "amount": item["amount_tax"],
            "rate": taxes.rate_object(sandbox, place.country, inclusive),
            "taxability_reason": "reverse_charge" if free else "standard_rated",
            "taxable_amount": 0 if free else taxable,
        }
    ]


def _holds(sandbox: Sandbox, session: Json, item: Json) -> bool:
    return any(line["id"] == item["id"] for line in checkout.line_items(sandbox, session))


@endpoint("GET /v1/checkout/sessions/{session}/line_items")
def get_line_items(call: Call) -> Json:
    session = call.sandbox.require("checkout.session", call.id, "session")
    return page(call, checkout.line_items(call.sandbox, session))


@endpoint("POST /v1/checkout/sessions/{session}")
def update(call: Call) -> Json:
    session = call.sandbox.require("checkout.session", call.id, "session")
    return call.sandbox.update(session, **merged_metadata(session, call.params))


@endpoint("POST /v1/checkout/sessions/{session}/expire")
def expire(call: Call) -> Json:
    return checkout.expire(call.sandbox, call.sandbox.require("checkout.session", call.id, "session"))


@endpoint("POST /v1/checkout/sessions")
def create(call: Call) -> Json:
    return create_session(call.sandbox, call.params)


def create_session(sandbox: Sandbox, params: Json, recovered_from: str | None = None) -> Json:
    mode = params.get("mode", "payment")
    customer = check_rules(sandbox, params, mode)
    session_id = identifier("checkout.session")
    place = _place(params, customer)
    lines, sold = ([], _for_later(params)) if mode == "setup" else _for_sale(sandbox, params, mode, place)
    kept = {name: params[name] for name in KEPT if name in params}
    session = sandbox.new(
        "checkout.session",
        {"line_items": lines, "params": kept, "place": vars(place)},
        **{
            "id": session_id,
            "automatic_tax": _automatic_tax(place),
            "custom_fields": [],
            "expires_at": _expires_at(sandbox, params),
            "mode": mode,
            "payment_method_types": params.get("allowed_payment_method_types") or ["card"],
            "recovered_from": recovered_from,
            "setup_intent": _setup(sandbox, params, customer) if mode == "setup" else None,
            "status": "open",
            "ui_mode": params.get("ui_mode", "hosted_page"),
            "url": f"{sandbox.public_url}/c/pay/{session_id}",
            **sold,
            **_of_customer(params, customer, mode),
            **_of_texts(params),
            **_of_mode(params, mode),
            **{name: params[name] for name in ECHOED if name in params},
            **merged_metadata({}, params),
        },
    )
    sandbox.at(sandbox.by_our_clock(session["expires_at"]), "checkout.expire", session_id, by_wall=True)
    return session


def _for_later(params: Json) -> Json:
    """Nothing is sold: a card is kept."""
    return {"currency": params.get("currency"), "discounts": None, "payment_status": "no_payment_required"}


def _setup(sandbox: Sandbox, params: Json, customer: Json | None) -> str:
    data = params.get("setup_intent_data") or {}
    values = {name: data[name] for name in ("description", "metadata") if name in data}
    kinds = params.get("allowed_payment_method_types") or ["card"]
    of = customer["id"] if customer else None
    return str(create_setup(sandbox, customer=of, payment_method_types=kinds, **values)["id"])


def _for_sale(sandbox: Sandbox, params: Json, mode: str, place: Place) -> tuple[list[Json], Json]:
    """The lines, and what the session says of their sums, currency and discounts."""
    wanted = _wanted(sandbox, params)
    check_lines(mode, wanted, taxed=place.taxed)
    currency = wanted[0][0]["currency"]
    discounts, coupon = _discounts(sandbox, params, wanted)
    if coupon and coupon["currency"] not in (None, currency):
        raise invalid("The coupon's currency is not the line items' currency.", "discounts[0][coupon]")
    lines, sums = _priced(sandbox, wanted, coupon, place)
    _check_amount(sums["amount_total"], currency)
    return lines, {"currency": currency, "discounts": discounts, "payment_status": "unpaid", **sums}


def _wanted(sandbox: Sandbox, params: Json) -> list[tuple[Json, int]]:
    """(price, quantity) of each line; a price described in place is made, and not for sale elsewhere."""
    wanted = []
    for index, item in enumerate(params["line_items"]):
        place = f"line_items[{index}]"
        if ("price" in item) == ("price_data" in item):
            raise invalid("You must specify exactly one of `price` or `price_data`.", f"{place}[price]")
        if "price" in item:
            price = sandbox.require("price", item["price"], f"{place}[price]")
            if not price["active"]:
                raise invalid(
                    "The price specified is inactive. This field only accepts active prices.", f"{place}[price]"
                )
        else:
            price = sandbox.update(create_price(sandbox, item["price_data"]), active=False)
        quantity = item.get("quantity", 1 if price["type"] == "recurring" else None)
        if quantity is None or quantity < 1:
            raise invalid("Quantity is required and must be at least 1.", f"{place}[quantity]", "parameter_missing")
        wanted.append((price, quantity))
    return wanted


def _discounts(sandbox: Sandbox, params: Json, wanted: list[tuple[Json, int]]) -> tuple[list[Json], Json | None]:
    if not params.get("discounts"):
        return [], None
    told, subtotal = params["discounts"][0], sum(price["unit_amount"] * quantity for price, quantity in wanted)
    coupon = check_redeemable(sandbox, told, "discounts[0]", customer=params.get("customer"), subtotal=subtotal)
    return [{"coupon": told.get("coupon"), "promotion_code": told.get("promotion_code")}], coupon


@dataclass(frozen=True)
class Place:
    """Where the payer is, as far as tax goes; without `taxed` it does not matter."""

    taxed: bool = False
    country: str = ""
    exempt: str = "none"

    def tax(self, amount: int, price: Json) -> int:
        if not self.taxed or self.exempt in taxes.EXEMPT:
            return 0
        return taxes.tax_of(amount, self.country, taxes.is_inclusive(price))


def _priced(
    sandbox: Sandbox, wanted: list[tuple[Json, int]], coupon: Json | None, place: Place
) -> tuple[list[Json], Json]:
    amounts = [(price["unit_amount"] * quantity, price["product"]) for price, quantity in wanted]
    off = shares(sandbox, coupon, amounts)
    lines = []
    for (price, quantity), (amount, _), share in zip(wanted, amounts, off, strict=True):
        tax = place.tax(amount - share, price)
        lines.append(checkout.item(price, quantity, _name(sandbox, price), share, tax))
    tax = sum(line["amount_tax"] for line in lines)
    details = {"amount_discount": sum(off), "amount_shipping": 0, "amount_tax": tax}
    subtotal, total = (sum(line[name] for line in lines) for name in ("amount_subtotal", "amount_total"))
    return lines, {"amount_subtotal": subtotal, "amount_total": total, "total_details": details}


def reprice(sandbox: Sandbox, session: Json, coupon: Json | None, discounts: list[Json]) -> Json:
    """A discount that came, or went, after the session was made: by a code typed on the page."""
    lines = checkout.line_items(sandbox, session)
    if not lines:
        return session
    wanted = [(line["price"], line["quantity"]) for line in lines]
    place = Place(**sandbox.store.hidden(session["id"]).get("place", {}))
    lines, sums = _priced(sandbox, wanted, coupon, place)
    sandbox.store.hide(session["id"], line_items=lines)
    return sandbox.update(session, discounts=discounts, **sums)


def place_session(sandbox: Sandbox, session: Json, country: str, vat: str) -> Json:
    """The payer said where they are (and, with a VAT number, that they account for the tax themselves)."""
    place = Place(True, country, "reverse" if vat else "none")
    sandbox.store.hide(session["id"], place=vars(place))
    sandbox.update(session, automatic_tax=session["automatic_tax"] | {"status": "complete"})
    return reprice(sandbox, session, checkout.coupon_of(sandbox, session), session["discounts"] or [])


def _name(sandbox: Sandbox, price: Json) -> str:
    product = sandbox.get("product", price["product"])
    return str(product["name"]) if product else "Item"


def _check_amount(total: int, currency: str) -> None:
    least = MINIMUM.get(currency, 50)
    if 0 < total < least:
        message = f"The Checkout Session's total amount due must add up to at least {money(least, currency)} {currency}"
        raise invalid(message, "line_items", "amount_too_small")


def _expires_at(sandbox: Sandbox, params: Json) -> int:
    now = sandbox.wall()
    expires = params.get("expires_at", now + DAY)
    if not now + 1_800 - 5 <= sandbox.by_our_clock(expires) <= now + DAY + 5:  # clocks differ a little
        message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation."
        raise invalid(message, "expires_at")
    return int(expires)


def _place(params: Json, customer: Json | None) -> Place:
    enabled = bool((params.get("automatic_tax") or {}).get("enabled"))
    country = ((customer or {}).get("address") or {}).get("country") or ""
    return Place(enabled, country, (customer or {}).get("tax_exempt") or "none")


def _automatic_tax(place: Place) -> Json:
    return {
        "enabled": place.taxed,
        "liability": {"type": "self"} if place.taxed else None,
        "provider": "stripe" if place.taxed else None,
        "status": ("complete" if place.country else "requires_location_inputs") if place.taxed else None,
    }


def _of_customer(params: Json, customer: Json | None, mode: str) -> Json:
    email = customer["email"] if customer else params.get("customer_email")
    creation = params.get("customer_creation", "if_required") if mode == "payment" and not customer else None
    payer = checkout.Payer(email=email or "", name=(customer or {}).get("name") or "")
    known = {**payer.address, **((customer or {}).get("address") or {})}
    details = {
        "address": known if customer else None,
        "business_name": None,
        "email": email,
        "individual_name": None,
        "name": payer.name or None,
        "phone": None,
        "tax_exempt": "none",
        "tax_ids": None,
    }
    return {
        "customer": customer["id"] if customer else None,
        "customer_creation": creation,
        "customer_details": details if email else None,
    }


def _of_texts(params: Json) -> Json:
    texts: Json = {
        "after_submit": None,
        "shipping_address": None,
        "submit": None,
        "terms_of_service_acceptance": None,
    }
    texts |= {name: value or None for name, value in (params.get("custom_text") or {}).items()}
    consent = params.get("consent_collection")
    empty: Json = {"payment_method_reuse_agreement": None, "promotions": None, "terms_of_service": None}
    return {"custom_text": texts, "consent_collection": empty | consent if consent else None}


def _of_mode(params: Json, mode: str) -> Json:
    told: dict[str, Any] = {"phone_number_collection": {"enabled": False}}
    recovery = (params.get("after_expiration") or {}).get("recovery")
    if recovery:
        rest = {"allow_promotion_codes": False, "enabled": False, "expires_at": None, "url": None}
        told["after_expiration"] = {"recovery": rest | recovery}
    if params.get("tax_id_collection"):
        told["tax_id_collection"] = {"required": "never"} | params["tax_id_collection"]
    if mode != "payment":
        return told | ({"payment_method_collection": "always"} if mode == "subscription" else {})
    data = (params.get("invoice_creation") or {}).get("invoice_data") or {}
    names = ("account_tax_ids", "custom_fields", "description", "footer", "issuer", "rendering_options")
    invoice = dict.fromkeys(names) | {"metadata": {}} | data
    enabled = bool((params.get("invoice_creation") or {}).get("enabled"))
    return told | {"invoice_creation": {"enabled": enabled, "invoice_data": invoice}}
