"""The service center as it was known last, kept in a file: error pages show it while the database is away."""

import json
import logging
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from accounts.models import ServiceCenter

log = logging.getLogger(__name__)
FIELDS = ("name", "email", "phone", "phone_toll_free", "hours", "notice")


def _file() -> Path:
    return Path(settings.VAR_DIR) / "service-center.json"


def keep(center: ServiceCenter) -> None:
    """Called when a page's frame is made and when staff save; writes only what changed."""
    told = json.dumps({name: getattr(center, name) for name in FIELDS})
    file = _file()
    with suppress(OSError):
        if file.is_file() and file.read_text(encoding="utf-8") == told:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".part")
        unfinished.write_text(told, encoding="utf-8")
        unfinished.replace(file)


def kept() -> ServiceCenter:
    try:
        told: dict[str, Any] = json.loads(_file().read_text(encoding="utf-8"))
        return ServiceCenter(**{name: str(told.get(name, "")) for name in FIELDS})
    except (OSError, ValueError, AttributeError):
        return ServiceCenter()
