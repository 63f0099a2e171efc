"""The card form, shared by the payment page, the portal and invoices."""

from __future__ import annotations

from typing import Any

from ..cards import CardDetails, CardProblemError, check_cvc, read_expiry, read_number
from .markup import Html, html, join, text_input
from .words import ENGLISH, Words

COUNTRIES = {
    "AT": "Austria",
    "AU": "Australia",
    "BE": "Belgium",
    "BR": "Brazil",
    "CA": "Canada",
    "CH": "Switzerland",
    "DE": "Germany",
    "DK": "Denmark",
    "ES": "Spain",
    "FR": "France",
    "GB": "United Kingdom",
    "IE": "Ireland",
    "IN": "India",
    "IT": "Italy",
    "JP": "Japan",
    "NL": "Netherlands",
    "NO": "Norway",
    "PL": "Poland",
    "PT": "Portugal",
    "SE": "Sweden",
    "US": "United States",
}

ADVICE = (
    ("4242 4242 4242 4242", "pays"),
    ("4000 0000 0000 0002", "is declined"),
    ("4000 0000 0000 9995", "has insufficient funds"),
    ("4000 0025 0000 3155", "asks for confirmation (3-D Secure)"),
    ("4000 0000 0000 0341", "saves, but fails when charged"),
    ("4000 0000 0000 0259", "pays and is disputed at once"),
)


def card_fields(values: dict[str, str], problems: dict[str, str], say: Words = ENGLISH) -> Html:
    """Number, expiry, security code, name, country and postal code."""
    number = text_input(
        "number",
        say("Card number"),
        values,
        problems,
        inputmode="numeric",
        autocomplete="cc-number",
        placeholder="1234 1234 1234 1234",
        required=True,
    )
    expiry = text_input(
        "expiry",
        say("Expiration (MM / YY)"),
        values,
        problems,
        inputmode="numeric",
        autocomplete="cc-exp",
        placeholder=say("MM / YY"),
        required=True,
    )
    cvc = text_input(
        "cvc",
        say("Security code"),
        {},
        problems,
        inputmode="numeric",
        autocomplete="cc-csc",
        placeholder="CVC",
        maxlength=4,
        required=True,
    )
    name = text_input("name", say("Name on card"), values, problems, autocomplete="cc-name")
    postal = text_input("postal_code", say("Postal code"), values, problems, autocomplete="postal-code")
    return html(
        '{number}<div class="pair">{expiry}{cvc}</div>{name}<div class="pair">{country}{postal}</div>',
        number=number,
        expiry=expiry,
        cvc=cvc,
        name=name,
        country=_country(values.get("country", "US"), say),
        postal=postal,
    )


def iban_field(values: dict[str, str], problems: dict[str, str], say: Words = ENGLISH) -> Html:
    hint = say("Test account: {iban}", iban="AT61 1904 3002 3457 3201")
    return text_input("iban", "IBAN", values, problems, hint=hint, autocomplete="off")


def _country(chosen: str, say: Words) -> Html:
    options = [
        html(
            '<option value="{code}"{chosen}>{name}</option>',
            code=code,
            name=name,
            chosen=Html(" selected") if code == chosen else "",
        )
        for code, name in sorted(COUNTRIES.items(), key=lambda item: item[1])
    ]
    return html(
        '<div class="field"><label for="country">{label}</label>'
        '<select id="country" name="country" autocomplete="country">{options}</select></div>',
        options=join(options),
        label=say("Country"),
    )


def advice(say: Words = ENGLISH) -> Html:
    """Which test cards do what, for whoever stands before the form."""
    rows = [html("<tr><td><code>{n}</code></td><td>{w}</td></tr>", n=number, w=say(what)) for number, what in ADVICE]
    return html(
        '<details class="advice"><summary>{title}</summary><p>{text}</p>'
        "<table><thead><tr><th>{number}</th><th>{does}</th></tr></thead><tbody>{rows}</tbody></table></details>",
        title=say("Test cards"),
        text=say("Any future date and any security code will do."),
        number=say("Number"),
        does=say("What it does"),
        rows=join(rows),
    )


def read_fields(form: dict[str, str], now: int) -> tuple[CardDetails | None, dict[str, str]]:
    """The card as typed, or everything that is wrong with it, by field."""
    problems: dict[str, str] = {}
    read: dict[str, Any] = {}
    number = form.get("number", "")
    for field, reader in (
        ("number", lambda: read_number(number)),
        ("expiry", lambda: read_expiry(form.get("expiry", ""), now)),
        ("cvc", lambda: check_cvc(form.get("cvc", ""), number)),
    ):
        try:
            read[field] = reader()
        except CardProblemError as problem:
            problems[problem.field] = problem.message
    return (None, problems) if problems else (CardDetails(read["number"], *read["expiry"]), {})
