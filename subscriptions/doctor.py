"""Is selling in order? Each check is a question with an answer in a sentence, and a remedy where it is no."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import requests
from django.conf import settings
from django.core import checks
from django.db.models import F, Min
from django.utils import timezone

from subscriptions import gateway, jobs, reconcile, stripe_account
from subscriptions.models import Offer, OutgoingMail, SyncTarget

SKEW_SECONDS = 60
LATE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Answer:
    """`remedy` is empty when all is well."""

    question: str
    said: str
    remedy: str = ""

    @property
    def is_well(self) -> bool:
        return not self.remedy


def examine() -> Iterator[Answer]:
    """Every check, the cheap ones first. When Stripe does not answer, those that need it are left out."""
    yield from _settings()
    if not gateway.is_open():
        return
    yield from (_webhook_reaches_us(), _waiting(), _jobs(), _mail())
    for check in (_account, _endpoint, _prices, *([_tax] if settings.STRIPE_TAX else [])):
        try:
            yield check()
        except gateway.GatewayError as error:
            yield Answer("Stripe answers", str(error), "Check the key, the network and status.stripe.com.")
            return


def _settings() -> Iterator[Answer]:
    problems = [p for p in checks.run_checks() if p.id and p.id.startswith("subscriptions.")]
    for problem in problems:
        yield Answer("Settings", problem.msg, problem.hint or "Set STRIPE_SECRET_KEY (docs/running.md).")
    if not problems:
        mode = "live" if settings.STRIPE_LIVEMODE else "test"
        yield Answer("Settings", f"A {mode} key, {len(settings.STRIPE_WEBHOOK_SECRETS)} webhook secret(s).")


def _account() -> Answer:
    before = time.time()
    account = stripe_account.account()
    said = f"{account.id} ({account.country}), API version {gateway.API_VERSION}"
    if not account.charges_enabled:
        return Answer("Stripe account", said, "Stripe takes no payments yet: finish the account's details there.")
    skew = abs(account.now.timestamp() - before) if account.now else 0
    if skew > SKEW_SECONDS:
        return Answer(
            "Clock", f"Ours and Stripe's differ by {skew:.0f} s.", "Turn on NTP: webhooks expire by our clock."
        )
    return Answer("Stripe account and clock", f"{said}; clocks agree")


def _endpoint() -> Answer:
    problems = reconcile.endpoint_problems()
    if problems:
        return Answer("Webhook endpoint at Stripe", *problems[0])
    return Answer("Webhook endpoint at Stripe", f"{stripe_account.webhook_url()}, with all our events")


def _prices() -> Answer:
    offers = Offer.objects.on_sale().filter(kind=Offer.Kind.SUBSCRIPTION)
    found = stripe_account.prices([offer.lookup_key for offer in offers])
    for offer in offers:
        price = found.get(offer.lookup_key)
        if price is None:
            return Answer("Prices", f"“{offer}” has no price at Stripe.", "Run manage.py stripe_setup.")
        if (price.amount, price.currency, price.interval) != (offer.amount, offer.currency, offer.interval):
            said = f"“{offer}” costs {price.amount} {price.currency} a {price.interval} at Stripe."
            return Answer("Prices", said, "Somebody moved the lookup key there: archive that price, run stripe_setup.")
    return Answer("Prices", f"{len(offers)} subscription prices are at Stripe and equal ours")


def _tax() -> Answer:
    status, missing = stripe_account.tax_status()
    if status != "active":
        lacking = f", it lacks {', '.join(missing)}" if missing else ""
        remedy = "Finish Stripe Tax in the dashboard (address, registrations), or empty STRIPE_TAX: nobody can pay."
        return Answer("Stripe Tax", f"{status}{lacking}.", remedy)
    where = "in the prices" if settings.STRIPE_TAX == "inclusive" else "on top of the prices"
    return Answer("Stripe Tax", f"active; taxes are {where}. Registrations are kept in Stripe's dashboard.")


def _webhook_reaches_us() -> Answer:
    """Send ourselves a signed event, and one that is not, by the public address."""
    url, question = stripe_account.webhook_url(), "Webhooks reach us"
    secret = next(iter(settings.STRIPE_WEBHOOK_SECRETS), "")
    try:
        signed, forged = (_post(url, key) for key in (secret, "whsec_not_ours"))
    except requests.RequestException as error:
        return Answer(question, f"{url}: {type(error).__name__}", "Check SITE_URL, DNS, the proxy and its certificate.")
    if signed != 200:
        remedy = "Does a proxy alter bodies, or is another site answering? Is STRIPE_WEBHOOK_SECRETS loaded there?"
        return Answer(question, f"{url} answered {signed} to a signed event.", remedy)
    if forged != 400:
        return Answer(question, f"{url} answered {forged} to a forged event.", "Stop: anybody can forge events there.")
    return Answer(question, f"{url} takes what is signed and refuses what is not")


def _post(url: str, secret: str) -> int:
    body, headers = gateway.signed_test_event(secret)
    return requests.post(url, data=body, headers=headers, timeout=10, allow_redirects=False).status_code


def _waiting() -> Answer:
    behind = SyncTarget.objects.filter(dirty__gt=F("clean"))
    given_up = behind.filter(dead=True).count()
    if given_up:
        return Answer("Inbox", f"{given_up} given up.", "See Sync targets in the admin; press Try again.")
    oldest = behind.aggregate(at=Min("next_at"))["at"]
    if oldest and oldest < timezone.now() - LATE:
        said = f"{behind.count()} wait, the oldest since {timezone.localtime(oldest):%Y-%m-%d %H:%M}."
        return Answer("Inbox", said, "Start a worker: manage.py procrastinate worker.")
    return Answer("Inbox", f"{behind.count()} waiting")


def _jobs() -> Answer:
    stalled = jobs.stalled()
    if stalled:
        return Answer(
            "Jobs", f"{stalled} stalled: their worker died.", "Run manage.py sweep_jobs, and put it on a timer."
        )
    return Answer("Jobs", "none stalled")


def _mail() -> Answer:
    late = OutgoingMail.objects.filter(sent_at=None, created_at__lt=timezone.now() - LATE)
    if late.exists():
        reason = late.exclude(last_error="").values_list("last_error", flat=True).first() or "no worker"
        remedy = "Check the mail settings; Outgoing mails in the admin sends again."
        return Answer("Mail", f"{late.count()} not sent: {reason}", remedy)
    return Answer("Mail", "nothing is late")
