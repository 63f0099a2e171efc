"""What a reply begins with: a greeting, what the decision says in the reader's words, the next step, and who writes."""

from collections.abc import Callable

from django.conf import settings
from django.urls import reverse

from accounts.models import ServiceCenter, User
from journal.access import Reason
from journal.models import Article, Journal
from subscriptions.explaining import Question, explain
from subscriptions.next_steps import for_reader


def text_for(person: User, article: Article | None, which: str) -> tuple[str, str]:
    """Subject and text for a person, about an article (for `access`) or in general."""
    journal = (article.journal if article else None) or Journal.objects.first()
    title = journal.title if journal else "First Page"
    body = TEXTS.get(which, TEXTS["access"])[1](person, article)
    center = ServiceCenter.current()
    contact = ", ".join(part for part in (center.phone, center.email) if part)
    signature = "\n".join(part for part in ("Kind regards,", center.name, title, contact) if part)
    greeting = f"Dear {person.name}," if person.name else "Dear reader,"
    subject = f"Your access to “{article.title[:90]}”" if article else f"Your question to {title}"
    return subject, "\n\n".join(part for part in (greeting, body, signature) if part)


def _about_access(person: User, article: Article | None) -> str:
    if article is None:
        return "Thank you for writing to us."
    address = f"{settings.SITE_URL}{article.get_absolute_url()}"
    return f"Thank you for asking about “{article.title}”.\n\n{sentence(person, article)}\n\n{address}"


def sentence(person: User, article: Article) -> str:
    """What the reader would be told (subscriptions/next_steps.py), and how to go on from there."""
    found = explain(Question(article, person))
    told = {"email": person.email, "find": _address("subscriptions:find_purchase")}
    then = OPEN if found.granted else NEXT.get(found.access.reason, "")
    return f"{for_reader(found)} {then.format(**told)}".strip()


OPEN = "Please sign in as {email} and open it again."
NEXT = {
    Reason.RENTAL_READY: "Your time begins when you press it, not before.",
    Reason.RENTAL_ENDED: "What you paid for it comes off the price if you buy the article within 30 days.",
    Reason.SUBSCRIPTION_ENDED: "You can subscribe again at any time, or buy this article.",
    Reason.SETTLING: "Please don't pay again.",
    Reason.NO_LICENSE: "If you paid with another address, this page mails you the link to your purchase: {find}",
}


def _address(name: str) -> str:
    return f"{settings.SITE_URL}{reverse(name)}"


def _sign_in(person: User, article: Article | None) -> str:
    code = _address("account_request_login_code")
    return (
        f"Your account is {person.email}. If the password does not work, you need none: on this page we mail you a code"
        f" that signs you in.\n\n{code}"
    )


def _receipt(person: User, article: Article | None) -> str:
    mine = _address("subscriptions:my_access")
    return f"All your receipts and invoices stand under “My access”, as pages and as PDF.\n\n{mine}"


TEXTS: dict[str, tuple[str, Callable[[User, Article | None], str]]] = {
    "access": ("Why the article is open or closed", _about_access),
    "sign_in": ("Signing in with a code", _sign_in),
    "receipt": ("Where the receipts are", _receipt),
}
