"""What helps next, for support and for the reader: chosen by what the explanation found, the likeliest cause first."""

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from journal.access import Reason, Verdict
from subscriptions.explaining import Explanation, Line, day, subscription_of
from subscriptions.models import Order
from subscriptions.support import moment

BY_REASON = {
    Reason.RENTAL_READY: "Ask them to open the article and press Start reading; the 48 hours begin then, not before.",
    Reason.SETTLING: "They should not pay again. Re-read the order from Stripe; a bank debit can take days.",
    Reason.RENTAL_ENDED: "They can rent again, or buy: what they paid for the rental comes off for 30 days.",
    Reason.UNKNOWN: "The database did not answer. Try again; nothing they bought is lost.",
}
REVOKED_BY_MONEY = (
    ("disputed", "The access comes back by itself when the bank decides for us, or they have it withdraw the dispute."),
    ("refunded", "The money went back, so the access ended. If they want to read on, they buy again."),
    ("fraud", "Look at the payment: release it if the reader is who they say, or refund it."),
    ("bank asks", "Answer the bank's question in Stripe; the access comes back with the answer."),
)  # fmt: skip


def next_step(found: Explanation) -> str:
    """The next best step for whoever helps, in a sentence or two. Never empty."""
    if found.granted:
        past = "It was open then." if found.question.at else "It is open."
        return (
            f"{past} If they see a wall, they are not signed in as this account, or the page is an old one: reload it."
        )
    if found.access.reason in BY_REASON:
        return BY_REASON[found.access.reason]
    looked_at = (_by_order, _by_subscription, _by_line, _by_later, _by_network, _by_others)
    return next(step for look in looked_at if (step := look(found)))


def _by_order(found: Explanation) -> str:
    """A payment that is there and opens nothing is the first thing to mend."""
    orders = [one.row for one in found.orders if isinstance(one.row, Order)]
    sources = {line.source for line in found.lines}
    for order in orders:
        if order.state == Order.State.REVIEW:
            return "Compare the order's payment with Stripe, then refund it or give the access."
        if order.user_id is None and order.state == Order.State.PAID:
            return (
                "The purchase waits to be claimed: send them to Find my purchase, which mails the link to that address."
            )
        if order.state == Order.State.PAID and not order.subscription_id and f"order:{order.pk}" not in sources:
            return "The order is paid and brought no right: re-read it from Stripe."
    if not found.lines and any(order.state in (Order.State.EXPIRED, Order.State.FAILED) for order in orders):
        return "Nothing was charged for the order. They can order again; a reservation at the bank goes away by itself."
    if not found.lines and any(order.state in Order.UNDECIDED for order in orders):
        return "The payment page may have been paid a moment ago: re-read the order from Stripe."
    return ""


def _by_subscription(found: Explanation) -> str:
    subscription = subscription_of(found)
    if found.access.reason != Reason.SUBSCRIPTION_ENDED or subscription is None:
        return (
            "They can subscribe again, or buy the article." if found.access.reason == Reason.SUBSCRIPTION_ENDED else ""
        )
    if subscription.unpaid_invoice_id and subscription.status in ("past_due", "unpaid"):
        return "The renewal is unpaid. They change the card under My access, or pay the open invoice; re-read it then."
    if subscription.status in ("active", "trialing") and subscription.synced_at < timezone.now():
        return "Stripe has it running: re-read the subscription from Stripe."
    return "They can subscribe again; what appeared while they subscribed stays theirs only where the plan keeps it."


def _by_line(found: Explanation) -> str:
    for line in found.lines:
        if line.code == Verdict.REVOKED:
            told = next((step for word, step in REVOKED_BY_MONEY if word in line.verdict.lower()), "")
            return told or "Staff took it back: read the reason, and give it back if it was a mistake."
        if line.code == Verdict.NOT_BEGUN:
            return f"They can read from {moment(line.starts_at)} on." if line.starts_at else ""
        if line.code == Verdict.OTHER_YEARS:
            return "The license does not cover this article's year. The library can extend it; or they buy the article."
        if line.code == Verdict.ENDED and line.via:
            return f"The license of {line.via} has ended. The library renews it; or they buy the article."
        if line.code == Verdict.ENDED:
            return "Its time is over. They can buy, rent or subscribe; extend it if that was a mistake of ours."
        if line.code == Verdict.CME_ONLY:
            return "They paid for the CME activity. To read the article they buy, rent or subscribe."
    return ""


def _by_later(found: Explanation) -> str:
    """Of a past moment: what covers the article was not known here yet."""
    if found.question.at and any(line.code is None for line in found.lines):
        return (
            "What covers it was written afterwards, as the list says: at that moment nothing was known here. Ask again"
            " without a moment to see whether it is open now."
        )
    return ""


def _by_network(found: Explanation) -> str:
    if found.access.institutions:
        names = ", ".join(one.name for one in found.access.institutions)
        return f"{names} is known and has no license for this. The library can license it; or they buy the article."
    if "missed by" in found.network:
        return "Ask the library whether this address is theirs: they can propose the network on their page."
    return ""


def _by_others(found: Explanation) -> str:
    if found.others:
        return "What they hold is for something else: see below. If they meant this article, offer to exchange it."
    if found.question.user is None:
        return "Ask how they have access: an account, an institution's network, or a purchase without an account."
    return "This account has nothing for it. Ask for a receipt, order number or card: it may be under another address."


# --- the reader's sentence --------------------------------------------------------------------------------------------


def for_reader(found: Explanation) -> str:
    """The same in one sentence to the reader: nothing about anybody else, and no staff's words."""
    access = found.access
    if found.granted:
        return _("You can read this article.")
    if access.granted:
        return _("You can read this article here; the PDF and printing are not part of a rental or a gift.")
    if access.reason == Reason.RENTAL_READY:
        return _("Your rental is paid and has not begun: press Start reading on the article's page.")
    if access.reason == Reason.SETTLING:
        return _("Your payment is on its way: the article opens by itself when the bank has confirmed it.")
    if access.reason == Reason.RENTAL_ENDED:
        return _("Your rental has ended.")
    if access.reason == Reason.UNKNOWN:
        return _("We can't see your subscriptions right now: please try again in a few minutes.")
    if access.reason == Reason.SUBSCRIPTION_ENDED:
        until = {"day": day(access.until)} if access.until else None
        return _("Your subscription ended on %(day)s.") % until if until else _("Your subscription has ended.")
    return next((said for line in found.lines if (said := _line_for_reader(line))), "") or _nothing(found)


def _line_for_reader(line: Line) -> str:
    if line.code == Verdict.REVOKED:
        return _revoked_for_reader(line)
    named = {"institution": line.via}
    match line.code:
        case Verdict.NOT_BEGUN if line.starts_at:
            return _("Your access begins on %(day)s.") % {"day": day(timezone.localtime(line.starts_at))}
        case Verdict.OTHER_YEARS if line.via:
            return _("%(institution)s has access to other years of this journal.") % named
        case Verdict.OTHER_YEARS:
            return _("What you have covers other years of this journal.")
        case Verdict.ENDED if line.via:
            return _("The license of %(institution)s has ended.") % named
        case Verdict.ENDED if line.ends_at:
            return _("Your access ended on %(day)s.") % {"day": day(timezone.localtime(line.ends_at))}
        case Verdict.CME_ONLY:
            return _("You paid for the CME activity; the article itself is not part of it.")
    return ""


def _revoked_for_reader(line: Line) -> str:
    why = line.verdict.lower()
    if line.kind == "gift":
        return _("Whoever gave you this article has taken the link back.")
    if "refund" in why:
        return _("What you paid for this article was refunded, so it is closed again.")
    if "disput" in why:
        return _("The payment for this article is disputed at your bank, so the article is closed for now.")
    return _("Your access to this article was taken back; we can tell you why.")


def _nothing(found: Explanation) -> str:
    if found.access.institutions:
        return _("%(institution)s does not have access to this article.") % {
            "institution": ", ".join(one.name for one in found.access.institutions)
        }
    if any(isinstance(one.row, Order) and one.row.state == Order.State.PAID for one in found.orders):
        return _("There is a payment for this article that is not linked to your account yet.")
    if any(
        isinstance(one.row, Order) and one.row.state in (Order.State.FAILED, Order.State.EXPIRED)
        for one in found.orders
    ):
        return _("Your last payment for this article did not go through, and nothing was charged.")
    if found.question.user is None:
        return _("You are not signed in, and your network is not one of a subscribing institution.")
    return _("Your account has no access to this article, to its issue or to the journal.")


def help_for_reader(found: Explanation) -> list[tuple[str, str]]:
    """(words, address) of what the reader can do, the best first."""
    here = found.question.article.get_absolute_url()
    steps = [(_("Go to the article"), f"{here}#get-access")]
    if found.question.user is None:
        steps.insert(0, (_("Sign in"), f"{reverse('account_login')}?next={here}"))
    if not found.granted:
        steps.append((_("Find my purchase"), reverse("subscriptions:find_purchase")))
        steps.append((_("Sign in through your institution"), reverse("subscriptions:sign_in_at_institution")))
    return steps
