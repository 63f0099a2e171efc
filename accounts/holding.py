"""Putting an account on hold and releasing it. Who signs in meanwhile shows who they are and then gets E3."""

from accounts import open_sessions
from accounts.models import User

#: What staff may say; `merged` is written by merging alone.
REASONS = [(hold.value, hold.label) for hold in (User.Hold.REVIEW, User.Hold.DISPUTED, User.Hold.STAFF)]


class CannotHold(Exception):
    """Why not, as a sentence."""


def check_hold(user: User) -> None:
    if not user.is_active:
        raise CannotHold(f"This account is not active already: {user.get_held_for_display() or 'no reason given'}.")


def check_release(user: User) -> None:
    if user.is_active:
        raise CannotHold("This account is active; nothing holds it.")
    if user.held_for == User.Hold.MERGED:
        raise CannotHold("This account was merged into another one, which holds everything now. It stays closed.")
    if not user.held_for and user.email.endswith("@invalid.invalid"):
        raise CannotHold("This account was erased. There is nobody to release.")


def hold(user: User, why: str) -> int:
    """Close the account and end its sessions; how many."""
    check_hold(user)
    user.is_active, user.held_for = False, why
    user.save(update_fields=["is_active", "held_for"])
    return open_sessions.end_all(user)


def release(user: User) -> None:
    check_release(user)
    user.is_active, user.held_for = True, ""
    user.save(update_fields=["is_active", "held_for"])
