from cme.models.activity import Activity, Choice, Provider, Question, Requirement
from cme.models.attempt import Answer, Attempt, Opening
from cme.models.credit import Commitment, Correction, Credit, Evaluation
from cme.models.reporting import Report

__all__ = [
    "Activity",
    "Answer",
    "Attempt",
    "Choice",
    "Commitment",
    "Correction",
    "Credit",
    "Evaluation",
    "Opening",
    "Provider",
    "Question",
    "Report",
    "Requirement",
]
