#!/usr/bin/env python
"""Bring locale/ in step with the texts of templates, Python and scripts, and compile it. Needs no gettext tools.

`make messages` writes; `bin/messages.py --check` only says what is missing. A text that is gone leaves the catalogs,
a new one waits there untranslated; nothing is ever guessed, so nothing is fuzzy.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import polib
from django.template.base import Lexer, TokenType
from django.utils.text import smart_split
from django.utils.translation import trim_whitespace

ROOT = Path(__file__).resolve().parent.parent
LANGUAGES = ["de"]
NOT_TEMPLATES = ("templates/admin/",)
CALLS = {"_": 1, "gettext": 1, "gettext_lazy": 1, "gettext_noop": 1, "ngettext": 2, "ngettext_lazy": 2}
SCRIPT_WORD = re.compile(r"""\bword\(\s*"((?:[^"\\]|\\.)*)\"""")
Message = tuple[str, str]  # singular, plural or ""


def in_template(text: str) -> Iterator[Message]:
    tokens = iter(Lexer(text).tokenize())
    for token in tokens:
        if token.token_type in (TokenType.BLOCK, TokenType.VAR):
            for found in re.finditer(r"""_\((?:"([^"]*)"|'([^']*)')\)""", token.contents):
                yield found[1] or found[2], ""
        if token.token_type != TokenType.BLOCK:
            continue
        words = list(smart_split(token.contents))
        if words[0] == "translate" and words[1][0] in "\"'":
            yield words[1][1:-1], ""
        elif words[0] == "blocktranslate":
            yield _block(tokens, is_trimmed="trimmed" in words)


def _block(tokens: Iterator, *, is_trimmed: bool) -> Message:
    parts = [[]]
    for token in tokens:
        if token.token_type == TokenType.BLOCK and token.contents == "endblocktranslate":
            break
        if token.token_type == TokenType.BLOCK and token.contents == "plural":
            parts.append([])
        elif token.token_type == TokenType.VAR:
            parts[-1].append(f"%({token.contents})s")
        elif token.token_type == TokenType.TEXT:
            parts[-1].append(token.contents.replace("%", "%%"))
        else:
            raise SystemExit(f"{{% {token.contents} %}} stands inside a text to translate.")
    both = ["".join(part) for part in parts]
    both = [trim_whitespace(part) for part in both] if is_trimmed else both
    return both[0], both[1] if len(both) > 1 else ""


def in_python(text: str) -> Iterator[Message]:
    for node in ast.walk(ast.parse(text)):
        name = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
        if name in CALLS and node.args and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value, node.args[1].value if CALLS[name] == 2 else ""


def in_script(text: str) -> Iterator[Message]:
    for found in SCRIPT_WORD.finditer(text):
        if found[1] != "…":
            yield found[1].replace('\\"', '"'), ""


def texts() -> dict[Message, list[str]]:
    """Every text and the files it stands in."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "*.py", "templates", "static/js"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found: dict[Message, list[str]] = {}
    for name in sorted(set(listed.stdout.split())):
        if name.startswith((*NOT_TEMPLATES, "tests/", "bin/", "stripe_simulator/")) or not (ROOT / name).is_file():
            continue
        read = {".py": in_python, ".js": in_script}.get(Path(name).suffix, in_template)
        for message in read((ROOT / name).read_text()):
            files = found.setdefault(message, [])
            if name not in files:
                files.append(name)
    return found


def catalog(language: str) -> Path:
    return ROOT / "locale" / language / "LC_MESSAGES" / "django.po"


def bring_in_step(language: str) -> polib.POFile:
    """The catalog with exactly the texts there are, each with the translation it had."""
    path = catalog(language)
    before = polib.pofile(str(path)) if path.exists() else polib.POFile()
    had = {(entry.msgid, entry.msgid_plural): entry for entry in before}
    after = polib.POFile(wrapwidth=110)
    after.metadata = {
        "Language": language,
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
        "Plural-Forms": "nplurals=2; plural=(n != 1);",
    }
    for (one, many), files in sorted(texts().items(), key=lambda item: (item[1][0], item[0])):
        old = had.get((one, many))
        entry = polib.POEntry(msgid=one, msgstr=old.msgstr if old else "", occurrences=[(name, "") for name in files])
        if many:
            entry.msgid_plural = many
            entry.msgstr_plural = old.msgstr_plural if old else {0: "", 1: ""}
        if "%(" in one or "%%" in one:
            entry.flags.append("python-format")
        after.append(entry)
    return after


def faults(language: str) -> list[str]:
    """What is not translated, not marked as sure, or not written yet."""
    kept = {(entry.msgid, entry.msgid_plural): entry for entry in polib.pofile(str(catalog(language)))}
    there = texts()
    found = [f"not in the catalog: {key[0]!r} ({files[0]})" for key, files in there.items() if key not in kept]
    found += [f"no longer anywhere: {key[0]!r}" for key in kept if key not in there]
    for entry in kept.values():
        said = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        if entry.fuzzy or not all(said):
            found.append(f"not translated: {entry.msgid!r}")
        needed = _named(entry.msgid_plural or entry.msgid)
        if said[-1] and _named(said[-1]) != needed:
            found.append(f"other variables than {entry.msgid!r}: {said[-1]!r}")
    return found


def _named(text: str) -> set[str]:
    return set(re.findall(r"%\(\w+\)s", text))


def main() -> None:
    if "--check" in sys.argv:
        found = [f"{language}: {fault}" for language in LANGUAGES for fault in faults(language)]
        raise SystemExit("\n".join(found) if found else 0)
    for language in LANGUAGES:
        path = catalog(language)
        path.parent.mkdir(parents=True, exist_ok=True)
        entries = bring_in_step(language)
        entries.save(str(path))
        entries.save_as_mofile(str(path.with_suffix(".mo")))
        sys.stdout.write(f"{language}: {len(entries)} texts, {len(entries.untranslated_entries())} not translated\n")


if __name__ == "__main__":
    main()
