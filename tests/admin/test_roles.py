"""Who may do what: the matrix of roles, and that the groups hold exactly it."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from accounts.roles import ROLES, make_groups
from tests.admin.said import text_of
from tests.conftest import signed_in
from tests.make import make_user

pytestmark = pytest.mark.django_db
LISTS = {
    "journal/article": {"Support": "view", "Editor": "import", "Business": "view", "Education": "view"},
    "journal/issue": {"Support": "view", "Editor": "add", "Business": "view", "Education": "view"},
    "journal/section": {"Support": "view", "Editor": "add", "Business": "view", "Education": "view"},
    "accounts/user": {"Support": "view"},
    "accounts/signinincident": {"Support": "view"},
    "subscriptions/order": {"Support": "view"},
    "subscriptions/subscription": {"Support": "view"},
    "subscriptions/payment": {"Support": "view"},
    "subscriptions/receipt": {"Support": "view"},
    "subscriptions/entitlement": {"Support": "add"},
    "subscriptions/stripeevent": {"Support": "view"},
    "subscriptions/synctarget": {"Support": "view"},
    "subscriptions/outgoingmail": {"Support": "view"},
    "subscriptions/stripecustomer": {"Support": "view"},
    "subscriptions/refund": {"Support": "view"},
    "subscriptions/creditnote": {"Support": "view"},
    "subscriptions/dispute": {"Support": "view"},
    "subscriptions/fraudwarning": {"Support": "view"},
    "subscriptions/finding": {"Support": "view"},
    "subscriptions/reconciliation": {"Support": "view"},
    "subscriptions/policy": {"Support": "view", "Business": "view"},
    "subscriptions/offer": {"Support": "view", "Business": "add"},
    "subscriptions/institution": {"Support": "view", "Business": "add"},
    "subscriptions/usagemonth": {"Support": "view", "Business": "view"},
    "cme/activity": {"Support": "view", "Education": "add"},
    "cme/provider": {"Support": "view", "Education": "add"},
    "cme/credit": {"Support": "view", "Education": "view"},
    "cme/attempt": {"Support": "view", "Education": "view"},
    "cme/report": {"Support": "view", "Education": "view"},
    "cme/commitment": {"Education": "view"},
    "subscriptions/sitelicense": {"Support": "view", "Business": "add"},
    "subscriptions/institutionsignin": {"Support": "view", "Business": "add"},
    "subscriptions/rangeproposal": {"Support": "view", "Business": "view"},
    "auth/group": {},
    "admin/logentry": {},
    "account/emailaddress": {},
}


@pytest.mark.parametrize("role", list(ROLES))
@pytest.mark.parametrize("path", list(LISTS))
def test_each_role_reaches_its_own_lists_and_no_other(role: str, path: str) -> None:
    client = signed_in(make_user(groups=[role], is_staff=True))
    verb = LISTS[path].get(role, "")
    assert client.get(f"/admin/{path}/").status_code == (200 if verb else 403)
    assert client.get(f"/admin/{path}/add/").status_code == {"add": 200, "import": 302}.get(verb, 403)


@pytest.mark.parametrize("role", list(ROLES))
def test_each_permission_of_a_role_exists_and_no_other_is_given(role: str) -> None:
    held = {f"{p.content_type.app_label}.{p.codename}" for p in Group.objects.get(name=role).permissions.all()}
    assert held == set(ROLES[role])


def test_money_and_publishing_are_apart() -> None:
    changes = {role: {name for name in names if ".view_" not in name} for role, names in ROLES.items()}
    assert {name.partition(".")[0] for name in changes["Editor"]} == {"journal"}
    assert not [name for name in changes["Support"] if "offer" in name or name.startswith(("journal.", "accounts."))]
    assert not [name for name in changes["Business"] if "entitlement" in name or name.startswith("journal.")]
    assert {name.partition(".")[0] for name in changes["Education"]} == {"cme"}
    assert not [name for name in ROLES["Business"] if "order" in name or "user" in name]


def test_making_the_groups_again_repairs_them_and_leaves_other_groups_alone() -> None:
    support, own = Group.objects.get(name="Support"), Group.objects.create(name="Interns")
    support.permissions.add(Permission.objects.get(codename="change_offer"))
    own.permissions.add(Permission.objects.get(codename="view_issue"))
    make_groups()
    assert "change_offer" not in support.permissions.values_list("codename", flat=True)
    assert own.permissions.count() == 1


def test_a_visitor_is_sent_to_the_readers_sign_in_and_back(visitor: Client) -> None:
    answer = visitor.get("/admin/journal/article/", follow=True)
    assert answer.redirect_chain[-1][0] == "/accounts/login/?next=/admin/journal/article/"


def test_a_reader_is_told_that_the_admin_is_for_staff(dan: object) -> None:
    answer = signed_in(dan).get("/admin/", follow=True)
    assert answer.status_code == 403
    assert "dan@example.org" in text_of(answer)
    assert "is a reader's, not a staff member's" in text_of(answer)


def test_staff_without_a_role_are_told_so() -> None:
    assert "it has no role yet" in text_of(signed_in(make_user(is_staff=True)).get("/admin/"))


def test_the_desks_are_named_for_the_work(sam: Client) -> None:
    said = text_of(sam.get("/admin/"))
    assert said.index("Help a reader") < said.index("Behind the scenes")
    assert "Sign-in errors" in said
