"""Two agents act at the same moment, in transactions of their own: nothing is done twice, the slower one is told.

So it is, too, when the slower one presses just after the other is done: the same is tried in both paces.
"""

import re
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AccountMerge, User
from desk.models import AuditEntry, Note
from stripe_simulator.process import LocalStripe
from subscriptions import refunds, sync
from subscriptions.models import Entitlement, OutgoingMail, Payment, Refund, Subscription
from tests.admin.acting import WHY, address, do, look, token_in
from tests.admin.said import text_of
from tests.conftest import signed_in
from tests.make import make_article, make_offer, make_right, make_user
from tests.subscriptions.selling import buy
from tests.subscriptions.test_libraries import together

pytestmark = pytest.mark.django_db(transaction=True)
Agents = tuple[Client, Client]
DONE, TWICE = "Sam or Bob did it", "Nothing was done twice"


def one_after_the_other(press: Callable[[int], Any]) -> list[Any]:
    return [press(0), press(1)]


@pytest.fixture(autouse=True, params=[together, one_after_the_other])
def pace(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules[__name__], "together", request.param)


@pytest.fixture
def agents(transactional_db: None) -> Agents:
    names = ("sam@example.org", "bob@example.org")
    sam, bob = (signed_in(make_user(email, groups=["Support"], is_staff=True)) for email in names)
    return sam, bob


def both(agents: Agents, press: Callable[[Client, int], Any]) -> list[str]:
    """What each is told, the quicker one first: a page of its own, or the page again."""
    answers = together(lambda n: press(agents[n], n))
    failed = [answer for answer in answers if isinstance(answer, Exception) or answer.status_code not in (200, 302)]
    assert not failed, [getattr(one, "content", one) for one in failed]
    return [DONE if one.status_code == 302 else text_of(one) for one in sorted(answers, key=lambda a: -a.status_code)]


def act(agents: Agents, person: User | tuple[User, User], name: str, **typed: Any) -> list[str]:
    """Both look, then both press the button at once; each on their own person where two are given."""
    people = person if isinstance(person, tuple) else (person, person)
    own = [{name: value[n] if isinstance(value, list) else value for name, value in typed.items()} for n in (0, 1)]
    each = [{"reason": f"{WHY}, {n}", **own[n]} for n in (0, 1)]
    shown = [look(agents[n], people[n], name, **each[n]) for n in (0, 1)]
    sent = [{**each[n], "token": token_in(shown[n]), "confirm": "yes"} for n in (0, 1)]
    return both(agents, lambda client, n: client.post(address(people[n], name), sent[n]))


def test_a_rental_is_extended_once_and_what_one_takes_back_the_other_cannot_extend(agents: Agents) -> None:
    dan, now = make_user("dan@example.org"), timezone.now()
    right = make_right(dan, make_article(), "rental", opened_at=now, ends_at=now + timedelta(hours=9))
    first, second = act(agents, dan, "extend_rental", right=right.pk, hours=5)
    assert first == DONE
    assert "was quicker" in second and "Nothing was done" in second and "This is what would happen now" in second
    extended, before = Entitlement.objects.get(), right.ends_at
    assert extended.ends_at == before + timedelta(hours=5)
    first, second = act(agents, dan, "revoke", right=right.pk)
    assert first == DONE
    assert "was quicker" in second and "This is not a right of dan@example.org for which this can be done" in second
    assert AuditEntry.objects.filter(action="revoke").count() == 1
    given = do(agents[0], dan, "give_back", right=right.pk)
    page = [client.get(f"/admin/desk/log/{given.pk}/undo/") for client in agents]
    sent = [{"reason": "A mistake", "token": token_in(page[n]), "confirm": "yes"} for n in (0, 1)]
    both(agents, lambda client, n: client.post(f"/admin/desk/log/{given.pk}/undo/", sent[n]))
    assert AuditEntry.objects.filter(undoes=given).count() == 1
    assert Entitlement.objects.get().revoked_at
    again = agents[0].post(f"/admin/desk/log/{given.pk}/undo/", sent[0], follow=True)
    assert TWICE in text_of(again) or "has been undone or ended already" in text_of(again)


def test_access_without_an_article_is_given_once_though_both_previews_read_the_same(agents: Agents) -> None:
    """The preview of a right to the journal says nothing of those that are there: the log itself has to tell."""
    make_article()
    dan, today = make_user("dan@example.org"), timezone.localdate().isoformat()
    first, second = act(agents, dan, "complimentary", what="journal", doi="", first_day=today, last_day="")
    assert first == DONE and "was quicker" in second
    assert Entitlement.objects.count() == 1
    first, second = act(agents, dan, "reply", subject="Your access", message="You can read again.")
    assert first == DONE and "was quicker" in second
    assert OutgoingMail.objects.filter(template="desk/email/reply").count() == 1


def test_the_same_two_accounts_are_merged_once_and_crosswise_not_at_all_twice(agents: Agents) -> None:
    anna, old, third = (make_user(f"{name}@example.org") for name in ("anna", "old", "third"))
    make_right(old, make_article())
    first, second = act(agents, anna, "merge", email=old.email)
    assert first == DONE
    assert "was quicker" in second and "An account cannot be merged with itself" in second
    assert AccountMerge.objects.count() == 1
    first, second = act(agents, (anna, third), "merge", email=[third.email, anna.email])
    assert first == DONE
    assert "is not active: nothing can come into it" in second
    assert Entitlement.objects.get().user_id in (anna.pk, third.pk)
    assert User.objects.filter(is_active=True, is_staff=False).count() == 1


def test_one_address_is_given_to_one_of_two_people(agents: Agents) -> None:
    people = make_user("dan@example.org"), make_user("eve@example.org")
    first, second = act(agents, people, "change_email", email="new@example.org", sessions="keep")
    assert first == DONE
    assert "This is the address of another account" in second
    assert User.objects.filter(email="new@example.org").count() == 1
    assert AuditEntry.objects.filter(action="change_email").count() == 1
    first, second = act(agents, people[0], "hold", why="review")
    assert first == DONE and "This account is not active already" in second


def test_a_note_is_struck_once(agents: Agents) -> None:
    dan = make_user("dan@example.org")
    note = Note.objects.create(person=dan, by=User.objects.get(email="sam@example.org"), text="Calls at noon")
    both(agents, lambda client, n: client.post(f"/admin/desk/notes/{note.pk}/strike/", {"reason": f"Wrong, {n}"}))
    assert AuditEntry.objects.filter(action="strike_note").count() == 1
    right = make_right(dan, make_article())
    page = f"/admin/subscriptions/entitlement/{right.pk}/end/"
    first, second = both(agents, lambda client, _: client.post(page, {"action": "revoke", "reason": WHY}))
    assert first == DONE and "That is not possible any more. The right: Revoked" in second
    assert AuditEntry.objects.filter(person=dan, effect__startswith="Revoked").count() == 1


def refund_form(client: Client, payment: Payment, amount: str) -> dict[str, str]:
    """Looked at, with what was left then."""
    page = f"/admin/subscriptions/payment/{payment.pk}/refund/"
    key = re.search(r'name="key" value="([0-9a-f-]+)"', client.get(page).content.decode())
    assert key
    typed = {"amount": amount, "reason": "requested_by_customer", "note": WHY, "key": key[1]}
    left = re.search(r'name="left" value="(\d+)"', client.post(page, typed).content.decode())
    assert left
    return {**typed, "left": left[1], "confirm": "1"}


def test_money_goes_back_once_and_a_subscription_is_canceled_once(agents: Agents, local_stripe: LocalStripe) -> None:
    dan = make_user("dan@example.org")
    reader = signed_in(dan)
    reader.get(buy(reader, local_stripe, make_offer(), make_article()))
    payment = Payment.objects.get()
    page = f"/admin/subscriptions/payment/{payment.pk}/refund/"
    sent = [refund_form(client, payment, "10.00") for client in agents]
    first, second = both(agents, lambda client, n: client.post(page, sent[n]))
    assert first == DONE
    assert re.search(r"Nothing was done. (sam|bob)@example.org refunded \$10.00", second)
    assert "This is what would happen now" in second
    same = refund_form(agents[0], payment, "20.00")
    assert both(agents, lambda client, _: client.post(page, same)) == [DONE, DONE]
    assert sorted(Refund.objects.values_list("amount", flat=True)) == [1000, 2000]
    assert len(local_stripe.control("objects", kind="refund")["data"]) == 2
    assert AuditEntry.objects.filter(person=dan, action="change payment").count() == 2
    assert "Nothing is left." in text_of(agents[0].post(page, same | {"key": "0" * 32}))

    reader.get(buy(reader, local_stripe, make_offer("subscription")))
    sync.run_due()
    subscription = Subscription.objects.get()
    first, second = act(agents, dan, "cancel_subscription", subscription=subscription.pk, when="period")
    assert first == DONE and "was quicker" in second
    subscription.refresh_from_db()
    assert subscription.ends_at
    assert OutgoingMail.objects.filter(template="subscriptions/email/changed").count() == 1
    canceled = AuditEntry.objects.get(action="cancel_subscription")
    undo = f"/admin/desk/log/{canceled.pk}/undo/"
    told = [{"reason": "No", "token": token_in(client.get(undo)), "confirm": "yes"} for client in agents]
    both(agents, lambda client, n: client.post(undo, told[n]))
    subscription.refresh_from_db()
    assert subscription.ends_at is None
    assert AuditEntry.objects.filter(undoes=canceled).count() == 1


def test_a_form_pressed_twice_is_told_so_however_close_the_first_press_was(
    agents: Agents, local_stripe: LocalStripe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first press refunds between the second one's two looks: at its own form, and at what is left."""
    reader = signed_in(make_user("dan@example.org"))
    reader.get(buy(reader, local_stripe, make_offer(), make_article()))
    payment = Payment.objects.get()
    page, sent = f"/admin/subscriptions/payment/{payment.pk}/refund/", refund_form(agents[0], payment, "30.00")
    really, looked = refunds.check, []

    def first_the_other_press(*told: Any) -> None:
        looked.append(told)
        if len(looked) == 1:
            assert agents[0].post(page, sent).status_code == 302
        really(*told)

    monkeypatch.setattr(refunds, "check", first_the_other_press)
    answer = agents[0].post(page, sent, follow=True)
    assert TWICE in text_of(answer)
    looking = agents[0].post(page, {name: value for name, value in sent.items() if name != "confirm"})
    assert looking.status_code == 200 and "Nothing is left. sam@example.org refunded $30.00" in text_of(looking)
    assert Refund.objects.get().amount == 3000
    assert len(local_stripe.control("objects", kind="refund")["data"]) == 1
