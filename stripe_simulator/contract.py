"""Stripe's API contract for exactly the version the installed stripe wheel pins.

spec()                            -> OpenAPI 3.0 document (also accepted by stripe-mock -spec)
check_request(verb, path, form)   -> list of problems ([] = valid); form is the encoded body or nested data
check_response(verb, path, reply) -> list of problems
check_object(reply)               -> list of problems, by reply["object"]
coerce(data, schema)              -> form strings turned into integers, booleans and numbers

`python -m stripe_simulator.contract FILE` writes the document laid out as Stripe's own.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from . import wheel
from .form import bracketed, parse_form
from .schema import Schema, build_spec

Place = tuple[str | int, ...]

PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str,
    "integer": int,
    "boolean": bool,
    "number": (int, float),
    "array": list,
    "object": dict,
}
FORM_PATTERNS = {"integer": r"-?\d+", "number": r"-?\d+(\.\d+)?", "boolean": r"true|false"}


@dataclass(frozen=True)
class Problem:
    """One violation; `kind` is unknown, missing or invalid, as in Stripe's code `parameter_<kind>`."""

    place: Place
    kind: str
    detail: str

    @property
    def param(self) -> str:
        return bracketed(self.place)

    def __str__(self) -> str:
        return f"{self.param}: {self.detail}"


@lru_cache(None)
def spec() -> dict[str, Any]:
    """The contract; read from a cache file when this wheel was parsed before (60 ms instead of 3 s)."""
    file = _cache_file()
    try:
        document: dict[str, Any] = json.loads(file.read_text())
    except (OSError, ValueError):
        document = build_spec()
        _write_whole(file, json.dumps(document, separators=(",", ":")))
    return document


def _cache_file() -> Path:
    sources = (Path(__file__), Path(wheel.__file__), Path(__file__).with_name("schema.py"), wheel.ROOT / "_version.py")
    stamp = max(int(source.stat().st_mtime) for source in sources)
    folder = Path(os.environ.get("XDG_CACHE_HOME") or tempfile.gettempdir()) / f"local-stripe-{os.getuid()}"
    return folder / f"contract-{wheel.package_version()}-{stamp}.json"


def _write_whole(file: Path, text: str) -> None:
    """A second process that starts at the same moment never reads half a file. No cache is no error."""
    partial = file.with_suffix(f".{os.getpid()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial.write_text(text)
        partial.replace(file)
    except OSError:
        partial.unlink(missing_ok=True)


def resolve(schema: Schema) -> Schema:
    while "$ref" in schema:
        schema = spec()["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def object_schema(kind: str) -> Schema:
    """The schema of the resource whose `object` field is `kind`, such as checkout.session."""
    schema: Schema = spec()["components"]["schemas"][kind]
    return schema


def check(value: Any, schema: Schema, place: Place = (), form: bool = False) -> list[Problem]:
    """What in `value` breaks `schema`; with form=True every leaf is a string, as it came over the wire."""
    schema = resolve(schema)
    if value is None:
        return [] if schema.get("nullable") or not schema else [Problem(place, "invalid", "null")]
    if "anyOf" in schema:
        return _check_any(value, schema["anyOf"], place, form)
    kind = schema.get("type")
    if kind == "object":
        return _check_object(value, schema, place, form)
    if kind == "array":
        return _check_array(value, schema, place, form)
    if "enum" in schema and schema["enum"] != [None]:
        return _check_enum(value, schema, place, form)
    return _check_leaf(value, kind, place, form)


def _check_any(value: Any, options: list[Schema], place: Place, form: bool) -> list[Problem]:
    problems = [check(value, option, place, form) for option in options]
    if any(not found for found in problems):
        return []
    alike = [
        found
        for option, found in zip(options, problems, strict=True)
        if (resolve(option).get("type") == "object") == isinstance(value, dict)
    ]
    return min(alike or problems, key=len)


def _check_object(value: Any, schema: Schema, place: Place, form: bool) -> list[Problem]:
    if not isinstance(value, dict):
        return [Problem(place, "invalid", f"expected object, got {value!r:.60}")]
    properties = schema.get("properties")
    rest = schema.get("additionalProperties")
    problems = []
    if value.get("deleted") is not True:  # a tombstone is {"id", "object", "deleted": true}
        missing = [name for name in schema.get("required", []) if name not in value]
        problems += [Problem((*place, name), "missing", "missing") for name in missing]
    for name, item in value.items():
        inner = (properties or {}).get(name, rest if isinstance(rest, dict) else None)
        if inner is not None:
            problems += check(item, inner, (*place, name), form)
        elif properties or rest is False:
            problems.append(Problem((*place, name), "unknown", "unknown"))
    return problems


def _check_array(value: Any, schema: Schema, place: Place, form: bool) -> list[Problem]:
    if form and value == "":
        return []
    if not isinstance(value, list):
        return [Problem(place, "invalid", f"expected array, got {value!r:.60}")]
    return [p for i, item in enumerate(value) for p in check(item, schema["items"], (*place, i), form)]


def _check_enum(value: Any, schema: Schema, place: Place, form: bool) -> list[Problem]:
    known, kind = schema["enum"], schema["type"]
    typed = _typed(value, kind) if form and isinstance(value, str) else value
    if typed in known:
        return []
    return [Problem(place, "invalid", f"{value!r} not one of {known[:12]}")]


def _check_leaf(value: Any, kind: str | None, place: Place, form: bool) -> list[Problem]:
    if form:
        if isinstance(value, dict | list):
            return [Problem(place, "invalid", f"expected {kind}")] if kind else []
        if not re.fullmatch(FORM_PATTERNS.get(kind or "", r"(?s).*"), value):
            return [Problem(place, "invalid", f"{value!r} is not a valid {kind}")]
        return []
    wanted = PYTHON_TYPES.get(kind or "")
    if wanted and (not isinstance(value, wanted) or (kind == "integer" and isinstance(value, bool))):
        return [Problem(place, "invalid", f"expected {kind}, got {value!r:.60}")]
    return []


def emptied(value: Any, schema: Schema, place: Place = ()) -> list[Problem]:
    """Fields of valid form data that were sent empty although Stripe does not let them be unset."""
    schema = resolve(schema)
    if "anyOf" in schema:
        found = [emptied(value, option, place) for option in schema["anyOf"] if not check(value, option, form=True)]
        return min(found, key=len, default=[])
    if isinstance(value, dict):
        known = schema.get("properties") or {}
        return [p for name, item in value.items() if name in known for p in emptied(item, known[name], (*place, name))]
    if isinstance(value, list):
        return [p for i, item in enumerate(value) for p in emptied(item, schema.get("items", {}), (*place, i))]
    unset = value == "" and "" not in schema.get("enum", [])
    return [Problem(place, "invalid", "'' cannot be unset")] if unset else []


def _typed(text: str, kind: str | None) -> Any:
    """A form string as its type; as it is when it cannot be."""
    if kind not in FORM_PATTERNS or not re.fullmatch(FORM_PATTERNS[kind], text):
        return text
    return text == "true" if kind == "boolean" else int(text) if kind == "integer" else float(text)


def coerce(value: Any, schema: Schema) -> Any:
    """Valid form data with its integers, booleans and numbers typed. An emptied field stays ""."""
    schema = resolve(schema)
    if "anyOf" in schema:
        fitting = (option for option in schema["anyOf"] if not check(value, option, form=True))
        return coerce(value, next(fitting, {}))
    if isinstance(value, dict):
        known, rest = schema.get("properties") or {}, schema.get("additionalProperties") or {}
        return {name: coerce(item, known.get(name) or rest) for name, item in value.items()}
    if isinstance(value, list):
        return [coerce(item, schema.get("items", {})) for item in value]
    return [] if schema.get("type") == "array" else _typed(value, schema.get("type"))


@lru_cache(None)
def _routes() -> list[tuple[re.Pattern[str], str]]:
    templates = sorted(spec()["paths"], key=lambda template: template.count("{"))
    return [(re.compile("^" + re.sub(r"{\w+}", r"([^/]+)", t) + "$"), t) for t in templates]


def route(verb: str, path: str) -> tuple[str, dict[str, Any]] | None:
    """(URL template, operation) of a request, or None when Stripe has no such endpoint."""
    for pattern, template in _routes():
        operation = spec()["paths"][template].get(verb.lower())
        if operation and pattern.match(path):
            return template, operation
    return None


def request_schema(operation: dict[str, Any]) -> Schema:
    """The schema of an operation's form body or query."""
    body = operation.get("requestBody")
    if body:
        schema: Schema = body["content"]["application/x-www-form-urlencoded"]["schema"]
        return schema
    query = [p for p in operation["parameters"] if p["in"] == "query"]
    expand = {"expand": {"type": "array", "items": {"type": "string"}}}
    return {
        "type": "object",
        "properties": {p["name"]: p["schema"] for p in query} | expand,
        "required": [p["name"] for p in query if p["required"]],
        "additionalProperties": False,
    }


def check_request(verb: str, path: str, form: str | dict[str, Any]) -> list[Problem]:
    found = route(verb, path)
    if found is None:
        return [Problem((), "unknown", f"{verb} {path}: no such endpoint in {spec()['info']['version']}")]
    data = parse_form(form) if isinstance(form, str) else form
    return check(data, request_schema(found[1]), form=True)


def check_response(verb: str, path: str, reply: dict[str, Any]) -> list[Problem]:
    found = route(verb, path)
    if found is None:
        return [Problem((), "unknown", f"{verb} {path}: no such endpoint in {spec()['info']['version']}")]
    schema = found[1]["responses"]["200"]["content"]["application/json"]["schema"]
    return check(reply, schema, (str(reply.get("object", "")),))


def check_object(reply: dict[str, Any]) -> list[Problem]:
    return check(reply, object_schema(reply["object"]), (reply["object"],))


def openapi() -> dict[str, Any]:
    """spec() laid out as Stripe's own document is: request schemas inline, resources as components."""
    schemas = spec()["components"]["schemas"]

    def inline(node: Any) -> Any:
        if isinstance(node, list):
            return [inline(item) for item in node]
        if not isinstance(node, dict):
            return node
        name = node.get("$ref", "").rsplit("/", 1)[-1]
        return inline(schemas[name]) if name.startswith("params.") else {k: inline(v) for k, v in node.items()}

    resources = {name: schema for name, schema in schemas.items() if not name.startswith("params.")}
    return {**spec(), "paths": inline(spec()["paths"]), "components": {"schemas": resources}}


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(json.dumps(openapi(), separators=(",", ":")))
