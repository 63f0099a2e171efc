"""`make chaos`: what may go wrong is made to go wrong, and a table says what readers and buyers noticed.

Exits with 1 when a rule is broken. Names choose drills: `python -m tests.operation.drills deployed worker_killed`.
"""

import re
import subprocess
import sys
from pathlib import Path

from tests.operation.drills import cached, live
from tests.operation.drills.live import Outcome
from tests.operation.drills.stage import ROOT, raised

#: What is drilled within the tests: fault → (rule, tests).
TESTED = {
    "killed at every point of checkout, webhook, refund": (
        "one charge, one right, one receipt", ["tests/subscriptions/test_killed.py"],
    ),
    "Stripe failing at every address in every way": (
        "one order, one payment, one right", ["tests/subscriptions/test_faults.py"],
    ),
    "disk full, files missing, folders read-only": ("nothing half-written", ["tests/operation/test_disk.py"]),
    "mail server refusing, silent, away for a day": ("each letter once", ["tests/operation/test_mail_away.py"]),
    "clock ten minutes off": ("rights by the database's clock", ["tests/operation/test_clock.py"]),
}  # fmt: skip
DRILLS = (*live.ALL, cached.kept_by_nginx)  # the last one ends everybody's rights
COLUMNS = ("fault", "failed / total", "longest", "rule", "")


def main(names: list[str]) -> int:
    chosen = [drill for drill in DRILLS if not names or drill.__name__ in names]
    outcomes: list[Outcome] = []
    if chosen:
        with raised() as stage:
            for drill in chosen:
                say(f"{drill.__name__} …")
                outcomes.append(drill(stage))
    for fault, (rule, tests) in TESTED.items() if not names else ():
        say(f"{fault} …")
        outcomes.append(tested(fault, rule, tests))
    sys.stdout.write(table(outcomes) + "\n")
    return 0 if all(outcome.passed for outcome in outcomes) else 1


def tested(fault: str, rule: str, tests: list[str]) -> Outcome:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", *tests]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    number = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|error)", done.stdout)}
    failed = number.get("failed", 0) + number.get("error", 0)
    total = failed + number.get("passed", 0)
    tail = () if done.returncode == 0 else (done.stdout[-2000:],)
    return Outcome(fault, failed, total, None, rule, done.returncode == 0 and total > 0, tail)


def table(outcomes: list[Outcome]) -> str:
    rows = [COLUMNS] + [
        (
            one.fault, f"{one.failed:,} / {one.total:,}", f"{one.longest:.2f} s" if one.longest is not None else "–",
            one.rule, "pass" if one.passed else "FAIL",
        )
        for one in outcomes
    ]  # fmt: skip
    widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    remarks = [f"  {one.fault}: {remark}" for one in outcomes if not one.passed for remark in one.remarks]
    return "\n".join([*lines, *remarks])


def say(words: str) -> None:
    sys.stderr.write(f"{words}\n")


if __name__ == "__main__":
    sys.exit(main([word for word in sys.argv[1:] if not Path(word).exists()]))
