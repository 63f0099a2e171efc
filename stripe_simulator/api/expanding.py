"""`expand`: ids in a reply replaced by the objects they name, and lists that are sent only when asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ..blank import Json
from ..errors import invalid
from ..sandbox import Sandbox

DEPTH = 4
Finder = Callable[[Sandbox, Json], Iterable[Json]]
INCLUDED: dict[tuple[str, str], tuple[str, Finder]] = {}


def included(kind: str, field: str, path: str) -> Callable[[Finder], Finder]:
    """Registers a list that belongs to an object, such as a charge's refunds; `path` is its URL below the object's.

    Without a path it is a plain array.
    """

    def register(finder: Finder) -> Finder:
        INCLUDED[kind, field] = (path, finder)
        return finder

    return register


def embedded(url: str, data: list[Json]) -> Json:
    """A list inside an object; Stripe embeds ten at most."""
    return {"object": "list", "url": url, "has_more": len(data) > 10, "data": data[:10]}


def expand(sandbox: Sandbox, reply: Json, wishes: list[str]) -> Json:
    """`reply` with every wish ("data.customer", "latest_charge.refunds") fulfilled, else 400 naming it."""
    for index, wish in enumerate(wishes):
        parts = wish.split(".")
        if len(parts) > DEPTH + (parts[0] == "data"):
            raise invalid(f"You cannot expand more than {DEPTH} levels of a property.", f"expand[{index}]")
        if not _follow(sandbox, reply, parts):
            raise invalid(f"This property cannot be expanded ({wish}).", f"expand[{index}]")
    return reply


def _follow(sandbox: Sandbox, holder: Any, parts: list[str]) -> bool:
    if not parts or holder is None:
        return True
    if isinstance(holder, list):
        return all(_follow(sandbox, item, parts) for item in holder)
    if not isinstance(holder, dict):
        return False
    name, rest = parts[0], parts[1:]
    if (holder.get("object"), name) in INCLUDED and not isinstance(holder.get(name), dict):
        holder[name] = _include(sandbox, holder, name)
    elif name not in holder:
        return False
    found = _object_of(sandbox, holder[name])
    if found is None and not rest and holder[name] is not None and not isinstance(holder[name], list):
        return False
    holder[name] = found if found is not None else holder[name]
    return _follow(sandbox, holder[name], rest)


def _object_of(sandbox: Sandbox, value: Any) -> Any:
    """The object (or list of objects) that ids stand for; None when they stand for nothing."""
    if isinstance(value, str):
        found = sandbox.store.get(value)
        return sandbox.as_read(found) if found else None
    if isinstance(value, list):
        return [(sandbox.store.get(item) or item) if isinstance(item, str) else item for item in value]
    return value if isinstance(value, dict) else None


def _include(sandbox: Sandbox, holder: Json, name: str) -> Json | list[Json]:
    path, finder = INCLUDED[holder["object"], name]
    if not path:
        return list(finder(sandbox, holder))
    return embedded(path.format(id=holder["id"]), list(finder(sandbox, holder)))
