"""`python -m tests.benchmarks.painting`: when a browser shows very large articles, beside a plain one.

A real Chromium, slowed to a quarter as a middling phone is, loads each page from the production server with nothing in
its cache; the table shows medians. Fails when a large page's first paint comes a second later than the plain one's.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from demo.processes import DemoError
from tests.benchmarks.lighthouse import MissingError
from tests.benchmarks.lighthouse import browser as chromium
from tests.benchmarks.site import ROOT, Site, running_site, site_environment

LATER_MS = 1000
#: What opens when a reader asks for it: the further authors, the huge table.
CLOSED = "main :is(details.more-authors, details.table-huge)"
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"
#: Milliseconds until the next picture is shown after something was done.
UNTIL_SHOWN = """([selector, open]) => new Promise(resolve => {
    const began = performance.now();
    if (open) document.querySelectorAll(selector).forEach(found => { found.open = true; });
    else window.scrollTo(0, document.documentElement.scrollHeight);
    requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - began), 0));
})"""


def main() -> int:
    options = arguments()
    try:
        with running_site() as site, sync_playwright() as playwright:
            places = prepared(site)
            browser = playwright.chromium.launch(executable_path=chromium())
            once(browser, site.url + places["plain"], options.slowed)  # the server's and the browser's first page
            found = {name: measured(browser, site.url + path, options) for name, path in places.items()}
            browser.close()
    except KeyboardInterrupt:
        return 130
    except (DemoError, MissingError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(table(found))
    return int(any(one["first_paint"] > found["plain"]["first_paint"] + LATER_MS for one in found.values()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.painting", description=__doc__)
    parser.add_argument("--repeats", type=int, default=5, help="times each page is loaded (5)")
    parser.add_argument("--slowed", type=int, default=4, help="how many times slower the browser's processor is (4)")
    return parser.parse_args()


def prepared(site: Site) -> dict[str, str]:
    """Paths of the articles by name, imported and published in a process of its own."""
    told = site.folder / "large.json"
    environment = site_environment(site.folder, site.port)
    subprocess.run([sys.executable, "-m", "tests.benchmarks.large", str(told)], cwd=ROOT, env=environment, check=True)
    places: dict[str, str] = json.loads(Path(told).read_text())
    return places


def measured(browser: Browser, url: str, options: argparse.Namespace) -> dict[str, float]:
    rounds = [once(browser, url, options.slowed) for _ in range(options.repeats)]
    return {key: median(one[key] for one in rounds) for key in rounds[0]}


def once(browser: Browser, url: str, slowed: int) -> dict[str, Any]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    page = context.new_page()
    context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slowed})
    answer = page.goto(url, wait_until="load", timeout=120_000)
    if answer is None or answer.status != 200:
        raise DemoError(f"{url} did not answer with a page.")
    size = len(answer.body())
    page.wait_for_function(f"{LOADED} > 0")
    row = {"kilobytes": size / 1000, "first_paint": page.evaluate(FIRST_PAINT), "loaded": page.evaluate(LOADED)}
    row["scrolled"] = page.evaluate(UNTIL_SHOWN, [CLOSED, False])
    row["opened"] = page.evaluate(UNTIL_SHOWN, [CLOSED, True])
    context.close()
    return row


def table(found: dict[str, dict[str, float]]) -> str:
    keys = ("kilobytes", "first_paint", "loaded", "scrolled", "opened")
    lines = [f"{'article':<12}" + "".join(f"{key.replace('_', ' '):>13}" for key in keys)]
    lines += [f"{name:<12}" + "".join(f"{row[key]:>13,.0f}" for key in keys) for name, row in found.items()]
    lines.append(
        "Kilobytes of HTML as it is; milliseconds from asking to the first paint and the load event; milliseconds to\n"
        "show the page's end, and what is closed (further authors, the huge table) when it is opened."
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
