"""Who is no reader: COUNTER's list of robots, kept by the counter-robots package (data of COUNTER and Make Data Count).

The list holds regular expressions that are meant without regard to case. Unannounced mining with scripts is a robot's
traffic, too (section 7.10), so the package's list of programs counts as well.
"""

import re
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _patterns() -> re.Pattern[str]:
    folder = files("counter_robots") / "data"
    lines = [line for name in ("robot.txt", "machine.txt") for line in (folder / name).read_text("utf-8").splitlines()]
    return re.compile("|".join(f"(?:{line})" for line in lines if line), re.IGNORECASE)


@lru_cache(maxsize=2_000)
def is_robot(browser: str) -> bool:
    """Whether a User-Agent is a robot's or a program's; who names no browser is none."""
    return not browser.strip() or _patterns().search(browser) is not None
