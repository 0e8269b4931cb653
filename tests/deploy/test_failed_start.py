"""A board that can't start says why and ends, so that its supervisor notices."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

from tests.deploy.board import Board
from tests.processes import CALLBOARD, ROOT, free_port

END_SECONDS = 60
"""Generous: a server that starts worker after worker never ends."""

GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py", "wsgi:app"]


def run_to_its_end(command, folder):
    environment = {key: value for key, value in os.environ.items() if "CALLBOARD" not in key}
    return subprocess.run(
        [*command, "--bind", f"127.0.0.1:{free_port()}"],
        cwd=ROOT,
        env=environment | {"CALLBOARD_INSTANCE_PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=END_SECONDS,
        check=False,
    )


def test_serve_with_an_unusable_secret_key_is_one_line_and_exit_code_2(tmp_path):
    key = tmp_path / "secret_key"
    key.mkdir()

    done = run_to_its_end([*CALLBOARD, "serve"], tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("callboard: ")
    assert str(key) in done.stderr
    assert done.stderr.count("\n") == 1


def test_gunicorn_with_an_unusable_secret_key_ends_with_the_reason(tmp_path):
    key = tmp_path / "secret_key"
    key.write_bytes(b"\xff\xfe\x00 sixteen letters and more")

    done = run_to_its_end(GUNICORN, tmp_path)

    assert done.returncode != 0
    assert str(key) in done.stderr


def test_a_server_whose_secret_key_breaks_ends_at_the_next_reload(tmp_path, database):
    shutil.copy(database, tmp_path / "callboard.db")
    with Board(tmp_path, WEB_CONCURRENCY="1") as board:
        board.start()
        (tmp_path / "secret_key").write_text("oops")

        board.reload()

        assert board.wait() != 0
        assert "holds no usable key" in board.log
