"""Events and webhook endpoints."""

from __future__ import annotations

import secrets

from .. import wheel
from ..blank import Json
from ..errors import invalid
from ..sandbox import DAY
from .catalog import merged_metadata
from .routing import Call, endpoint, matches, resource, stream

KEPT_FOR = 30 * DAY

resource("event", "/v1/events", "id")
resource("webhook_endpoint", "/v1/webhook_endpoints", "webhook_endpoint", param="webhook_endpoint")


@endpoint("GET /v1/events")
def listing(call: Call) -> Json:
    """Thirty days back, newest first; a type may end in `.*`."""
    oldest = call.sandbox.now() - KEPT_FOR
    filters = {
        "type": lambda body, wanted: _is_type(body["type"], wanted),
        "types": lambda body, wanted: any(_is_type(body["type"], one) for one in wanted),
        "delivery_success": lambda body, wanted: (body["pending_webhooks"] == 0) == wanted,
    }
    return stream(call, "event", lambda e: e["created"] > oldest and matches(call, e, filters))


def _is_type(event_type: str, wanted: str) -> bool:
    return event_type.startswith(wanted[:-1]) if wanted.endswith(".*") else event_type == wanted


@endpoint("POST /v1/webhook_endpoints")
def create(call: Call) -> Json:
    """The only reply that holds the secret."""
    secret = "whsec_" + secrets.token_urlsafe(24)
    if not call.params["url"].startswith(("http://", "https://")):
        raise invalid("Invalid URL: An explicit scheme (such as https) must be provided.", "url", "url_invalid")
    made = call.sandbox.new(
        "webhook_endpoint",
        {"secret": secret},
        url=call.params["url"],
        enabled_events=call.params["enabled_events"],
        status="enabled",
        **{"api_version": wheel.api_version()} | call.given("api_version", "description"),
        **merged_metadata({}, call.params),
    )
    return made | {"secret": secret}


@endpoint("POST /v1/webhook_endpoints/{webhook_endpoint}")
def update(call: Call) -> Json:
    found = call.sandbox.require("webhook_endpoint", call.id, "webhook_endpoint")
    changes = call.given("url", "enabled_events", "description") | merged_metadata(found, call.params)
    if "disabled" in call.params:
        changes["status"] = "disabled" if call.params["disabled"] else "enabled"
    if changes.get("status") == "enabled":
        call.sandbox.store.hide(found["id"], failing_since=None)
    return call.sandbox.update(found, **changes)


@endpoint("DELETE /v1/webhook_endpoints/{webhook_endpoint}")
def delete(call: Call) -> Json:
    found = call.sandbox.require("webhook_endpoint", call.id, "webhook_endpoint")
    call.sandbox.store.delete(found["id"])
    return {"id": found["id"], "object": "webhook_endpoint", "deleted": True}
