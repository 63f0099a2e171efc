"""The proxy of deploy/nginx/ before a site on this machine, for drills and figures; where an nginx is installed."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from demo.processes import Child, wait_until_it_answers

FILES = Path(__file__).parents[2] / "deploy/nginx"
PUBLIC = "public"  # a folder of plain files, under /plain/


def find() -> str | None:
    """nginx, or the program that FIRSTPAGE_NGINX names."""
    return os.environ.get("FIRSTPAGE_NGINX") or shutil.which("nginx")


@contextmanager
def before(folder: Path, port: int, site: int, plain: dict[str, bytes] | None = None) -> Iterator[Child]:
    """As machine.conf has it, but without TLS and with its files in `folder`; `plain` are files it sends itself."""
    program = find()
    if program is None:
        raise FileNotFoundError("There is no nginx here; FIRSTPAGE_NGINX may name one.")
    here = folder / "nginx"
    (here / PUBLIC / "plain").mkdir(parents=True, exist_ok=True)
    for name, content in (plain or {}).items():
        (here / PUBLIC / "plain" / name).write_bytes(content)
    configuration = write(here, port, site)
    child = Child("nginx", [program, "-c", str(configuration)], dict(os.environ), folder / "log")
    try:
        wait_until_it_answers(f"http://127.0.0.1:{port}/robots.txt", child)
        yield child
    finally:
        child.stop()


def write(here: Path, port: int, site: int) -> Path:
    """The configuration of machine.conf with other places; nothing of how it goes on to the site is changed."""
    (here / "cache").mkdir(parents=True, exist_ok=True)
    (here / "campus.conf").write_text("")
    (here / "mime.types").write_text("types { text/html html; text/css css; application/javascript js; }\n")
    shutil.copytree(FILES / "proxy", here / "proxy", dirs_exist_ok=True)
    for name in ("http.conf", "site.conf", "errors.conf"):
        (here / name).write_text(_placed((FILES / name).read_text(), here))
    text = _placed((FILES / "machine.conf").read_text(), here).replace("127.0.0.1:8000", f"127.0.0.1:{site}")
    text = re.sub(r"  server \{\n    listen 80;.*?\n  \}\n", "", text, flags=re.DOTALL)
    text = re.sub(r" +(ssl_|include .*/tls\.conf;).*\n", "", text).replace(
        "listen 443 ssl http2;", f"listen 127.0.0.1:{port};"
    )
    user = "user root;" if os.geteuid() == 0 else ""
    text = text.replace(
        "worker_processes auto;",
        f"{user} worker_processes 1; daemon off; pid {here}/pid; error_log {here}/error.log;",
    )
    places = " ".join(
        f"{kind}_temp_path {here}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    text = text.replace("http {", f"http {{ {places}").replace(
        f"include {here}/site.conf;", f"location /plain/ {{ root {here}/{PUBLIC}; }} include {here}/site.conf;"
    )
    configuration = here / "nginx.conf"
    configuration.write_text(text)
    return configuration


def _placed(text: str, here: Path) -> str:
    places = {
        "/etc/nginx/firstpage": f"{here}", "/etc/nginx/mime.types": f"{here}/mime.types",
        "/var/cache/nginx/": f"{here}/cache/", "/var/log/nginx/": f"{here}/",
    }  # fmt: skip
    for place, other in places.items():
        text = text.replace(place, other)
    return text
