"""Stripe's bracketed form encoding, in both directions."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote_plus


def parse_form(body: str) -> dict[str, Any]:
    """`a[b][0]=c&d[]=e` -> {"a": {"b": ["c"]}, "d": ["e"]}; every leaf is a string."""
    out: dict[str, Any] = {}
    for pair in filter(None, body.split("&")):
        key, _, value = pair.partition("=")
        _place(out, _parts(unquote_plus(key)), unquote_plus(value))
    return {key: _listify(value) for key, value in out.items()}


def _parts(key: str) -> list[str]:
    return [key.partition("[")[0], *re.findall(r"\[([^\]]*)\]", key)]


def _place(target: dict[str, Any], parts: list[str], value: str) -> None:
    for part in parts[:-1]:
        inner = target.setdefault(part or str(len(target)), {})
        if not isinstance(inner, dict):  # `a=1&a[b]=2`: the later spelling wins
            inner = target[part] = {}
        target = inner
    target[parts[-1] or str(len(target))] = value


def _listify(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listify(item) for key, item in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def bracketed(path: tuple[str | int, ...]) -> str:
    """("line_items", 0, "price") -> "line_items[0][price]", as Stripe names a parameter in an error."""
    return str(path[0]) + "".join(f"[{part}]" for part in path[1:]) if path else ""
