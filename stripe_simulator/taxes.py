"""Taxes, simply: one rate a country, for every product alike. The rates are sample values, not advice.

Stripe Tax knows registrations, product tax codes, regions and thresholds; here a country either has a rate or none.
"""

from __future__ import annotations

import re
from decimal import Decimal

from .blank import Json
from .pricing import round_half_up
from .sandbox import Sandbox

RATES = {
    "AT": "20",
    "AU": "10",
    "BE": "21",
    "CH": "8.1",
    "DE": "19",
    "DK": "25",
    "ES": "21",
    "FR": "20",
    "GB": "20",
    "IE": "23",
    "IT": "22",
    "JP": "10",
    "NL": "21",
    "NO": "25",
    "PL": "23",
    "PT": "23",
    "SE": "25",
}
NAMES = {"AU": ("GST", "gst"), "JP": ("JCT", "jct")}
VAT_NUMBER = re.compile(r"[A-Z]{2}[A-Z0-9]{6,12}")
EXEMPT = ("exempt", "reverse")


def kind_of_number(vat: str) -> str | None:
    """Stripe's name for a VAT number's kind, or None when it is none."""
    number = re.sub(r"[\s.-]", "", vat).upper()
    if not VAT_NUMBER.fullmatch(number) or number[:2] not in RATES:
        return None
    return {"GB": "gb_vat", "CH": "ch_vat", "NO": "no_vat"}.get(number[:2], "eu_vat")


def accounts_itself(numbers: list[Json]) -> bool:
    """Whether a buyer is a business of another country that pays its own VAT; here: whoever has a VAT number."""
    return any(number["type"].endswith("_vat") for number in numbers)


def percent(country: str | None) -> Decimal:
    return Decimal(RATES.get(country or "", "0"))


def tax_of(amount: int, country: str | None, inclusive: bool) -> int:
    """The tax in (inclusive) or on top of an amount in minor units, rounded half up."""
    rate = percent(country)
    base = Decimal(amount) * rate
    return round_half_up(base / (100 + rate) if inclusive else base / 100)


def rate_object(sandbox: Sandbox, country: str, inclusive: bool) -> Json:
    """The tax rate a country's tax is computed with; made on first use."""
    for known in sandbox.store.of_kind("tax_rate"):
        if (known["country"], known["inclusive"]) == (country, inclusive):
            return known
    name, kind = NAMES.get(country, ("VAT", "vat"))
    rate = float(percent(country))
    values = {"display_name": name, "tax_type": kind, "jurisdiction": country, "jurisdiction_level": "country"}
    return sandbox.new(
        "tax_rate",
        active=False,
        country=country,
        effective_percentage=rate,
        inclusive=inclusive,
        percentage=rate,
        rate_type="percentage",
        **values,
    )


def line_taxes(sandbox: Sandbox, amount: int, country: str | None, inclusive: bool, exempt: str) -> list[Json]:
    """A line's `taxes`, in the shape of an invoice; empty where no tax is due."""
    if not country or not percent(country) or amount == 0:
        return []
    behavior = "inclusive" if inclusive else "exclusive"
    free = exempt in EXEMPT
    return [
        {
            "amount": 0 if free else tax_of(amount, country, inclusive),
            "tax_behavior": behavior,
            "tax_rate_details": {"tax_rate": rate_object(sandbox, country, inclusive)["id"]},
            "taxability_reason": {"reverse": "reverse_charge", "exempt": "customer_exempt"}.get(
                exempt, "standard_rated"
            ),
            "taxable_amount": 0 if free else amount,
            "type": "tax_rate_details",
        }
    ]


def is_inclusive(price: Json | None) -> bool:
    return bool(price and price["tax_behavior"] == "inclusive")
