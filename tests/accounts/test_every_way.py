"""Every way in × everything that can go wrong: page, status, session, incident and mail of each; or why it cannot."""

from collections.abc import Callable
from typing import Any

import pytest

from subscriptions.institutions import saml
from tests.accounts import going_wrong as one
from tests.accounts import going_wrong_elsewhere as two
from tests.accounts.world import World, judge

Case = Callable[[World], Any]
TABLE = {**one.TABLE, **two.TABLE}

FAILURES = (
    "wrong", "unknown", "unconfirmed", "on hold", "second factor wrong", "provider down", "database down", "mail down",
    "rate-limited", "expired", "used twice", "link opened by a scanner", "cookie refused",
)  # fmt: skip
NO_LINK = "its letters hold no link that does anything: test_a_mail_scanner_that_opens_every_link_uses_nothing_up"
NO_PROVIDER, NO_MAIL, NO_CODE = "nobody else is asked", "no letter is waited for", "nothing is given that could run out"
GUESSED = "nothing is typed that could be guessed"
#: One row a way, one column a failure, in the order above; a text says why there is no such case.
MATRIX: dict[str, tuple[Case | tuple[Case, ...] | str, ...]] = {
    "password": (
        one.wrong_password, one.unknown_address, one.password_unconfirmed, one.password_on_hold, one.totp_wrong,
        NO_PROVIDER, one.password_database_down, one.password_unconfirmed_mail_down,
        (one.password_too_often, one.unknown_too_often), NO_CODE, NO_CODE, NO_LINK, one.cookie_refused,
    ),
    "mailed code": (
        (one.code_wrong, one.code_guessed), (one.code_for_unknown, one.code_to_an_address_that_is_none),
        "the code confirms the address: right_code_confirms_the_address", one.code_on_hold,
        one.code_then_wrong_second_factor, NO_PROVIDER, one.code_database_down, one.code_mail_down, one.code_too_often,
        one.code_expired, one.code_used_twice, NO_LINK, one.code_cookie_refused,
    ),
    "passkey": (
        (two.passkey_of_somebody_else, one.passkey_forged, two.passkey_from_another_site), two.passkey_of_nobody,
        two.passkey_unconfirmed, two.passkey_on_hold, "it is both factors", NO_PROVIDER, two.passkey_database_down,
        NO_MAIL, GUESSED, two.passkey_too_late, two.passkey_used_twice, NO_LINK, two.passkey_cookie_refused,
    ),
    "second factor": (
        one.totp_wrong, "who it is, is known by then", "asked before", one.second_factor_on_hold, one.totp_wrong,
        NO_PROVIDER, one.second_factor_database_down, NO_MAIL, one.second_factor_too_often, one.second_factor_expired,
        (one.totp_twice, one.recovery_code_twice), NO_LINK, "without one nobody comes so far",
    ),
    "ORCID": (
        (one.orcid_forged_state, one.orcid_canceled), one.orcid_unknown, one.orcid_unconfirmed, one.orcid_on_hold,
        one.orcid_then_wrong_second_factor,
        (one.orcid_down, one.orcid_nonsense, one.orcid_without_id, one.orcid_with_an_empty_record),
        one.orcid_database_down, one.orcid_new_mail_down, GUESSED, one.orcid_forged_state, one.orcid_code_used_twice,
        NO_LINK, one.orcid_cookie_refused,
    ),
    "institution": (
        two.institution_unproven, "tests/subscriptions/test_institutional_sign_in.py", two.institution_unconfirmed,
        two.institution_on_hold, two.institution_then_wrong_second_factor,
        "it is the browser that goes there: we ask nobody", two.institution_database_down, NO_MAIL,
        two.institution_too_often, two.institution_too_late, two.institution_twice, NO_LINK,
        two.institution_cookie_refused,
    ),
    "registering": (
        (two.register_common_password, two.register_code_wrong), two.register_taken, two.register_code_wrong,
        two.register_taken_and_on_hold, "a new account has none", NO_PROVIDER, two.register_database_down,
        two.register_mail_down, two.register_too_often, two.register_code_expired, two.register_code_twice, NO_LINK,
        two.register_cookie_refused,
    ),
    "new password": (
        two.reset_code_wrong, two.reset_for_unknown, "the code confirms the address", two.reset_on_hold,
        two.reset_then_wrong_second_factor, NO_PROVIDER, two.reset_database_down, two.reset_mail_down,
        two.reset_too_often, two.reset_code_expired, two.reset_code_twice, NO_LINK, two.reset_cookie_refused,
    ),
    "membership": (
        two.membership_of_another_name, two.membership_unknown, "asked before", two.membership_on_hold, "asked before",
        NO_PROVIDER, two.membership_database_down, NO_MAIL, two.membership_too_often, NO_CODE,
        "tests/accounts/test_roster.py: one membership, one account", NO_LINK, two.membership_cookie_refused,
    ),
}  # fmt: skip


@pytest.mark.parametrize("goes_wrong", TABLE, ids=lambda case: case.__name__)
def test_what_goes_wrong_is_said_and_nobody_is_signed_in(world: World, goes_wrong: Case) -> None:
    if goes_wrong.__name__.startswith("institution") and not saml.is_available():
        pytest.skip("xmlsec cannot be loaded here")
    judge(world, goes_wrong(world), TABLE[goes_wrong])


def test_no_way_and_no_failure_is_forgotten() -> None:
    assert {len(row) for row in MATRIX.values()} == {len(FAILURES)}
    named = [case for row in MATRIX.values() for cell in row for case in (cell if isinstance(cell, tuple) else (cell,))]
    assert {case for case in named if not isinstance(case, str)} == set(TABLE)
    assert all(named)
