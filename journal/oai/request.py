"""The arguments of a request, checked as the protocol asks; everything wrong ends as one of its error codes."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from django.core import signing
from django.http import QueryDict

#: verb → (required, optional, the argument that goes with no other)
VERBS: dict[str, tuple[frozenset[str], frozenset[str], str]] = {
    "Identify": (frozenset(), frozenset(), ""),
    "ListMetadataFormats": (frozenset(), frozenset({"identifier"}), ""),
    "ListSets": (frozenset(), frozenset(), "resumptionToken"),
    "GetRecord": (frozenset({"identifier", "metadataPrefix"}), frozenset(), ""),
    "ListIdentifiers": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), "resumptionToken"),
    "ListRecords": (frozenset({"metadataPrefix"}), frozenset({"from", "until", "set"}), "resumptionToken"),
}
PREFIXES = ("oai_dc", "jats")
_SALT = "journal.oai.resumption"
_DATE = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d:\d\dZ)?", re.ASCII)
_SET = re.compile(r"(journal|issue|section)-([1-9]\d{0,17})|online-first", re.ASCII)


class OaiError(Exception):
    """One of the protocol's error conditions: `code` is its own word, the message is for the person who harvests."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


@dataclass(frozen=True, slots=True)
class Position:
    """After which record to go on: its datestamp (whole seconds, UTC) and DOI key; and how many came before."""

    stamp: datetime
    key: str
    seen: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Which records are wanted. `start` and `end` are inclusive, aware, whole seconds."""

    prefix: str
    start: datetime | None = None
    end: datetime | None = None
    set_spec: str = ""
    after: Position | None = None

    @property
    def set_of(self) -> tuple[str, int | None]:
        """(`issue`, 7) for the set `issue-7`; (`online-first`, None); ("", None) for all."""
        kind, _, number = self.set_spec.partition("-")
        return (kind, int(number)) if number.isdigit() else (self.set_spec, None)


def arguments(given: QueryDict) -> dict[str, str]:
    """Each argument once, with a verb that exists. Raises badVerb or badArgument."""
    verbs = given.getlist("verb")
    if len(verbs) != 1 or verbs[0] not in VERBS:
        raise OaiError("badVerb", f"Give one verb of these: {', '.join(VERBS)}.")
    repeated = [name for name in given if len(given.getlist(name)) > 1]
    if repeated:
        raise OaiError("badArgument", f"The argument {repeated[0][:40]} is given more than once.")
    found = {name: str(given[name]) for name in given if name != "verb"}
    _check_names(verbs[0], found)
    return {"verb": verbs[0], **found}


def _check_names(verb: str, found: Mapping[str, str]) -> None:
    required, optional, exclusive = VERBS[verb]
    if exclusive in found and len(found) > 1:
        raise OaiError("badArgument", "A resumptionToken stands alone: it holds the other arguments.")
    unknown = set(found) - required - optional - {exclusive}
    if unknown:
        raise OaiError("badArgument", f"{verb} knows no argument {min(unknown)[:40]}.")
    missing = required - set(found) if exclusive not in found else set()
    if missing:
        raise OaiError("badArgument", f"{verb} needs {' and '.join(sorted(missing))}.")


def selection(given: Mapping[str, str]) -> Selection:
    """What a list request wants: from its arguments, or from its token."""
    if "resumptionToken" in given:
        return _resumed(given)
    check_prefix(given["metadataPrefix"])
    start, end = given.get("from", ""), given.get("until", "")
    if start and end and len(start) != len(end):
        raise OaiError("badArgument", "from and until must be of the same granularity: days, or seconds.")
    wanted = Selection(
        given["metadataPrefix"],
        start=moment(start, time.min) if "from" in given else None,
        end=moment(end, time(23, 59, 59)) if "until" in given else None,
        set_spec=given.get("set", ""),
    )
    if wanted.start and wanted.end and wanted.start > wanted.end:
        raise OaiError("badArgument", "from is later than until.")
    if "set" in given and not _SET.fullmatch(given["set"]):
        raise OaiError("noRecordsMatch", "There is no such set; ListSets names them.")
    return wanted


def check_prefix(prefix: str) -> None:
    if prefix not in PREFIXES:
        raise OaiError("cannotDisseminateFormat", f"The formats here are {' and '.join(PREFIXES)}.")


def moment(text: str, clock: time) -> datetime:
    """`2026-03-01` (with the given clock) or `2026-03-01T12:00:00Z`. Raises badArgument for anything else."""
    try:
        if not _DATE.fullmatch(text):
            raise ValueError(text)
        known = datetime.fromisoformat(text)
    except ValueError:
        form = "Dates are YYYY-MM-DD or YYYY-MM-DDThh:mm:ssZ, and must exist."
        raise OaiError("badArgument", form) from None
    return known if known.tzinfo else datetime.combine(known, clock, UTC)


# --- resumption tokens: signed, so that they need no memory and cannot be made up ------------------------------------


def token(verb: str, wanted: Selection, after: Position) -> str:
    dates = [bound.isoformat() if bound else None for bound in (wanted.start, wanted.end)]
    content = [verb, wanted.prefix, *dates, wanted.set_spec, after.stamp.isoformat(), after.key, after.seen]
    return signing.dumps(content, salt=_SALT, compress=True)


def _resumed(given: Mapping[str, str]) -> Selection:
    prefix, start, end, set_spec, stamp, key, seen = _opened(given, 8)[1:]
    first, last = (datetime.fromisoformat(bound) if bound else None for bound in (start, end))
    return Selection(prefix, first, last, set_spec, Position(datetime.fromisoformat(stamp), key, seen))


def set_token(position: int) -> str:
    return signing.dumps(["ListSets", position], salt=_SALT)


def set_position(given: Mapping[str, str]) -> int:
    """How many sets were listed before."""
    return int(_opened(given, 2)[1]) if "resumptionToken" in given else 0


def _opened(given: Mapping[str, str], length: int) -> list[Any]:
    """The content of a token of ours, made for the same verb."""
    try:
        content = signing.loads(given["resumptionToken"], salt=_SALT)
    except (signing.BadSignature, ValueError, UnicodeError):
        content = None
    if not isinstance(content, list) or len(content) != length or content[0] != given["verb"]:
        raise OaiError("badResumptionToken", "This token is not from here, or of another list. Begin the list again.")
    return content
