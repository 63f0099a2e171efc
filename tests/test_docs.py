"""The documents name what there is: every address, command of the product, and target of the Makefile."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

ROOT = Path(__file__).parent.parent
DOCS = "\n".join(file.read_text() for file in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
ADDRESSES = re.findall(r"`(/[^`]*)`", (ROOT / "docs/addresses.md").read_text())
WHOLE = ("/admin/", "/accounts/")  # the admin's and allauth's, which have documents of their own


def routes() -> Iterator[str]:
    def walk(patterns: list, prefix: str) -> Iterator[str]:
        for pattern in patterns:
            route = prefix + re.sub(r"<\w+:(\w+)>", r"<\1>", str(pattern.pattern))
            if isinstance(pattern, URLResolver) and not route.startswith(WHOLE):
                yield from walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern | URLResolver):
                yield route

    return walk(get_resolver().url_patterns, "/")


def is_named(route: str) -> bool:
    return any(route.startswith(told[:-1]) if told.endswith("…") else route == told for told in ADDRESSES)


def test_every_address_is_in_the_list_of_addresses() -> None:
    assert [route for route in routes() if not is_named(route)] == []


def test_the_list_of_addresses_names_none_that_is_not_there() -> None:
    there = list(routes())
    assert len(there) > 100
    gone = [
        told
        for told in ADDRESSES
        if not any(route.startswith(told[:-1]) if told.endswith("…") else route == told for route in there)
    ]
    assert gone == []


def commands() -> list[str]:
    files = ROOT.glob("*/management/commands/*.py")
    return sorted(file.stem for file in files if file.stem != "__init__" and file.parts[-4] != "demo")


@pytest.mark.parametrize("command", commands())
def test_every_command_is_documented(command: str) -> None:
    assert f"manage.py {command}" in DOCS


def test_every_target_of_the_makefile_is_documented_and_no_other_is_named() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE)) - {"help"}
    named = set(re.findall(r"`make ([a-z-]+)", DOCS)) | set(re.findall(r"^make ([a-z-]+)", DOCS, re.MULTILINE))
    assert targets - named == set()
    assert named - targets == set()


def test_every_link_between_documents_leads_somewhere() -> None:
    files = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    broken = [
        f"{file.relative_to(ROOT)}: {target}"
        for file in files
        for target in re.findall(r"\]\(([^)#\s]+)", file.read_text())
        if not target.startswith(("http", "mailto")) and not (file.parent / target).exists()
    ]
    assert broken == []
    assert len(files) > 30
