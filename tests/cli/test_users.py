"""`callboard user …` and `callboard setup-link`."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.models import AuditEntry, User, UserSession
from tests.boards import command, let_go
from tests.processes import PATIENCE

GOOD = "four quiet otters sing"
CALLBOARD = Path(sys.executable).with_name("callboard")


@pytest.fixture
def ann(board):
    """An admin named ann."""
    with board() as session:
        User.create(session, name="ann", role="admin", actor=Actor.system())


def user(board, name):
    with board() as session:
        found = User.named(session, name)
        session.expunge(found)
        return found


def test_the_setup_link_is_printed_alone_with_the_address_that_was_asked_for(run, stranger):
    made = run("setup-link", "--url", "https://board.example.org/crew/")
    assert made.exit_code == 0, made.output
    assert made.stdout.startswith("https://board.example.org/crew/join/")
    assert made.stdout.count("\n") == 1
    secret = made.stdout.strip().rpartition("/")[2]
    assert stranger.get(f"/join/{secret}").status_code == 200


def test_without_an_address_the_link_is_for_this_machine(run):
    assert run("setup-link").stdout.startswith("http://127.0.0.1:8000/join/")


def test_if_needed_it_is_printed_at_every_start_until_someone_is_there(run, board):
    told = [run("setup-link", "--if-needed", "--url", "http://127.0.0.1:9000") for _ in range(2)]
    assert all("http://127.0.0.1:9000/join/" in result.stdout for result in told)
    with board() as session:
        User.create(session, name="ann", role="admin", actor=Actor.system())
    silent = run("setup-link", "--if-needed")
    assert (silent.exit_code, silent.output) == (0, "")


def test_on_a_board_with_people_it_is_refused(run, ann):
    refused = run("setup-link")
    assert refused.exit_code == 1
    assert "set up already" in refused.stderr
    assert refused.stdout == ""


def test_someone_is_made_with_a_password_from_standard_input(run, board):
    made = run(
        *("user", "create", "Bob", "--role", "lead", "--full-name", "Bob B", "--password-stdin"),
        stdin=f"{GOOD}\n".encode(),
    )
    assert made.exit_code == 0, made.output
    assert GOOD not in made.output
    bob = user(board, "bob")
    assert (bob.role, bob.display_name, bob.has_password(GOOD)) == ("lead", "Bob B", True)
    with board() as session:
        entry = session.scalars(select(AuditEntry)).one()
        assert (entry.action, entry.actor_kind) == ("user_created", "operator")


def test_someone_is_made_with_a_link(run, board, stranger):
    made = run("user", "create", "bob", "--role", "viewer", "--link", "--url", "http://b.example")
    assert made.exit_code == 0, made.output
    link = made.stdout.strip()
    assert link.startswith("http://b.example/reset/")
    answer = stranger.post(link.removeprefix("http://b.example"), data={"password": GOOD})
    assert answer.status_code == 303
    assert user(board, "bob").has_password(GOOD)


def test_at_a_terminal_the_password_is_asked_for_and_not_shown(tmp_path, make_app):
    app = make_app(f"sqlite:///{tmp_path / 'callboard.db'}")
    let_go(app)
    environment = {**os.environ, "CALLBOARD_INSTANCE_PATH": str(tmp_path)}
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [CALLBOARD, "user", "create", "bob", "--role", "admin"],
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
    )
    os.close(its)
    said = b""
    for prompt in (b"Password: ", b"Once more: "):
        while prompt not in said:
            said += os.read(ours, 1_000)
        os.write(ours, f"{GOOD}\n".encode())
    assert process.wait(PATIENCE) == 0
    assert GOOD.encode() not in said
    os.close(ours)
    listed = command(app, "user", "list")
    assert listed.stdout.splitlines()[1].split()[:3] == ["bob", "admin", "password"]


@pytest.mark.parametrize(
    ("args", "stdin", "exit_code", "why"),
    [
        (("create", "bob"), b"", 2, "--role"),
        (("create", "bob", "--role", "king"), b"", 2, "king"),
        (("create", "bob", "--role", "lead"), b"", 2, "no terminal to ask"),
        (("create", "a b", "--role", "lead", "--link"), b"", 1, "name: Letters, digits"),
        (("create", "ANN", "--role", "lead", "--link"), b"", 1, "The name ann is taken"),
        (("create", "bob", "--role", "lead", "--password-stdin"), b"x", 1, "At least 12"),
        (("reset", "nobody"), b"", 1, "nobody named nobody"),
        (("role", "ann", "viewer"), b"", 1, "ann is the only admin"),
        (("disable", "ann"), b"", 1, "ann is the only admin"),
        (("enable", "nobody"), b"", 1, "nobody named nobody"),
    ],
)
def test_what_can_not_be_done_is_one_clear_line(run, ann, args, stdin, exit_code, why):
    refused = run("user", *args, stdin=stdin)
    assert refused.exit_code == exit_code
    assert why in refused.stderr
    assert "Traceback" not in refused.output
    assert refused.stdout == ""


def test_a_role_changes_and_a_person_is_disabled_and_enabled(run, ann, board, sign_in):
    browser = sign_in("member", "bob")
    assert run("user", "role", "Bob", "lead").stdout == "bob is lead now.\n"
    assert browser.get("/projects/new").status_code == 200
    assert "signed out everywhere" in run("user", "disable", "bob").stdout
    assert browser.get("/").status_code == 303
    refused = run("user", "reset", "bob")
    assert "bob is disabled; enable them first" in refused.stderr
    assert "disabled 20" in run("user", "list").stdout
    assert run("user", "enable", "bob").stdout == "bob can sign in again.\n"
    with board() as session:
        assert session.query(UserSession).count() == 0


def test_a_reset_prints_a_link_that_works_once(run, ann, board, stranger):
    link = run("user", "reset", "ann").stdout.strip()
    path = link.removeprefix("http://127.0.0.1:8000")
    assert stranger.post(path, data={"password": GOOD}).status_code == 303
    assert stranger.get(path).status_code == 404


def test_the_list_tells_who_is_here(run, ann):
    lines = run("user", "list").stdout.splitlines()
    assert lines[0].split() == [
        *("NAME", "FULL", "NAME", "ROLE", "SIGNS", "IN", "BY", "LAST", "SEEN", "STATE")
    ]
    assert lines[1].split() == ["ann", "admin", "nothing", "yet", "never"]


def test_an_empty_list_says_what_to_do(run):
    assert "callboard setup-link" in run("user", "list").stdout
