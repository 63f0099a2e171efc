"""Stripe's published test cards and what each of them does; nothing here resembles a real card."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

DECLINES = {
    "generic_decline": ("card_declined", "Your card was declined."),
    "insufficient_funds": ("card_declined", "Your card has insufficient funds. Try a different card."),
    "lost_card": ("card_declined", "Your card was declined."),
    "expired_card": ("expired_card", "Your card has expired."),
    "incorrect_cvc": ("incorrect_cvc", "Your card's security code is incorrect."),
    "processing_error": (
        "processing_error",
        "An error occurred while processing your card. Try again in a little bit.",
    ),
    "authentication_failed": (
        "payment_intent_authentication_failure",
        "We are unable to authenticate your payment method. Choose a different payment method and try again.",
    ),
    "authentication_required": (
        "authentication_required",
        "Your card was declined. This transaction requires authentication.",
    ),
}


@dataclass(frozen=True)
class TestCard:
    """`challenge`: never, setup (once, when it is saved or first used) or always. `saves`: it can be saved for later
    although it is declined when charged. `dispute` is the reason of a dispute that follows at once; `refund` says what
    becomes of a refund: it succeeds (""), is pending for a while ("pending") or comes back ("fails")."""

    number: str
    brand: str = "visa"
    decline: str | None = None
    challenge: str = "never"
    saves: bool = True
    dispute: str | None = None
    inquiry: bool = False
    fraud_warning: bool = False
    refund: str = ""
    bounces: bool = False
    country: str = "US"


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242"),
        TestCard("4000056655665556"),
        TestCard("5555555555554444", brand="mastercard"),
        TestCard("2223003122003222", brand="mastercard"),
        TestCard("378282246310005", brand="amex"),
        TestCard("6011111111111117", brand="discover"),
        TestCard("4000000000000002", decline="generic_decline", saves=False),
        TestCard("4000000000009995", decline="insufficient_funds", saves=False),
        TestCard("4000000000009987", decline="lost_card", saves=False),
        TestCard("4000000000000069", decline="expired_card", saves=False),
        TestCard("4000000000000127", decline="incorrect_cvc", saves=False),
        TestCard("4000000000000119", decline="processing_error", saves=False),
        TestCard("4000002500003155", challenge="setup"),
        TestCard("4000002760003184", challenge="always"),
        TestCard("4000000000003220", challenge="always"),
        TestCard("4000000000000341", decline="generic_decline"),
        TestCard("4000000000000259", dispute="fraudulent"),
        TestCard("4000000000002685", dispute="product_not_received"),
        TestCard("4000000000001976", dispute="fraudulent", inquiry=True),
        TestCard("4000000000005423", fraud_warning=True),
        TestCard("4000000000007726", refund="pending"),
        TestCard("4000000000005126", refund="fails"),
    )
}

# Bank accounts for SEPA Direct Debit; what they pay arrives, or bounces, some days later.
ACCOUNTS = {
    account.number: account
    for account in (
        TestCard("AT611904300234573201", brand="sepa_debit", country="AT"),
        TestCard("AT321904300235473204", brand="sepa_debit", country="AT"),
        TestCard("DE89370400440532013000", brand="sepa_debit", country="DE"),
        TestCard("AT861904300235473202", brand="sepa_debit", country="AT", bounces=True),
        TestCard("IT60X0542811101000000123456", brand="sepa_debit", country="IT", bounces=True),
    )
}

# Stripe's ready-made payment methods for tests.
TOKENS = {
    "pm_card_visa": "4242424242424242",
    "tok_visa": "4242424242424242",
    "tok_mastercard": "5555555555554444",
    "tok_chargeDeclined": "4000000000000002",
    "tok_chargeCustomerFail": "4000000000000341",
    "pm_card_mastercard": "5555555555554444",
    "pm_card_chargeDeclined": "4000000000000002",
    "pm_card_visa_chargeDeclined": "4000000000000002",
    "pm_card_chargeCustomerFail": "4000000000000341",
    "pm_card_threeDSecure2Required": "4000000000003220",
    "pm_card_authenticationRequired": "4000002760003184",
    "pm_card_createDispute": "4000000000000259",
    "pm_card_createDisputeInquiry": "4000000000001976",
    "pm_card_createDisputeProductNotReceived": "4000000000002685",
    "pm_card_createIssuerFraudRecord": "4000000000005423",
    "pm_card_refundFail": "4000000000005126",
    "pm_card_pendingRefund": "4000000000007726",
    "pm_card_visa_chargeDeclinedInsufficientFunds": "4000000000009995",
}


class CardProblemError(Exception):
    """The card cannot be used as typed; `field` is the form field it is about."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field, self.message = field, message


@dataclass(frozen=True)
class CardDetails:
    card: TestCard
    month: int
    year: int


def luhn(digits: str) -> bool:
    doubled = [int(d) * (2 if i % 2 else 1) for i, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def read_iban(typed: str) -> TestCard:
    """The test account with this IBAN."""
    iban = "".join(typed.split()).upper()
    if iban not in ACCOUNTS:
        raise CardProblemError("iban", "This IBAN is not one of the test accounts. Never type a real one here.")
    return ACCOUNTS[iban]


def read_number(typed: str) -> TestCard:
    """The test card with this number, spaces and hyphens allowed."""
    digits = typed.replace(" ", "").replace("-", "")
    if not digits.isdecimal() or not 12 <= len(digits) <= 19:
        raise CardProblemError("number", "Your card number is incomplete.")
    if not luhn(digits):
        raise CardProblemError("number", "Your card number is invalid.")
    if digits not in CARDS:
        raise CardProblemError(
            "number", "Your card was declined. The local Stripe takes test cards only; never type a real one here."
        )
    return CARDS[digits]


def read_expiry(typed: str, now: int) -> tuple[int, int]:
    """(month, year) of "12 / 30", "12/2030" or "1230"; a card is good to the end of its month."""
    digits = "".join(character for character in typed if character.isdecimal())
    if len(digits) not in (4, 6) or not 1 <= int(digits[:2]) <= 12:
        raise CardProblemError("expiry", "Your card's expiration date is incomplete.")
    month, year = int(digits[:2]), int(digits[2:])
    year += 2_000 if year < 100 else 0
    today = datetime.fromtimestamp(now, UTC)
    if (year, month) < (today.year, today.month):
        raise CardProblemError("expiry", "Your card's expiration date is in the past.")
    return month, year


def check_cvc(typed: str, number: str) -> None:
    """Three digits, four on American Express."""
    length = 4 if number.strip()[:2] in ("34", "37") else 3
    if not typed.strip().isdecimal() or len(typed.strip()) != length:
        raise CardProblemError("cvc", "Your card's security code is incomplete.")
