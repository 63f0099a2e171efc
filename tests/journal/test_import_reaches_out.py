"""What a hostile file asks for is neither read nor called: a pipe that nobody fills, an address where we listen."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from journal.importing import import_source
from journal.models import ArticleSource, FullText, PublicPage
from tests.journal.jats.build import make_xml
from tests.journal.test_importing import BODY

pytestmark = pytest.mark.django_db


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        yield server


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE article SYSTEM "{}">',
        '<!DOCTYPE article [<!ENTITY x SYSTEM "{}">]>',
        '<!DOCTYPE article [<!ENTITY % p SYSTEM "{}"> %p;]>',
        '<!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "{}" [<!ENTITY x SYSTEM "{}">]>',
    ],
)
def test_neither_files_nor_addresses_that_a_file_names_are_opened(
    tmp_path: Path, listener: socket.socket, doctype: str
) -> None:
    """Whoever opens the pipe waits for ever, and the worker would be ended; whoever calls is heard."""
    pipe = tmp_path / "secret"
    os.mkfifo(pipe)
    (tmp_path / "plain").write_text("a secret sentence")
    host, port = listener.getsockname()
    for target in (pipe.as_uri(), (tmp_path / "plain").as_uri(), f"http://{host}:{port}/x.dtd"):
        inclusion = f'<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{target}" parse="text"/>'
        body = make_xml(f"{BODY}<p>Here: &x; {inclusion}</p><p><graphic xlink:href='{target}'/></p>")
        if "ENTITY x" not in doctype:
            body = body.replace(b"&x;", b"")
        record = import_source(doctype.replace("{}", target).encode() + b"\n" + body, "hostile.xml")
        assert record.status in ("imported", "updated", "rejected"), record.errors
        assert not any("took more than" in error for error in record.errors)
        with pytest.raises(TimeoutError):
            listener.accept()
    assert ArticleSource.objects.exists()
    for text in [*FullText.objects.values_list("body", flat=True), *PublicPage.objects.values_list("head", flat=True)]:
        assert "secret sentence" not in text
