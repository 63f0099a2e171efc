"""`make observatory`: what Mozilla's HTTP Observatory says of a page of each class, on the production server."""

import contextlib
import datetime
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from demo.processes import Child, DemoError, free_port
from tests.benchmarks.site import ROOT, remove

HERE = Path(__file__).parent
HOST = "journal.example.org"
# Of 145: five are for the browsers' preload list, five for the integrity of scripts, five for cookies, which most pages
# set none of. A page has 135 without the list. A file (feed, JSON, PDF) has no scripts: 130 at most, and 135 once the
# operator has entered the site in the list, which every answer's header asks for (docs/running.md).
LEAST, OF_A_FILE = 135, 130
SECONDS, START_SECONDS = 300, 60


def main() -> int:
    if not install():
        return 1
    try:
        with running() as (ports, authority, pages):
            found = score(ports, authority, pages)
    except KeyboardInterrupt:
        return 130
    except DemoError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write(table(found))
    return int(any(is_short(page) for page in found) or len(found) != len(pages))


def is_short(page: dict[str, Any]) -> bool:
    if page["name"].startswith("SUSHI"):  # refused over HTTP (docs/decisions/0070), which counts as a missing redirect
        return bool(page["preloaded"] < LEAST)
    without_scripts = {"sri-not-implemented-response-not-html", "sri-not-implemented-but-no-scripts-loaded"}
    least = OF_A_FILE if without_scripts & set(page["results"]) else LEAST
    return bool(page["score"] < least or page["preloaded"] < LEAST)


def install() -> bool:
    """The scorer of the lock file beside this module, installed at the first use."""
    if not shutil.which("npm"):
        sys.stderr.write("Node.js with npm is missing. Install it (Debian: apt install nodejs npm).\n")
        return False
    if (HERE / "node_modules/@mdn/mdn-http-observatory").exists():
        return True
    sys.stderr.write("Installing the Observatory …\n")
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    return subprocess.run(command, cwd=HERE, check=False).returncode == 0


@contextmanager
def running() -> Iterator[tuple[dict[str, int], Path, list[dict[str, str]]]]:
    """A site of its own: one server with TLS, one without that redirects to it."""
    folder = Path(tempfile.mkdtemp(prefix="firstpage-observatory-"))
    folder.chmod(0o755)  # the embedded server runs as another user when we are root
    servers: list[Child] = []
    try:
        environment = environment_in(folder)
        sys.stderr.write("A site with the sample journal …\n")
        told = folder / "pages.json"
        command = [sys.executable, "-m", "tests.observatory.prepare", str(told)]
        subprocess.run(command, cwd=ROOT, env=environment, check=True)
        authority, key = certificate(folder)
        ports = {"80": free_port(8470), "443": free_port(8530)}
        for asked, port in ports.items():
            tls = ["--certfile", str(authority), "--keyfile", str(key)] if asked == "443" else []
            server = Child(f"server {asked}", [
                sys.executable, "-m", "gunicorn", "config.wsgi", "--chdir", str(ROOT), "--workers", "1",
                "--config", str(ROOT / "config/gunicorn.py"), "--bind", f"127.0.0.1:{port}", *tls,
            ], environment, folder / "log")  # fmt: skip
            servers.append(server)
            wait_until_it_listens(server, port)
        yield ports, authority, json.loads(told.read_text())
    finally:
        for server in servers:
            server.stop()
        remove(folder)


def wait_until_it_listens(server: Child, port: int) -> None:
    """Asking would lead from one server to the other: the first one redirects."""
    deadline = time.monotonic() + START_SECONDS
    while server.is_running and time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.1)
    raise DemoError(f"The {server.name} did not start. Its log ends:\n{server.log_tail()}")


def environment_in(folder: Path) -> dict[str, str]:
    ours = ("DATABASE_", "STRIPE_", "EMAIL_", "DEMO", "DEBUG", "SITE_", "ALLOWED_HOSTS", "TRUSTED_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return kept | {
        "DJANGO_SETTINGS_MODULE": "config.settings", "ENV_FILE": os.devnull, "VAR_DIR": str(folder),
        "SITE_URL": f"https://{HOST}", "SECRET_KEY": secrets.token_urlsafe(50), "DATABASE_POOL": "1",
        "STRIPE_SECRET_KEY": "sk_test_score", "STRIPE_WEBHOOK_SECRETS": "whsec_score",  # nothing here talks to Stripe
        "STAFF_SECOND_FACTOR": "0", "WEB_WORKERS": "1", "ALLOWED_HOSTS": "127.0.0.1",
    }  # fmt: skip


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the site's name that only this run's scorer trusts."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    built = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True).sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(built.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ))  # fmt: skip
    return paths


def score(ports: dict[str, int], authority: Path, pages: list[dict[str, str]]) -> list[dict[str, Any]]:
    done = subprocess.run(
        ["node", str(HERE / "score.mjs")], input=json.dumps({"host": HOST, "ports": ports, "pages": pages}),
        env={**os.environ, "NODE_EXTRA_CA_CERTS": str(authority)}, capture_output=True, text=True, timeout=SECONDS,
        check=False,
    )  # fmt: skip
    if done.returncode:
        raise DemoError(f"The Observatory failed:\n{done.stderr[-1500:]}")
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def table(found: list[dict[str, Any]]) -> str:
    lines = [f"{'page':<24}{'status':>8}{'score':>8}{'preloaded':>12}  grade"]
    for page in found:
        lines.append(
            f"{page['name']:<24}{page['status'] or '-':>8}{page['score']:>8}{page['preloaded']:>12}  {page['grade']}"
        )
        if is_short(page):
            lines += [f"    {points:+d} {name}" for name, points in page["results"].items()]
    lines.append(
        f"{LEAST} of 145 are asked for; “preloaded”: with the site on the browsers' list, as its header asks for."
    )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
