"""The database that comes with the checkout: started by need, never shared by mistake, honest about its folder."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ASK = "import django; django.setup(); from django.db import connection; connection.ensure_connection(); {then}"


def run(folder: Path, then: str = "print('connected')") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "VAR_DIR": str(folder), "DEBUG": "1", "ENV_FILE": os.devnull, "DATABASE_URL": ""}
    environment["DJANGO_SETTINGS_MODULE"] = "config.settings"
    command = [sys.executable, "-c", ASK.format(then=then)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=90, check=False)


def server_is_up(folder: Path) -> bool:
    return (folder / "postgres" / "data" / "postmaster.pid").exists()


def wait_until_down(folder: Path) -> bool:
    deadline = time.monotonic() + 30
    while server_is_up(folder) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not server_is_up(folder)


def test_the_server_starts_for_the_command_that_needs_it_and_stops_after_it(tmp_path: Path) -> None:
    answer = run(
        tmp_path,
        "from pathlib import Path; print(Path(r'" + str(tmp_path) + "/postgres/data/postmaster.pid').exists())",
    )
    assert answer.stdout.strip() == "True", answer.stderr
    assert wait_until_down(tmp_path)


def test_a_killed_command_does_not_leave_the_server_behind(tmp_path: Path) -> None:
    answer = run(tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert answer.returncode == -9
    assert wait_until_down(tmp_path)


def test_two_checkouts_have_two_servers(tmp_path: Path) -> None:
    for name in ("one", "two"):
        assert (
            run(tmp_path / name, "connection.cursor().execute('CREATE TABLE mine ()'); print('made')").stdout
            == "made\n"
        )


def test_a_half_written_data_folder_is_recognised_and_said(tmp_path: Path) -> None:
    data = tmp_path / "postgres" / "data"
    data.mkdir(parents=True)
    (data / "PG_VERSION").write_text("18\n")
    answer = run(tmp_path)
    assert answer.returncode != 0
    assert "half-written" in answer.stderr
    assert "make demo-reset" in answer.stderr


def test_an_interrupted_first_set_up_is_simply_done_again(tmp_path: Path) -> None:
    unfinished = tmp_path / "postgres" / "data.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    assert run(tmp_path).stdout == "connected\n"


def test_a_private_folder_above_the_checkout_is_neither_opened_nor_in_the_way(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    assert run(private / "var").stdout == "connected\n"
    assert private.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("length", [60, 150])
def test_a_long_path_is_no_obstacle_for_the_socket(tmp_path: Path, length: int) -> None:
    assert run(tmp_path / ("x" * length)).stdout == "connected\n"
