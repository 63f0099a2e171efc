"""What can go wrong with a passkey, an institution, registering, a new password and activating a membership."""

from collections.abc import Callable
from typing import Any

from django.contrib.sessions.models import Session
from django.test import Client

from accounts.models import Member
from accounts.rate_limits import is_allowed_for
from tests.accounts import steps
from tests.accounts.going_wrong import NOT_THIS_KEY, RUN_OUT
from tests.accounts.passkey import Passkey, by_passkey, challenge_for, hand_over
from tests.accounts.steps import by_password, mailed_code, second_step, set_up_totp
from tests.accounts.test_error_flow import everything, failing
from tests.accounts.test_roster import NEXT_YEAR
from tests.accounts.world import ANNA, COOKIE, E1, E3, NO_CODE, TOO_MANY, Expected, World
from tests.make import make_user
from tests.subscriptions.identity_provider import arrive

NEW, SENTENCE = "new@example.org", "a sentence nobody knows yet"
SIGNUP, CONFIRM, RESET_CODE = "/accounts/signup/", "/accounts/confirm-email/", "/accounts/password/reset/confirm/"

# --- passkey ---------------------------------------------------------------------------------------------------------


def _shown(w: World, sent: Any) -> Any:
    return w.browser.get(sent["Location"]) if sent.status_code == 302 else sent


def passkey_of_somebody_else(w: World) -> Any:
    thief = Passkey(make_user("thief@example.org"), id=b"the thief's")
    return _shown(w, by_passkey(w.browser, w.passkey, signed_by=thief.key))


def passkey_of_nobody(w: World) -> Any:
    answer = w.passkey.answer(challenge_for(w.browser))
    w.anna.authenticator_set.all().delete()  # type: ignore[attr-defined]
    return _shown(w, hand_over(w.browser, answer))


def passkey_from_another_site(w: World) -> Any:
    w.settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = False
    return _shown(w, by_passkey(w.browser, w.passkey, origin="https://testserver.evil.example"))


def passkey_used_twice(w: World) -> Any:
    answer = w.passkey.answer(challenge_for(w.browser))
    hand_over(w.browser, answer)
    assert steps.is_signed_in(w.browser)
    w.browser.post("/accounts/logout/")
    return _shown(w, hand_over(w.browser, answer))


def passkey_too_late(w: World) -> Any:
    """The session that asked is over."""
    answer = w.passkey.answer(challenge_for(w.browser))
    Session.objects.all().delete()
    return _shown(w, hand_over(w.browser, answer))


def passkey_on_hold(w: World) -> Any:
    key = w.passkey
    w.hold()
    return by_passkey(w.browser, key)


def passkey_unconfirmed(w: World) -> Any:
    key = w.passkey
    w.unconfirmed()
    return _shown(w, by_passkey(w.browser, key))


def passkey_database_down(w: World) -> Any:
    answer = w.passkey.answer(challenge_for(w.browser))
    with failing(everything):
        return hand_over(w.browser, answer)


def passkey_cookie_refused(w: World) -> Any:
    answer = w.passkey.answer(challenge_for(Client()))
    w.strict()
    return hand_over(w.browser, answer)


# --- an institution --------------------------------------------------------------------------------------------------


def institution_unproven(w: World) -> Any:
    question = w.question()
    return arrive(w.browser, question, w.idp.answer(question, sign=False))


def institution_too_late(w: World) -> Any:
    question = w.question()
    return arrive(w.browser, question, w.idp.answer(question, minutes=-30))


def institution_twice(w: World) -> Any:
    question = w.question()
    answer = w.idp.answer(question)
    arrive(w.browser, question, answer)
    assert steps.is_signed_in(w.browser)
    w.browser.post("/accounts/logout/")
    return arrive(w.browser, question, answer)


def institution_cookie_refused(w: World) -> Any:
    """The browser comes back without the session it left with."""
    question = w.question()
    w.browser = Client()
    return arrive(w.browser, question, w.idp.answer(question))


def institution_on_hold(w: World) -> Any:
    question = w.question()
    w.hold()
    return arrive(w.browser, question, w.idp.answer(question))


def institution_unconfirmed(w: World) -> Any:
    question = w.question()
    w.unconfirmed()
    return arrive(w.browser, question, w.idp.answer(question))


def institution_then_wrong_second_factor(w: World) -> Any:
    question = w.question()
    set_up_totp(w.anna)
    arrive(w.browser, question, w.idp.answer(question))
    return second_step(w.browser, "000000")


def institution_database_down(w: World) -> Any:
    question = w.question()
    answer = w.idp.answer(question)
    with failing(everything):
        return arrive(w.browser, question, answer)


def institution_too_often(w: World) -> Any:
    question = w.question()
    for _ in range(60):
        is_allowed_for("127.0.0.1", "saml", most=60, seconds=600)
    return arrive(w.browser, question, w.idp.answer(question))


# --- registering -----------------------------------------------------------------------------------------------------


def register(w: World, email: str = NEW, password: str = SENTENCE) -> Any:
    return w.browser.post(SIGNUP, {"email": email, "password1": password})


def register_common_password(w: World) -> Any:
    return register(w, password="password123")


def register_taken(w: World) -> Any:
    register(w, ANNA)
    return w.browser.get(CONFIRM)


def register_taken_and_on_hold(w: World) -> Any:
    w.hold()
    return register_taken(w)


def register_mail_down(w: World) -> Any:
    w.mail_down()
    return register(w)


def register_database_down(w: World) -> Any:
    with failing(everything):
        return register(w)


def register_too_often(w: World) -> Any:
    for _ in range(3):
        register(w, ANNA)
    return register(w, ANNA)


def register_code_wrong(w: World) -> Any:
    register(w)
    return w.browser.post(CONFIRM, {"code": "AAAA-AAAA"})


def register_code_expired(w: World) -> Any:
    register(w)
    w.age_session(3600, "account_email_verification_code")
    return w.browser.post(CONFIRM, {"code": mailed_code(NEW)}, follow=True)


def register_code_twice(w: World) -> Any:
    """Somebody reads the mailbox later: the code of the first time confirms nothing."""
    register(w)
    first = mailed_code(NEW)
    w.browser.post(CONFIRM, {"code": first})
    w.browser = Client()
    return w.browser.post(CONFIRM, {"code": first}, follow=True)


def register_cookie_refused(w: World) -> Any:
    w.strict()
    return register(w)


# --- a new password --------------------------------------------------------------------------------------------------


def reset(w: World, email: str = ANNA) -> Any:
    return w.browser.post(steps.RESET, {"email": email})


def reset_for_unknown(w: World) -> Any:
    reset(w, "nobody@example.org")
    return w.browser.get(RESET_CODE)


def reset_mail_down(w: World) -> Any:
    w.mail_down()
    return reset(w)


def reset_database_down(w: World) -> Any:
    with failing(everything):
        return reset(w)


def reset_too_often(w: World) -> Any:
    for _ in range(3):
        reset(w)
    return reset(w)


def reset_code_wrong(w: World) -> Any:
    reset(w)
    return w.browser.post(RESET_CODE, {"code": "AAAA-AAAA"})


def reset_code_expired(w: World) -> Any:
    reset(w)
    w.age_session(3600, "account_password_reset_verification")
    return w.browser.post(RESET_CODE, {"code": mailed_code(ANNA)}, follow=True)


def _reset_whole(w: World) -> Any:
    w.browser.post(RESET_CODE, {"code": mailed_code(ANNA)})
    return w.browser.post("/accounts/password/reset/complete/", {"password1": SENTENCE, "password2": SENTENCE})


def reset_code_twice(w: World) -> Any:
    reset(w)
    code = mailed_code(ANNA)
    _reset_whole(w)
    w.browser = Client()
    return w.browser.post(RESET_CODE, {"code": code}, follow=True)


def reset_on_hold(w: World) -> Any:
    w.hold()
    reset(w)
    return w.browser.get(RESET_CODE)


def reset_then_wrong_second_factor(w: World) -> Any:
    set_up_totp(w.anna)
    reset(w)
    _reset_whole(w)
    return second_step(w.browser, "000000")


def reset_cookie_refused(w: World) -> Any:
    w.strict()
    return reset(w)


# --- activating a membership, signed in ------------------------------------------------------------------------------


def _member(w: World) -> None:
    Member.objects.create(number="M0012", name="Änne Müller", valid_until=NEXT_YEAR)
    by_password(w.browser, ANNA)


def activate(w: World, number: str = "M0012", name: str = "Müller") -> Any:
    return w.browser.post("/membership/", {"number": number, "name": name})


def membership_unknown(w: World) -> Any:
    _member(w)
    return activate(w, number="M9999")


def membership_of_another_name(w: World) -> Any:
    _member(w)
    return activate(w, name="Schmidt")


def membership_too_often(w: World) -> Any:
    _member(w)
    for _ in range(8):
        activate(w, name="Schmidt")
    return activate(w)


def membership_database_down(w: World) -> Any:
    _member(w)
    with failing(everything):
        return activate(w)


def membership_on_hold(w: World) -> Any:
    """An account on hold is signed out at its next page: signing in says why."""
    _member(w)
    w.hold()
    return w.browser.get(activate(w)["Location"])


def membership_cookie_refused(w: World) -> Any:
    _member(w)
    kept = w.browser.cookies["session"].value
    w.strict()
    w.browser.cookies["session"] = kept
    return activate(w)


OVER = "This sign-in has ended"
CONFIRM_PAGE, RESET_PAGE = "Confirm your email address", "Enter your reset code"
TABLE: dict[Callable[[World], Any], Expected] = {
    passkey_of_somebody_else: Expected(200, NOT_THIS_KEY),
    passkey_of_nobody: Expected(200, NOT_THIS_KEY),
    passkey_from_another_site: Expected(200, NOT_THIS_KEY),
    passkey_used_twice: Expected(200, NOT_THIS_KEY),
    passkey_too_late: Expected(200, NOT_THIS_KEY),
    passkey_on_hold: Expected(403, E3, "E3"),
    passkey_unconfirmed: Expected(200, CONFIRM_PAGE, mails=1),
    passkey_database_down: Expected(503, E1, "E1"),
    passkey_cookie_refused: Expected(403, COOKIE),
    institution_unproven: Expected(403, "could not be verified", "E1"),
    institution_too_late: Expected(403, "could not be verified", "E1"),
    institution_twice: Expected(403, OVER, "E1"),
    institution_cookie_refused: Expected(403, OVER, "E1"),
    institution_on_hold: Expected(403, E3, "E3"),
    institution_unconfirmed: Expected(200, CONFIRM_PAGE, mails=1),
    institution_then_wrong_second_factor: Expected(200, "Incorrect code"),
    institution_database_down: Expected(503, E1, "E1"),
    institution_too_often: Expected(429, TOO_MANY, "E1"),
    register_common_password: Expected(200, "too common"),
    register_taken: Expected(200, CONFIRM_PAGE, mails=1, mail_says="already"),
    register_taken_and_on_hold: Expected(200, CONFIRM_PAGE, mails=1, mail_says="already"),
    register_mail_down: Expected(503, NO_CODE, "E1"),
    register_database_down: Expected(503, E1, "E1"),
    register_too_often: Expected(429, TOO_MANY, "E1", mails=3),
    register_code_wrong: Expected(200, "Incorrect code", mails=1),
    register_code_expired: Expected(200, RUN_OUT, mails=1),
    register_code_twice: Expected(200, RUN_OUT, mails=1),
    register_cookie_refused: Expected(403, COOKIE),
    reset_for_unknown: Expected(200, RESET_PAGE, mails=1, mail_says="no account"),
    reset_mail_down: Expected(503, NO_CODE, "E1"),
    reset_database_down: Expected(503, E1, "E1"),
    reset_too_often: Expected(429, TOO_MANY, "E1", mails=3),
    reset_code_wrong: Expected(200, "Incorrect code", mails=1),
    reset_code_expired: Expected(200, RUN_OUT, mails=1),
    reset_code_twice: Expected(200, RUN_OUT, mails=2),
    reset_on_hold: Expected(200, RESET_PAGE, mails=1, mail_says="question about that account"),
    reset_then_wrong_second_factor: Expected(200, "Incorrect code", mails=2),
    reset_cookie_refused: Expected(403, COOKIE),
    membership_unknown: Expected(200, "We find no membership", signed_in=True),
    membership_of_another_name: Expected(200, "We find no membership", signed_in=True),
    membership_too_often: Expected(429, TOO_MANY, signed_in=True),
    membership_database_down: Expected(503, "We will be back in a moment", "E1", signed_in=True),
    membership_on_hold: Expected(200, "Sign in"),
    membership_cookie_refused: Expected(403, "Please send that again", signed_in=True),
}
