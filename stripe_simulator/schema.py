"""Turns the wheel's type annotations into JSON schemas, and its services into the paths of an OpenAPI document."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from . import wheel

Schema = dict[str, Any]
Scope = tuple[str, ...]

# Request options the SDK mixes into its parameter types; they travel as headers.
OPTION_KEYS = {
    "api_key",
    "stripe_version",
    "stripe_account",
    "stripe_context",
    "max_network_retries",
    "idempotency_key",
    "content_type",
    "headers",
}

PRIMITIVES: dict[str, Schema] = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "bool": {"type": "boolean"},
    "float": {"type": "number"},
    "Decimal": {"type": "string", "format": "decimal"},
    "Any": {},
    "object": {},
    "UntypedStripeObject": {"type": "object"},
    "Dict": {"type": "object"},
}

ERROR_SCHEMA: Schema = {"type": "object", "properties": {"error": {"type": "object"}}, "required": ["error"]}


def _parse(annotation: ast.expr) -> ast.expr:
    """A quoted annotation, opened."""
    while isinstance(annotation, ast.Constant) and isinstance(annotation.value, str):
        annotation = ast.parse(annotation.value, mode="eval").body
    return annotation


def _head(annotation: ast.expr) -> str:
    return wheel.name_of(annotation.value) if isinstance(annotation, ast.Subscript) else ""


def _arguments(annotation: ast.expr) -> list[ast.expr]:
    if not isinstance(annotation, ast.Subscript):
        raise NotImplementedError(ast.dump(annotation))
    return annotation.slice.elts if isinstance(annotation.slice, ast.Tuple) else [annotation.slice]


def _literals(annotation: ast.expr) -> list[Any]:
    return [argument.value for argument in _arguments(annotation) if isinstance(argument, ast.Constant)]


def _flatten(annotation: ast.expr) -> list[ast.expr]:
    """The members of a (nested) union."""
    annotation = _parse(annotation)
    if isinstance(annotation, ast.BinOp):
        return _flatten(annotation.left) + _flatten(annotation.right)
    if _head(annotation) == "Union":
        return [member for argument in _arguments(annotation) for member in _flatten(argument)]
    return [annotation]


def _list_schema(kind: str, item: Schema) -> Schema:
    return {
        "type": "object",
        "required": ["object", "data", "has_more", "url"],
        "properties": {
            "object": {"type": "string", "enum": [kind]},
            "has_more": {"type": "boolean"},
            "url": {"type": "string"},
            "total_count": {"type": "integer"},
            "next_page": {"type": "string", "nullable": True},
            "data": {"type": "array", "items": item},
        },
    }


class SchemaBuilder:
    """Collects one schema for each class of the wheel it is asked about."""

    def __init__(self) -> None:
        self.schemas: dict[str, Schema] = {}
        self.object_names = wheel.object_names()

    def convert(self, annotation: ast.expr, path: Path, scope: Scope, response: bool) -> Schema:
        annotation = _parse(annotation)
        if isinstance(annotation, ast.Constant):
            return {"nullable": True, "enum": [None]}
        if isinstance(annotation, ast.Name):
            primitive = PRIMITIVES.get(annotation.id)
            return dict(primitive) if primitive is not None else self.reference(annotation.id, path, scope, response)
        if isinstance(annotation, ast.Attribute):
            return self.reference(ast.unparse(annotation), path, scope, response)
        if isinstance(annotation, ast.BinOp) or _head(annotation) == "Union":
            return self._union(annotation, path, scope, response)
        return self._generic(annotation, path, scope, response)

    def _generic(self, annotation: ast.expr, path: Path, scope: Scope, response: bool) -> Schema:
        head = _head(annotation)
        if head == "Literal":
            return self._literal(annotation)
        last = self.convert(_arguments(annotation)[-1], path, scope, response)
        if head == "Optional":
            return {"anyOf": [last], "nullable": True} if "$ref" in last else {**last, "nullable": True}
        if head in ("List", "Sequence"):
            return {"type": "array", "items": last}
        if head in ("Dict", "UntypedStripeObject"):
            return {"type": "object", "additionalProperties": last}
        if head == "NotRequired":
            return last
        if head == "ExpandableField":
            return {"anyOf": [{"type": "string", "maxLength": 5000}, last]}
        if head in ("ListObject", "SearchResultObject"):
            return _list_schema("list" if head == "ListObject" else "search_result", last)
        raise NotImplementedError(ast.dump(annotation))

    @staticmethod
    def _literal(annotation: ast.expr) -> Schema:
        values = _literals(annotation)
        first = values[0]
        kind = "boolean" if isinstance(first, bool) else "integer" if isinstance(first, int) else "string"
        return {"type": kind, "enum": values}

    def _union(self, annotation: ast.expr, path: Path, scope: Scope, response: bool) -> Schema:
        """`Literal["a"] | str` is the SDK's spelling of an open enum: the known values count. `Literal[""] | str`
        is a string that may be emptied: both count."""
        members = _flatten(annotation)
        values = [value for member in members if _head(member) == "Literal" for value in _literals(member)]
        if any(value != "" for value in values):
            members = [member for member in members if wheel.name_of(member) != "str"]
        schemas: list[Schema] = []
        for member in members:
            schema = self.convert(member, path, scope, response)
            if schema not in schemas:
                schemas.append(schema)
        return schemas[0] if len(schemas) == 1 else {"anyOf": schemas}

    def reference(self, name: str, path: Path, scope: Scope, response: bool) -> Schema:
        found = wheel.lookup(name, path, scope)
        if found is None:
            return {"type": "object"}
        key = self._key(found)
        if key not in self.schemas:
            self.schemas[key] = {}  # stands in while the class refers to itself
            self.schemas[key] = self._class(found, response)
        return {"$ref": "#/components/schemas/" + key}

    def _key(self, found: wheel.Found) -> str:
        module = wheel.module_name(found.path)
        top = self.object_names.get((module, found.qualname[0]))
        if top:
            inner = found.qualname[1:]
            return ".".join([top.replace(".", "_dot_"), *inner]) if inner else top
        return module.replace("stripe.", "").replace("._", ".") + "." + ".".join(found.qualname)

    def _class(self, found: wheel.Found, response: bool) -> Schema:
        properties, required = self._properties(found, response)
        schema: Schema = {"type": "object", "properties": properties, "x-expandableFields": []}
        if not response:
            schema["additionalProperties"] = False
            required -= OPTION_KEYS
            for key in OPTION_KEYS:
                properties.pop(key, None)
        if required:
            schema["required"] = sorted(required)
        name = self.object_names.get((wheel.module_name(found.path), found.qualname[0]))
        if response and name and len(found.qualname) == 1:
            schema["x-resourceId"] = name
            schema["x-expandableFields"] = sorted(k for k, v in properties.items() if "anyOf" in json.dumps(v))
        return schema

    def _properties(self, found: wheel.Found, response: bool) -> tuple[dict[str, Schema], set[str]]:
        properties: dict[str, Schema] = {}
        required: set[str] = set()
        for base in getattr(found.node, "bases", []):  # a TypedDict in two halves: reserved words in the functional one
            parent = wheel.lookup(wheel.name_of(base), found.path, ()) if wheel.name_of(base).startswith("_") else None
            if parent:
                inherited, inherited_required = self._properties(parent, response)
                properties |= inherited
                required |= inherited_required
        optional = "Optional" if response else "NotRequired"
        for name, annotation, text in _fields(found.node):
            schema = self.convert(annotation, found.path, found.qualname, response)
            if text and "$ref" not in schema:
                schema.setdefault("description", text)
            properties[name] = schema
            if _head(annotation) != optional:
                required.add(name)
        return properties, required


def _fields(node: ast.ClassDef | ast.Assign) -> list[tuple[str, ast.expr, str]]:
    """(name, annotation, description) of each field of a class or functional TypedDict."""
    if isinstance(node, ast.Assign):
        fields = node.value.args[1] if isinstance(node.value, ast.Call) else None
        if not isinstance(fields, ast.Dict):
            raise NotImplementedError(ast.dump(node))
        return [(ast.literal_eval(k), _parse(v), "") for k, v in zip(fields.keys, fields.values, strict=True) if k]
    found = []
    for index, item in enumerate(node.body):
        if not isinstance(item, ast.AnnAssign) or _head(_parse(item.annotation)) == "ClassVar":
            continue
        name = wheel.name_of(item.target)
        if not name.startswith("_") and name != "OBJECT_NAME":
            found.append((name, _parse(item.annotation), _text_after(node.body, index)))
    return found


def _text_after(body: list[ast.stmt], index: int) -> str:
    following = body[index + 1] if index + 1 < len(body) else None
    if isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant):
        return str(following.value.value).strip()
    return ""


def build_paths(builder: SchemaBuilder) -> dict[str, dict[str, Schema]]:
    """URL template -> verb -> operation, for every v1 method of every service."""
    paths: dict[str, dict[str, Schema]] = {}
    for file in sorted(wheel.ROOT.rglob("*_service.py")):
        if "/v2/" in file.as_posix():
            continue
        for cls in (node for node in wheel.tree(file).body if isinstance(node, ast.ClassDef)):
            for method in (node for node in cls.body if isinstance(node, ast.FunctionDef)):
                called = _requested(method)
                if called:
                    verb, url = called
                    name = f"{cls.name}.{method.name}"
                    paths.setdefault(url, {})[verb] = _operation(builder, file, method, name, verb, url)
    return paths


def _requested(method: ast.FunctionDef) -> tuple[str, str] | None:
    """(verb, URL template) of the request a service method makes."""
    for call in ast.walk(method):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "_request":
            verb, url = call.args[0], call.args[1]
            if isinstance(url, ast.Call) and isinstance(url.func, ast.Attribute):
                url = url.func.value  # "/v1/charges/{charge}".format(...)
            return str(ast.literal_eval(verb)), str(ast.literal_eval(url))
    return None


def _operation(
    builder: SchemaBuilder, file: Path, method: ast.FunctionDef, name: str, verb: str, url: str
) -> dict[str, Any]:
    schema = _parameters(builder, file, method)
    parameters: list[Schema] = [
        {"in": "path", "name": part, "required": True, "schema": {"type": "string"}}
        for part in re.findall(r"{(\w+)}", url)
    ]
    operation: dict[str, Any] = {"operationId": name, "parameters": parameters}
    if verb == "post":
        operation["requestBody"] = {"content": {"application/x-www-form-urlencoded": {"schema": schema}}}
    else:
        required = schema.get("required", [])
        parameters += [
            {"in": "query", "name": k, "schema": v, "required": k in required, "style": "deepObject"}
            for k, v in schema["properties"].items()
        ]
    if method.returns is None:
        raise NotImplementedError(f"{name} says nothing of its reply")
    reply = builder.convert(method.returns, file, (), True)
    operation["responses"] = {
        "200": {"content": {"application/json": {"schema": reply}}},
        "default": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/error"}}}},
    }
    return operation


def _parameters(builder: SchemaBuilder, file: Path, method: ast.FunctionDef) -> Schema:
    annotation = next((a.annotation for a in method.args.args if a.arg == "params"), None)
    if annotation is None:
        return {"type": "object", "properties": {}, "additionalProperties": False}
    while isinstance(annotation, ast.Subscript):
        annotation = annotation.slice
    name = wheel.name_of(_parse(annotation))
    key = builder.reference(name, file, (), False)["$ref"].rsplit("/", 1)[1]
    return builder.schemas[key]


def build_spec() -> dict[str, Any]:
    """The whole contract as an OpenAPI 3.0 document. Takes about 3 s."""
    builder = SchemaBuilder()
    paths = build_paths(builder)
    for module, cls in builder.object_names:  # also the objects that are seen in events only
        file = wheel.module_path(module)
        if file.exists() and "/v2/" not in file.as_posix() and cls not in ("ListObject", "SearchResultObject"):
            builder.reference(cls, file, (), True)
    builder.schemas.setdefault("error", ERROR_SCHEMA)
    return {
        "openapi": "3.0.0",
        "info": {"title": "Stripe API (derived from stripe-python)", "version": wheel.api_version()},
        "servers": [{"url": "https://api.stripe.com/"}],
        "paths": paths,
        "components": {"schemas": builder.schemas},
    }
