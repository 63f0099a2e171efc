"""What a text looks like, in words: said when nothing was found, so that a slip of the pen is seen."""

import re
from collections.abc import Callable

from accounts import incidents
from accounts.search_words import folded
from desk.finding import Typed
from desk.finding.cards import read_card
from journal.doi import pasted_doi
from subscriptions.near_networks import read_address

STRIPE_ID = re.compile(r"^(?:pi|ch|py|cs|sub|cus|in|re|pyr|du|dp|evt|issfr|price|prod|seti|pm|txn)_\w+$")
ORDER = re.compile(r"^[0-9A-Z]{8}$")
CERTIFICATE = re.compile(r"^[0-9A-Z]{16}$")
ROR = re.compile(r"^(?:https?://)?(?:ror\.org/)?(0[a-z0-9]{8})/?$", re.IGNORECASE)


def _is_name(typed: Typed) -> bool:
    return "@" not in typed.text and not re.search(r"\d", typed.text) and bool(folded(typed.text))


SHAPES: list[tuple[str, Callable[[Typed], object]]] = [
    ("an email address", lambda typed: re.search(r"\w@\w", typed.text)),
    ("the beginning of an email address", lambda typed: typed.text.endswith("@")),
    ("an error reference", lambda typed: incidents.spoken(typed.text)),
    ("an order number", lambda typed: ORDER.match(typed.compact) and re.search(r"\d", typed.compact)),
    ("a certificate's number", lambda typed: CERTIFICATE.match(typed.compact)),
    ("a receipt's number", lambda typed: re.fullmatch(r"#?\d{3,9}", typed.text)),
    ("an id of Stripe's", lambda typed: STRIPE_ID.match(typed.text)),
    ("a card, an amount or a day", lambda typed: read_card(typed.text)),
    ("a DOI", lambda typed: pasted_doi(typed.text)),
    ("an IP address", lambda typed: read_address(typed.text)),
    ("a ROR id", lambda typed: ROR.match(typed.text)),
    ("a name", _is_name),
]
