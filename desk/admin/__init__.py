"""The desk's own pages of the admin's models."""

from desk.admin import people

__all__ = ["people"]
