"""A library's own page: who sees it, and that it does not exist for anybody else."""

import pytest
from django.test import Client

from accounts.models import User
from subscriptions.models import Institution, LibraryManager
from tests.conftest import signed_in
from tests.make import make_institution, make_journal, make_user


@pytest.fixture
def heron(db: None) -> Institution:
    make_journal()
    return make_institution("192.0.2.0/24", name="Heron University")


@pytest.fixture
def libby(heron: Institution) -> User:
    """The librarian of Heron University."""
    user = make_user("libby@heron.example", name="Libby")
    LibraryManager.objects.create(institution=heron, user=user)
    return user


def test_a_librarian_finds_her_own_institution_and_no_other(heron: Institution, libby: User) -> None:
    other = make_institution("198.51.100.0/24", name="Egret College")
    her = signed_in(libby)
    assert her.get("/library/", follow=True).redirect_chain == [(f"/library/{heron.pk}/", 302)]
    assert "Heron University" in her.get(f"/library/{heron.pk}/").content.decode()
    assert her.get(f"/library/{other.pk}/").status_code == 404
    assert signed_in(make_user()).get(f"/library/{heron.pk}/").status_code == 404
    assert Client().get(f"/library/{heron.pk}/")["Location"].startswith("/accounts/login/")
    business = make_user(groups=["Business"], is_staff=True)
    assert signed_in(business).get(f"/library/{other.pk}/").status_code == 200
