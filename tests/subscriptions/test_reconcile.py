"""Comparing with Stripe: lost webhooks are made good, drift is written down, what a person must see has a remedy."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from journal.models import Article
from stripe_simulator.process import LocalStripe
from subscriptions import doctor, jobs, reconcile, stripe_account
from subscriptions.access import look_up
from subscriptions.models import Finding, Order, Reconciliation, StripeEvent, Subscription, SyncTarget
from tests.conftest import signed_in
from tests.make import make_offer
from tests.subscriptions.selling import buy, latest_order, work

pytestmark = pytest.mark.django_db(transaction=True)


def command(name: str, *words: str) -> tuple[int, str]:
    """What a command says, and its exit code."""
    said = StringIO()
    try:
        call_command(name, *words, stdout=said)
    except SystemExit as stopped:
        return int(stopped.code or 0), said.getvalue()
    return 0, said.getvalue()


def reads(user: User, article: Article) -> bool:
    return look_up(user.pk, None, [article.pk])[article.pk].granted


def test_when_every_webhook_is_lost_reconciling_alone_ends_the_same(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    """P3: a purchase, a subscription, a refund, a dispute and a renewal, none of which was told."""
    command("stripe_setup")
    hooked_stripe.control("config", drop_p=1)
    client = signed_in(dan)
    buy(client, hooked_stripe, make_offer("subscription"))
    buy(client, hooked_stripe, make_offer("purchase"), article)
    code, said = command("stripe_reconcile")
    assert code == 1, said
    assert "Order" in said or "order" in said
    assert Order.objects.filter(state="paid").count() == 2
    assert reads(dan, article)
    assert StripeEvent.objects.filter(deliveries=0).exists()
    assert command("stripe_reconcile")[0] == 0

    intent = Order.objects.get(kind="purchase").payment_intent_id
    dispute = hooked_stripe.control("dispute", payment_intent=intent)
    assert command("stripe_reconcile")[0] == 1
    assert Order.objects.get(kind="purchase").state == "disputed"
    hooked_stripe.control("dispute/decide", dispute=dispute["id"], outcome="won")
    assert command("stripe_reconcile")[0] == 1
    assert Order.objects.get(kind="purchase").state == "paid"
    hooked_stripe.control("refund", payment_intent=intent)
    hooked_stripe.control("clock/advance", days=32)
    assert command("stripe_reconcile")[0] == 1
    assert Order.objects.get(kind="purchase").state == "refunded"
    assert Subscription.objects.get().payments.count() == 2
    assert Finding.objects.filter(kind="drift").count() >= 4


def test_money_without_an_order_is_found_and_told(dan: User, article: Article, hooked_stripe: LocalStripe) -> None:
    buy(signed_in(dan), hooked_stripe, make_offer("purchase"), article)
    Order.objects.update(session_id="cs_of_another_attempt")
    SyncTarget.objects.all().delete()
    reconcile.reconcile()
    found = Finding.objects.get(kind="no_order")
    assert "$30.00" in found.about
    assert "refund" in found.remedy


def test_the_doctor_finds_each_illness_and_names_a_remedy(
    dan: User, article: Article, hooked_stripe: LocalStripe, settings
) -> None:
    make_offer("subscription")

    def wrong() -> dict[str, str]:
        return {answer.question: answer.remedy for answer in doctor.examine() if not answer.is_well}

    assert set(wrong()) == {"Prices"}  # the price is not made yet
    code, said = command("stripe_doctor")
    assert (code, "stripe_setup" in said) == (1, True)
    command("stripe_setup")
    assert wrong() == {}
    assert command("stripe_doctor")[0] == 0

    SyncTarget.objects.create(kind="order", key="x", dirty=1, dead=True)
    assert "Inbox" in wrong()
    SyncTarget.objects.all().delete()
    good = settings.STRIPE_WEBHOOK_SECRETS
    for endpoint in stripe_account.endpoints():
        hooked_stripe_client(hooked_stripe).v1.webhook_endpoints.update(endpoint.id, {"disabled": True})
    assert "Webhook endpoint at Stripe" in wrong()
    settings.SITE_URL = "http://127.0.0.1:9"
    assert "Webhooks reach us" in wrong()
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    assert "Stripe answers" in wrong()
    settings.STRIPE_WEBHOOK_SECRETS = []
    assert "Settings" in wrong()
    assert good


def hooked_stripe_client(local: LocalStripe):
    import stripe

    return stripe.StripeClient(local.key, base_addresses={"api": local.url})


def test_setting_up_twice_makes_nothing_twice(hooked_stripe: LocalStripe) -> None:
    make_offer("subscription")
    make_offer("subscription", interval="year", amount=8900)
    for _ in range(2):
        command("stripe_setup")
    assert len(hooked_stripe.control("objects", kind="price")["data"]) == 2
    assert len(hooked_stripe.control("objects", kind="billing_portal.configuration")["data"]) == 1
    ours = [e for e in stripe_account.endpoints() if e.url == stripe_account.webhook_url()]
    assert len(ours) == 1
    assert ours[0].missing_events == []


def test_stripe_out_of_reach_is_an_exit_code_of_its_own(hooked_stripe: LocalStripe, settings) -> None:
    settings.STRIPE_API_BASE = "http://127.0.0.1:9"
    with pytest.raises(CommandError) as stopped:
        call_command("stripe_reconcile")
    assert stopped.value.returncode == 2
    assert Reconciliation.objects.get().error


def test_a_job_whose_worker_died_is_done_from_outside_the_queue(
    dan: User, article: Article, hooked_stripe: LocalStripe
) -> None:
    from django.db import connection

    buy(signed_in(dan), hooked_stripe, make_offer("purchase"), article)
    with connection.cursor() as cursor:  # as a killed worker leaves it
        cursor.execute(
            "INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now() - interval '1 hour') RETURNING id"
        )
        worker = cursor.fetchone()[0]
        cursor.execute("UPDATE procrastinate_jobs SET status = 'doing', worker_id = %s WHERE status = 'todo'", [worker])
        assert cursor.rowcount
    assert jobs.stalled() > 0
    code, said = command("sweep_jobs")
    assert "stalled jobs queued again" in said
    assert (code, jobs.stalled()) == (0, 0)
    work(hooked_stripe)
    assert latest_order().state == "paid"
