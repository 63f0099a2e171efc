"""Every way in when nothing goes wrong, and what follows from it. What goes wrong: test_every_way.py."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client

from accounts import disturbance
from accounts.models import ServiceCenter, SignInIncident
from tests.accounts import steps
from tests.accounts.going_wrong import TO, wrong_password
from tests.accounts.orcid import JOSIAH, TOKEN
from tests.accounts.steps import (
    ask_for_code,
    by_code,
    by_orcid,
    by_password,
    mailed_code,
    second_step,
    set_up_recovery_codes,
    set_up_totp,
    totp_code,
)
from tests.accounts.test_error_flow import everything, failing
from tests.accounts.world import ANNA, World
from tests.make import PASSWORD, make_user

# --- what goes right -------------------------------------------------------------------------------------------------


def right_password(w: World) -> Any:
    return by_password(w.browser, ANNA, next=TO)


def right_code(w: World) -> Any:
    ask_for_code(w.browser, ANNA, next=TO)
    return w.browser.post(f"/accounts/login/code/confirm/?next={TO.replace('?', '%3F')}", {"code": mailed_code(ANNA)})


def right_totp(w: World) -> Any:
    secret = set_up_totp(w.anna)
    right_password(w)
    return second_step(w.browser, totp_code(secret))


def right_recovery_code(w: World) -> Any:
    set_up_totp(w.anna)
    code = set_up_recovery_codes(w.anna)[0]
    right_password(w)
    return second_step(w.browser, code)


def right_after_a_wrong_one(w: World) -> Any:
    by_password(w.browser, ANNA, "wrong", next=TO)
    return right_password(w)


def right_after_a_wrong_second_step(w: World) -> Any:
    secret = set_up_totp(w.anna)
    right_password(w)
    second_step(w.browser, "000000")
    return second_step(w.browser, totp_code(secret))


def right_code_confirms_the_address(w: World) -> Any:
    w.unconfirmed()
    answer = right_code(w)
    assert w.anna.emailaddress_set.get().verified  # type: ignore[attr-defined]
    return answer


def right_code_when_no_more_are_sent(w: World) -> Any:
    """Who asks too often may still use the last one."""
    for _ in range(4):
        answer = ask_for_code(w.browser, ANNA, next=TO)
    assert "The last code we sent still works" in answer.content.decode()
    SignInIncident.objects.all().delete()
    return w.browser.post(f"/accounts/login/code/confirm/?next={TO.replace('?', '%3F')}", {"code": mailed_code(ANNA)})


def right_orcid(w: World) -> Any:
    w.link_orcid()
    return by_orcid(w.browser, w.orcid, next=TO)


RIGHT = {
    right_password: TO,
    right_code: TO,
    right_totp: TO,
    right_recovery_code: TO,
    right_after_a_wrong_one: TO,
    right_after_a_wrong_second_step: TO,
    right_code_confirms_the_address: TO,
    right_code_when_no_more_are_sent: TO,
    right_orcid: TO,
}


@pytest.mark.parametrize("way", RIGHT, ids=lambda way: way.__name__)
def test_each_way_signs_in_and_leads_back(world: World, way: Callable[[World], Any]) -> None:
    answer = way(world)
    assert (answer.status_code, answer["Location"]) == (302, RIGHT[way])
    assert steps.is_signed_in(world.browser)
    assert SignInIncident.objects.count() == 0
    assert "device" in answer.cookies


def test_orcid_makes_an_account_only_with_a_confirmed_address_and_finds_none_by_address(world: World) -> None:
    by_orcid(world.browser, world.orcid)
    world.browser.post("/accounts/3rdparty/signup/", {"email": ANNA, "name": "Josiah"})
    assert SocialAccount.objects.count() == 0
    assert "already" in str(mail.outbox[-1].body)
    other = Client()
    by_orcid(other, world.orcid)
    assert "Josiah Carberry" in other.get("/accounts/3rdparty/signup/").content.decode()
    other.post("/accounts/3rdparty/signup/", {"email": "josiah@example.org", "name": "Josiah"})
    assert not steps.is_signed_in(other)
    other.post("/accounts/confirm-email/", {"code": mailed_code("josiah@example.org")})
    assert steps.is_signed_in(other)
    assert SocialAccount.objects.get().user.email == "josiah@example.org"
    assert not SocialToken.objects.exists(), "asked for once, and not kept"
    assert TOKEN not in str(SocialAccount.objects.values()) + str(dict(other.session))


def test_an_orcid_is_linked_by_its_owner_and_on_two_accounts_explained(world: World) -> None:
    by_password(world.browser, ANNA)
    by_orcid(world.browser, world.orcid, process="connect")
    assert JOSIAH in world.browser.get("/accounts/3rdparty/").content.decode()
    assert "ORCID was connected" in mail.outbox[-1].subject
    make_user("ben@example.org")
    ben = Client()
    by_password(ben, "ben@example.org")
    answer = by_orcid(ben, world.orcid, process="connect")
    page = ben.get(answer["Location"]).content.decode()
    assert "already signs in to another account" in page
    assert SocialAccount.objects.get().user == world.anna


def test_a_mail_scanner_that_opens_every_link_uses_nothing_up(world: World) -> None:
    ask_for_code(world.browser, ANNA)
    world.browser.post("/accounts/signup/", {"email": "x@example.org", "password1": PASSWORD})
    scanner = Client()
    found = [word for letter in mail.outbox for word in str(letter.body).split() if word.startswith("http")]
    for link in found:
        scanner.get(link.replace("http://testserver", ""))
    world.browser = Client()
    by_code(world.browser, ANNA)
    assert steps.is_signed_in(world.browser)
    assert not steps.is_signed_in(scanner)


def test_no_session_row_holds_what_a_failed_password_left(world: World) -> None:
    before = Session.objects.count()
    wrong_password(world)
    assert Session.objects.count() == before


def test_secrets_of_second_factors_lie_encrypted(world: World) -> None:
    secret = set_up_totp(world.anna)
    codes = set_up_recovery_codes(world.anna)
    stored = {row.type: str(row.data) for row in Authenticator.objects.all()}
    assert "gAAAA" in stored["totp"]
    for told in (secret, *codes, *(code.replace("-", "") for code in codes)):
        assert told not in "".join(stored.values())


def test_a_provider_that_sends_us_elsewhere_is_not_followed(world: World) -> None:
    """Whoever answers for ORCID must not have the client's secret posted to an address of their own."""
    world.orcid.fault = "elsewhere"
    assert by_orcid(world.browser, world.orcid).status_code == 503
    assert world.orcid.asked == ["/oauth/token"]


def test_an_address_typed_at_the_sign_in_page_is_typed_once(world: World) -> None:
    """Its buttons take it along to the code and to a new password; without one they only lead there."""
    page = world.browser.get(f"/accounts/login/?next={TO}").content.decode()
    for path, confirm in ((steps.CODE, f"{steps.CODE}confirm/"), (steps.RESET, f"{steps.RESET}confirm/")):
        assert f'formaction="{path}"' in page
        sent = world.browser.post(path, {"login": ANNA, "password": "wrong", "next": TO})
        assert sent["Location"].startswith(confirm)
        assert mail.outbox[-1].to == [ANNA]
        shown = Client().post(path, {"login": " ", "password": "", "next": TO})
        assert shown.status_code == 200
        assert not shown.context["form"].errors
        assert f'value="{TO}"' in shown.content.decode()
    first = re.search(r"<button[^>]*>\s*([^<]*)", page.split('id="sign-in"')[1])
    assert first and first[1] == "Sign in"  # which is what Enter presses


def test_a_second_tab_that_signs_in_first_leaves_the_first_one_its_way_back(world: World) -> None:
    """The first waits for its code, or shows the form; a password typed in the second counts."""
    waiting = ask_for_code(world.browser, ANNA, next=TO)["Location"]
    code = mailed_code(ANNA)
    assert by_password(world.browser, ANNA, next="/my-access/")["Location"] == "/my-access/"
    late = world.browser.post(waiting, {"code": code, "next": TO}, follow=True)
    assert late.redirect_chain[-1][0] == TO
    assert by_password(world.browser, ANNA, next=TO)["Location"] == TO
    assert world.browser.get(f"/accounts/login/?next={TO}")["Location"] == TO
    assert steps.is_signed_in(world.browser)


def test_the_page_of_a_failure_leads_on_to_the_ways_that_still_work_and_back_to_the_article(world: World) -> None:
    world.mail_down()
    back = "?next=%2Fsearch%2F%3Fq%3Dherons"
    page = ask_for_code(world.browser, ANNA, next=TO).content.decode()
    assert f'href="/accounts/login/code/{back}"' in page
    assert f'href="/accounts/login/{back}"' in page
    assert "Nothing about your account has changed" in page
    taken = world.browser.post("/accounts/signup/", {"email": "new@example.org", "password1": PASSWORD})
    assert "no account was made" in taken.content.decode()
    assert "Sign in with a password" not in taken.content.decode()
    world.orcid.fault = "500"
    page = by_orcid(world.browser, world.orcid, next=TO).content.decode()
    assert f'class="button" href="/accounts/login/{back}"' in page  # the address of the answer works only once
    assert f'href="/accounts/login/code/{back}"' in page
    with failing(everything):
        page = by_password(world.browser, ANNA, next=TO).content.decode()
    assert f'class="button" href="/accounts/login/{back}"' in page


def test_one_address_alone_puts_no_banner_on_everybodys_pages(world: World) -> None:
    world.orcid.fault = "500"
    for _ in range(disturbance.FROM + 2):
        by_orcid(world.browser, world.orcid)
    assert not ServiceCenter.current().disturbed_since
    world.settings.TRUSTED_PROXY_COUNT = 1
    for n in range(disturbance.FROM):
        by_orcid(Client(HTTP_X_FORWARDED_FOR=f"192.0.2.{n}"), world.orcid)
    assert ServiceCenter.current().disturbed_since


def test_a_provider_that_is_not_set_up_has_no_pages(world: World, settings: Any) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    for path in ("/accounts/orcid/login/", "/accounts/orcid/login/callback/"):
        assert world.browser.get(path).status_code == 404
        assert world.browser.post(path).status_code == 404
    assert "ORCID" not in world.browser.get("/accounts/login/").content.decode()
