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
from django.utils.translation import gettext as _

from cme import statements
from cme.models import Credit
from cme.scoring import in_words
from cme.states import where
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
            "title": _("Certificate of credit") if credit.is_physician else _("Certificate of participation"),
            "provider": told["provider"], "name": credit.name, "award": runs(statements.award(credit)),
            "completed": _("Completed on %(completed_on)s") % {"completed_on": day(credit.completed_on)},
            "article": f"doi:{told['doi']}" if told["doi"] else "",
            "statements": [runs(told["accreditation"]), runs(told["designation"])],
            "requirements": [_counts_toward(one) for one in told["requirements"]],
            "facts": [
                [_("Certificate"), credit.number],
                [_("Activity"), _("%(first)s to %(last)s") % {
                    "first": day(parse_date(told["released_on"])), "last": day(parse_date(told["expires_on"])),
                }],
                [_("Check it at"), address.partition("//")[2]],
            ],
            "qr": qr_code(address), "qr_words": _("QR code of %(address)s") % {"address": address},
            "revoked": bool(credit.revoked_at),
        },
        journal,
    )  # fmt: skip


def _counts_toward(asked: dict[str, str]) -> str:
    told = {**asked, "board": where(asked["state"], asked["board"])}
    return _("%(board)s: %(hours)s hours of %(topic)s") % told


def transcript(name: str, year: int, earned: Sequence[Credit]) -> bytes:
    valid = [credit for credit in earned if not credit.revoked_at]
    return typeset(
        _FOLDER / "transcript.typ",
        {
            "title": _("CME transcript %(year)s") % {"year": year}, "name": name,
            "rows": [
                [
                    day(credit.completed_on), credit.statements["title"], credit.statements["provider"],
                    credit.number, _("Revoked") if credit.revoked_at else credit.credit,
                ]
                for credit in earned
            ],
            "total": in_words(sum(credit.quarters for credit in valid)),
            "note": _("Each certificate can be checked at %(address)s under its number.")
            % {"address": f"{settings.SITE_URL}/cme/verify/"},
        },
        Journal.objects.get(),
    )  # fmt: skip


def runs(text: str) -> list[dict[str, Any]]:
    """The text in pieces, those to be set in italics marked: the AMA's phrase."""
    return [{"text": part, "italic": bool(_PHRASE.fullmatch(part))} for part in _PHRASE.split(text) if part]


def day(when: date | None) -> str:
    return date_format(when, "DATE_FORMAT") if when else ""
