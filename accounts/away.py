"""Whether an error says that PostgreSQL is away, and whether asking again can help."""

from django.db import InterfaceError, OperationalError
from psycopg_pool import PoolTimeout

DATABASE_AWAY = (OperationalError, InterfaceError, PoolTimeout)
#: What PostgreSQL calls a lost connection (08…) and its own stopping, crashing and starting (57P…).
CONNECTION, SERVER = "08", "57P"


def was_cut_off(error: BaseException) -> bool:
    """The connection was lost or not to be had. Not: a statement that took too long, and would take as long again."""
    if not isinstance(error, DATABASE_AWAY):
        return False
    cause = error.__cause__ or error
    state = getattr(cause, "sqlstate", None)  # none: the server could not say anything any more
    return state is None or state.startswith((CONNECTION, SERVER))
