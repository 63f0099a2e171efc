"""Amounts: integers in minor units with a currency, as Stripe has them. The one place that converts and prints.

Source of the lists: Stripe, "Supported currencies" (zero-decimal, three-decimal and special-case currencies).
"""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction

from django.utils.formats import number_format
from django.utils.translation import get_language

ZERO_DECIMAL = frozenset(
    ["bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "vnd", "vuv", "xaf", "xof", "xpf"]
)
THREE_DECIMAL = frozenset(["bhd", "jod", "kwd", "omr", "tnd"])
# ISO has no decimals for these, but Stripe wants two, and they must be 00.
WHOLE_UNITS_ONLY = frozenset(["isk", "ugx"])
SYMBOL_BEHIND = ("de",)  # languages that write the amount first
SYMBOLS = {"usd": "$", "eur": "€", "gbp": "£", "jpy": "¥"}
# Stripe, "Minimum and maximum charge amounts".
MINIMUM = {"usd": 50, "eur": 50, "chf": 50, "aud": 50, "cad": 50, "gbp": 30, "jpy": 50}


@dataclass(frozen=True, slots=True)
class Money:
    """`amount` minor units of `currency` (ISO 4217, lower case)."""

    amount: int
    currency: str

    def __str__(self) -> str:
        return format_money(self.amount, self.currency)


def decimals(currency: str) -> int:
    if currency in ZERO_DECIMAL:
        return 0
    return 3 if currency in THREE_DECIMAL else 2


def step(currency: str) -> int:
    """Stripe takes amounts of this currency only in so many minor units."""
    return 100 if currency in WHOLE_UNITS_ONLY else 10 if currency in THREE_DECIMAL else 1


def to_minor(value: Decimal, currency: str) -> int:
    """`Decimal("30.00")`, "usd" → 3000. Raises ValueError for a fraction the currency or Stripe does not know."""
    # Compared as fractions: decimal arithmetic rounds silently past 28 digits.
    scaled = Fraction(value) * 10 ** decimals(currency)
    if scaled.denominator != 1:
        raise ValueError(f"{currency.upper()} has {decimals(currency)} decimals; {value} has more.")
    minor = int(scaled)
    if minor % step(currency):
        raise ValueError(
            f"Stripe takes {currency.upper()} only in steps of {'1' if currency in WHOLE_UNITS_ONLY else '0.010'}."
        )
    return minor


def from_minor(amount: int, currency: str) -> Decimal:
    return Decimal(amount).scaleb(-decimals(currency))


def parse_money(text: str, currency: str) -> int:
    """What staff type as a price → minor units. Raises ValueError with a sentence for them."""
    try:
        value = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError(f"“{text}” is not a price. Write it like 30.00.") from None
    if not value.is_finite() or abs(value.adjusted()) > 15:  # 1e999999 is a number, and not a price
        raise ValueError(f"“{text}” is not a price. Write it like 30.00.")
    return to_minor(value, currency)


def format_money(amount: int, currency: str) -> str:
    """3000, "usd" → `$30.00`, `CHF 30.00`; where German is spoken `30,00 $`, `30,00 CHF`."""
    value, sign = abs(from_minor(amount, currency)), "−" if amount < 0 else ""
    symbol = SYMBOLS.get(currency)
    number = number_format(value, decimals(currency), force_grouping=True)
    if (get_language() or "en").startswith(SYMBOL_BEHIND):
        return f"{sign}{number}\N{NO-BREAK SPACE}{symbol or currency.upper()}"
    return f"{sign}{symbol}{number}" if symbol else f"{sign}{currency.upper()} {number}"
