"""The education desk: activities with their questions, what was earned, and what is told to the accreditor."""

from cme.admin import activities, credits, reports

__all__ = ["activities", "credits", "reports"]
