"""References a reader can say on the phone, and the record of what happened behind them.

The database may be what failed: then the log and a file under VAR_DIR keep the incident under the same reference, and
`catch_up` writes it when the database is back (each minute, and whenever support opens the list).
"""

import json
import logging
import re
import secrets
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import Error, IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone
from psycopg_pool import PoolTimeout

from accounts import disturbance
from accounts.models import SignInIncident
from accounts.rate_limits import is_allowed

log = logging.getLogger(__name__)

# No look-alikes: no 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V.
SPEAKABLE = "34679ACDEFGHJKMNPQRTWXY"
LENGTH = 5
TRIES = 5
OF_ONE_ADDRESS = 2  # of its incidents count towards a rise
UNREACHABLE = (Error, PoolTimeout)


def new_reference(stage: str) -> str:
    """For example `E2-7KQ4M`: 23^5 = 6.4 million for each stage."""
    return f"{stage}-" + "".join(secrets.choice(SPEAKABLE) for _ in range(LENGTH))


def spoken(text: str) -> str:
    """The reference somebody reads out (`e2 7kq4m`, `E2–7KQ4M`), as it is stored; or "" when it is none."""
    letters = re.sub(r"[^A-Z0-9]", "", text.upper())
    found = re.fullmatch(rf"([A-Z]\d)([{SPEAKABLE}]{{4,6}})", letters)
    return f"{found[1]}-{found[2]}" if found else ""


def report(request: HttpRequest, stage: str, happened: str, user_id: int | None = None, *, is_rise: bool = True) -> str:
    """Record what happened to this request; returns the reference the reader is shown."""
    known, is_rise = getattr(request, "request_id", ""), is_rise and _counts(request)
    return record(
        stage, path=request.path, happened=happened, user_id=user_id, request_id=known, is_rise=is_rise
    )  # fmt: skip


def _counts(request: HttpRequest) -> bool:
    """One address alone puts no banner on everybody's pages, whatever it makes fail."""
    try:
        with transaction.atomic():
            return is_allowed(request, "rise", most=OF_ONE_ADDRESS, seconds=int(disturbance.WITHIN.total_seconds()))
    except UNREACHABLE:
        return True


def record(
    stage: str, *, path: str, happened: str, user_id: int | None = None, request_id: str = "", is_rise: bool = True
) -> str:
    """Store an incident and return its reference. `happened` must hold nothing secret: no password, code or token.

    `is_rise` is false for what one visitor alone can bring about: it puts no banner on everybody's pages.
    """
    row = {
        "stage": stage, "path": path[:500], "happened": happened[:4000], "user_id": user_id,
        "request_id": request_id[:64], "created_at": timezone.now(), "is_rise": is_rise,
    }  # fmt: skip
    for _ in range(TRIES):
        reference = new_reference(stage)
        try:
            with transaction.atomic():
                SignInIncident.objects.create(reference=reference, **row)
                if is_rise:
                    disturbance.look(stage)
        except IntegrityError:
            continue  # somebody was told this one already
        except UNREACHABLE as error:
            log.error("%s could not be stored: %s", reference, error)
            _keep(reference, row)
        log.error("%s (request %s): %s", reference, request_id or "-", happened)  # where and whom: in the record
        return reference
    raise RuntimeError(f"No free reference was found in {TRIES} tries.")


# --- while the database is away --------------------------------------------------------------------------------------


def folder() -> Path:
    return Path(settings.VAR_DIR) / "incidents"


def _keep(reference: str, row: dict[str, Any]) -> None:
    kept = folder()
    try:
        kept.mkdir(parents=True, exist_ok=True)
        unfinished = kept / f"{reference}.part"
        unfinished.write_text(json.dumps({**row, "created_at": row["created_at"].isoformat()}), encoding="utf-8")
        unfinished.replace(kept / f"{reference}.json")
    except OSError as error:  # the log has it
        log.error("%s could not be kept in a file either: %s", reference, error)


def waiting() -> list[Path]:
    """Incidents that are not in the database yet, oldest first."""
    return sorted(folder().glob("*.json"), key=lambda file: file.stat().st_mtime)


def failing_since() -> datetime | None:
    """Since when the database has been away, as far as this machine knows."""
    for file in waiting():
        try:
            return datetime.fromtimestamp(file.stat().st_mtime, tz=timezone.get_current_timezone())
        except OSError:  # caught up by another process
            continue
    return None


def catch_up() -> int:
    """Write what waits in files into the table; returns how many. Two processes may do it at once."""
    done = 0
    for file in waiting():
        try:
            row = json.loads(file.read_text(encoding="utf-8"))
            _store(file.stem, {**row, "created_at": datetime.fromisoformat(row["created_at"])})
        except FileNotFoundError:
            continue  # the other process was quicker
        except (ValueError, KeyError, TypeError) as error:
            log.error("%s cannot be read: %s", file, error)
            continue
        file.unlink(missing_ok=True)
        done += 1
    return done


def _store(reference: str, row: dict[str, Any]) -> None:
    """A reference that was given twice (the table could not be asked) keeps both stories in one row."""
    found, created = SignInIncident.objects.get_or_create(reference=reference, defaults=row)
    if created or found.created_at == row["created_at"]:
        return
    also = f"The same reference was also shown on {row['created_at']:%Y-%m-%d %H:%M} UTC at {row['path']}"
    SignInIncident.objects.filter(pk=found.pk).update(happened=f"{found.happened}\n\n{also}: {row['happened']}")
