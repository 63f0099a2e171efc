"""The customer portal's configurations and sessions."""

from __future__ import annotations

import secrets

from ..blank import Json
from ..errors import invalid
from ..sandbox import Sandbox
from .catalog import merged_metadata
from .checkout_rules import check_url
from .routing import Call, endpoint, resource

resource(
    "billing_portal.configuration",
    "/v1/billing_portal/configurations",
    "configuration",
    param="configuration",
)

LISTS = ("allowed_updates", "default_allowed_updates", "interval_options", "options", "products", "conditions")
FEATURES: Json = {
    "customer_update": {"allowed_updates": ["email", "address"], "enabled": False},
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": []},
        "enabled": True,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": None,
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}


def merged_features(old: Json, told: Json) -> Json:
    """Each feature keeps what it was not told."""
    merged: Json = {name: {**feature, **_filled(told.get(name) or {})} for name, feature in old.items()}
    pause, update = merged["subscription_pause"], merged["subscription_update"]
    pause["duration"] = {"interval_options": [], **pause["duration"]}
    for product in update["products"] or []:
        product.setdefault("adjustable_quantity", {"enabled": False, "maximum": None, "minimum": 0})
    return merged | {"subscription_update": update | {"products": update["products"] or None}}


def _filled(told: Json) -> Json:
    """What was sent empty is unset: a list without entries, else null."""
    filled = {name: ([] if name in LISTS else None) if value == "" else value for name, value in told.items()}
    return {name: _filled(value) if isinstance(value, dict) else value for name, value in filled.items()}


@endpoint("POST /v1/billing_portal/configurations")
def create_configuration(call: Call) -> Json:
    return new_configuration(call.sandbox, call.params, is_default=default_configuration(call.sandbox) is None)


def new_configuration(sandbox: Sandbox, params: Json, is_default: bool) -> Json:
    profile: Json = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
    made = sandbox.new(
        "billing_portal.configuration",
        active=True,
        business_profile=profile | (params.get("business_profile") or {}),
        default_return_url=params.get("default_return_url") or None,
        features=merged_features(FEATURES, params.get("features") or {}),
        is_default=is_default,
        login_page={"enabled": False, "url": None},
        name=params.get("name") or None,
        updated=sandbox.now(),
        **merged_metadata({}, params),
    )
    sandbox.emit("billing_portal.configuration.created", made)
    return made


def default_configuration(sandbox: Sandbox) -> Json | None:
    found = sandbox.store.of_kind("billing_portal.configuration")
    return next((configuration for configuration in found if configuration["is_default"]), None)


@endpoint("POST /v1/billing_portal/configurations/{configuration}")
def update_configuration(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    found = sandbox.require("billing_portal.configuration", call.id, "configuration")
    changes = call.given("active", "default_return_url", "name") | merged_metadata(found, params)
    changes["features"] = merged_features(found["features"], params.get("features") or {})
    changes["business_profile"] = found["business_profile"] | (params.get("business_profile") or {})
    return sandbox.update(found, "billing_portal.configuration.updated", updated=sandbox.now(), **changes)


@endpoint("POST /v1/billing_portal/sessions")
def create_session(call: Call) -> Json:
    """A short-lived address; its secret part is all the authority there is."""
    sandbox, params = call.sandbox, call.params
    customer = call.customer()
    configuration = _configuration(sandbox, params)
    check_url(params.get("return_url"), "return_url")
    session = sandbox.new(
        "billing_portal.session",
        configuration=configuration["id"],
        customer=customer["id"],
        flow=_flow(sandbox, params.get("flow_data"), customer),
        locale=params.get("locale"),
        return_url=params.get("return_url") or configuration["default_return_url"],
        url=f"{sandbox.public_url}/p/session/{secrets.token_urlsafe(24)}",
    )
    sandbox.store.hide(session["id"], token=session["url"].rsplit("/", 1)[1])
    sandbox.emit("billing_portal.session.created", session)
    return session


def _configuration(sandbox: Sandbox, params: Json) -> Json:
    """Where none was made by the API, the one an operator saves once in the Dashboard."""
    if params.get("configuration"):
        return sandbox.require("billing_portal.configuration", params["configuration"], "configuration")
    return default_configuration(sandbox) or new_configuration(sandbox, {}, is_default=True)


def _flow(sandbox: Sandbox, told: Json | None, customer: Json) -> Json | None:
    if not told:
        return None
    kind = told["type"]
    details = told.get(kind)
    if kind.startswith("subscription_"):
        if not details:
            raise invalid(f"Missing required param: flow_data[{kind}].", f"flow_data[{kind}]", "parameter_missing")
        param = f"flow_data[{kind}][subscription]"
        subscription = sandbox.require("subscription", details["subscription"], param)
        if subscription["customer"] != customer["id"]:
            raise invalid("The subscription does not belong to the customer.", param)
    flow: Json = {"type": kind, "after_completion": _after(told.get("after_completion"))}
    names = ("subscription_cancel", "subscription_update", "subscription_update_confirm")
    flow |= dict.fromkeys(names) | ({kind: _details(sandbox, kind, details)} if details else {})
    return flow


def _after(told: Json | None) -> Json:
    empty: Json = {"hosted_confirmation": None, "redirect": None, "type": "portal_homepage"}
    redirect = (told or {}).get("redirect") or {}
    check_url(redirect.get("return_url"), "flow_data[after_completion][redirect][return_url]")
    return empty | (told or {})


def _details(sandbox: Sandbox, kind: str, details: Json) -> Json:
    if kind == "subscription_update_confirm":
        items = []
        for index, item in enumerate(details["items"]):
            place = f"flow_data[{kind}][items][{index}][price]"
            price = sandbox.require("price", item["price"], place)["id"] if item.get("price") else None
            items.append({"id": item["id"], "price": price, "quantity": item.get("quantity")})
        told = [{"coupon": None, "promotion_code": None} | d for d in details.get("discounts") or []]
        return {"subscription": details["subscription"], "items": items, "discounts": told or None}
    return {"retention": None, **details} if kind == "subscription_cancel" else details
