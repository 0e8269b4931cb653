"""The `callboard` command itself, as a person starts it.

Processes of their own are for what only they show: the installed program, a terminal, the
environment. The rest runs in this one: most of what a process costs is to import the application.
"""

from __future__ import annotations

import os
import pty
import sqlite3
import subprocess
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from app.cli import main
from app.upkeep.revisions import head
from tests.boards import app_without_tables, command, let_go
from tests.exchange.conftest import SMALL_FILE
from tests.processes import PATIENCE

CALLBOARD = Path(sys.executable).with_name("callboard")


@pytest.fixture
def callboard(tmp_path):
    """`callboard("db", "upgrade")`: the installed command, in a process of its own."""

    def start(*args, stdin=None, **settings):
        environment = {
            **{key: value for key, value in os.environ.items() if "CALLBOARD" not in key},
            "CALLBOARD_INSTANCE_PATH": str(tmp_path / "instance"),
            **settings,
        }
        return subprocess.run(
            [CALLBOARD, *map(str, args)],
            env=environment,
            cwd=tmp_path,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    return start


@pytest.fixture
def migrated(make_app, tmp_path):
    """A board whose database has its tables."""
    app = make_app(f"sqlite:///{tmp_path / 'instance' / 'callboard.db'}")
    let_go(app)
    return app


@pytest.fixture
def bare(tmp_path):
    """A board whose database isn't there yet."""
    app = app_without_tables(f"sqlite:///{tmp_path}/bare.db", tmp_path)
    yield app
    let_go(app)


def test_help_groups_the_commands(callboard):
    shown = callboard("--help").stdout

    titles = [line for line in shown.splitlines() if line.endswith(":") and line[0] != " "]
    assert titles == [
        "Options:",
        "The board:",
        "Agents:",
        "People:",
        "Operation:",
        "The database:",
        "Development:",
    ]
    for name in ("seed", "import", "expire-leases", "db", "backup", "doctor", "run"):
        assert f"\n  {name} " in shown
    assert "--app" not in shown


def test_version_names_the_installed_one(callboard):
    assert callboard("--version").stdout == f"callboard {version('callboard')}\n"


@pytest.mark.parametrize("name", ["seed", "expire-leases"])
def test_a_database_without_tables_is_one_line_that_says_what_to_run(bare, name):
    done = command(bare, name)

    assert done.exit_code == 1
    assert done.stderr == (
        "Error: The database has not the tables of this version. Run: callboard db upgrade\n"
    )


def test_a_database_of_a_newer_version_is_refused_in_one_line(migrated, tmp_path):
    with closing(sqlite3.connect(tmp_path / "instance" / "callboard.db")) as file, file:
        file.execute("UPDATE alembic_version SET version_num = '9999'")

    for name in ("upgrade", "downgrade", "current", "check"):
        done = command(migrated, "db", name)

        assert done.exit_code == 1
        assert done.stderr == (
            "Error: The database is at revision 9999, newer than this version of Callboard "
            f"({head()}): upgrade the program.\n"
        )


def test_a_revision_that_is_not_there_is_one_line(bare):
    done = command(bare, "db", "upgrade", "nonsense")

    assert done.exit_code == 1
    assert done.stderr == "Error: Can't locate revision identified by 'nonsense'.\n"


WRONG = {
    "CALLBOARD_LEASE_SECONDS": ("soon", " "),
    "CALLBOARD_DATABASE_URL": (
        "sqlite:////proc/nowhere/board.db",
        ": the folder /proc/nowhere ",
    ),
}
"""Settings, and how what is said of them begins."""


@pytest.mark.parametrize("setting", WRONG)
def test_a_wrong_setting_is_one_line_and_exit_code_2(monkeypatch, capsys, tmp_path, setting):
    value, told = WRONG[setting]
    monkeypatch.setenv("CALLBOARD_INSTANCE_PATH", str(tmp_path / "instance"))
    monkeypatch.setenv(setting, value)
    monkeypatch.setattr(sys, "argv", ["callboard", "seed"])

    with pytest.raises(SystemExit, match="2"):
        main()

    said = capsys.readouterr().err
    assert said.startswith(f"callboard: {setting}{told}")
    assert said.count("\n") == 1


@pytest.mark.parametrize("name", [("seed",), ("db", "upgrade")])
def test_a_database_out_of_reach_is_one_line(tmp_path, name):
    nobody = "postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2"

    done = command(app_without_tables(nobody, tmp_path), *name)

    assert done.exit_code == 1
    assert done.stderr.startswith("Error: The database can't be used: ")
    assert done.stderr.count("\n") == 1


ASK_WHERE_IT_SORTS = """
from sqlalchemy import text
from app.db.base import db
print(f"temp_store={db.session.execute(text('PRAGMA temp_store')).scalar()}")
"""


def test_a_command_sorts_in_files_because_it_may_sort_all_that_there_is(callboard, migrated):
    assert "temp_store=1" in callboard("shell", stdin=ASK_WHERE_IT_SORTS).stdout


def test_a_file_that_is_not_there_is_a_usage_error(bare):
    done = command(bare, "import", "beads", "missing.jsonl", "--project", "acme/web")

    assert done.exit_code == 2
    assert "does not exist" in done.stderr


def test_the_import_shows_its_progress_to_a_terminal_only(migrated, tmp_path):
    words: list[str | Path] = ["import", "beads", SMALL_FILE, "--project", "acme/books"]
    environment = {**os.environ, "CALLBOARD_INSTANCE_PATH": str(tmp_path / "instance")}
    terminal, inside = pty.openpty()

    with subprocess.Popen(
        [CALLBOARD, *words], env=environment, stdout=subprocess.PIPE, stderr=inside
    ) as shown:
        table = shown.communicate(timeout=PATIENCE)[0].decode()
    os.close(inside)
    progress = os.read(terminal, 65_536).decode()
    os.close(terminal)

    assert "Reading" in progress
    assert "Writing" in progress
    assert "Tickets made" in table
    assert command(migrated, *words).stderr == ""


@pytest.mark.parametrize(("options", "debug"), [(("--debug",), True), ((), False)])
def test_debug_is_for_the_commands_of_flask(bare, monkeypatch, options, debug):
    monkeypatch.setenv("FLASK_DEBUG", "0")  # which the option sets, and no test after this sees

    shown = command(bare, *options, "shell", stdin="print(f'debug={app.debug}')\n").stdout

    assert f"debug={debug}" in shown


def test_routes_are_those_of_the_board(bare):
    assert "/tickets/<ticket_id>" in command(bare, "routes").stdout


def test_an_unknown_command_is_a_usage_error(callboard):
    done = callboard("sed")

    assert done.returncode == 2
    assert "No such command 'sed'" in done.stderr
