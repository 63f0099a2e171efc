"""Staff: edith the editor, sam of support, bea of business, and root."""

from pathlib import Path

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import signed_in
from tests.make import PASSWORD, make_user

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Django's own admin templates ask for variables that are not always there; ours are few and looked at."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.ignore_template_errors)


@pytest.fixture
def edith(db: None) -> Client:
    return signed_in(make_user("edith@example.org", groups=["Editor"], is_staff=True, name="Edith"))


@pytest.fixture
def sam(db: None) -> Client:
    return signed_in(make_user("sam@example.org", groups=["Support"], is_staff=True, name="Sam"))


@pytest.fixture
def bea(db: None) -> Client:
    return signed_in(make_user("bea@example.org", groups=["Business"], is_staff=True, name="Bea"))


@pytest.fixture
def root(db: None) -> Client:
    return signed_in(User.objects.create_superuser("root@example.org", PASSWORD))
