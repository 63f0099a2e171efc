#!/usr/bin/env python
"""Whether a key of a known shape stands in a file of the repository: of a cloud, code host, payment, mail, or private.

detect-secrets' own detectors over `git ls-files`, without those that guess (entropy, words like “password”) and
without asking anybody whether a key works. `make test` runs it. A line that only looks like one ends with
`pragma: allowlist secret`.
"""

import re
import subprocess
import sys
from pathlib import Path

from detect_secrets.core import scan
from detect_secrets.core.scan import get_plugins
from detect_secrets.settings import transient_settings

ROOT = Path(__file__).resolve().parent.parent
DETECTORS = (
    "AWSKeyDetector", "AzureStorageKeyDetector", "BasicAuthDetector", "DiscordBotTokenDetector",
    "GitHubTokenDetector", "GitLabTokenDetector", "JwtTokenDetector", "MailchimpDetector", "NpmDetector",
    "OpenAIDetector", "PrivateKeyDetector", "PypiTokenDetector", "SendGridDetector", "SlackDetector",
    "SquareOAuthDetector", "StripeDetector", "TelegramBotTokenDetector", "TwilioKeyDetector",
)  # fmt: skip
#: Prose, data and lists of hashes: long, and nobody types a key there.
NOT_READ = (".po", ".mo", ".xml", ".xsd", ".svg", ".png", ".webp", ".woff2", ".pdf", ".tsv", "package-lock.json")
#: What only looks like one, by file: placeholders in addresses and invented keys of tests.
KNOWN = {
    ".env.example": {"password"}, "bin/compose-secrets": {"%s"}, "tests/operation/test_backup.py": {"secret"},
    "tests/operation/test_logs.py": {"secret"},
}  # fmt: skip


def found_in(files: list[str]) -> list[str]:
    """`file:line: kind` of each key."""
    with transient_settings({"plugins_used": [{"name": name} for name in DETECTORS]}):
        shapes = [shape for plugin in get_plugins() for shape in plugin.denylist]  # type: ignore[attr-defined]
        return [
            f"{file}:{secret.line_number}: {secret.type}"
            for file in files
            if may_hold_one(ROOT / file, shapes)
            for secret in scan.scan_file(str(ROOT / file))
            if secret.secret_value not in KNOWN.get(file, ())
        ]


def may_hold_one(file: Path, shapes: list[re.Pattern[str]]) -> bool:
    """The file in one piece: line by line, as detect-secrets reads, all files take a quarter of a minute."""
    text = file.read_text(encoding="utf-8", errors="replace")
    return any(shape.search(text) for shape in shapes)


def files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    there = [name for name in listed.split("\0") if name and (ROOT / name).is_file()]
    return [name for name in there if not name.endswith(NOT_READ) and not Path(name).name.startswith("requirements")]


def main() -> int:
    read = files()
    found = found_in(read)
    last = f"{len(found)} keys in {len(read)} files." if found else f"No key in {len(read)} files."
    sys.stdout.write("\n".join([*found, last, ""]))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
