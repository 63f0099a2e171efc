"""The Dockerfile and the compose file, as far as they can be held without Docker: users, disks, secrets, health."""

import os
import re
import subprocess
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.environment import Environment

ROOT = Path(__file__).parents[2]
APP = ("migrate", "web", "worker", "sweep")


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "compose.yaml").read_text()))


@pytest.fixture(scope="module")
def steps() -> list[list[str]]:
    """The Dockerfile's instructions, each as [word, rest]."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    return [line.split(None, 1) for line in text.splitlines() if line.strip() and not line.startswith("#")]


def test_the_image_has_two_stages_of_one_pinned_base_and_runs_as_nobody_of_importance(steps: list[list[str]]) -> None:
    base = next(rest for word, rest in steps if word == "ARG" and rest.startswith("PYTHON="))
    assert re.fullmatch(r"PYTHON=3\.\d+\.\d+-slim-\w+", base), "a version to the last digit"
    assert [rest for word, rest in steps if word == "FROM"] == ["python:${PYTHON} AS build", "python:${PYTHON}"]
    last = steps[max(at for at, (word, _) in enumerate(steps) if word == "FROM") :]
    (user,) = [rest for word, rest in last if word == "USER"]
    assert user == "10001:10001"
    assert [word for word, _ in last if word in ("HEALTHCHECK", "CMD", "VOLUME")] == ["VOLUME", "HEALTHCHECK", "CMD"]
    assert "--require-hashes" in " ".join(rest for word, rest in steps if word == "RUN")
    assert not [rest for word, rest in steps if word == "ADD"]


def test_the_image_holds_every_app_and_no_test_sample_or_secret(steps: list[list[str]]) -> None:
    copied = {word for kind, rest in steps if kind == "COPY" and "--from" not in rest for word in rest.split()[:-1]}
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "sample", "stripe_simulator"}
    assert packages <= copied
    settings = (ROOT / "config/settings.py").read_text()
    folders = {name for name in re.findall(r'BASE_DIR / "(\w+)"', settings) if name != "var"}
    assert {"templates", "static", "locale"} <= folders <= copied, "what the settings name beside the apps"
    assert not {"tests", "sample", ".", ".env", "var", "stripe_simulator"} & copied
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in ignored
    assert copied <= {line.removeprefix("!") for line in ignored if line.startswith("!")}
    env = " ".join(rest for kind, rest in steps if kind == "ENV")
    assert "SECRET" not in env


def test_every_service_is_read_only_unprivileged_pinned_and_watched(compose: dict[str, Any]) -> None:
    for name, service in compose["services"].items():
        assert service["read_only"] is True, name
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "healthcheck" in service, name
        assert "privileged" not in service
        if name not in APP:
            assert re.search(r":\d+\.\d+(\.\d+)?-\w+$", service["image"]), f"{name}: a version to the last digit"
    published = {name for name, service in compose["services"].items() if service.get("ports")}
    assert published == {"proxy"}
    assert compose["networks"]["inside"]["internal"] is True
    assert compose["services"]["database"]["networks"] == ["inside"]


def test_nothing_starts_before_the_migrations_are_done_and_they_not_before_the_database(
    compose: dict[str, Any],
) -> None:
    services = compose["services"]
    assert services["migrate"]["depends_on"] == {"database": {"condition": "service_healthy"}}
    for name in ("web", "worker", "sweep"):
        assert services[name]["depends_on"] == {"migrate": {"condition": "service_completed_successfully"}}
    commands = {path.stem for path in ROOT.glob("*/management/commands/*.py")} | {"migrate", "procrastinate"}
    for name in ("migrate", "worker", "sweep"):
        assert services[name]["command"][:2] == ["python", "manage.py"]
        assert services[name]["command"][2] in commands


def test_every_setting_is_one_and_no_secret_stands_in_the_file(compose: dict[str, Any]) -> None:
    named = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    for name in APP:
        service = compose["services"][name]
        for setting, value in service["environment"].items():
            assert setting.removesuffix("_FILE") in named, setting
            if re.search(r"SECRET|PASSWORD|TOKEN|KEYS|DATABASE_URL", setting):
                assert setting.endswith("_FILE")
                assert value.removeprefix("/run/secrets/") in service["secrets"]
        assert service["env_file"] == [{"path": "deploy/settings.env", "required": False}], "for all other settings"
    assert set(compose["secrets"]) >= {one for s in compose["services"].values() for one in s.get("secrets", [])}
    assert {"deploy/secrets/", "deploy/settings.env"} <= set((ROOT / ".gitignore").read_text().splitlines())


def test_the_secrets_that_are_made_up_are_taken_by_the_settings(compose: dict[str, Any], tmp_path: Path) -> None:
    """The script runs on a copy; every file that compose names comes of it."""
    (tmp_path / "bin").mkdir()
    script = tmp_path / "bin/compose-secrets"
    script.write_text((ROOT / "bin/compose-secrets").read_text())
    for _ in range(2):  # again: nothing is replaced
        subprocess.run(["sh", str(script), "journal.example.org"], check=True, capture_output=True)
    folder = tmp_path / "deploy/secrets"
    assert {Path(one["file"]).name for one in compose["secrets"].values()} <= {path.name for path in folder.iterdir()}
    assert folder.stat().st_mode & 0o077 == 0
    told = compose["services"]["web"]["environment"]
    file = tmp_path / ".env"
    lines = [f"{name}={folder / Path(value).name}" for name, value in told.items() if name.endswith("_FILE")]
    file.write_text("\n".join(lines))
    env = Environment(file)
    env.values = {name: value for name, value in env.values.items() if f"{name}_FILE" not in told}
    assert len(env.text("SECRET_KEY")) >= 50
    password = (folder / "database_password").read_text().strip()
    assert env.text("DATABASE_URL") == f"postgresql://firstpage:{password}@database:5432/firstpage"
    assert env.text("STRIPE_SECRET_KEY") == ""
    from cryptography.fernet import Fernet

    Fernet(env.text("ENCRYPTION_KEYS"))
    assert os.environ["DJANGO_SETTINGS_MODULE"]


NGINX = ROOT / "deploy/nginx"


def test_the_proxys_own_pages_are_plain_and_their_policy_lets_their_style_through() -> None:
    (digest,) = re.findall(r"style-src 'sha256-([^']+)'", (NGINX / "errors.conf").read_text())
    pages = sorted((NGINX / "proxy").iterdir())
    assert [page.name for page in pages] == ["away.html", "refused.html", "too-large.html"]
    for page in pages:
        (style,) = re.findall(r"<style>(.*?)</style>", page.read_text(), re.DOTALL)
        assert b64encode(sha256(style.encode()).digest()).decode() == digest
        assert not re.search(r"src=|href=|style=", page.read_text())


def test_the_proxy_counts_as_one_and_keeps_health_and_metrics_to_itself(compose: dict[str, Any]) -> None:
    """One source for both places: machine.conf and compose.conf say where things are, the rest is shared."""
    shared = (NGINX / "http.conf").read_text() + (NGINX / "site.conf").read_text()
    assert "X-Forwarded-For $proxy_add_x_forwarded_for" in shared
    assert "X-Request-ID $request_id" in shared
    assert "proxy_set_header Connection close;" in shared, "from 1.29.7 on nginx keeps connections by itself"
    assert re.search(r"location ~ \^/\(health/\|metrics\) \{\s+return 404;", shared)
    somebody = {"$has_cookie", "$is_campus", "$is_program", "$http_authorization", "$http_range"}
    for directive in ("proxy_cache_bypass", "proxy_no_cache"):
        (named,) = re.findall(rf"^\s*{directive} (.+);$", shared, re.MULTILINE)
        assert set(named.split()) == somebody, directive
    assert "Cache-Control" not in re.findall(r"proxy_ignore_headers ([^;]+);", shared)[0]
    assert compose["services"]["proxy"]["volumes"] == ["./deploy/nginx:/etc/nginx/firstpage:ro"]
    assert "/etc/nginx/firstpage/compose.conf" in compose["services"]["proxy"]["command"]
    for name in ("machine.conf", "compose.conf"):
        text = (NGINX / name).read_text()
        assert "$remote_addr" not in shared + text
        assert "include /etc/nginx/firstpage/http.conf;" in text
        for shared_file in ("site.conf", "errors.conf", "tls.conf", "port80.conf"):
            assert f"include /etc/nginx/firstpage/{shared_file};" in text
        assert "proxy_pass" not in text
        servers = re.findall(r"^\s*server ([\w.]+:\d+)", text, re.MULTILINE)
        assert len(servers) == 2, "the same twice: what a killed process had in hand is asked of the next"
        assert len(set(servers)) == 1
        assert not re.search(r"^\s*keepalive \d", text, re.MULTILINE), (
            "kept connections to a dead process eat the tries"
        )
