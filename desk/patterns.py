"""What the pattern library shows: invented rows, made in memory, for every component in every state."""

import re
from datetime import date, timedelta
from typing import Any

from django import forms
from django.template.loader import get_template
from django.utils import timezone

from journal.access import Access, Reason
from journal.models import Article, Issue, Journal
from subscriptions.get_access import Block, Option

BLOCK_STATES = (
    "visitor", "no_right", "rental_ready", "rental_ended", "subscription_ended", "settling", "unknown", "unlinked",
    "not_for_sale", "retracted", "granted", "back_file", "institution", "open", "free", "rental_running", "past_due",
)  # fmt: skip
SELLING = ("visitor", "no_right", "rental_ended", "subscription_ended")


class SampleForm(forms.Form):
    email = forms.EmailField(label="Email", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    code = forms.CharField(label="Code", widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}))
    reason = forms.CharField(
        label="What happened", help_text="A sentence or two.", widget=forms.Textarea(attrs={"rows": 3})
    )
    interval = forms.ChoiceField(label="Renews every", choices=[("month", "month"), ("year", "year")])
    kind = forms.ChoiceField(label="Kind", choices=[("a", "Individual"), ("b", "Trainee")], widget=forms.RadioSelect)
    consent = forms.BooleanField(label="I ask for immediate access.")


def samples() -> dict[str, Any]:
    """The template's context."""
    article = sample_article()
    return {
        "icon_names": icon_names(),
        "article": article,
        "items": [{"article": article, "access": access} for access in answers()],
        "blocks": [block(state) for state in BLOCK_STATES],
        "form": SampleForm(prefix="plain"),
        "invalid_form": SampleForm({"wrong-email": "ada"}, prefix="wrong"),
    }


def icon_names() -> list[str]:
    return re.findall(r'id="icon-([a-z-]+)"', get_template("components/_icons.html").render())


def sample_article() -> Article:
    journal = Journal(pk=0, title="Sample Journal", abbreviation="Sample J", publisher="Sample Society")
    issue = Issue(pk=1, journal=journal, volume="4", number="2", year=2026)
    return Article(
        pk=0,
        journal=journal,
        issue=issue,
        doi="10.5555/sample",
        type_label="Original Research",
        byline="A. Author, B. Author",
        title="Latent Currents in Neurites",
        title_html="Latent Currents in <i>Neurites</i>",
        subtitle_html="A Randomized Trial",
        first_page="10",
        last_page="17",
        published_online=date(2026, 4, 2),
        corrected_on=date(2026, 6, 1),
    )


def answers() -> list[Access]:
    return [
        Access(True, Reason.OPEN),
        Access(True, Reason.FREE_TO_READ),
        Access(True, Reason.SUBSCRIPTION),
        Access(False, Reason.RENTAL_READY),
        Access(False, Reason.NO_LICENSE),
    ]


def block(state: str) -> Block:
    now = timezone.now()
    until = {"rental_running": 46, "past_due": 24 * 9, "rental_ended": -20, "subscription_ended": -24 * 40}.get(state)
    return Block(
        state=state,
        options=options() if state in SELLING else (),
        until=now + timedelta(hours=until) if until else None,
        open_by=now + timedelta(days=29),
        would_end=now + timedelta(hours=48),
        via="Northfield University Library" if state == "institution" else "",
        start_url="#",
        sign_in_url="#",
        reference="E2-7KQ4M" if state in ("unknown", "unlinked") else "",
    )


def options() -> tuple[Option, ...]:
    tax, here = "Taxes included", "#"
    return (
        Option(1, "purchase", "Buy this article", "$30.00", "", "Yours for good.", tax, "Buy for $30.00", 48, here),
        Option(
            2, "rental", "Rent for 48 hours", "$6.00", "", "Read on this site.", tax, "Rent for $6.00", 48, here, True
        ),
    )
