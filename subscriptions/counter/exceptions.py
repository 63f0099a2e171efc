"""COUNTER's exceptions (Code of Practice 5.1, Table D.1): those this platform gives, with their exact words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Said:
    """One exception. In a report's header it explains a difference; alone, with its status, it is the whole answer."""

    code: int
    message: str
    status: int = 200
    data: str = ""

    def as_json(self) -> dict[str, str | int]:
        return {"Code": self.code, "Message": self.message, **({"Data": self.data} if self.data else {})}

    def __str__(self) -> str:
        """As a table's header says it."""
        return f"{self.code}: {self.message}" + (f" ({self.data})" if self.data else "")


class Refused(Exception):
    """There is no report, only an exception."""

    def __init__(self, said: Said) -> None:
        super().__init__(str(said))
        self.said = said


def not_available(data: str = "") -> Said:
    return Said(1000, "Service Not Available", 503, data)


def too_many(data: str) -> Said:
    return Said(1020, "Client has made too many requests", 429, data)


def insufficient(data: str) -> Said:
    return Said(1030, "Insufficient Information to Process Request", 400, data)


def unknown_requestor() -> Said:
    return Said(2000, "Requestor Not Authorized to Access Service", 401)


def foreign_institution() -> Said:
    return Said(2010, "Requestor is Not Authorized to Access Usage for Institution", 403)


def no_global_reports() -> Said:
    return Said(2011, "Global Reports Not Supported", 403)


def wrong_key() -> Said:
    return Said(2020, "APIKey Invalid", 401)


def wrong_dates(data: str) -> Said:
    return Said(3020, "Invalid Date Arguments", 400, data)


def no_usage() -> Said:
    return Said(3030, "No Usage Available for Requested Dates")


def not_ready(data: str) -> Said:
    return Said(3031, "Usage Not Ready for Requested Dates", data=data)


def no_longer(data: str) -> Said:
    return Said(3032, "Usage No Longer Available for Requested Dates", data=data)


def partial(data: str) -> Said:
    return Said(3040, "Partial Data Returned", data=data)


def unknown_parameters(data: str) -> Said:
    return Said(3050, "Parameter Not Recognized in this Context", data=data)


def wrong_filter(data: str) -> Said:
    return Said(3060, "Invalid ReportFilter Value", data=data)


def wrong_attribute(data: str) -> Said:
    return Said(3062, "Invalid ReportAttribute Value", data=data)


def no_components() -> Said:
    return Said(3063, "Components Not Supported")
