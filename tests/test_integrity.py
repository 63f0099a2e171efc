"""The digest that stands beside a script of ours is the one of the file that is sent."""

import base64
import hashlib
from pathlib import Path

import pytest
from django.contrib.staticfiles.storage import ManifestStaticFilesStorage
from django.core.files.base import ContentFile

from accounts.templatetags import integrity


def test_a_script_is_told_by_its_digest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage = ManifestStaticFilesStorage(location=tmp_path, base_url="/static/")
    storage.save("js/one.js", ContentFile(b"one();"))
    list(storage.post_process({"js/one.js": (storage, "js/one.js")}))
    monkeypatch.setattr(integrity, "staticfiles_storage", storage)
    digest = base64.b64encode(hashlib.sha256(b"one();").digest()).decode()
    assert integrity.integrity("js/one.js") == f'integrity="sha256-{digest}"'


def test_while_files_are_not_collected_there_is_none() -> None:
    assert integrity.integrity("js/site.js") == ""
