"""Every field, status word, address and event of Stripe's that the product depends on, as the installed package has it.

The file beside this one is what the code was written for. After an upgrade of the package its difference is what to
read up on: `DEPENDED_ON=write pytest tests/stripe_simulator/test_depended_on.py` writes it anew.
"""

import json
import os
from pathlib import Path
from typing import Any

from stripe_simulator import contract
from subscriptions.models import Dispute, Refund
from subscriptions.stripe_account import EVENTS

FILE = Path(__file__).parent / "depended_on.json"
FIELDS = {
    "checkout.session": "id url status payment_status expires_at amount_subtotal amount_total currency metadata mode"
    " total_details.amount_tax total_details.amount_discount customer_details.email customer_details.tax_exempt"
    " payment_intent subscription automatic_tax.enabled livemode",
    "item": "taxes amount_tax",
    "payment_intent": "id status latest_charge metadata",
    "charge": "id status amount amount_captured amount_refunded currency created disputed refunds payment_intent"
    " payment_method_details.card.brand payment_method_details.card.last4",
    "refund": "id status amount created payment_intent charge reason failure_reason metadata",
    "dispute": "id status reason amount currency created charge payment_intent evidence_details.due_by",
    "radar.early_fraud_warning": "id actionable fraud_type created payment_intent",
    "subscription": "id status customer cancel_at cancel_at_period_end ended_at pause_collection metadata items"
    " automatic_tax.enabled",
    "subscription_item": "id price current_period_start current_period_end",
    "invoice": "id status amount_due amount_paid created currency hosted_invoice_url lines next_payment_attempt"
    " payments parent.subscription_details.subscription total total_taxes customer_tax_exempt customer_tax_ids"
    " customer_name customer_address automatic_tax.enabled",
    "invoice_payment": "status payment.type payment.payment_intent invoice",
    "price": "id lookup_key unit_amount currency recurring.interval tax_behavior product active",
    "tax_rate": "display_name percentage effective_percentage inclusive",
    "tax.settings": "status status_details.pending.missing_fields",
    "webhook_endpoint": "id url status api_version enabled_events secret",
    "account": "id country charges_enabled",
}
ADDRESSES = (
    "POST /v1/customers", "POST /v1/checkout/sessions", "POST /v1/checkout/sessions/{session}/expire",
    "GET /v1/checkout/sessions/{session}", "GET /v1/checkout/sessions", "POST /v1/refunds", "GET /v1/refunds",
    "GET /v1/disputes", "GET /v1/radar/early_fraud_warnings", "POST /v1/coupons", "GET /v1/prices", "POST /v1/prices",
    "GET /v1/subscriptions/{id}", "POST /v1/subscriptions/{id}", "DELETE /v1/subscriptions/{id}", "GET /v1/invoices",
    "POST /v1/invoices/create_preview", "GET /v1/invoice_payments", "GET /v1/payment_intents/{id}", "GET /v1/events",
    "POST /v1/billing_portal/sessions", "POST /v1/billing_portal/configurations", "GET /v1/webhook_endpoints",
    "POST /v1/webhook_endpoints", "GET /v1/account", "GET /v1/tax/settings", "GET /v1/tax_rates/{id}",
    "GET /v1/payment_intents",
)  # fmt: skip


def now() -> dict[str, Any]:
    fields = {
        f"{kind}.{path}": _told(contract.object_schema(kind), path.split("."))
        for kind, paths in FIELDS.items()
        for path in paths.split()
    }
    addresses = {one: contract.route(*_filled(one)) is not None for one in ADDRESSES}
    return {
        "api": contract.spec()["info"]["version"],
        "fields": fields,
        "addresses": addresses,
        "events": sorted(EVENTS),
    }


def _filled(address: str) -> tuple[str, str]:
    verb, _, path = address.partition(" ")
    return verb.lower(), path.replace("{session}", "cs_1").replace("{id}", "x_1")


def _told(schema: Any, path: list[str]) -> Any:
    """The words an enumeration knows, or the type; "missing" where there is none."""
    schema = contract.resolve(schema)
    if not path:
        if "enum" in schema:
            return sorted(str(word) for word in schema["enum"])
        kinds = {
            _told(option, []) if not isinstance(_told(option, []), list) else "words" for option in _options(schema)
        }
        return schema.get("type") or " or ".join(sorted(kinds)) or "anything"
    for option in [schema, *_options(schema)]:
        properties = contract.resolve(option).get("properties", {})
        if path[0] in properties:
            return _told(properties[path[0]], path[1:])
    return "missing"


def _options(schema: Any) -> list[Any]:
    return [*schema.get("anyOf", []), *schema.get("oneOf", [])]


def test_stripe_is_still_what_the_code_was_written_for() -> None:
    found = json.loads(json.dumps(now()))
    if os.environ.get("DEPENDED_ON") == "write":
        FILE.write_text(json.dumps(found, indent=1) + "\n")
    assert found == json.loads(FILE.read_text())
    assert [name for name, told in found["fields"].items() if told == "missing"] == []
    assert all(found["addresses"].values()), found["addresses"]


def test_every_status_of_a_refund_and_a_dispute_is_known_here() -> None:
    fields = json.loads(FILE.read_text())["fields"]
    told = set(fields["refund.status"]) if isinstance(fields["refund.status"], list) else set()
    assert told <= set(Refund.State.values)
    known = {*Dispute.IN_QUESTION, *Dispute.INQUIRY, "won", "warning_closed", "prevented"}
    assert set(fields["dispute.status"]) == known
