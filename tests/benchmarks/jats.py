"""`python -m tests.benchmarks.jats`: what reaches the page of each article of the corpus, and how fast.

`make bench` calls it. Times are of the processor, the best of several rounds, because machines are shared; the last
line says how fast this machine is at a fixed piece of work, so that figures of two days can be compared.
"""

import argparse
import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Any

import django

ROUNDS = 5


def main() -> int:
    options = arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    files = sorted(options.folder.glob("*.xml"))
    if not files:
        sys.stderr.write(f"No articles in {options.folder}; set FIRSTPAGE_SHARED or give a folder.\n")
        return 0
    seconds = timed(files, options.rounds)
    rows = [scored(path, seconds[path]) for path in files]
    sys.stdout.write(table(rows) + "\n" + summary(rows) + "\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if all(row["faults"] == 0 for row in rows) else 1


def arguments() -> argparse.Namespace:
    from tests.journal.corpus import CORPUS

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.jats", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS / "xml", help="a folder of JATS files")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"times each article is rendered ({ROUNDS})")
    parser.add_argument("--json", type=Path, default=Path("var/bench-jats.json"), help="where the figures go")
    return parser.parse_args()


def timed(files: list[Path], rounds: int) -> dict[Path, float]:
    """Seconds of processor time for parsing and rendering each file: the best of the rounds."""
    from journal.jats import read
    from journal.jats.render import render

    sources = {path: path.read_bytes() for path in files}
    best = dict.fromkeys(files, float("inf"))
    for _round in range(rounds):
        for path, data in sources.items():
            started = time.process_time()
            render(read(data).article)
            best[path] = min(best[path], time.process_time() - started)
    return best


def scored(path: Path, seconds: float) -> dict[str, Any]:
    """One row: shares of the letters of each part that reached the page, counts of faults, milliseconds."""
    from tests.journal.jats.scorer import score
    from tests.journal.jats.source import PARTS

    found = score(path.read_bytes())
    return {
        "file": path.stem,
        "recall": {part: found.match.recall(part) for part in PARTS},
        "repeated": len(found.match.repeated),
        "links": len(found.reader["dangling link"]),
        "ids": len(found.reader["duplicate id"]),
        "h1": found.reader.levels.count(1),
        "jumps": len(found.reader["heading jump"]),
        "images": len(found.reader["image without words"]),
        "headers": f"{found.reader.tables_with_headers}/{found.tables_with_headers}",
        "unsafe": len(found.reader["unsafe"]) + len(found.visitor["unsafe"]),
        "faults": len(found.complaints()),
        "ms": round(seconds * 1000, 1),
    }


COLUMNS = ("repeated", "links", "ids", "h1", "jumps", "images", "headers", "unsafe", "ms")


def table(rows: list[dict[str, Any]]) -> str:
    """A line a file: recall in percent of each part (– where the source has none), then the faults."""
    parts = list(rows[0]["recall"])
    names = [part[:5] for part in parts]
    head = f"{'article':<34}" + "".join(f"{word:>6}" for word in names) + "".join(f"{word:>9}" for word in COLUMNS)
    lines = [head]
    for row in rows:
        shares = "".join(f"{_percent(row['recall'][part]):>6}" for part in parts)
        lines.append(f"{row['file'][:33]:<34}{shares}" + "".join(f"{row[key]!s:>9}" for key in COLUMNS))
    return "\n".join(lines)


def _percent(share: float | None) -> str:
    return "–" if share is None else "100" if share == 1 else f"{share * 100:.2f}"


def summary(rows: list[dict[str, Any]]) -> str:
    milliseconds = sorted(row["ms"] for row in rows)
    rate = 1000 * len(rows) / sum(milliseconds)
    p99 = milliseconds[min(len(rows) - 1, int(len(rows) * 0.99))]
    perfect = sum(row["faults"] == 0 for row in rows)
    return (
        f"\n{perfect} of {len(rows)} articles perfect. Parsed and rendered on one core: {rate:.0f} articles/s, "
        f"p50 {statistics.median(milliseconds):.1f} ms, p99 {p99:.1f} ms (aims: 150/s, 50 ms). "
        f"A million dictionary writes take this machine {_yardstick() * 1000:.0f} ms."
    )


def _yardstick() -> float:
    """Seconds of a fixed piece of interpreter work: the best of three."""
    best = float("inf")
    for _round in range(3):
        started, found = time.process_time(), {}
        for number in range(1_000_000):
            found[number % 1000] = number
        best = min(best, time.process_time() - started)
    return best


if __name__ == "__main__":
    sys.exit(main())
