"""The world in which signing in is tried."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from accounts.models import ServiceCenter
from tests.accounts.orcid import local_orcid
from tests.accounts.world import ANNA, World
from tests.make import make_journal, make_user


@pytest.fixture
def world(settings: Any, monkeypatch: Any, tmp_path: Path, db: None) -> Iterator[World]:
    settings.VAR_DIR = tmp_path
    make_journal()
    ServiceCenter(name="Reader services", phone="+1 202-555-0143").save()
    with local_orcid(monkeypatch, settings) as peer:
        yield World(settings, peer, make_user(ANNA, name="Anna"))
