"""`make bench`: the pages beside a bare view, on the production server, in one interleaved run."""

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple
from urllib.request import urlopen

from demo.processes import DemoError, free_port
from tests.benchmarks import report
from tests.benchmarks.cost import processor_seconds, stolen_seconds
from tests.benchmarks.load import Asked, Sample, WrongAnswerError, request_for, run
from tests.benchmarks.site import ROOT, Site, running_site
from tests.operation import nginx

Cost = tuple[float | None, float | None]
KEPT_BY_NGINX = {"SHARED_CACHE_SECONDS": "600"}  # what is said to caches; the site's own pages are made no other way


class Proxy(NamedTuple):
    port: int
    pid: int


def main() -> int:
    options = arguments()
    try:
        with running_site(**KEPT_BY_NGINX) as site, front(site) as proxy:
            found = measure(site, options, proxy)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped; nothing was written.\n")
        return 130
    except (DemoError, WrongAnswerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    before = found["before"]
    sys.stdout.write(
        f"{' '.join(sys.orig_argv[-len(sys.argv) - 1 :])} on {before['processors']} × {before['processor']}\n"
    )
    pages = found["pages"]
    words = [
        report.table(pages),
        report.beside_a_file(pages),
        report.latency(pages),
        report.warning(pages),
        f"Written to {options.json.name}.",
    ]
    sys.stdout.write("\n".join(filter(None, words)) + "\n")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=5, help="length of one run of one page (5)")
    parser.add_argument("--repeats", type=int, default=3, help="runs of each page, in turn (3)")
    parser.add_argument("--connections", type=int, default=16, help="readers at a time (16)")
    parser.add_argument("--json", type=Path, default=ROOT / "var/bench.json", help="where the figures go")
    return parser.parse_args()


@contextmanager
def front(site: Site) -> Iterator[Proxy | None]:
    """nginx as deploy/nginx/ has it, with its own cache, and a file as large as the article's page; None without it."""
    if nginx.find() is None:
        sys.stderr.write("There is no nginx here: what it keeps is not measured.\n")
        yield None
        return
    page = next(page for page in site.pages if page["name"] == report.OF_NGINX)
    told = urlopen(f"{site.url}{page['path']}").read()  # noqa: S310  (our own site)
    port = free_port(site.port + 1)
    with nginx.before(site.folder, port, site.port, {"page.html": told}) as child:
        yield Proxy(port, child.process.pid)


def measure(site: Site, options: argparse.Namespace, proxy: Proxy | None = None) -> dict[str, Any]:
    """Page after page, then all of them again: what else the machine does meets every page."""
    site.pages[:] = [page for page in site.pages if proxy or not page["of_nginx"]]
    before = report.machine() | {"stolen_seconds": stolen_seconds()}
    samples: dict[str, list[Sample]] = {page["name"]: [] for page in site.pages}
    costs: dict[str, list[Cost]] = {page["name"]: [] for page in site.pages}
    for page in site.pages:
        _run(site, page, options.connections, min(options.seconds, 2), proxy)  # each process meets each page once
    for repeat in range(options.repeats):
        for page in site.pages:
            sys.stderr.write(f"\rRun {repeat + 1} of {options.repeats}: {page['name']:<25}")
            sample, cost = _run(site, page, options.connections, options.seconds, proxy)
            samples[page["name"]].append(sample)
            costs[page["name"]].append(cost)
    sys.stderr.write("\r" + " " * 50 + "\r")
    results = [report.result(page, samples[page["name"]], costs[page["name"]]) for page in site.pages]
    report.compare(results)
    after = {"load_average": report.machine()["load_average"], "stolen_seconds": stolen_seconds()}
    return {"before": before, "after": after, "options": _said(options), "pages": results}


def _run(
    site: Site, page: dict[str, Any], connections: int, seconds: float, proxy: Proxy | None
) -> tuple[Sample, Cost]:
    server = proxy if proxy and page["of_nginx"] else Proxy(site.port, site.server_pid)
    request = request_for(f"{site.host}:{server.port}", page["path"], page["headers"])
    asked = Asked(request, page["must"].encode(), page["must_not"].encode(), page["status"])
    pids = (server.pid, site.database_pid)
    before = [processor_seconds(pid) for pid in pids]
    try:
        sample = run((site.host, server.port), asked, connections, seconds)
    except WrongAnswerError as error:
        raise WrongAnswerError(f"{page['name']} ({page['path']}): {error}.") from None
    after = [processor_seconds(pid) for pid in pids]
    each = [
        None if a is None or b is None else (b - a) / len(sample.milliseconds)
        for a, b in zip(before, after, strict=True)
    ]
    return sample, (each[0], each[1])


def _said(options: argparse.Namespace) -> dict[str, Any]:
    return {
        name: str(value) if isinstance(value, Path) else value
        for name, value in vars(options).items()
        if name != "json"
    }


if __name__ == "__main__":
    sys.exit(main())
