"""Reads the source text of the installed stripe wheel: classes, imports and what a name refers to.

stripe-python is generated from Stripe's OpenAPI document. Nothing of it is imported here, only parsed.
"""

from __future__ import annotations

import ast
import importlib.util
import re
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple


def wheel_root() -> Path:
    """The folder of the installed `stripe` package."""
    found = importlib.util.find_spec("stripe")
    if found is None or found.origin is None:
        raise RuntimeError("The stripe package is not installed; the local Stripe derives its contract from it.")
    return Path(found.origin).parent


ROOT = wheel_root()


class Found(NamedTuple):
    """A class (or functional TypedDict) in a file of the wheel, with its qualified name."""

    path: Path
    qualname: tuple[str, ...]
    node: ast.ClassDef | ast.Assign


def constant(pattern: str, file: str) -> str:
    """The first group of `pattern` in a file of the wheel, such as its API version."""
    match = re.search(pattern, (ROOT / file).read_text())
    if match is None:
        raise RuntimeError(f"stripe/{file} of the installed wheel holds nothing like {pattern!r}.")
    return match.group(1)


def api_version() -> str:
    return constant(r'CURRENT = "([^"]+)"', "_api_version.py")


def package_version() -> str:
    return constant(r'VERSION = "([^"]+)"', "_version.py")


@lru_cache(None)
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT.parent).with_suffix("").parts)


def module_path(name: str) -> Path:
    return ROOT.parent / (name.replace(".", "/") + ".py")


@lru_cache(None)
def imports(path: Path) -> dict[str, tuple[str, str]]:
    """Local name -> (module, name there), for everything the file takes from the wheel itself."""
    return {
        alias.asname or alias.name: (node.module, alias.name)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("stripe.")
        for alias in node.names
    }


def name_of(node: ast.AST | None) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _is_class(node: ast.stmt, name: str) -> bool:
    if isinstance(node, ast.ClassDef):
        return node.name == name
    if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Call):
        return False
    return name_of(node.targets[0]) == name and name_of(node.value.func) == "TypedDict"


def find(path: Path, qualname: list[str]) -> ast.ClassDef | ast.Assign | None:
    """The class with this qualified name in the file."""
    body: list[ast.stmt] = tree(path).body
    node: ast.stmt | None = None
    for name in qualname:
        node = next((n for n in body if _is_class(n, name)), None)
        body = node.body if isinstance(node, ast.ClassDef) else []
        if node is None:
            return None
    return node if isinstance(node, ast.ClassDef | ast.Assign) else None


def lookup(name: str, path: Path, scope: tuple[str, ...]) -> Found | None:
    """What a dotted name means inside `scope` of a file: innermost class, then module, then imports."""
    parts = name.split(".")
    for depth in range(len(scope), -1, -1):
        qualname = [*scope[:depth], *parts]
        node = find(path, qualname)
        if node is not None:
            return Found(path, tuple(qualname), node)
    module, original = imports(path).get(parts[0], ("", ""))
    target = module_path(module)
    if not module or not target.exists():
        return None
    node = find(target, [original, *parts[1:]])
    return Found(target, (original, *parts[1:]), node) if node is not None else None


def object_names() -> dict[tuple[str, str], str]:
    """(module, class) -> the value of its `object` field, e.g. ("stripe._charge", "Charge") -> "charge"."""
    names: dict[tuple[str, str], str] = {}
    for node in ast.walk(tree(ROOT / "_object_classes.py")):
        if isinstance(node, ast.AnnAssign) and name_of(node.target) == "OBJECT_CLASSES":
            classes = ast.literal_eval(node.value) if node.value else {}
            for name, (module, cls) in classes.items():
                names.setdefault((module, cls), name)  # "file" also goes by the old name "file_upload"
    return names
