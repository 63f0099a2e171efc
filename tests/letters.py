"""Every letter the site sends, with words as they may be: for tests/test_letters.py and for `make screenshots`.

`python -m tests.letters FOLDER` writes each as FOLDER/<name>.html and .txt.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import django

TEMPLATES = Path(__file__).parents[1] / "templates"
TITLE = "Acute Vertigo at the Bedside: A Stepwise Approach to the Dizzy Patient"
TERMS = (
    "I ask for access at once and know that my right of withdrawal of 14 days ends when access begins."
    " The subscription renews each year for $190.00 until I cancel it under My access."
)
#: What the templates put in; each name means the same in all of them.
WORDS: dict[str, Any] = {
    "account": {"uid": "0000-0002-1825-0097"}, "accepted": True,
    "activate_url": "https://journal.example.org/confirm/k/",
    "amount": "$30.00", "answer": "The document is not legible. Please send it again as a PDF.",
    "article": {"title": TITLE, "byline": "Wieczorek T, Okafor N, Lindqvist H"},
    "article_path": "/doi/10.5555/fp.2026.0007/",
    "browser": "Firefox on Windows", "by": "December 29, 2026", "card": "Visa •••• 4242", "claim_path": "",
    "code": "K7QM-4T2P",
    "commitment": "Do the head impulse test before I order a CT.\nTeach it to the residents.",
    "contract": "Subscription to First Page, ordered November 2, 2026", "count": 3, "credit": "",
    "day": "December 29, 2026",
    "deleted_email": "dan.old@example.org", "description": f"Article: {TITLE}", "email": "dan@example.org",
    "first_payment": "December 13, 2026", "from_email": "dan.old@example.org", "has_account": True, "hours": 24,
    "institution": "University Hospital of Northern Westphalia", "interval": "year", "is_held": False,
    "journal_title": "",
    "kept_email": "dan@example.org", "kind": "article", "library_path": "/library/7/", "made_on": "August 31, 2026",
    "message": "The signing secret of the webhook has changed. Open Stripe's dashboard and compare.",
    "most": "1.5 credits",
    "name": "Dr. Dan Achterberg", "next_attempt": "December 2, 2026", "next_day": "December 29, 2026",
    "note": "We talked about this one on Tuesday.\nSee the second table.", "number": "R-2026-000147",
    "old_price": "$170.00", "open_until": "December 13, 2026", "order_number": "FP-7Q2K-91",
    "other_email": "dan.old@example.org",
    "paid_at": "2026-11-29T14:03:00+00:00", "paid_on": "November 29, 2026", "parts": [
        {"title": "New articles", "entries": [
            {"title": TITLE, "line": "Wieczorek T, Okafor N. Review. Open to subscribers",
            "url": "/doi/10.5555/fp.2026.0007/"},
            {"title": "Herons in Winter", "line": "", "url": "/doi/10.5555/fp.2026.0011/"},
        ]},
        {"title": "Corrections", "entries": [
            {"title": "Correction to: Herons in Winter", "line": "November 27, 2026",
            "url": "/doi/10.5555/fp.2026.0012/"},
        ]},
    ],
    "paragraphs": [
        "Dear Dr. Achterberg,",
        "your subscription is good until December 29, 2026, and opens every article of the journal.",
        "You had signed in with dan.old@example.org. Sign in with dan@example.org, and the article opens.",
        "https://journal.example.org/accounts/login/",
        "With kind regards\nReader services",
    ],
    "password_reset_url": "https://journal.example.org/accounts/password/reset/", "path": "/doi/10.5555/fp.2026.0007/",
    "pay_url": "https://invoice.stripe.com/i/acct_1/test", "price": "$190.00", "provider": {"name": "ORCID"},
    "purchases": [
        {"description": f"Article: {TITLE}", "claim_path": "/purchases/claim/a/"},
        {"description": "Article: Herons in Winter, 48 hours", "claim_path": "/purchases/claim/b/"},
    ],
    "reason": "Since 2024 the journal has grown from four issues a year to six.", "receipt_number": "R-2026-000147",
    "receipt_path": "/receipts/147/", "received_at": "November 29, 2026, 3:03 p.m.", "rises": True,
    "seat_path": "/seat/k/",
    "settings_url": "https://journal.example.org/alerts/k/",
    "signup_url": "https://journal.example.org/accounts/signup/",
    "stop": "https://journal.example.org/alerts/k/stop/", "stopped": False, "subject": "Why the article did not open",
    "tax_note": "", "taxes": "", "terms": TERMS, "texts": 412, "title": TITLE, "to_email": "dan@example.org",
    "trial_days": 14,
    "until": "December 29, 2026", "url": "https://journal.example.org/alerts/k/",
    "words": "You have canceled. You can read until December 29, 2026, and nothing more is charged.",
}  # fmt: skip
#: More than one form of a letter, and the letters that say something else by a name.
FORMS: dict[str, dict[str, dict[str, Any]]] = {
    "subscriptions/email/receipt": {
        "": {}, "rental": {"kind": "rental", "description": f"Article: {TITLE}, 48 hours", "amount": "$6.00"},
        "guest": {"claim_path": "/purchases/claim/a/"},
        "subscription": {
            "kind": "subscription", "article_path": "", "description": "Subscription to First Page, one year",
            "amount": "€226.10", "credit": "$30.00", "taxes": "VAT 19% €36.10", "tax_note": "Reverse charge",
        },
        "cme": {"kind": "cme"},
    },
    "subscriptions/email/confirmation": {"": {}, "guest": {"claim_path": "/a/", "credit": "$30.00", "trial_days": 0}},
    "subscriptions/email/merge_code": {"": {}, "nobody": {"code": ""}},
    "subscriptions/email/past_due": {"": {}, "last": {"next_attempt": "", "pay_url": ""}},
    "subscriptions/email/ranges_decided": {"": {}, "refused": {"accepted": False}},
    "subscriptions/email/trainee_decision": {"": {}, "refused": {"accepted": False}},
    "subscriptions/email/trainee_ends": {"": {}, "stopped": {"stopped": True}},
    "subscriptions/email/withdrawal_decided": {
        "": {"answer": "€190.00 go back to your card."},
        "refused": {"accepted": False, "answer": "You had read the article before you withdrew."},
    },
    "cme/email/report_rejected": {"": {"number": "A-100002",
    "reason": "Unknown learner: day of birth does not match."}},
    "journal/email/confirm": {"": {"words": "New articles of First Page, each week"}},
    "journal/email/colleague": {"": {"url": "https://journal.example.org/doi/10.5555/fp.2026.0007/"}},
}  # fmt: skip


@dataclass(frozen=True)
class Letter:
    name: str
    subject: str
    text: str
    html: str


def names() -> list[str]:
    """`subscriptions/email/receipt` of every letter whose templates we have."""
    found = TEMPLATES.glob("*/email/*_subject.txt")
    return sorted(str(path.relative_to(TEMPLATES)).removesuffix("_subject.txt") for path in found)


def letters() -> Iterator[Letter]:
    from django.conf import settings
    from django.template.loader import render_to_string
    from django.test import RequestFactory
    from django.utils import timezone

    from accounts.letters import html_of
    from accounts.models import ServiceCenter
    from journal.models import Journal

    journal = Journal.objects.get()
    site = {
        "journal": journal, "service_center": ServiceCenter.current(), "site_url": settings.SITE_URL,
        "timestamp": timezone.now(), "current_site": {"name": journal.title},
    }  # fmt: skip
    for name in names():
        for form, changed in FORMS.get(name, {"": {}}).items():
            told = {**WORDS, "journal_title": journal.title, **site, **changed}
            subject = " ".join(render_to_string(f"{name}_subject.txt", told).split())
            text = render_to_string(f"{name}_message.txt", told)
            own = (TEMPLATES / f"{name}_message.html").exists()
            html = (
                render_to_string(f"{name}_message.html", told)
                if own
                else html_of(subject, text, RequestFactory().get("/"))
            )
            app, _, letter = name.partition("/email/")
            yield Letter("-".join(filter(None, (app, letter, form))), subject, text, html)


def main(folder: Path) -> None:
    django.setup()
    folder.mkdir(parents=True, exist_ok=True)
    for letter in letters():
        (folder / f"{letter.name}.html").write_text(letter.html)
        (folder / f"{letter.name}.txt").write_text(f"Subject: {letter.subject}\n\n{letter.text}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
