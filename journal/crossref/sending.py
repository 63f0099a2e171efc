"""Crossref's server: handing in a deposit, and asking what became of it.

"Submitting via HTTPS POST" and "Using HTTPS to retrieve logs" (crossref.org/documentation). What it answers at once is
only that it took the file; whether the DOIs were registered it says later.
"""

import re
from dataclasses import dataclass
from urllib.parse import urljoin

import requests
from django.conf import settings
from lxml import etree

from journal.crossref.batch import Deposit
from journal.xml import safe_parser

TIMEOUT_SECONDS = 60
MOST_BYTES = 10_000_000


class NotSentError(Exception):
    """Nothing was handed in, or Crossref refused it. The message says why and what to do, never the password."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a deposit. `state` is Crossref's word: completed, in_process, queued, unknown_submission.

    `records` are (DOI, Success, Warning or Failure, Crossref's message).
    """

    state: str
    records: tuple[tuple[str, str, str], ...] = ()

    @property
    def failed(self) -> list[tuple[str, str, str]]:
        return [record for record in self.records if record[1] == "Failure"]


def send(deposit: Deposit) -> None:
    """Hand a deposit in. Returns when Crossref has taken it into its queue; raises NotSentError."""
    fields = {"operation": "doMDUpload", **credentials("login_id", "login_passwd")}
    files = {"fname": (deposit.name, deposit.xml, "application/xml")}
    answer = asked("POST", settings.CROSSREF_URL, data=fields, files=files)
    if "successfully received" not in answer.text and "SUCCESS" not in answer.text:
        raise NotSentError("Crossref did not take the file. It answered: " + _words(answer.text))


def outcome(file_name: str) -> Outcome:
    """What became of the deposit of this file name. Raises NotSentError when it cannot be learned."""
    query = {"file_name": file_name, "type": "result", **credentials("usr", "pwd")}
    answer = asked("GET", urljoin(settings.CROSSREF_URL, "submissionDownload"), params=query)
    try:
        root = etree.fromstring(answer.content[:MOST_BYTES], safe_parser())
    except etree.XMLSyntaxError:
        raise NotSentError("Crossref's answer is no report: " + _words(answer.text)) from None
    entries = root.iter("{*}record_diagnostic")
    records = tuple((text_of(entry, "doi"), entry.get("status", ""), text_of(entry, "msg")) for entry in entries)
    return Outcome(root.get("status", "unknown"), records)


def credentials(user: str, password: str) -> dict[str, str]:
    if not settings.CROSSREF_USER or not settings.CROSSREF_PASSWORD:
        raise NotSentError("CROSSREF_USER and CROSSREF_PASSWORD are not set; the files can be uploaded by hand.")
    return {user: settings.CROSSREF_USER, password: settings.CROSSREF_PASSWORD}


def asked(method: str, address: str, **content: object) -> requests.Response:
    try:
        answer = requests.request(method, address, timeout=TIMEOUT_SECONDS, allow_redirects=False, **content)  # type: ignore[arg-type]
    except requests.RequestException as error:  # its words hold the address, and the address the password
        kind = type(error).__name__
        raise NotSentError(
            f"Crossref could not be reached ({kind}). Nothing is known to be handed in; try again."
        ) from None
    if answer.status_code in (401, 403):
        raise NotSentError("Crossref refused CROSSREF_USER (a user, or user/role) with CROSSREF_PASSWORD.")
    if answer.status_code != 200:
        raise NotSentError(f"Crossref answered {answer.status_code}: {_words(answer.text)}")
    return answer


def _words(text: str) -> str:
    """The beginning of an answer without its markup, for a person."""
    return " ".join(re.sub(r"<[^>]*>", " ", text[:5000]).split())[:300] or "nothing"


def text_of(entry: "etree._Element", name: str) -> str:
    found = entry.find(f"{{*}}{name}")
    return " ".join("".join(found.itertext()).split()) if found is not None else ""  # type: ignore[arg-type]
