"""`python -m tests.benchmarks.jats [FOLDER]`: what reaches the page of each article, and how fast.

`make bench` calls it for the corpus. Another folder is searched for articles at any depth, and the table ends with
a line for each folder in it: put every source into one of its own. Times are of the processor, the best of several
rounds, because machines are shared; the last line says how fast this machine is at a fixed piece of work, so that
figures of two days can be compared.
"""

import argparse
import json
import os
import statistics
import sys
import time
from collections.abc import Iterable
from itertools import groupby
from pathlib import Path
from typing import Any

import django

ROUNDS = 5
SUFFIXES = {".xml", ".nxml", ".jats"}


def main() -> int:
    options = arguments()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
    django.setup()
    files = sorted(path for path in options.folder.rglob("*") if path.suffix in SUFFIXES)
    if not files:
        sys.stderr.write(f"No articles in {options.folder}; set FIRSTPAGE_SHARED or give a folder.\n")
        return 0
    rows = [measured(path, options) for path in files]
    shown = rows if not options.faulty else [row for row in rows if row["faults"]]
    sys.stdout.write(table(shown) + "\n" + by_folder(rows) + summary(rows) + "\n")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=2) + "\n")
    return 0 if all(row["faults"] == 0 for row in rows) else 1


def arguments() -> argparse.Namespace:
    from tests.journal.corpus import CORPUS

    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.jats", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=CORPUS / "xml", help="a folder of JATS files")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"times each article is rendered ({ROUNDS})")
    parser.add_argument("--faulty", action="store_true", help="lines only of articles that are not perfect, with why")
    parser.add_argument("--json", type=Path, default=Path("var/bench-jats.json"), help="where the figures go")
    return parser.parse_args()


def measured(path: Path, options: argparse.Namespace) -> dict[str, Any]:
    """One row: the file's score and milliseconds, or why there is none: refused, or a fault of ours."""
    from journal.jats import JatsError

    row = {"file": path.stem, "folder": str(path.parent.relative_to(options.folder))}
    try:
        return row | scored(path) | {"ms": round(timed(path, options.rounds) * 1000, 1)}
    except JatsError as error:
        return row | {"refused": str(error), "faults": 0}
    except Exception as error:  # the table must say it, and go on
        return row | {"faults": 1, "complaints": [f"exception: {error!r}"]}


def timed(path: Path, rounds: int) -> float:
    """Seconds of processor time for parsing and rendering: the best of the rounds."""
    from journal.jats import read
    from journal.jats.render import render

    data, best = path.read_bytes(), float("inf")
    for _round in range(rounds):
        started = time.process_time()
        render(read(data).article)
        best = min(best, time.process_time() - started)
    return best


def scored(path: Path) -> dict[str, Any]:
    """Shares of the letters of each part that reached the page, and counts of faults."""
    from tests.journal.jats.scorer import score
    from tests.journal.jats.source import PARTS

    found = score(path.read_bytes())
    complaints = found.complaints()
    return {
        "recall": {part: found.match.recall(part) for part in PARTS},
        "letters": sum(found.match.letters.values()),
        "lost": sum(found.match.lost.values()),
        "repeated": len(found.match.repeated),
        "links": len(found.reader["dangling link"]),
        "ids": len(found.reader["duplicate id"]),
        "h1": found.reader.levels.count(1),
        "jumps": len(found.reader["heading jump"]),
        "images": len(found.reader["image without words"]),
        "headers": f"{found.reader.tables_with_headers}/{found.tables_with_headers}",
        "unsafe": len(found.reader["unsafe"]) + len(found.visitor["unsafe"]),
        "faults": len(complaints),
        "complaints": complaints,
    }


COLUMNS = ("repeated", "links", "ids", "h1", "jumps", "images", "headers", "unsafe", "ms")


def table(rows: list[dict[str, Any]]) -> str:
    """A line a file: recall in percent of each part (– where the source has none), then faults and what they are."""
    from tests.journal.jats.source import PARTS

    names = [part[:5] for part in PARTS]
    lines = [f"{'article':<34}" + "".join(f"{word:>6}" for word in names) + "".join(f"{word:>9}" for word in COLUMNS)]
    for row in rows:
        line = f"{row['file'][:33]:<34}"
        if "recall" in row:
            line += "".join(f"{_percent(row['recall'][part]):>6}" for part in PARTS)
            line += "".join(f"{row[key]!s:>9}" for key in COLUMNS)
        lines.append(line + (f"refused: {row['refused']}" if "refused" in row else ""))
        lines += [f"    {complaint}" for complaint in row.get("complaints", [])]
    return "\n".join(lines)


def by_folder(rows: list[dict[str, Any]]) -> str:
    """A line for each folder, where there are several."""
    folders = [(name, list(group)) for name, group in groupby(rows, key=lambda row: row["folder"])]
    if len(folders) == 1:
        return ""
    counts = ("repeated", "links", "ids", "jumps", "images", "unsafe")
    head = ("articles", "perfect", "refused", "failed", "text %", *counts, "ms")
    lines = ["", f"{'folder':<42}" + "".join(f"{word:>9}" for word in head)]
    for name, group in folders:
        read = [row for row in group if "recall" in row]
        refused = sum("refused" in row for row in group)
        letters, lost = _total(read, "letters"), _total(read, "lost")
        figures = [
            len(group),
            sum(row["faults"] == 0 for row in read),
            refused,
            len(group) - len(read) - refused,
            _percent(1 - lost / letters if letters else None),
            *(_total(read, key) for key in counts),
            round(_total(read, "ms") / len(read), 1) if read else "–",
        ]
        lines.append(f"{name[:41]:<42}" + "".join(f"{figure!s:>9}" for figure in figures))
    return "\n".join(lines) + "\n"


def _total(rows: Iterable[dict[str, Any]], key: str) -> Any:
    return sum(row[key] for row in rows)


def _percent(share: float | None) -> str:
    return "–" if share is None else "100" if share == 1 else f"{share * 100:.2f}"


def summary(rows: list[dict[str, Any]]) -> str:
    milliseconds = sorted(row["ms"] for row in rows if "ms" in row) or [float("nan")]
    rate = 1000 * len(milliseconds) / sum(milliseconds)
    p99 = milliseconds[min(len(milliseconds) - 1, int(len(milliseconds) * 0.99))]
    perfect = sum(row["faults"] == 0 and "recall" in row for row in rows)
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
