"""What a run cost the processor: server and database, as /proc tells it. Unknown where there is no /proc."""

import os
from pathlib import Path

PROC = Path("/proc")
# After the name in parentheses: state is field 3, ppid 4, utime 14, stime 15, cutime 16, cstime 17 (proc_pid_stat(5)).
PARENT, TIMES = 1, slice(11, 15)


def processor_seconds(root: int) -> float | None:
    """Processor time of a process and its children so far, including children that have ended."""
    if not (PROC / str(root) / "stat").exists():
        return None
    ticks, children = {}, {}
    for folder in PROC.iterdir():
        if folder.name.isdigit() and (fields := _fields(folder)):
            ticks[int(folder.name)] = sum(int(field) for field in fields[TIMES])
            children.setdefault(int(fields[PARENT]), []).append(int(folder.name))
    family = [root, *children.get(root, [])]
    return sum(ticks.get(pid, 0) for pid in family) / os.sysconf("SC_CLK_TCK")


def _fields(folder: Path) -> list[str]:
    try:
        return (folder / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def stolen_seconds() -> float | None:
    """Time other machines took from this one's processors (the eighth figure of /proc/stat)."""
    file = PROC / "stat"
    return int(file.read_text().split("\n", 1)[0].split()[8]) / os.sysconf("SC_CLK_TCK") if file.exists() else None
