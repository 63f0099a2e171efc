"""A guest's purchase: ordered with an email address only, and claimed later by the account that is to have it.

The link in the mail is signed and names the order; opening it changes nothing (mail scanners open links), the button on
its page claims. An order belongs to one account for good. A payment is never bound by its email address alone: whoever
claims holds the link, which went to that address and nowhere else.
"""

from uuid import UUID

from allauth.account.models import EmailAddress
from django.core import signing
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from subscriptions import fulfilment, mail, sync
from subscriptions.models import Order, Payment, Receipt, SyncTarget

SALT = "subscriptions.claim"
SESSION_KEY = "guest_orders"
MOST_REMEMBERED = 20
LINK_DAYS = 365


class AlreadyClaimed(Exception):
    """The purchase is in an account; its owner signs in there."""


class MustSignIn(Exception):
    """An account with this address exists and never confirmed it: only signing in there (with the code we then mail)
    proves that its password is not somebody else's."""


def path_of(order_id: str) -> str:
    """The path of an order's claim link."""
    return reverse("subscriptions:claim", args=[signing.dumps(order_id, salt=SALT)])


def order_behind(token: str) -> Order | None:
    """The order a claim link names, or None for a forged, altered or very old link."""
    try:
        number = UUID(signing.loads(token, salt=SALT, max_age=LINK_DAYS * 24 * 3600))
    except (signing.BadSignature, ValueError, TypeError):
        return None
    return Order.objects.select_related("article", "issue", "journal", "user").filter(pk=number).first()


def remember(request: HttpRequest, order: Order) -> None:
    """This browser made the order, so its way back from the payment page may show how it stands (not the text)."""
    known = [key for key in request.session.get(SESSION_KEY, []) if key != str(order.pk)]
    request.session[SESSION_KEY] = [*known, str(order.pk)][-MOST_REMEMBERED:]


def remembered(request: HttpRequest) -> set[UUID]:
    return {UUID(key) for key in request.session.get(SESSION_KEY, [])}


def claim(order: Order, by: User | None) -> User:
    """Give a guest's order to an account: the one signed in, else the one with that address, else a new one.

    Raises AlreadyClaimed or MustSignIn.
    """
    with transaction.atomic():
        order = Order.objects.select_for_update().get(pk=order.pk)
        if order.user_id is not None:
            raise AlreadyClaimed
        user = by or _account_of(order.guest_email)
        User.objects.select_for_update().get(pk=user.pk)
        order.user, order.claimed_at = user, timezone.now()
        order.save(update_fields=["user", "claimed_at"])
        Payment.objects.filter(order=order, user=None).update(user=user)
        Receipt.objects.filter(payment__order=order, user=None).update(user=user)
        if order.state == Order.State.PAID:
            fulfilment.grant_order(order, None)
        # Whatever happened to the money meanwhile, and whether it is a second copy, is read with the order again.
        sync.hint(SyncTarget.Kind.ORDER, str(order.pk))
        return user


def _account_of(email: str) -> User:
    """The account that confirmed this address, or a new one, which the link has confirmed."""
    confirmed = EmailAddress.objects.filter(email__iexact=email, verified=True).select_related("user").first()
    if confirmed:
        found: User = confirmed.user
        return found
    if User.objects.filter(email__iexact=email).exists():
        raise MustSignIn
    user = User.objects.create_user(email)
    EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def paid_with(number: str) -> str:
    """The address an order number's mail goes to; "" for a number that is none. The address is never shown."""
    letters = "".join(letter for letter in number.upper() if letter.isalnum())
    order = Order.objects.filter(number=f"{letters[:4]}-{letters[4:]}", paid_at__isnull=False).first()
    return order.email.lower() if order else ""


def send_links(email: str) -> None:
    """Mail to an address what was bought with it; to an address with nothing, nothing. The caller says neither."""
    paid = Order.objects.filter(guest_email__filled=email, user=None, paid_at__isnull=False)
    unclaimed = list(paid.order_by("paid_at")[:20])
    account = EmailAddress.objects.filter(email__iexact=email, verified=True).exists()
    if unclaimed or account:
        mail.found_purchases(email, unclaimed, has_account=account)
