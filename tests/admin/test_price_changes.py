"""Business: a new price for running subscriptions, looked at before it starts, and stopped."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import User
from stripe_simulator.process import LocalStripe
from subscriptions import price_changes, sync
from subscriptions.models import Offer, OutgoingMail, Subscription
from tests.admin.said import look_and_save, messages_of, text_of
from tests.conftest import signed_in
from tests.make import make_offer
from tests.subscriptions.selling import buy

pytestmark = pytest.mark.django_db


def test_business_sees_whom_a_change_meets_starts_it_and_stops_it(
    bea: Client, sam: Client, dan: User, local_stripe: LocalStripe
) -> None:
    old, reader = make_offer("subscription"), signed_in(dan)
    reader.get(buy(reader, local_stripe, old))
    subscription = Subscription.objects.get()
    form = {
        "journal": old.journal_id, "kind": "subscription", "interval": "month", "rental_hours": 48, "amount": "12.00",
        "currency": "usd", "tax_note": "", "position": 0, "active": "on", "trial_days": "", "audience": "",
    }  # fmt: skip
    answer = look_and_save(bea, f"/admin/subscriptions/offer/{old.pk}/change/", form, follow=True)
    assert "Change running subscriptions, too…" in messages_of(answer)
    new = Offer.objects.get(active=True)
    start = f"/admin/subscriptions/pricechange/add/?offer={new.pk}"
    assert f'value="{new.pk}" selected' in bea.get(start).content.decode()
    looked = bea.post(start, {"offer": new.pk, "reason": ""})
    for words in ("1 subscriber would move to $12.00 per month", "$9.00 per month"):
        assert words in text_of(looked), words
    assert sam.post(start, {"offer": new.pk, "confirm": "1"}).status_code == 403
    page = bea.post(start, {"offer": new.pk, "reason": "Paper.", "confirm": "1"}, follow=True)
    assert "Started. Each subscriber is told 30 days before the renewal" in messages_of(page)
    change = new.price_changes.get()
    assert price_changes.start(new, None) == change, "pressing twice starts one"
    renews = subscription.period_end
    assert renews
    price_changes.look_after(renews - timedelta(days=20))
    assert "1 subscriber who was told" in text_of(bea.get(f"/admin/subscriptions/pricechange/{change.pk}/stop/"))
    assert sam.post(f"/admin/subscriptions/pricechange/{change.pk}/stop/").status_code == 403
    stopped = bea.post(f"/admin/subscriptions/pricechange/{change.pk}/stop/", follow=True)
    assert "1 who had been told keep their price" in messages_of(stopped)
    assert OutgoingMail.objects.filter(key__startswith="price_stays:").count() == 1
    assert price_changes.look_after(renews - timedelta(days=2)) == (0, 0)
    sync.run_due()
    assert Subscription.objects.get().amount == 900
    assert bea.get("/admin/subscriptions/pricenotice/?q=dan").status_code == 200
