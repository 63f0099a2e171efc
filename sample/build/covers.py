"""Covers drawn by code."""

from __future__ import annotations

from pathlib import Path
from typing import Any


def write(folder: Path, journal: dict[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
