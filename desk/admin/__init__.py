"""The desk's own pages of the admin's models."""

from desk.admin import log, notes, people, roles
from desk.what_if import admin as what_if

__all__ = ["log", "notes", "people", "roles", "what_if"]
