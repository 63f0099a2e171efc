"""`make screenshots`: pages of every kind at three widths in both themes, to be looked at.

They lie in var/screenshots with a sheet of all (index.html). The run before is kept in var/screenshots.before; which
pages look different since then is said at the end, and shown first on the sheet. Names choose pages:
`python -m tests.screenshots home issue`. `letters` are all e-mails, at two widths.
"""

import html
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from PIL import Image, ImageChops
from playwright.sync_api import Browser, BrowserContext, sync_playwright

from demo.processes import DemoError
from tests import chromium
from tests.benchmarks.site import ROOT, Site, running_site

OUT, BEFORE = ROOT / "var/screenshots", ROOT / "var/screenshots.before"
WIDTHS = {"phone": (390, 844), "tablet": (820, 1180), "desktop": (1440, 900)}
THEMES = ("light", "dark")
PASSWORD = "first-page-demo"
PATIENCE = 60  # seconds
TALLEST = 6000  # pixels; of a longer page its beginning is enough


@dataclass(frozen=True)
class Shot:
    """One page: its name, its address, who looks at it (empty: a visitor), and the answer it comes with.

    Another answer than 200 is waited for: whom to ask a question a process learns within seconds.
    """

    name: str
    path: str
    who: str = ""
    status: int = 200


def main() -> int:
    try:
        with running_site(STAFF_SECOND_FACTOR="0") as site:
            places = added(site)
            keep_the_last_run()
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=chromium.find(), args=chromium.FLAGS)
                for done, name in enumerate(chain(pictures(browser, site, places), of_letters(browser, site)), 1):
                    sys.stderr.write(f"{done:>4}  {name}\n")
                browser.close()
    except KeyboardInterrupt:
        return 130
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    changed = differences()
    (OUT / "index.html").write_text(sheet(changed), encoding="utf-8")
    sys.stdout.write(f"\n{len(list(OUT.glob('*.png')))} pictures: {OUT / 'index.html'}\n")
    sys.stdout.write("".join(f"different: {name}\n" for name in changed))
    return 0


def added(site: Site) -> dict[str, str]:
    """Addresses of what `screenshots_world` adds to the sample journal."""
    told = site.folder / "added.json"
    command = [sys.executable, "-m", "tests.screenshots_world", str(told)]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True)
    places: dict[str, str] = json.loads(told.read_text())
    return places


def keep_the_last_run() -> None:
    shutil.rmtree(BEFORE, ignore_errors=True)
    if OUT.exists():
        OUT.rename(BEFORE)
    OUT.mkdir(parents=True)


def shots(site: Site, places: dict[str, str]) -> list[Shot]:
    article, issue = site.place("article"), site.place("issue")
    return [
        Shot("home", "/"), Shot("issue", issue), Shot("issues", "/issues/"), Shot("online-first", "/online-first/"),
        Shot("topics", "/topics/"), Shot("search", "/search/?q=trial"), Shot("search-nothing", "/search/?q=qwxz"),
        Shot("article-visitor", article), Shot("article-subscriber", article, "subscriber@example.org"),
        Shot("article-reader", article, "reader@example.org"), Shot("cite", f"{article}cite/"),
        Shot("only-pdf-visitor", places["only_pdf"]),
        Shot("only-pdf-subscriber", places["only_pdf"], "subscriber@example.org"),
        Shot("read-on", article, "asked@example.org", 429), Shot("save", f"{article}save/"),
        Shot("sign-in", "/accounts/login/"), Shot("register", "/accounts/signup/"),
        Shot("reset", "/accounts/password/reset/"), Shot("my-access", "/my-access/", "subscriber@example.org"),
        Shot("account", "/account/profile/", "subscriber@example.org"), Shot("cme", "/cme/"), Shot("about", "/about/"),
        Shot("not-found", "/nothing-here/"), Shot("not-read", "/search/?" + "a&" * 1001, "", 400),
        Shot("admin", "/admin/", "support@example.org"),
        Shot("admin-articles", "/admin/journal/article/", "editor@example.org"),
        Shot("patterns", "/admin/desk/patterns/", "editor@example.org"),
    ]  # fmt: skip


def pictures(browser: Browser, site: Site, places: dict[str, str]) -> Iterator[str]:
    states: dict[str, Any] = {"": None}
    chosen = sys.argv[1:]
    for shot in [shot for shot in shots(site, places) if not chosen or shot.name in chosen]:
        if shot.who not in states:
            states[shot.who] = signed_in(browser, site, shot.who)
        for device, (width, height) in WIDTHS.items():
            for theme in THEMES:
                context = browser.new_context(
                    base_url=site.url, viewport={"width": width, "height": height}, color_scheme=theme,
                    storage_state=states[shot.who], reduced_motion="reduce",
                )  # fmt: skip
                name = f"{shot.name}-{device}-{theme}.png"
                taken(context, shot, OUT / name, width)
                context.close()
                yield name


def of_letters(browser: Browser, site: Site) -> Iterator[str]:
    """Each e-mail as mail programs show it that read HTML; the texts lie beside them."""
    if sys.argv[1:] and "letters" not in sys.argv[1:]:
        return
    command = [sys.executable, "-m", "tests.letters", str(OUT / "letters")]
    subprocess.run(command, cwd=ROOT, env=site.environment, check=True)
    for device in ("phone", "tablet"):
        width, height = WIDTHS[device]
        for theme in THEMES:
            context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=theme)
            for file in sorted((OUT / "letters").glob("*.html")):
                name = f"letter-{file.stem}-{device}-{theme}.png"
                taken(context, Shot(name, file.as_uri()), OUT / name, width, until="load")
                yield name
            context.close()


def signed_in(browser: Browser, site: Site, who: str) -> Any:
    context = browser.new_context(base_url=site.url)
    page = context.new_page()
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(who)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda address: "/login/" not in address)
    state = context.storage_state()
    context.close()
    return state


def taken(
    context: BrowserContext, shot: Shot, file: Path, width: int, until: Literal["load", "networkidle"] = "networkidle"
) -> None:
    page = context.new_page()
    answer = page.goto(shot.path, wait_until=until)
    deadline = time.monotonic() + PATIENCE
    while shot.status != 200 and (answer is None or answer.status != shot.status):
        if time.monotonic() > deadline:
            raise DemoError(f"{shot.path} never answered {shot.status}.")
        page.wait_for_timeout(1000)
        answer = page.goto(shot.path, wait_until=until)
    height = min(TALLEST, int(page.evaluate("document.documentElement.scrollHeight")))
    page.screenshot(
        path=file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": height}, animations="disabled"
    )


def differences() -> list[str]:
    """Names of pictures that are new or differ from the last run's; none if there was no run before."""
    if not BEFORE.exists():
        return []
    return [file.name for file in sorted(OUT.glob("*.png")) if not same(file, BEFORE / file.name)]


def same(one: Path, other: Path) -> bool:
    if not other.exists():
        return False
    with Image.open(one) as new, Image.open(other) as old:
        return new.size == old.size and ImageChops.difference(new.convert("RGB"), old.convert("RGB")).getbbox() is None


def sheet(changed: list[str]) -> str:
    names = [*changed, *(file.name for file in sorted(OUT.glob("*.png")) if file.name not in changed)]
    cells = "".join(
        f'<figure><a href="{html.escape(name)}"><img src="{html.escape(name)}" width="280" loading="lazy" alt=""></a>'
        f"<figcaption>{html.escape(name)}{' <b>different</b>' if name in changed else ''}</figcaption></figure>"
        for name in names
    )
    style = "body{font:14px system-ui;display:flex;flex-wrap:wrap;gap:16px}figure{margin:0}img{border:1px solid #999}"
    return f"<!doctype html><meta charset=utf-8><title>Screenshots</title><style>{style}</style>{cells}\n"


if __name__ == "__main__":
    sys.exit(main())
