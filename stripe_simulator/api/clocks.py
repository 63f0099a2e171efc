"""Test clocks."""

from __future__ import annotations

from .. import clocks
from ..blank import Json
from .routing import Call, endpoint, resource

resource(clocks.KIND, "/v1/test_helpers/test_clocks", "test_clock", param="test_clock")


@endpoint("POST /v1/test_helpers/test_clocks")
def create(call: Call) -> Json:
    return clocks.create(call.sandbox, call.params["frozen_time"], call.params.get("name") or None)


@endpoint("POST /v1/test_helpers/test_clocks/{test_clock}/advance")
def advance(call: Call) -> Json:
    clock = call.sandbox.require(clocks.KIND, call.id, "test_clock")
    return clocks.advance(call.sandbox, clock, call.params["frozen_time"])


@endpoint("DELETE /v1/test_helpers/test_clocks/{test_clock}")
def delete(call: Call) -> Json:
    return clocks.delete(call.sandbox, call.sandbox.require(clocks.KIND, call.id, "test_clock"))
