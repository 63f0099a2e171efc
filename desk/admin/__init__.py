"""The desk's own pages of the admin's models."""

from desk.admin import people
from desk.what_if import admin as what_if

__all__ = ["people", "what_if"]
