"""Certificates and transcripts as PDF (tagged, PDF/UA-1), set by Typst from what the credit's row says."""

import io
import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import segno
from django.conf import settings
from django.utils.dateparse import parse_date
from django.utils.formats import date_format

from cme import statements
from cme.models import Credit
from cme.scoring import in_words
from journal.models import Journal
from subscriptions.papers import typeset

_FOLDER = Path(__file__).parent / "typst"
_PHRASE = re.compile(f"({statements.PHRASE}s?{statements.MARK})")


def verify_url(credit: Credit) -> str:
    return f"{settings.SITE_URL}{credit.verify_path}"


def qr_code(address: str) -> str:
    """An SVG whose modules are read even when a sixth of them is smudged (error level M)."""
    drawn = io.BytesIO()
    segno.make(address, error="m", micro=False).save(drawn, kind="svg", border=2, dark="#000", light="#fff")
    return drawn.getvalue().decode()


def certificate(credit: Credit) -> bytes:
    """One page: who, what, how much, when, from whom, and where anybody can check it."""
    told, journal = credit.statements, Journal.objects.get()
    address = verify_url(credit)
    return typeset(
        _FOLDER / "certificate.typ",
        {
            "title": "Certificate of credit" if credit.is_physician else "Certificate of participation",
            "provider": told["provider"], "name": credit.name, "award": runs(statements.award(credit)),
            "completed": f"Completed on {day(credit.completed_on)}",
            "article": f"doi:{told['doi']}" if told["doi"] else "",
            "statements": [runs(told["accreditation"]), runs(told["designation"])],
            "requirements": [f"{one['board']}: {one['hours']} hours of {one['topic']}" for one in told["requirements"]],
            "facts": [
                ["Certificate", credit.number],
                ["Activity", f"{day(parse_date(told['released_on']))} to {day(parse_date(told['expires_on']))}"],
                ["Check it at", address.partition("//")[2]],
            ],
            "qr": qr_code(address), "qr_words": f"QR code of {address}", "revoked": bool(credit.revoked_at),
        },
        journal,
    )  # fmt: skip


def transcript(name: str, year: int, earned: Sequence[Credit]) -> bytes:
    valid = [credit for credit in earned if not credit.revoked_at]
    return typeset(
        _FOLDER / "transcript.typ",
        {
            "title": f"CME transcript {year}", "name": name,
            "rows": [
                [
                    day(credit.completed_on), credit.statements["title"], credit.statements["provider"],
                    credit.number, "Revoked" if credit.revoked_at else credit.credit,
                ]
                for credit in earned
            ],
            "total": in_words(sum(credit.quarters for credit in valid)),
            "note": f"Each certificate can be checked at {settings.SITE_URL}/cme/verify/ under its number.",
        },
        Journal.objects.get(),
    )  # fmt: skip


def runs(text: str) -> list[dict[str, Any]]:
    """The text in pieces, those to be set in italics marked: the AMA's phrase."""
    return [{"text": part, "italic": bool(_PHRASE.fullmatch(part))} for part in _PHRASE.split(text) if part]


def day(when: date | None) -> str:
    return date_format(when, "F j, Y") if when else ""
