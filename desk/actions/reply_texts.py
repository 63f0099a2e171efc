"""What a reply begins with: a greeting, what the decision says in the reader's words, the next step, and who writes."""

from collections.abc import Callable
from datetime import datetime

from django.conf import settings
from django.urls import reverse

from accounts.models import ServiceCenter, User
from journal.access import Access, Reason
from journal.models import Article, Journal
from subscriptions import access
from subscriptions.support import moment


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
    answer = access.look_up(person.pk, None, [article.pk])[article.pk]
    address = f"{settings.SITE_URL}{article.get_absolute_url()}"
    return f"Thank you for asking about “{article.title}”.\n\n{sentence(answer, person)}\n\n{address}"


def sentence(answer: Access, person: User) -> str:
    """The decision as a sentence to the person, with what to do next."""
    if answer.is_public:
        return "Everybody may read this article, without an account."
    if answer.granted:
        until = f" until {moment(answer.until)}" if answer.until else ""
        via = f" through {answer.via}" if answer.via else ""
        return f"The article is open to you{via}{until}. Please sign in as {person.email} and open it again."
    return REFUSED.get(answer.reason, REFUSED[Reason.NO_LICENSE])(answer.until, answer.open_by) + _revoked(answer)


Words = Callable[[datetime | None, datetime | None], str]
REFUSED: dict[Reason, Words] = {
    Reason.RENTAL_READY: lambda until, open_by: (
        "Your rental is paid and waits for you: open the article and press “Start reading”"
        f"{f', by {moment(open_by)}' if open_by else ''}. Your time begins then."
    ),
    Reason.RENTAL_ENDED: lambda until, open_by: (
        f"The time of your rental is over{f': it ended on {moment(until)}' if until else ''}. What you paid for it"
        " comes off the price if you buy the article within 30 days."
    ),
    Reason.SUBSCRIPTION_ENDED: lambda until, open_by: (
        f"Your subscription has ended{f' on {moment(until)}' if until else ''}. You can subscribe again at any time,"
        " or buy this article."
    ),
    Reason.SETTLING: lambda until, open_by: (
        "Your payment is on its way, and your bank has not confirmed it yet. The article opens by itself as soon as it"
        " has; please don't pay again."
    ),
    Reason.NO_LICENSE: lambda until, open_by: (
        "We find no purchase, rental or subscription in this account that opens the article. If you paid with another"
        f" address, “Find my purchase” mails you the link: {settings.SITE_URL}{reverse('subscriptions:find_purchase')}"
    ),
}  # fmt: skip


def _revoked(answer: Access) -> str:
    """That it was taken back and when; why, is for a person to write."""
    taken = [one.verdict for one in answer.considered if one.verdict.startswith("revoked")]
    return f" An earlier right to it was {taken[0].partition(':')[0]}." if taken else ""


def _sign_in(person: User, article: Article | None) -> str:
    code = f"{settings.SITE_URL}{reverse('account_request_login_code')}"
    return (
        f"Your account is {person.email}. If the password does not work, you need none: on this page we mail you a code"
        f" that signs you in.\n\n{code}"
    )


def _receipt(person: User, article: Article | None) -> str:
    mine = f"{settings.SITE_URL}{reverse('subscriptions:my_access')}"
    return f"All your receipts and invoices stand under “My access”, as pages and as PDF.\n\n{mine}"


TEXTS: dict[str, tuple[str, Callable[[User, Article | None], str]]] = {
    "access": ("Why the article is open or closed", _about_access),
    "sign_in": ("Signing in with a code", _sign_in),
    "receipt": ("Where the receipts are", _receipt),
}
