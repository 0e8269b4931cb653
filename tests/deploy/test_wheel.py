"""What `pip install callboard` brings: everything that a board needs, and no checkout beside it."""

from __future__ import annotations

import subprocess
import sys
from zipfile import ZipFile

import pytest

from tests.deploy.board import Board
from tests.deploy.visitor import links_of
from tests.processes import ROOT, until

CALLBOARD = "import sys; sys.path.insert(0, sys.argv.pop(1)); from app.cli import main; main()"
MARK = "/* this one comes from the wheel */"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from this tree."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (found,) = folder.glob("*.whl")
    return found


def test_the_wheel_holds_all_that_a_board_needs(wheel):
    with ZipFile(wheel) as archive:
        held = set(archive.namelist())
    for folder, inside in (
        ("app", "app"),
        ("templates", "app/templates"),
        ("static", "app/static"),
        ("migrations", "app/migrations"),
        ("deploy", "app/deploy"),
    ):
        for file in (ROOT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                assert f"{inside}/{file.relative_to(ROOT / folder)}" in held


def test_an_installed_board_needs_no_checkout_and_a_reload_brings_new_code(wheel, tmp_path):
    place = tmp_path / "site"
    with ZipFile(wheel) as archive:
        archive.extractall(place)
    with (place / "app" / "static" / "css" / "tokens.css").open("a") as stream:
        stream.write(MARK)
    command = [sys.executable, "-c", CALLBOARD, place]
    with Board(
        tmp_path, command, cwd=tmp_path, PYTHONPATH=str(place), WEB_CONCURRENCY="1"
    ) as board:
        board.run("db", "upgrade")
        board.start()
        ready = board.ask("/readyz").json()
        page = board.ask("/api/docs").text
        (style,) = [value for _, value in links_of(page) if "callboard.css" in value]

        assert ready["status"] == "ok"
        assert MARK in board.ask(style).text

        callers = place / "app" / "callers.py"
        text = callers.read_text("utf-8")
        assert refusal(board).startswith("This needs a token")
        callers.write_text(text.replace("This needs a token", "No token"), "utf-8")
        board.reload()
        until(lambda: refusal(board).startswith("No token"))

        callers.write_text("this is no Python", "utf-8")
        board.reload()
        assert board.wait() != 0, "no worker can start"


def refusal(board):
    """What a program without a token is told, by a module that gunicorn's master loads."""
    return board.ask("/api/v1/tickets").json()["detail"]
