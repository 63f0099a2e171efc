#!/usr/bin/env python
"""Whether a pinned package has a published weakness.

`bin/audit.py --offline` (in `make test`) compares the pins with tests/advisories.toml: what was known when somebody
last looked. `make audit` asks the advisories themselves through pip-audit, which needs the network; what it finds goes
into that file with the version that mends it. It ends with 1 for a weakness, with 2 when nobody could be asked.
"""

import re
import subprocess
import sys
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PINS = ("requirements.txt", "requirements-dev.txt", "requirements-s3.txt", "requirements-schemas.txt")
PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
TOOL = ROOT / "var/tools/bin/pip-audit"
STALE_DAYS = 92


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")


def pins() -> dict[str, dict[str, str]]:
    """{file: {package: version}}, names as PyPI compares them."""
    found = {}
    for file in PINS:
        if (ROOT / file).is_file():
            told = PIN.findall((ROOT / file).read_text())
            found[file] = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in told}
    return found


def known() -> tuple[date, list[dict[str, str]]]:
    told = tomllib.loads((ROOT / "tests/advisories.toml").read_text())
    return told["looked_on"], told["advisory"]


def weak(there: dict[str, dict[str, str]], advisories: list[dict[str, str]]) -> list[str]:
    """A line for each pin that an advisory of ours concerns."""
    return [
        f"{file}: {one['package']} {version}: {one['id']}, mended in {one['mended_in']}"
        for file, packages in there.items()
        for one in advisories
        if (version := packages.get(one["package"]))
        and Version(one.get("since", "0")) <= Version(version) < Version(one["mended_in"])
    ]


def offline() -> int:
    there, (looked_on, advisories) = pins(), known()
    found = weak(there, advisories)
    say("\n".join(found) or f"{len(there['requirements.txt'])} packages, none older than what mends a known weakness.")
    age = (datetime.now(UTC).date() - looked_on).days
    late = " That is long ago: run make audit." if age > STALE_DAYS else ""
    say(f"Known is what was published until {looked_on}; newer ones only make audit finds.{late}")
    return 1 if found else 0


def online() -> int:
    """Each file by itself: one that cannot be asked about must not hide the others."""
    worst = offline()
    for file in pins():
        command = [TOOL, "--requirement", file, "--require-hashes", "--disable-pip", "--progress-spinner", "off"]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if "vulnerabilit" in done.stdout + done.stderr and "Traceback" not in done.stderr:
            say(f"{file}:\n{done.stdout}{done.stderr}")
            worst = max(worst, done.returncode)
        else:
            why = (done.stderr.strip().splitlines() or ["no answer"])[-1]
            say(f"{file}: nobody could be asked ({why[:200]}).")
            worst = worst or 2
    return worst


if __name__ == "__main__":
    sys.exit(offline() if "--offline" in sys.argv else online())
