"""`make lighthouse`: the pages of the reader's trip as a phone on a slow line sees them. Fails below the marks.

Each page was asked for before, so that those for everybody come packed, as nginx would send all of them
(deploy/nginx/http.conf): a page that is made for the first time leaves the site's own server as it is.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from demo.processes import DemoError
from tests.benchmarks.site import Site, running_site

HERE = Path(__file__).parent
SECONDS = 180
TRIES, NO_BEGINNING = 4, "NO_NAVSTART"
# Points of 100, in all five categories of version 13. A page that search engines are asked to leave alone (noindex:
# signing in) has no mark for SEO.
MARKS = {"performance": 100, "accessibility": 100, "best-practices": 100, "seo": 100, "agentic-browsing": 100}
MOST_BYTES, MOST_REQUESTS = 100_000, 10  # before images
STILL = 0.001  # less is 0 as it is printed
OLDEST_NODE = (22, 19)
CHROMIUM = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip


class MissingError(Exception):
    """A program this needs is not there; the message says which and what to do."""


@dataclass(frozen=True)
class Visit:
    """What Lighthouse found on one page. Bytes and requests are as sent, without images."""

    name: str
    scores: dict[str, int]
    is_indexed: bool
    bytes: int
    requests: int
    shift: float  # of the layout (CLS)
    faults: list[str]  # and what performance is made of, where it is short: a busy machine shows in the blocking time

    @property
    def failures(self) -> list[str]:
        short = [
            f"{category} {self.scores[category]} < {mark}"
            for category, mark in MARKS.items()
            if self.scores[category] < mark and (category != "seo" or self.is_indexed)
        ]
        heavy = [f"{self.bytes:,} bytes > {MOST_BYTES:,}"] * (self.bytes > MOST_BYTES)
        heavy += [f"the layout shifts by {self.shift:.3f}"] * (self.shift >= STILL)
        return short + heavy + [f"{self.requests} requests > {MOST_REQUESTS}"] * (self.requests > MOST_REQUESTS)


def main() -> int:
    try:
        lighthouse, chromium = program(), browser()
        with running_site(WEB_WORKERS="1") as site:
            for path in trip(site).values():
                _was_asked_for(site.url + path)
            visits = [visit(site, name, path, lighthouse, chromium) for name, path in trip(site).items()]
    except KeyboardInterrupt:
        return 130
    except (DemoError, MissingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(table(visits))
    return int(any(seen.failures for seen in visits))


def program() -> Path:
    """Lighthouse of the lock file beside this module, installed at the first use."""
    if not shutil.which("node") or not shutil.which("npm"):
        raise MissingError("Node.js with npm is missing for Lighthouse. Install it (Debian: apt install nodejs npm).")
    told = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in told.removeprefix("v").split(".")[:2]) < OLDEST_NODE:
        raise MissingError(f"Lighthouse 13 needs Node.js 22.19 or newer; this is {told}.")
    installed = HERE / "node_modules/lighthouse/cli/index.js"
    if not installed.exists():
        sys.stderr.write("Installing Lighthouse …\n")
        done = subprocess.run(
            ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"], cwd=HERE, check=False
        )
        if done.returncode:
            raise MissingError("Lighthouse could not be installed: is the package registry within reach?")
    return installed


def browser() -> str:
    """The Chromium that bin/browser found."""
    names = (os.environ.get("FIRSTPAGE_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, (shutil.which(name) for name in names if name)), None)
    if found is None:
        raise MissingError("Chromium is missing for Lighthouse. Install it, or name it in FIRSTPAGE_CHROMIUM.")
    return found


def trip(site: Site) -> dict[str, str]:
    return {kind: site.place(kind) for kind in ("home", "issue", "article")} | {
        "search": "/search/", "search results": site.place("search"), "sign in": "/accounts/login/", "CME": "/cme/",
    }  # fmt: skip


def _was_asked_for(address: str) -> None:
    request = urllib.request.Request(address, headers={"Accept": "text/html", "Accept-Encoding": "gzip, br"})  # noqa: S310  (ours)
    with urllib.request.urlopen(request) as answer:  # noqa: S310
        answer.read()


def visit(site: Site, name: str, path: str, lighthouse: Path, chromium: str) -> Visit:
    """One look. Where Chromium's recording of it lacks its beginning there is no figure at all: then it looks again."""
    for _ in range(TRIES):
        sys.stderr.write(f"Looking at {name} …\n")
        done = _looked_at(f"{site.url}{path}", lighthouse, chromium)
        if NO_BEGINNING not in done.stderr:
            break
    if done.returncode:
        raise MissingError(f"Lighthouse failed on {name}:\n{done.stderr[-1500:]}")
    return read(name, json.loads(done.stdout))


def _looked_at(address: str, lighthouse: Path, chromium: str) -> "subprocess.CompletedProcess[str]":
    with tempfile.TemporaryDirectory(prefix="firstpage-lighthouse-") as profile:
        flags = " ".join([*CHROMIUM, f"--user-data-dir={profile}/browser"])
        command = [
            "node", str(lighthouse), address, "--quiet", "--output=json", f"--chrome-flags={flags}",
            f"--only-categories={','.join(MARKS)}",
        ]  # fmt: skip
        environment = {**os.environ, "CHROME_PATH": chromium}
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=SECONDS, check=False)


def read(name: str, report: dict[str, Any]) -> Visit:
    """Lighthouse's report as a Visit. Raises MissingError when Lighthouse could not load the page."""
    if report.get("runtimeError"):
        raise MissingError(f"Lighthouse could not load {name}: {report['runtimeError'].get('message')}")
    audits, categories = report["audits"], report["categories"]
    sent = [item for item in audits["network-requests"]["details"]["items"] if item.get("resourceType") != "Image"]
    wanting = [
        f"{category}: {audits[ref['id']]['title']}"
        for category, found in categories.items()
        for ref in found["auditRefs"]
        if ref["weight"]
        and (audits[ref["id"]]["score"] or 0) < 0.9
        and audits[ref["id"]]["scoreDisplayMode"] in ("binary", "numeric", "metricSavings")
    ]
    if round(100 * (categories["performance"]["score"] or 0)) < MARKS["performance"]:
        wanting += [
            f"{audits[ref['id']]['title']}: {audits[ref['id']]['displayValue']}, {audits[ref['id']]['score']:.2f} of 1"
            for ref in categories["performance"]["auditRefs"]
            if ref["weight"]
        ]
    return Visit(
        name, {category: round(100 * (found["score"] or 0)) for category, found in categories.items()},
        (audits["is-crawlable"]["score"] or 0) == 1, sum(item["transferSize"] for item in sent), len(sent),
        audits["cumulative-layout-shift"]["numericValue"], wanting,
    )  # fmt: skip


def table(visits: list[Visit]) -> str:
    head = ("page", "perf.", "access.", "practices", "SEO", "agents", "CLS", "bytes", "requests")
    row = "{:<16}{:>7}{:>9}{:>11}{:>9}{:>8}{:>7}{:>10}{:>10}"
    lines = [row.format(*head)]
    for seen in visits:
        performance, accessibility, practices, seo, agents = (seen.scores[category] for category in MARKS)
        told = str(seo) if seen.is_indexed else "noindex"
        sizes = (f"{seen.shift:.3f}", f"{seen.bytes:,}", seen.requests)
        lines.append(row.format(seen.name, performance, accessibility, practices, told, agents, *sizes))
    for seen in visits:
        lines += [f"{seen.name}: {failure}" for failure in seen.failures]
        lines += [f"  {fault}" for fault in seen.faults if seen.failures]
    lines.append("Bytes and requests without images. A page marked noindex has no mark for SEO.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
