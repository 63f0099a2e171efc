"""References a reader can say on the phone, and the record of what happened behind them."""

import logging
import secrets

from django.db import DatabaseError, transaction

from accounts.models import SignInIncident

log = logging.getLogger(__name__)

# No look-alikes: no 0/O, 1/I/L, 2/Z, 5/S, 8/B, U/V.
SPEAKABLE = "34679ACDEFGHJKMNPQRTWXY"
LENGTH = 5


def new_reference(stage: str) -> str:
    """For example `E2-7KQ4M`: 23^5 = 6.4 million for each stage."""
    return f"{stage}-" + "".join(secrets.choice(SPEAKABLE) for _ in range(LENGTH))


def record(stage: str, *, path: str, happened: str, user_id: int | None = None) -> str:
    """Store an incident and return its reference; when the database is what failed, the log keeps it instead."""
    reference = new_reference(stage)
    log.error("%s at %s for user %s: %s", reference, path, user_id, happened)
    try:
        with transaction.atomic():
            SignInIncident.objects.create(
                reference=reference, stage=stage, path=path[:500], happened=happened, user_id=user_id
            )
    except DatabaseError as error:
        log.error("%s could not be stored: %s", reference, error)
    return reference
