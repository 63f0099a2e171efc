"""A session lasts as long as its row says, in every process."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import User
from tests.conftest import signed_in
from tests.make import make_user

HERS = "/my-access/"


def test_a_session_that_was_ended_is_over_at_the_next_page(alice: User) -> None:
    browser = signed_in(alice)
    assert browser.get(HERS).status_code == 200
    Session.objects.all().delete()
    assert browser.get(HERS).status_code == 302


def test_a_session_is_over_when_its_time_is_up(alice: User) -> None:
    browser = signed_in(alice)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert browser.get(HERS).status_code == 302


def test_a_new_password_ends_the_sessions_of_other_browsers(alice: User) -> None:
    browser = signed_in(alice)
    alice.set_password("another long and private password")
    alice.save()
    assert browser.get(HERS).status_code == 302


def test_a_made_up_session_key_is_nobody(db: None) -> None:
    browser = Client()
    browser.cookies["session"] = "a" * 32
    assert browser.get(HERS).status_code == 302
    browser.cookies["session"] = "'; DROP TABLE django_session; --"
    assert browser.get(HERS).status_code == 302


def test_an_account_put_on_hold_is_out_at_the_next_page(alice: User) -> None:
    browser = signed_in(alice)
    User.objects.update(is_active=False)
    assert browser.get(HERS).status_code == 302


def test_no_session_outlives_its_length_however_often_it_is_used(alice: User) -> None:
    browser = signed_in(alice)
    ends = Session.objects.get().expire_date
    assert abs(ends - timezone.now() - timedelta(days=14)) < timedelta(minutes=1)
    session = browser.session
    session["used"] = True
    session.save()
    session.set_expiry(90 * 86_400)  # as a form's “remember me” might wish
    session.save()
    assert abs(Session.objects.get().expire_date - ends) < timedelta(minutes=1)


def test_staff_sign_in_again_after_half_a_day(db: None) -> None:
    signed_in(make_user(is_staff=True))
    ends = Session.objects.get().expire_date
    assert abs(ends - timezone.now() - timedelta(hours=12)) < timedelta(minutes=1)


@pytest.mark.parametrize("damaged", ["", "no JSON", "[1]", ".eJxVjMsOwiAQRf"])
def test_a_session_whose_row_cannot_be_read_is_nobody(alice: User, damaged: str) -> None:
    browser = signed_in(alice)
    Session.objects.update(session_data=damaged)
    assert browser.get(HERS).status_code == 302
