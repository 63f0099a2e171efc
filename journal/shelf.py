"""Files made at a request for readers who may have them, kept for an hour after their last use.

A browser's viewer fetches a PDF in many ranges, and a deck of slides takes seconds to make. Each lies under the digest
of all that it was made from, so a change of any of it leads to another file; the view asks the decision every time.
"""

import contextlib
import hashlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from django.conf import settings

KEEP = 3600  # seconds after its last use


def kept(made_from: Iterable[str], suffix: str, make: Callable[[Path], object]) -> Path:
    """The file made from these words, made now by `make(path)` or within the last hour. Whole or not at all."""
    digest = hashlib.sha256("\0".join(made_from).encode()).hexdigest()
    path = Path(settings.READER_COPIES) / f"{digest}{suffix}"
    try:
        os.utime(path)  # it is in use
    except FileNotFoundError:
        path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".new-") as folder:
            made = Path(folder) / f"copy{suffix}"
            make(made)
            made.replace(path)
    return path


def forget_old(now: float | None = None) -> int:
    """Remove what nobody has asked for within the last hour, and what an interrupted request left behind; how many."""
    before, removed = (now or time.time()) - KEEP, 0
    for path in Path(settings.READER_COPIES).glob("*"):
        with contextlib.suppress(FileNotFoundError):  # another sweep was quicker
            if path.stat().st_mtime < before:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                removed += 1
    return removed
