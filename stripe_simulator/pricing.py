"""What things cost: lines, coupons, totals. Amounts are integers in the currency's minor unit."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from .blank import Json

ZERO_DECIMAL = frozenset("BIF CLP DJF GNF JPY KMF KRW MGA PYG RWF VND VUV XAF XOF XPF".lower().split())
THREE_DECIMAL = frozenset("BHD JOD KWD OMR TND".lower().split())
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥", "chf": "CHF ", "cad": "CA$", "aud": "A$"}
MINUS = "\N{MINUS SIGN}"
MINIMUM = {"usd": 50, "eur": 50, "chf": 50, "aud": 50, "cad": 50, "gbp": 30, "jpy": 50}


def round_half_up(value: Decimal) -> int:
    return int(value.quantize(Decimal(1), ROUND_HALF_UP))


def discount_on(subtotal: int, coupon: Json | None) -> int:
    """What a coupon takes off, never more than there is."""
    if coupon is None or subtotal <= 0:
        return 0
    if coupon["percent_off"] is not None:
        return round_half_up(Decimal(subtotal) * Decimal(str(coupon["percent_off"])) / 100)
    return min(subtotal, int(coupon["amount_off"]))


def spread(total: int, amounts: list[int]) -> list[int]:
    """A discount over the lines in proportion; the last takes the rounding."""
    whole = sum(amounts) or 1
    shares = [total * amount // whole for amount in amounts]
    return [*shares[:-1], total - sum(shares[:-1])] if shares else []


def digits(amount: int, currency: str) -> tuple[str, int, str]:
    """(sign, whole units, digits after the separator) of an amount in minor units."""
    places = 0 if currency in ZERO_DECIMAL else 3 if currency in THREE_DECIMAL else 2
    whole, rest = divmod(abs(amount), 10**places)
    return MINUS if amount < 0 else "", whole, f"{rest:0{places}}" if places else ""


def money(amount: int, currency: str) -> str:
    """$40.00, €1,234.50, ¥500."""
    sign, whole, rest = digits(amount, currency)
    symbol = SYMBOLS.get(currency, currency.upper() + " ")
    return f"{sign}{symbol}{whole:,}{'.' + rest if rest else ''}"


def every(recurring: dict[str, Any] | None) -> str:
    """ "per month", "every 3 months" or nothing."""
    if not recurring:
        return ""
    count, interval = recurring["interval_count"], recurring["interval"]
    return f"per {interval}" if count == 1 else f"every {count} {interval}s"
