"""People: by address, by name with or without accents, by membership number."""

import re
from collections.abc import Iterable
from typing import Any

from django.contrib.postgres.search import SearchQuery
from django.db import connection
from django.urls import reverse

from accounts.models import AccountMerge, Member, User
from accounts.search_words import Words, folded, question
from desk.finding import MOST, Hit, Typed, finder
from desk.finding.shapes import STRIPE_ID
from subscriptions.models import Order

SHORTEST = 3
SEES = "accounts.view_user"


def person_url(user_id: int | None) -> str:
    return reverse("admin:desk:person", args=[user_id])


def hit(user: User, why: str, *, exact: bool = True) -> Hit:
    held = "" if user.is_active else f", {user.get_held_for_display() or 'not active'}"
    return Hit(user.email, "Person", why, person_url(user.pk), exact, f"{user.name}{held}".strip(", "), user.pk)


@finder("Person", SEES, "anna.berg@example.org")
def by_address(typed: Typed) -> Iterable[Hit]:
    """A whole address, also one that was confirmed beside the account's own, or that was merged into it."""
    email = typed.text.lower().removeprefix("mailto:")
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", email):
        return
    users = list(User.objects.filter(email=email)) or list(User.objects.filter(emailaddress__email=email)[:MOST])
    yield from (
        hit(user, "the account's address" if user.email == email else f"{email} signs in here") for user in users
    )
    for merge in AccountMerge.objects.filter(other_email__iexact=email).select_related("kept")[:MOST]:
        yield hit(merge.kept, f"{email} was merged into this account")


@finder("Person", SEES, "anna.b")
def by_beginning(typed: Typed) -> Iterable[Hit]:
    """The beginning of an address. A whole one that is known needs no guesses."""
    text = typed.text.lower()
    if "@" not in text or " " in text or len(text) < SHORTEST or User.objects.filter(email=text).exists():
        return
    likely = User.objects.filter(email__begins=text).order_by()[: MOST + 1]  # sorted, all would be read
    yield from (hit(user, f"the address begins with {text}", exact=False) for user in sorted(likely, key=str))


@finder("Person", SEES, "Müller, Anna")
def by_name(typed: Typed) -> Iterable[Hit]:
    """Words of the name and the address, each by its beginning."""
    words = folded(typed.text)
    if not words or max(map(len, words)) < SHORTEST or "@" in typed.text or is_a_number(typed):
        return
    found = [(user, sorted(folded(user.name)) == sorted(words)) for user in _named(typed.text)]
    for user, whole in sorted(found, key=lambda one: (not one[1], one[0].email)):
        yield hit(user, "the name" if whole else "words of the name or address", exact=whole)


#: Among a million people an index gives a word that all have after all of them; here the first of them are enough.
_AMONG_THE_NEWEST = """
SELECT id FROM (SELECT id, name, email FROM accounts_user ORDER BY id DESC LIMIT 200) newest
WHERE search_words(name, email) @@ to_tsquery('simple', %s) LIMIT %s
"""


def _named(text: str) -> list[User]:
    """Up to one more than are shown. So many among the newest already: then nobody else is looked for.

    Nor are those whose words only begin so, where several whole words have named somebody.
    """
    with connection.cursor() as cursor:
        cursor.execute(_AMONG_THE_NEWEST, [question(text), MOST + 1])
        ids = [pk for (pk,) in cursor.fetchall()]
    if len(ids) > MOST:
        return list(User.objects.filter(pk__in=ids))
    whole = list(named(User.objects.all(), text, whole=True)[: MOST + 1])
    if len(whole) > MOST or (whole and len(folded(text)) > 1):
        return whole
    return list(named(User.objects.all(), text)[: MOST + 1])


def named(rows: Any, text: str, *, whole: bool = False) -> Any:
    """Of people with name and address those who have all the words, in no order: the first are as good as any."""
    asked = SearchQuery(question(text, whole=whole), config="simple", search_type="raw")
    return rows.alias(words=Words("name", "email")).filter(words=asked).order_by()


def is_a_number(typed: Typed) -> bool:
    """What is plainly a number or an id is no name."""
    return bool(STRIPE_ID.match(typed.text) or re.fullmatch(r"[\d\s.,:/-]+", typed.text))


@finder("Membership", "accounts.view_member", "P-1001")
def by_membership(typed: Typed) -> Iterable[Hit]:
    """The number on the member's card, whoever has activated it."""
    number = typed.text.removeprefix("#").strip()
    spellings = {number, number.upper(), number.lower(), number.replace(" ", ""), number.replace(" ", "-").upper()}
    yield from (_member(member, "the membership's number") for member in _members(number__in=spellings))


@finder("Membership", "accounts.view_member", "Achterberg")
def by_members_name(typed: Typed) -> Iterable[Hit]:
    """Somebody on the roster who has not activated the membership: there is no account to find."""
    words = folded(typed.text)
    if not words or max(map(len, words)) < SHORTEST or is_a_number(typed):
        return
    members = named(Member.objects.filter(user=None), typed.text)[: MOST + 1]
    yield from (_member(member, "on the roster, not activated yet", exact=False) for member in members)


def _members(**by: object) -> Iterable[Member]:
    return Member.objects.filter(**by).select_related("user")[:MOST]


def _member(member: Member, why: str, *, exact: bool = True) -> Hit:
    if member.user:
        url, pk = person_url(member.user.pk), member.user.pk
        return Hit(member.user.email, "Person", f"{why} {member.number}", url, exact, member.name, pk)
    url = reverse("admin:accounts_member_change", args=[member.pk])
    return Hit(f"Membership {member.number}", "Membership", why, url, exact, f"{member.name}, no account yet")


@finder("Order", "subscriptions.view_order", "guest@example.org")
def by_guests_address(typed: Typed) -> Iterable[Hit]:
    """Who bought without an account: the order stands under the address alone."""
    if "@" not in typed.text:
        return
    orders = Order.objects.filter(guest_email__filled=typed.text.lower(), user=None)
    for order in orders.defer("params")[: MOST + 1]:
        url = reverse("admin:subscriptions_order_change", args=[order.pk])
        yield Hit(
            f"Order {order.number}", "Order", "bought without an account, not claimed", url, True, order.description
        )
