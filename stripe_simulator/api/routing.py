"""How a function becomes an endpoint, and the two endpoints nearly every resource has: list and retrieve."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from ..blank import Json
from ..errors import invalid
from ..sandbox import Sandbox


@dataclass(frozen=True)
class Call:
    """One request that passed the contract: typed parameters and the ids in its path."""

    sandbox: Sandbox
    params: Json
    ids: tuple[str, ...] = ()
    path: str = ""

    @property
    def id(self) -> str:
        return self.ids[0]

    def customer(self) -> Json:
        """The customer named by the parameter, which Stripe's contract leaves optional for accounts in its place."""
        if not self.params.get("customer"):
            raise invalid("Missing required param: customer.", "customer", "parameter_missing")
        return self.sandbox.require("customer", self.params["customer"], "customer")

    def given(self, *names: str) -> Json:
        """The named parameters that were sent; one sent empty is null."""
        return {name: unset(self.params[name]) for name in names if name in self.params}


def unset(value: Any) -> Any:
    """What was sent empty is null, at any depth."""
    if isinstance(value, dict):
        return {name: unset(item) for name, item in value.items()}
    return [unset(item) for item in value] if isinstance(value, list) else None if value == "" else value


Endpoint = Callable[[Call], Json]
Filter = Callable[[Json, Any], bool]
ENDPOINTS: dict[str, Endpoint] = {}


def endpoint(name: str) -> Callable[[Endpoint], Endpoint]:
    """Registers "POST /v1/charges/{charge}" as Stripe's contract spells it."""

    def register(function: Endpoint) -> Endpoint:
        ENDPOINTS[name] = function
        return function

    return register


def identity(value: Any) -> Any:
    """The id of something that may be expanded."""
    return value.get("id") if isinstance(value, dict) else value


def resource(kind: str, path: str, identifier: str, param: str = "id", **filters: Filter) -> None:
    """Registers `GET path` and `GET path/{identifier}` for a kind of object."""

    def listing(call: Call) -> Json:
        return stream(call, kind, lambda body: matches(call, body, filters))

    def retrieve(call: Call) -> Json:
        tombstone = call.sandbox.store.get(call.id)
        if tombstone and tombstone["object"] == kind and tombstone.get("deleted"):
            return tombstone
        return call.sandbox.as_read(call.sandbox.require(kind, call.id, param))

    endpoint(f"GET {path}")(listing)
    endpoint(f"GET {path}/{{{identifier}}}")(retrieve)


PAGING = {"limit", "starting_after", "ending_before", "expand", "created"}


def matches(call: Call, body: Json, filters: dict[str, Filter]) -> bool:
    if body.get("deleted") or _of_a_clock(call, body) or not _in_range(body, call.params.get("created")):
        return False
    for name, wanted in call.params.items():
        if name in filters:
            if not filters[name](body, wanted):
                return False
        elif name not in PAGING and name in body and identity(body[name]) != wanted:
            return False
    return True


def _of_a_clock(call: Call, body: Json) -> bool:
    """Customers and subscriptions on a test clock are listed only where the clock, or the customer, is named."""
    on_clock = body.get("test_clock") and body["object"] in ("customer", "subscription")
    return bool(on_clock) and not {"test_clock", "customer"} & set(call.params)


def _in_range(body: Json, bounds: Any) -> bool:
    created = body.get("created", 0)
    if bounds is None:
        return True
    if not isinstance(bounds, dict):
        return bool(created == int(bounds))
    compare: dict[str, Callable[[int], bool]] = {
        "gt": lambda bound: created > bound,
        "gte": lambda bound: created >= bound,
        "lt": lambda bound: created < bound,
        "lte": lambda bound: created <= bound,
    }
    return all(compare[name](int(bound)) for name, bound in bounds.items())


def page(call: Call, found: list[Json]) -> Json:
    """One page of `found` (newest first), as `limit`, `starting_after` and `ending_before` ask."""
    limit = call.params.get("limit", 10)
    if not 1 <= limit <= 100:
        raise invalid("Invalid integer: limit must be between 1 and 100", "limit", "parameter_invalid_integer")
    after, before = call.params.get("starting_after"), call.params.get("ending_before")
    if after and before:
        raise invalid("You may only use one of starting_after and ending_before.", "ending_before")
    if before:
        end = _place(found, before, "ending_before")
        data, more = found[max(0, end - limit) : end], end > limit
    else:
        start = _place(found, after, "starting_after") + 1 if after else 0
        data, more = found[start : start + limit], len(found) > start + limit
    return {"object": "list", "url": call.path, "has_more": more, "data": data}


def stream(call: Call, kind: str, wanted: Callable[[Json], bool]) -> Json:
    """One page of a kind of object, reading no more than the page needs."""
    store, limit, after = call.sandbox.store, call.params.get("limit", 10), call.params.get("starting_after")
    if call.params.get("ending_before") or not 1 <= limit <= 100:
        return page(call, [body for body in store.of_kind(kind) if wanted(body)])
    if after and call.sandbox.get(kind, after) is None:
        raise invalid(f"No such object: '{after}'", "starting_after", "resource_missing")
    data = list(islice((body for body in store.newest(kind, after) if wanted(body)), limit + 1))
    return {"object": "list", "url": call.path, "has_more": len(data) > limit, "data": data[:limit]}


def _place(found: list[Json], object_id: str, param: str) -> int:
    for index, body in enumerate(found):
        if body["id"] == object_id:
            return index
    raise invalid(f"No such object: '{object_id}'", param, "resource_missing")
