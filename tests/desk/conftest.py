"""Sam of support, at the desk."""

from pathlib import Path

import pytest
from django.test import Client

from tests.conftest import signed_in
from tests.make import make_user

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Django's own admin templates ask for variables that are not always there."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.ignore_template_errors)


@pytest.fixture
def sam(db: None) -> Client:
    return signed_in(make_user("sam@example.org", groups=["Support"], is_staff=True, name="Sam"))
