"""A customer's balance transactions."""

from __future__ import annotations

from .. import customer_balance
from ..blank import Json
from ..errors import invalid
from .catalog import merged_metadata
from .routing import Call, endpoint, matches, page

KIND = "customer_balance_transaction"
PATH = "/v1/customers/{customer}/balance_transactions"


@endpoint(f"POST {PATH}")
def create(call: Call) -> Json:
    """An adjustment: minus gives the customer credit for the invoices to come."""
    customer = call.sandbox.require("customer", call.id, "customer")
    currency = call.params["currency"].lower()
    if customer["currency"] not in (None, currency):
        message = f"The customer's balance is kept in {customer['currency']}."
        raise invalid(message, "currency")
    values = call.given("description") | merged_metadata({}, call.params)
    return customer_balance.move(call.sandbox, customer, call.params["amount"], currency, "adjustment", **values)


@endpoint(f"GET {PATH}")
def listing(call: Call) -> Json:
    customer = call.sandbox.require("customer", call.id, "customer")
    found = call.sandbox.store.where(KIND, "customer", customer["id"])
    return page(call, [t for t in found if matches(call, t, {})])


@endpoint(f"GET {PATH}/{{transaction}}")
def retrieve(call: Call) -> Json:
    return _own(call)


@endpoint(f"POST {PATH}/{{transaction}}")
def update(call: Call) -> Json:
    found = _own(call)
    return call.sandbox.update(found, **call.given("description"), **merged_metadata(found, call.params))


def _own(call: Call) -> Json:
    found = call.sandbox.require(KIND, call.ids[1], "id")
    if found["customer"] != call.id:
        raise invalid("This transaction belongs to another customer.", "transaction", "resource_missing")
    return found
