"""`python -m tests.benchmarks.importing`: articles a second and memory of `manage.py import_articles`, without images.

Real articles (the shared corpus; without it, the sample journal), each with a DOI of its own, imported as files in
rounds into a new site in a temporary folder. Only the command's time counts, not the making of the files.
"""

import argparse
import gc
import io
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from django.core.management import CommandError

from tests.benchmarks import report
from tests.benchmarks.cost import PROC, processor_seconds, stolen_seconds
from tests.benchmarks.site import ROOT, remove, site_environment

DOI = re.compile(rb'(<article-id pub-id-type="doi">\s*10\.[^<\s]+)')


def main() -> int:
    options = arguments()
    folder = Path(tempfile.mkdtemp(prefix="firstpage-bench-"))
    folder.chmod(0o755)  # the embedded server runs as another user when we are root
    os.environ.update(site_environment(folder, 8400))
    try:
        found = measure(folder, options)
    except (KeyboardInterrupt, CommandError):
        sys.stderr.write("\nStopped; nothing was written.\n")
        return 130
    finally:
        from django.db import connections

        connections.close_all()
        remove(folder)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(found, indent=2) + "\n")
    sys.stdout.write(table(found) + f"\nWritten to {options.json.name}.\n")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.benchmarks.importing", description=__doc__)
    parser.add_argument("--articles", type=int, default=600, help="how many (600)")
    parser.add_argument("--round", type=int, default=200, help="how many in one run of the command (200)")
    parser.add_argument("--jobs", type=int, default=2, help="imports at a time (2)")
    parser.add_argument("--json", type=Path, default=ROOT / "var/bench-importing.json", help="where the figures go")
    return parser.parse_args()


def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    texts = sources()
    database = int((folder / "postgres/data/postmaster.pid").read_text().split()[0])
    before, stolen = report.machine(), stolen_seconds()
    rounds = []
    for names in batches(options.articles, options.round):
        place = written(folder / "round", texts, names)
        rounds.append(timed(place, len(names), options.jobs, database))
        shutil.rmtree(place)
        done = f"{names.stop} of {options.articles} articles"
        sys.stderr.write("\r{}, {per_second:.1f}/s, {rss_mb:.0f} MB ".format(done, **rounds[-1]))
    sys.stderr.write("\r" + " " * 60 + "\r")
    after = (stolen_seconds() or 0) - (stolen or 0)
    return {"machine": before, "stolen_seconds": after, "articles": options.articles, "jobs": options.jobs} | {
        "sources": len(texts), "rounds": rounds, "unchanged_per_second": again(folder, texts, options),
    }  # fmt: skip


def sources() -> list[bytes]:
    """Articles with a DOI, as bytes."""
    from tests.journal.corpus import ARTICLES

    paths = ARTICLES or sorted(ROOT.glob("sample/articles/*/article.xml"))
    return [text for text in (path.read_bytes() for path in paths) if DOI.search(text)]


def batches(total: int, size: int) -> Iterator[range]:
    yield from (range(start, min(start + size, total)) for start in range(0, total, size))


def written(place: Path, texts: list[bytes], names: range) -> Path:
    place.mkdir()
    for number in names:
        text = DOI.sub(rb"\1.b%d" % number, texts[number % len(texts)], count=1)
        (place / f"{number:06}.xml").write_bytes(text)
    return place


def timed(place: Path, count: int, jobs: int, database: int, status: str = "imported") -> dict[str, float | None]:
    """One run of the command: its rate, its processor time an article in ms, and its memory afterwards in MB."""
    from django.core.management import call_command

    told = place.parent / "report.jsonl"
    before = processor_seconds(os.getpid()), processor_seconds(database)
    started = time.perf_counter()
    call_command("import_articles", str(place), f"--report={told}", f"--jobs={jobs}", stderr=io.StringIO())
    seconds = time.perf_counter() - started
    after = processor_seconds(os.getpid()), processor_seconds(database)
    became = [json.loads(line)["status"] for line in told.read_text().splitlines()]
    if became.count(status) < 0.95 * count:
        sys.exit(f"Only {became.count(status)} of {count} were {status}.")
    ours, theirs = (
        (b - a) / count * 1000 if a is not None and b is not None else None for a, b in zip(before, after, strict=True)
    )
    return {"per_second": count / seconds, "ours_ms": ours, "database_ms": theirs, **memory()}


def again(folder: Path, texts: list[bytes], options: argparse.Namespace) -> float:
    """Articles a second when the last round is imported once more and nothing is new."""
    names = list(batches(options.articles, options.round))[-1]
    place = written(folder / "round", texts, names)
    started = time.perf_counter()
    timed(place, len(names), options.jobs, os.getpid(), "unchanged")
    return len(names) / (time.perf_counter() - started)


def memory() -> dict[str, float]:
    """Resident memory in MB: of the command itself, and of the largest of its workers; and how many pieces of memory
    the command's Python holds, in thousands: what is kept, told from what malloc has not given back."""
    workers = [place for place in PROC.iterdir() if place.name.isdigit() and b"journal.worker" in _command(place)]
    found = {"rss_mb": resident(PROC / "self"), "worker_rss_mb": max(map(resident, workers), default=0.0)}
    gc.collect()
    return found | {"held_thousand": sys.getallocatedblocks() / 1000}


def _command(place: Path) -> bytes:
    """The command line of a child of ours, else nothing."""
    try:
        parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        return (place / "cmdline").read_bytes() if parent == os.getpid() else b""
    except OSError:
        return b""


def resident(place: Path) -> float:
    lines = (place / "status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS"))


def table(found: dict[str, Any]) -> str:
    rounds = found["rounds"]
    rows = [("articles", *COLUMNS)]
    shown = sorted({0, len(rounds) // 4, len(rounds) // 2, 3 * len(rounds) // 4, len(rounds) - 1})
    size = found["articles"] / len(rounds)
    rows += [(f"{(n + 1) * size:,.0f}", *(f"{rounds[n][name] or 0:,.1f}" for name in COLUMNS)) for n in shown]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    rate = median(one["per_second"] for one in rounds)
    lines.append(
        f"Median {rate:.1f} articles/s, {found['jobs']} at a time; unchanged {found['unchanged_per_second']:.0f}/s."
    )
    return "\n".join(lines)


COLUMNS = ("per_second", "ours_ms", "database_ms", "rss_mb", "worker_rss_mb", "held_thousand")

if __name__ == "__main__":
    sys.exit(main())
