"""Where the shared corpus lies: FIRSTPAGE_SHARED, else ../shared beside the checkout. Tests without it skip, loudly."""

import os
from pathlib import Path

import pytest

SHARED = Path(os.environ.get("FIRSTPAGE_SHARED", Path(__file__).resolve().parents[3] / "shared"))
CORPUS = SHARED / "corpus"
ARTICLES = sorted((CORPUS / "xml").glob("*.xml"))
HOSTILE = CORPUS / "hostile"
PACKAGES = CORPUS / "packages"

needs_corpus = pytest.mark.skipif(
    not ARTICLES, reason=f"THE SHARED CORPUS IS ABSENT: no articles in {CORPUS}; set FIRSTPAGE_SHARED to its folder"
)
