"""A local ORCID: the two questions allauth asks it, over real HTTP, with switches for what can go wrong."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from allauth.socialaccount.providers.orcid.views import OrcidOAuth2Adapter

JOSIAH = "0000-0002-1825-0097"
TOKEN = "a-token-of-orcids-own"


class LocalOrcid(ThreadingHTTPServer):
    """`codes` are what its sign-in page would have given out: {code: iD}. `fault`: "", "500",
    "nonsense", "no iD" (in the token's answer), "empty record" or "elsewhere"
    (a redirect, counted if it is followed)."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.codes: dict[str, str] = {}
        self.asked: list[str] = []
        self.fault = ""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Answers(BaseHTTPRequestHandler):
    server: LocalOrcid

    def do_POST(self) -> None:
        form = self.rfile.read(int(self.headers["Content-Length"])).decode()
        if self.server.fault == "elsewhere":
            self.send_response(307)
            self.send_header("Location", f"{self.server.url}/followed")
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.server.asked.append(self.path)
            return None
        self.server.asked.append(form)
        said = dict(pair.partition("=")[::2] for pair in form.split("&"))
        orcid = self.server.codes.pop(said.get("code", ""), None)
        if orcid is None:
            return self._say(400, {"error": "invalid_grant"})
        token = {"access_token": TOKEN, "token_type": "bearer", "name": "Josiah Carberry"}
        named = {} if self.server.fault == "no iD" else {"orcid": orcid}
        return self._say(200, {**token, **named})

    def do_GET(self) -> None:
        orcid = self.path.split("/")[2]
        name = {"given-names": {"value": "Josiah"}, "family-name": {"value": "Carberry"}}
        person = {"name": name, "emails": {"email": []}}
        if self.server.fault == "empty record":
            return self._say(200, {})
        return self._say(
            200, {"orcid-identifier": {"path": orcid, "uri": f"https://orcid.org/{orcid}"}, "person": person}
        )

    def _say(self, status: int, told: dict[str, Any]) -> None:
        body = json.dumps(told).encode() if self.server.fault != "nonsense" else b"<html>"
        self.send_response(500 if self.server.fault == "500" else status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Quiet."""


@contextmanager
def local_orcid(monkeypatch: Any, settings: Any) -> Iterator[LocalOrcid]:
    peer = LocalOrcid()
    thread = Thread(target=peer.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    monkeypatch.setattr(OrcidOAuth2Adapter, "authorize_url", f"{peer.url}/oauth/authorize")
    monkeypatch.setattr(OrcidOAuth2Adapter, "access_token_url", f"{peer.url}/oauth/token")
    monkeypatch.setattr(OrcidOAuth2Adapter, "profile_url", f"{peer.url}/v3.0/%s/record")
    app = {"name": "ORCID", "client_id": "APP-1", "secret": "s"}
    settings.SOCIALACCOUNT_PROVIDERS = {"orcid": {"APPS": [app]}}
    yield peer
    peer.shutdown()
    peer.server_close()
    thread.join()
