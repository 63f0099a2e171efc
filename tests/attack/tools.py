"""How each attacker is started, for how long, and how its words become findings."""

import json
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Seconds; a whole run takes about ten minutes.
CRAWL, ATTACK, OF_ONE_ADDRESS, OF_SCHEMATHESIS = 30, 15, 60, 240
#: What it tries: without modules that ask a server elsewhere, or that look for programs we do not have.
MODULES = (
    "sql,timesql,xss,permanentxss,exec,file,crlf,redirect,csrf,backup,methods,htaccess,upload,csp,http_headers,"
    "cookieflags,ssl"
)
#: The attacked site has no mail server and no Stripe: what its log says of those is as it should be.
AWAY = ("Service Unavailable", "Rate-limited", "mail server", "did not go out", "Too Many Requests")
#: Kinds wapiti tells of that are no weakness here, and why.
NONE_HERE = {
    "HTTP Strict Transport Security (HSTS)": "the attacked site speaks HTTP; tests/test_bad_input.py asks over HTTPS",
    "Unencrypted Channels": "as above",
    "Secure Flag cookie": "as above; tests/test_cookies.py",
    "TLS/SSL misconfigurations": "as above",
    "Resource consumption": "an answer that took long on a busy machine; timeouts are ours",
}
#: (kind, end of the address) that is as it should be, and why.
MEANT = {
    ("Cross Site Request Forgery", "/related/arrange/"): "a page for everybody holds no token; another site could do no"
    " more than arrange this browser's boxes (journal/related_views.py)",
}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


@dataclass(frozen=True)
class Finding:
    tool: str
    kind: str
    where: str
    what: str


#: program → the package whose environment it is in
PACKAGES = {"wapiti": "wapiti3", "sqlmap": "sqlmap", "schemathesis": "schemathesis"}


def run(home: Path, tool: str, name: str, arguments: list[str], seconds: int) -> str:
    """What it said, kept in a file; one that does not end is ended."""
    sys.stderr.write(f"{name} …\n")
    said = home / "said" / f"{name}.txt"
    said.parent.mkdir(parents=True, exist_ok=True)
    with said.open("w") as out:
        try:
            command = [str(home / PACKAGES[tool] / "bin" / tool), *arguments]
            subprocess.run(command, stdout=out, stderr=out, stdin=subprocess.DEVNULL, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            out.write("\n(it was ended after its time)\n")
    return said.read_text(errors="replace")


def wapiti(home: Path, url: str, pages: list[str], cookie: str = "") -> list[Finding]:
    """Crawls from these pages, as a visitor or with a reader's session, and attacks what it finds."""
    name = "wapiti as a reader" if cookie else "wapiti as a visitor"
    report = home / "said" / f"{name}.json"
    report.unlink(missing_ok=True)
    starts = [word for page in pages[1:] for word in ("-s", f"{url}{page}")]
    said = run(home, "wapiti", name, [
        "-u", f"{url}{pages[0]}", *starts, "-x", f"{url}/accounts/logout/", "--scope", "domain", "-d", "2",
        "--max-links-per-page", "25", "--max-files-per-dir", "15", "--max-scan-time", str(CRAWL),
        "--max-attack-time", str(ATTACK), "-m", MODULES, "-f", "json", "-o", str(report), "--flush-session",
        "--no-bugreport", "--store-session", str(home / "session"), "-v", "1",
        *(["-H", f"Cookie: {cookie}"] if cookie else []),
    ], CRAWL + ATTACK * len(MODULES.split(",")))  # fmt: skip
    if not report.is_file():
        return [Finding(name, "did not end", "", said[-300:])]
    told = json.loads(report.read_text())
    kinds: dict[str, list[dict[str, Any]]] = {**told["vulnerabilities"], **told["anomalies"]}
    return [
        Finding(name, kind, f"{one['method']} {one['path']}", f"{one.get('parameter') or ''}: {one['info']}"[:300])
        for kind, ones in kinds.items()
        for one in ones
        if kind not in NONE_HERE and not any(kind == meant and one["path"].endswith(end) for meant, end in MEANT)
    ]


def sqlmap(home: Path, url: str, addresses: list[str]) -> list[Finding]:
    found = []
    for number, address in enumerate(addresses):
        said = run(home, "sqlmap", f"sqlmap {number}", [
            "-u", f"{url}{address}", "--batch", "--disable-coloring", "--flush-session", "--level", "1", "--risk", "1",
            "--dbms", "PostgreSQL", "--timeout", "10", "--retries", "0", "--ignore-code", "*", "--threads", "2",
            "--output-dir", str(home / "said/sqlmap"),
        ], OF_ONE_ADDRESS)  # fmt: skip
        if re.search(r"identified the following injection|appears to be .*injectable", said):
            found.append(Finding("sqlmap", "SQL injection", address, said[-300:]))
        elif "all tested parameters do not appear" not in said and "ended after its time" not in said:
            found.append(Finding("sqlmap", "did not try", address, said.strip()[-200:]))
    return found


def schemathesis(home: Path, url: str, told: Path, known: dict[str, str]) -> list[Finding]:
    """With a library's own key, so that it gets behind the door."""
    settings = home / "schemathesis.toml"
    settings.write_text("[parameters]\n" + "".join(f'{name} = "{value}"\n' for name, value in known.items()))
    said = run(home, "schemathesis", "schemathesis", [
        "--config-file", str(settings), "run", str(told), "--url", url, "--checks", CHECKS, "--max-examples", "60",
        "--phases", "examples,coverage,fuzzing",
        "--no-color", "--suppress-health-check", "all",
    ], OF_SCHEMATHESIS)  # fmt: skip
    failures = re.split(r"^_{5,}.*$", said.partition("FAILURES")[2], flags=re.MULTILINE)[1:]
    found = [Finding("schemathesis", "not as docs/openapi.yaml says", "", one.strip()[:600]) for one in failures]
    if not found and not re.search(r"\d+ passed|No issues found", said):
        found.append(Finding("schemathesis", "did not end", "", said[-300:]))
    return found
