#!/usr/bin/env python
"""Whether a pinned package has a published weakness.

`bin/audit.py --offline` (in `make test`) compares the pins with tests/advisories.toml: what was known when somebody
last looked. `make audit` asks the advisories themselves through pip-audit, which needs the network; what it finds goes
into that file with the version that mends it. It ends with 1 for a weakness, with 2 when nobody could be asked.
"""

import json
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
        done = subprocess.run([*command, "--format", "json"], cwd=ROOT, capture_output=True, text=True, check=False)
        status, words = judged(done.stdout, done.stderr)
        say(f"{file}: {words}")
        worst = 1 if 1 in (worst, status) else max(worst, status)
    return worst


def judged(told: str, why: str) -> tuple[int, str]:
    """What pip-audit's JSON comes to. A package that an index knows nothing of counts as not asked about: pip-audit
    itself says “No known vulnerabilities found” of it and ends with 0."""
    try:
        packages = json.loads(told)["dependencies"]
    except (ValueError, KeyError):
        return 2, f"nobody could be asked ({(why.strip().splitlines() or ['no answer'])[-1][:200]})."
    weak = [f"{one['name']} {one['version']}: {bad['id']}" for one in packages for bad in one.get("vulns", [])]
    skipped = [one["name"] for one in packages if "skip_reason" in one]
    words = [f"{len(packages) - len(skipped)} packages asked about", *weak]
    words += [f"nobody could be asked about {len(skipped)}, among them {skipped[0]}"] if skipped else []
    return (1 if weak else 2 if skipped else 0), "; ".join(words) + "."


if __name__ == "__main__":
    sys.exit(offline() if "--offline" in sys.argv else online())
