"""Compare with Stripe whatever the webhooks did or did not tell, mend what differs, and write down what was found.

Everything goes the way of a hint: missed events into the inbox, doubtful objects read again by sync. What changed
because of that is drift; each is a row in the admin, with what a person should do where there is something to do.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Max
from django.utils import timezone

from subscriptions import gateway, orders, stripe_account, sync, webhooks
from subscriptions.institutions import licenses
from subscriptions.models import (
    Dispute,
    Entitlement,
    Finding,
    Order,
    Reconciliation,
    SiteLicense,
    StripeEvent,
    Subscription,
    SyncTarget,
)
from subscriptions.money import format_money

KEPT_BY_STRIPE = timedelta(days=30)
OVERLAP = timedelta(hours=1)
STUCK_AFTER = timedelta(hours=1)
Target = tuple[str, str]


def reconcile(since: datetime | None = None) -> Reconciliation:
    """One comparison. `since` (aware) defaults to an hour before the last one began, at first to thirty days ago."""
    run = Reconciliation.objects.create(since=since or _since())
    try:
        targets = _hint(run)
        run.looked_at = len(targets)
        _read_again(run, targets)
        _paid_without_order(run)
        _endpoint(run)
        _stuck(run)
    except gateway.GatewayError as error:
        run.error = f"Stripe did not answer as hoped: {error}"
    run.ended_at = timezone.now()
    run.save()
    return run


def _since() -> datetime:
    """Only a comparison that ran to its end counts as one."""
    latest = Reconciliation.objects.filter(error="", ended_at__isnull=False).aggregate(at=Max("began_at"))["at"]
    return latest - OVERLAP if latest else timezone.now() - KEPT_BY_STRIPE


def _hint(run: Reconciliation) -> set[Target]:
    """Whatever may be behind: named by missed events, by refunds and disputes, or by our own calendar."""
    # What a webhook has told and no worker has reached yet is not behind.
    hinted = set(SyncTarget.objects.filter(dirty__gt=F("clean")).values_list("kind", "key"))
    targets: set[Target] = set(_missed_events(run))
    for intent in stripe_account.payment_intents_refunded_since(run.since):
        targets.update(webhooks.roots_of_payment(intent))
    still_open = Dispute.objects.filter(status__in=Dispute.OPEN).values_list("payment_intent_id", flat=True)
    for intent in {*stripe_account.payment_intents_disputed_since(run.since), *still_open}:
        targets.update([(SyncTarget.Kind.PAYMENT, intent), *webhooks.roots_of_payment(intent)])
    targets.update([*orders.overdue(), *licenses.overdue()])
    for kind, key in targets:
        sync.hint(kind, key)
    return targets - hinted


def _missed_events(run: Reconciliation) -> Iterable[Target]:
    events = stripe_account.events_since(run.since)
    known = set(StripeEvent.objects.filter(pk__in=[e.id for e in events]).values_list("pk", flat=True))
    missed = [event for event in events if event.id not in known]
    run.events_missed = len(missed)
    for event in missed:
        webhooks.receive(event, found_by_asking=True)
        yield from webhooks.targets(event.object)


def _read_again(run: Reconciliation, targets: set[Target]) -> None:
    """Read every target; what that changed is drift."""
    before = {target: _state(*target) for target in targets}
    for _ in sync.run_each(sorted(targets)):
        pass
    for target in sorted(targets):
        _compare(run, *target, before[target])


def _compare(run: Reconciliation, kind: str, key: str, before: dict[str, Any]) -> None:
    after = _state(kind, key)
    changed = [f"{name}: {before.get(name, '–')} → {after[name]}" for name in after if before.get(name) != after[name]]
    if changed:
        about = f"{kind} {after.get('name', key)}. {'; '.join(changed)}"
        _find(run, f"drift:{run.pk}:{kind}:{key}", Finding.Kind.DRIFT, about, "Nothing to do; see why no webhook came.")


def _state(kind: str, key: str) -> dict[str, Any]:
    """What a reader or a bookkeeper would notice."""
    found: dict[str, Any] = {}
    if kind == SyncTarget.Kind.ORDER:
        found |= Order.objects.filter(pk=key).values("number", "state", "amount_paid", "amount_refunded").first() or {}
    elif kind == SyncTarget.Kind.LICENSE:
        found |= SiteLicense.objects.filter(pk=key).values("number", "state").first() or {}
    else:
        found |= Subscription.objects.filter(stripe_id=key).values("status", "period_end", "ends_at").first() or {}
    right = Entitlement.objects.filter(source=f"{kind}:{key}").values("ends_at", "revoked_at").first()
    number = found.pop("number", None)
    named = {"name": number} if number else {}
    found["right"] = "none" if right is None else f"until {right['ends_at']}"
    found["held back"] = bool(right and right["revoked_at"])
    return found | named


def _paid_without_order(run: Reconciliation) -> None:
    """Somebody completed a payment page that no order of ours knows: money without a right."""
    for session in stripe_account.sessions_completed_since(run.since):
        order = Order.objects.filter(session_id=session.id).first()
        if order is None:
            named = _order_named(session.order)
            amount = format_money(session.amount_total, session.currency)
            about = f"{amount} paid on page {session.id}, which no order knows" + (f" (meant {named})" if named else "")
            remedy = "Find the payment at Stripe; give the access by hand or refund it there."
            _find(run, f"no_order:{session.id}", Finding.Kind.NO_ORDER, about, remedy)


def _order_named(text: str) -> Order | None:
    try:
        return Order.objects.filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _endpoint(run: Reconciliation) -> None:
    for problem, remedy in endpoint_problems():
        _find(run, f"endpoint:{run.pk}:{problem[:80]}", Finding.Kind.ENDPOINT, problem, remedy)


def endpoint_problems() -> list[tuple[str, str]]:
    """What is wrong with our webhook endpoint at Stripe, each with its remedy."""
    url, again = stripe_account.webhook_url(), "Run manage.py stripe_setup."
    ours = [endpoint for endpoint in stripe_account.endpoints() if endpoint.url == url]
    enabled = [endpoint for endpoint in ours if endpoint.status == "enabled"]
    if not enabled:
        state = "is disabled at Stripe" if ours else "is not known to Stripe"
        return [(f"The webhook endpoint {url} {state}: no event arrives.", again)]
    found = []
    if not any(endpoint.api_version == gateway.API_VERSION for endpoint in enabled):
        versions = ", ".join(endpoint.api_version or "the account's default" for endpoint in enabled)
        found.append((f"The endpoint speaks API version {versions}, this code {gateway.API_VERSION}.", again))
    missing = enabled[0].missing_events
    if missing:
        found.append((f"The endpoint does not send {', '.join(missing)}.", again))
    return found


def _stuck(run: Reconciliation) -> None:
    late = timezone.now() - STUCK_AFTER
    for target in SyncTarget.objects.filter(dead=True):
        about = f"{target} was given up: {target.last_error}"
        _find(run, f"stuck:{target.pk}:{target.dirty}", Finding.Kind.STUCK, about, "See Sync targets; press Try again.")
    for target in SyncTarget.objects.due().filter(next_at__lt=late):
        about, remedy = f"{target} waits since {target.next_at}", "Is a worker running? See manage.py stripe_doctor."
        _find(run, f"stuck:{target.pk}:{target.dirty}", Finding.Kind.STUCK, about, remedy)


def _find(run: Reconciliation, key: str, kind: str, about: str, remedy: str) -> None:
    fields = {"kind": kind, "about": about[:500], "remedy": remedy, "reconciliation": run}
    Finding.objects.get_or_create(key=key, defaults=fields)
