"""docs/openapi.yaml says what the JSON addresses are and answer, and names none that is not there."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from jsonschema import Draft202012Validator

from journal.models import Article
from tests.test_docs import routes

TOLD: dict[str, Any] = yaml.safe_load((Path(__file__).parent.parent / "docs/openapi.yaml").read_text())


def test_every_address_is_the_site_s() -> None:
    assert TOLD["openapi"].startswith("3.1")
    written = {
        path.replace("{", "<").replace("}", ">").replace("citation.json", "citation.<form>") for path in TOLD["paths"]
    }
    assert written <= set(routes())
    assert {route for route in routes() if route.startswith("/sushi/")} <= written


@pytest.mark.parametrize(
    ("path", "asked", "status"),
    [
        ("/search/", "/search/?format=json&q=herons", 200),
        ("/search/", "/search/?format=json&q=-only&page=0&sort=none", 200),
        ("/search/suggestions/", "/search/suggestions/?q=her", 200),
        ("/doi/{doi}/citation.json", "/doi/10.5555/heron/citation.json", 200),
        ("/doi/{doi}/citation.json", "/doi/10.5555/none/citation.json", 404),
        ("/sushi/r51/status", "/sushi/r51/status", 200),
        ("/sushi/r51/members", "/sushi/r51/members", 400),
        ("/sushi/r51/reports", "/sushi/r51/reports?customer_id=a&requestor_id=b&api_key=c", 401),
        ("/sushi/r51/reports/{report_id}", "/sushi/r51/reports/none", 404),
    ],
)
def test_an_address_answers_as_it_says(db: None, article: Article, path: str, asked: str, status: int) -> None:
    Article.objects.filter(pk=article.pk).update(doi="10.5555/heron", doi_key="10.5555/heron")
    answer = Client().get(asked)
    assert answer.status_code == status
    said = resolved(TOLD["paths"][path]["get"]["responses"][str(status)])
    kind = answer.headers["Content-Type"].partition(";")[0]
    schema = resolved(said["content"][kind]["schema"])
    if "json" in kind:
        Draft202012Validator({**schema, "components": TOLD["components"]}).validate(answer.json())


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    found = part
    for name in part["$ref"].split("/")[1:] if "$ref" in part else []:
        found = (TOLD if found is part else found)[name]
    return found
