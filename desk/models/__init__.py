"""What the desk itself keeps: the audit log and notes on people."""

from desk.models.audit import AuditEntry
from desk.models.notes import Note

__all__ = ["AuditEntry", "Note"]
