"""`make attack`: a site of its own, attacked by wapiti, sqlmap and schemathesis for some minutes; a table of findings.

Ends with 1 when there is one. The tools live in var/attack; what they said is kept in var/attack/said. With names
(`python -m tests.attack sqlmap`) only those attack: schemathesis, sqlmap, wapiti (a visitor), reader (signed in).
"""

import subprocess
import sys
from pathlib import Path

import psutil

from tests.attack import tools
from tests.attack.tools import Finding
from tests.benchmarks.site import ROOT, Site, running_site

HOME = ROOT / "var/attack"
GROWTH_MB = 200  # of all processes of the web server together; they keep pages and templates


def main() -> int:
    if not install():
        return 1
    with running_site("tests.attack.prepare", DJANGO_SETTINGS_MODULE="config.settings", WEB_WORKERS="2") as site:
        (places,) = site.pages
        before = memory(site)
        attacks = {
            "schemathesis": lambda: tools.schemathesis(HOME, site.url, ROOT / "docs/openapi.yaml", places["known"]),
            "sqlmap": lambda: tools.sqlmap(HOME, site.url, places["sql"]),
            "wapiti": lambda: tools.wapiti(HOME, site.url, places["crawl"]),
            "reader": lambda: tools.wapiti(HOME, site.url, places["mine"], places["cookie"]),
        }
        found = [one for name, attack in attacks.items() if name in (sys.argv[1:] or attacks) for one in attack()]
        after = memory(site)
        found += logged(site)
    if after - before > GROWTH_MB:
        found.append(Finding("server", "memory", "all processes", f"{before} MB before, {after} MB after"))
    sys.stdout.write(table(found, before, after))
    return int(bool(found))


def install() -> bool:
    """An environment for each: their packages are many, do not go together, and none is the site's."""
    for line in (Path(__file__).parent / "requirements.txt").read_text().splitlines():
        if not line.startswith("#") and not _is_there(line):
            sys.stderr.write(f"{line} could not be installed: is the package index within reach?\n")
            return False
    return True


def _is_there(wanted: str) -> bool:
    """`wapiti3==3.2.3` in var/attack/wapiti3."""
    home = HOME / wanted.partition("==")[0]
    done = home / "installed.txt"
    if done.is_file() and done.read_text() == wanted:
        return True
    sys.stderr.write(f"Installing {wanted} …\n")
    commands = (
        [sys.executable, "-m", "venv", str(home)],
        [str(home / "bin/pip"), "install", "--quiet", "--disable-pip-version-check", wanted],
    )
    if any(subprocess.run(command, check=False).returncode for command in commands):
        return False
    done.write_text(wanted)
    return True


def memory(site: Site) -> int:
    """Megabytes of the web server's processes that they share with nobody."""
    master = psutil.Process(site.server_pid)
    return sum(one.memory_full_info().uss for one in (master, *master.children())) >> 20


def logged(site: Site) -> list[Finding]:
    """An error in the site's log is a finding, whatever the attacker thought of the answer."""
    lines = [
        line for file in (site.folder / "log").glob("*.log") for line in file.read_text(errors="replace").split("\n")
    ]
    (HOME / "said/site.log").write_text("\n".join(lines))
    bad = [line for line in lines if '"level": "ERROR"' in line or '"level": "CRITICAL"' in line or "Traceback" in line]
    told = [line for line in bad if not any(words in line for words in tools.AWAY)]
    return [Finding("site", "error in the log", "", line[:300]) for line in dict.fromkeys(told)]


def table(found: list[Finding], before: int, after: int) -> str:
    lines = [f"{one.tool:<14}{one.kind:<34}{one.where}\n{'':14}{one.what}" for one in found] or ["Nothing was found."]
    return "\n".join([*lines, f"Memory of the web server: {before} MB before, {after} MB after.", ""])


if __name__ == "__main__":
    sys.exit(main())
