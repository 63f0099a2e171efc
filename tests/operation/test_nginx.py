"""Every nginx file of the repository, read and run by nginx, where one is installed (`make containers` brings one).

Places are moved into a folder and ports to free ones; nothing else is changed.
"""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import threading
from email.message import Message
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from demo.processes import Child, free_port, wait_until_it_answers
from tests.observatory.__main__ import certificate
from tests.operation import nginx

PROGRAM = nginx.find()
#: compose.yaml's nginx knows `http2 on` (1.25.1) and names that are looked up again (1.27.3); Debian's may not.
NEEDS = {"machine.conf": (1, 18), "compose.conf": (1, 27, 3)}

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="There is no nginx here; FIRSTPAGE_NGINX may name one."),
    pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning"),  # it is refused, and that is looked at
]


class Site(BaseHTTPRequestHandler):
    """Tells how a request came."""

    def do_GET(self) -> None:
        told = "".join(f"{name}: {value}\n" for name, value in self.headers.items()).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(told)))
        self.end_headers()
        self.wfile.write(told)

    def log_message(self, *_args: object) -> None:
        pass


def version() -> tuple[int, ...]:
    said = subprocess.run([str(PROGRAM), "-v"], capture_output=True, text=True, check=True).stderr
    return tuple(int(part) for part in re.findall(r"nginx/([\d.]+)", said)[0].split("."))


def moved(name: str, folder: Path) -> tuple[Path, dict[str, int]]:
    """The file and all it includes, in this folder; the ports by what they were."""
    chain, key = certificate(folder)
    ports = {asked: free_port(8700 + 40 * n) for n, asked in enumerate(("80", "443", "8080", "8443"))}
    for kind in ("cache", "tmp", "log"):
        (folder / kind).mkdir()
    shutil.copytree(nginx.FILES / "proxy", folder / "proxy")
    (folder / "campus.conf").write_text("192.0.2.0/24 1;\n")
    (folder / "mime.types").write_text("types { text/html html; }\n")
    places = {
        "/etc/nginx/firstpage": f"{folder}", "/etc/nginx/mime.types": f"{folder}/mime.types",
        "/var/cache/nginx/": f"{folder}/cache/", "/var/log/nginx/": f"{folder}/log/", "/tmp/": f"{folder}/tmp/",
        "/run/secrets/tls_certificate": str(chain), "/run/secrets/tls_key": str(key),
        "/etc/ssl/journal.pem": str(chain), "/etc/ssl/journal.key": str(key),
    }  # fmt: skip
    for file in nginx.FILES.glob("*.conf"):
        text = file.read_text()
        text = re.sub("|".join(map(re.escape, places)), lambda found: places[found[0]], text)
        text = re.sub(r"listen (\d+)", lambda found: f"listen 127.0.0.1:{ports[found[1]]}", text)
        if "events {" in text:
            text = f"pid {folder}/pid;\nerror_log {folder}/error.log;\n" * ("pid " not in text) + text
        (folder / file.name).write_text(text)
    return folder / name, ports


class Standing:
    """A site that answers until it is stopped."""

    def __init__(self) -> None:
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


def ask(port: int, path: str, tls: ssl.SSLContext | None = None, **headers: str) -> tuple[int, str, Message]:
    """(status, body, headers)"""
    kind = partial(http.client.HTTPSConnection, context=tls) if tls else http.client.HTTPConnection
    made = kind("127.0.0.1", port, timeout=10)
    made.request("GET", path, headers={"Host": "journal.example.org", "X-Forwarded-For": "192.0.2.7", **headers})
    answer = made.getresponse()
    told = answer.status, answer.read().decode(), answer.headers
    made.close()
    return told


def trusting(**said: Any) -> ssl.SSLContext:
    """A client that takes any certificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    for name, value in said.items():
        setattr(made, name, value)
    return made


@pytest.mark.parametrize("name", sorted(NEEDS))
def test_nginx_takes_the_file_and_does_what_the_site_expects(name: str, tmp_path: Path) -> None:
    if version() < NEEDS[name]:
        pytest.skip(f"{name} is for nginx {'.'.join(map(str, NEEDS[name]))} and newer.")
    file, ports = moved(name, tmp_path)
    read = subprocess.run([str(PROGRAM), "-t", "-c", str(file)], capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    assert "[emerg]" not in read.stderr
    site = Standing()
    text = re.sub(r"(?:127\.0\.0\.1|web):8000( resolve)?", f"127.0.0.1:{site.port}", file.read_text())
    file.write_text(("user root;\n" if os.geteuid() == 0 else "") + text)
    plain, secure = (ports["80"], ports["443"]) if name == "machine.conf" else (ports["8080"], ports["8443"])
    child = Child("nginx", [str(PROGRAM), "-c", str(file), "-g", "daemon off;"], dict(os.environ), tmp_path / "log")
    try:
        wait_until_it_answers(f"http://127.0.0.1:{plain}/stripe/webhook/", child)
        expects(plain, secure, alive=name == "compose.conf")
        site.stop()
        while_the_site_is_away(secure)
    finally:
        child.stop()
        site.server.server_close()


def expects(plain: int, secure: int, *, alive: bool) -> None:
    status, _, headers = ask(plain, "/doi/10.5555/x/?a=b")
    assert (status, headers["Location"]) == (308, "https://journal.example.org/doi/10.5555/x/?a=b")
    for path in ("/sushi/r51/reports/tr?api_key=secret", "/stripe/webhook/", "/kbart/k/x.txt"):
        assert ask(plain, path)[0] == 403, path
    if alive:
        assert ask(plain, "/proxy-is-alive")[0] == 204
    status, told, _ = ask(secure, "/", trusting())
    assert status == 200
    said = dict(line.split(": ", 1) for line in told.splitlines())
    assert said["Host"] == "journal.example.org"
    assert said["X-Forwarded-For"] == "192.0.2.7, 127.0.0.1"
    assert said["X-Forwarded-Proto"] == "https"
    assert said["Connection"] == "close", "a kept connection to a process that died would be tried first"
    assert re.fullmatch(r"[0-9a-f]{32}", said["X-Request-ID"])
    for path in ("/health/ready", "/metrics", "/proxy/away.html"):
        assert ask(secure, path, trusting())[0] == 404, path
    status, told, headers = ask(secure, "/", trusting(), **{"Content-Length": "600000000"})
    assert (status, "That is too large" in told) == (413, True)
    for path, more, expected in (("/" + "a" * 9000, {}, 414), ("/", {"Cookie": "a=" + "b" * 9000}, 431)):
        status, told, headers = ask(secure, path, trusting(), **more)
        assert (status, "That could not be read" in told, "nginx" in told) == (expected, True, False)
        assert "default-src 'none'" in headers["Content-Security-Policy"]
    old = trusting(minimum_version=ssl.TLSVersion.TLSv1_1, maximum_version=ssl.TLSVersion.TLSv1_1)
    old.set_ciphers("ALL:@SECLEVEL=0")
    weak = trusting(maximum_version=ssl.TLSVersion.TLSv1_2)
    weak.set_ciphers("ECDHE-ECDSA-AES128-SHA:@SECLEVEL=0")
    for refused in (old, weak):
        with pytest.raises(OSError, match=r"(?i)protocol|alert|version|handshake"):
            ask(secure, "/", refused)


def while_the_site_is_away(secure: int) -> None:
    status, told, headers = ask(secure, "/doi/10.5555/y/", trusting())
    assert (status, headers["Retry-After"], headers["Cache-Control"]) == (503, "30", "no-store")
    assert "Back in a moment" in told
    assert "nginx" not in told
    assert "default-src 'none'" in headers["Content-Security-Policy"]
