"""Amounts stay what they are: integers in minor units, whatever the currency's decimals."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subscriptions.money import (
    THREE_DECIMAL,
    WHOLE_UNITS_ONLY,
    ZERO_DECIMAL,
    format_money,
    from_minor,
    parse_money,
    to_minor,
)

CURRENCIES = sorted({"usd", "eur", "gbp", "chf", *ZERO_DECIMAL, *THREE_DECIMAL, *WHOLE_UNITS_ONLY})


@given(amount=st.integers(1, 10**9), currency=st.sampled_from(CURRENCIES))
def test_there_and_back_is_the_same_amount(amount: int, currency: str) -> None:
    step = 100 if currency in WHOLE_UNITS_ONLY else 10 if currency in THREE_DECIMAL else 1
    whole = amount * step
    assert to_minor(from_minor(whole, currency), currency) == whole
    assert parse_money(str(from_minor(whole, currency)), currency) == whole


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [("30", "usd", 3000), ("30.5", "usd", 3050), ("30", "jpy", 30), ("1.230", "kwd", 1230), ("500", "isk", 50000)],
)
def test_what_staff_type_becomes_minor_units(text: str, currency: str, minor: int) -> None:
    assert parse_money(text, currency) == minor


@pytest.mark.parametrize(
    ("text", "currency"),
    [
        ("", "usd"),
        ("free", "usd"),
        ("30,00", "usd"),
        ("1.005", "usd"),
        ("1.5", "jpy"),
        ("1.001", "kwd"),
        ("1.50", "isk"),
    ]
    + [(text, "usd") for text in ("NaN", "Infinity", "1e999999", "--1")],
)
def test_a_wrong_price_is_refused_in_a_sentence(text: str, currency: str) -> None:
    with pytest.raises(ValueError, match=r"\w+.*\."):
        parse_money(text, currency)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [(3000, "usd", "$30.00"), (123456789, "usd", "$1,234,567.89"), (30, "jpy", "¥30"), (1500, "chf", "CHF 15.00")],
)
def test_amounts_are_shown_as_readers_know_them(amount: int, currency: str, shown: str) -> None:
    assert format_money(amount, currency) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_no_fraction_is_ever_rounded_away(value: Decimal) -> None:
    try:
        minor = to_minor(value, "usd")
    except ValueError:
        return
    assert Fraction(minor, 100) == Fraction(value)
