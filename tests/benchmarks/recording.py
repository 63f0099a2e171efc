"""`python -m tests.benchmarks.recording`: what recording usage costs a page.

Two sites side by side, one of which records; the same page of one and of the other in turn, so that what else the
machine does meets both. Told is the processor's time for each answer, of the server (with the thread that writes) and
of the database, and the rate. Readers come with a browser, for robots are not written.
"""

import argparse
import json
import sys
from contextlib import ExitStack
from statistics import median
from typing import Any

from demo.processes import DemoError
from tests.benchmarks.cost import processor_seconds
from tests.benchmarks.load import Asked, WrongAnswerError, request_for, run
from tests.benchmarks.site import Site, running_site

WITHOUT = {"DJANGO_SETTINGS_MODULE": "tests.benchmarks.unrecorded"}
PAGES = ("article, visitor, kept", "article, visitor, made anew", "article, subscriber")
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
WARM = 1.0
Figures = dict[str, list[float]]


def main() -> int:
    options = _options()
    try:
        with ExitStack() as sites:
            sides = {name: sites.enter_context(running_site(**settings)) for name, settings in _sides().items()}
            found = {page: measure(sides, page, options) for page in PAGES}
    except (DemoError, WrongAnswerError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(table(found))
    return 0


def _sides() -> dict[str, dict[str, str]]:
    return {"recorded": {}, "not recorded": WITHOUT}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3, help="length of one run of one page (3)")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each page on each site, in turn (5)")
    parser.add_argument("--connections", type=int, default=8, help="readers at a time (8)")
    return parser.parse_args()


def measure(sides: dict[str, Site], page: str, options: argparse.Namespace) -> dict[str, Figures]:
    found: dict[str, Figures] = {side: {"server": [], "database": [], "rate": []} for side in sides}
    for site in sides.values():
        one_run(site, page, options.connections, WARM)
    for repeat in range(options.repeats):
        for side in sorted(sides, reverse=bool(repeat % 2)):
            for name, value in one_run(sides[side], page, options.connections, options.seconds).items():
                found[side][name].append(value)
    return found


def one_run(site: Site, page: str, connections: int, seconds: float) -> dict[str, float]:
    """Microseconds of the processor for each answer, and answers a second."""
    told: dict[str, Any] = next(one for one in site.pages if one["name"] == page)
    request = request_for(f"{site.host}:{site.port}", told["path"], told["headers"])
    request = request.replace(b"User-Agent: firstpage-bench", f"User-Agent: {BROWSER}".encode())
    asked = Asked(request, told["must"].encode(), told["must_not"].encode(), told["status"])
    pids = {"server": site.server_pid, "database": site.database_pid}
    before = {name: processor_seconds(pid) or 0.0 for name, pid in pids.items()}
    sample = run((site.host, site.port), asked, connections, seconds)
    answers = len(sample.milliseconds)
    cost = {name: ((processor_seconds(pid) or 0.0) - before[name]) / answers * 1e6 for name, pid in pids.items()}
    return cost | {"rate": sample.per_second}


def table(found: dict[str, dict[str, Figures]]) -> str:
    lines = [f"{'page':<30}{'':<14}{'server µs':>10}{'database µs':>13}{'a second':>10}"]
    for page, sides in found.items():
        for side, figures in sides.items():
            middle = {name: median(values) for name, values in figures.items()}
            lines.append(
                f"{page:<30}{side:<14}{middle['server']:>10,.0f}{middle['database']:>13,.0f}{middle['rate']:>10,.0f}"
            )
    lines.append(json.dumps({page: {side: sides[side] for side in sides} for page, sides in found.items()}))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
