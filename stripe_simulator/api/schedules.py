"""Subscription schedules."""

from __future__ import annotations

from .. import schedules
from ..blank import Json
from ..errors import invalid
from .catalog import merged_metadata
from .routing import Call, endpoint, resource

resource(schedules.KIND, "/v1/subscription_schedules", "schedule", param="schedule")


def _schedule(call: Call) -> Json:
    return call.sandbox.require(schedules.KIND, call.id, "schedule")


@endpoint("POST /v1/subscription_schedules")
def create(call: Call) -> Json:
    sandbox, params = call.sandbox, call.params
    if params.get("from_subscription"):
        if params.get("phases"):
            raise invalid("You cannot pass phases with from_subscription.", "phases")
        subscription = sandbox.require("subscription", params["from_subscription"], "from_subscription")
        made = schedules.from_subscription(sandbox, subscription)
    else:
        made = schedules.from_phases(sandbox, call.customer()["id"], params)
    return sandbox.update(made, **merged_metadata({}, params))


@endpoint("POST /v1/subscription_schedules/{schedule}")
def update(call: Call) -> Json:
    schedule = _schedule(call)
    schedules.check_living(schedule)
    changes = call.given("end_behavior") | merged_metadata(schedule, call.params)
    if call.params.get("phases"):
        changes["phases"] = schedules.replan(call.sandbox, schedule, call.params["phases"])
    call.sandbox.update(schedule, "subscription_schedule.updated", **changes)
    schedules.replanned(call.sandbox, schedule)
    return call.sandbox.require(schedules.KIND, schedule["id"])


@endpoint("POST /v1/subscription_schedules/{schedule}/cancel")
def cancel(call: Call) -> Json:
    return schedules.cancel(call.sandbox, _schedule(call))


@endpoint("POST /v1/subscription_schedules/{schedule}/release")
def release(call: Call) -> Json:
    return schedules.release(call.sandbox, _schedule(call))
