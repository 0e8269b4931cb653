"""Each command imports what it needs, and no more: looked at in the process of a real command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from app.cli.group import COMMANDS
from tests.processes import PATIENCE

CALLBOARD = """
import sys
from app.cli import main
report = sys.argv.pop(1)
try:
    main()
finally:
    with open(report, "w") as file:
        print(*sys.modules, file=file)
"""

THE_APPLICATION = {"flask", "sqlalchemy", "app.factory", "app.models", "app.web"}
HEAVY = {
    "alembic",
    "authlib",
    "flask_migrate",
    "markdown_it",
    "mcp_types",
    "schemathesis",
    "wtforms",
}

RUNNER = ("work", "--project", "acme/web", "--type", "review", "--", "no-such-program")
WRONG_SETTING = {"CALLBOARD_LEASE_SECONDS": "soon"}


@pytest.fixture
def imported_by(tmp_path):
    """`imported_by("db", "upgrade")`: the modules that the command imported."""

    def run(*arguments: str, **settings: str) -> set[str]:
        report = tmp_path / "modules.txt"
        done = subprocess.run(
            [sys.executable, "-c", CALLBOARD, report, *arguments],
            env={
                **{name: value for name, value in os.environ.items() if "CALLBOARD" not in name},
                "CALLBOARD_INSTANCE_PATH": str(tmp_path / "instance"),
                **settings,
            },
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return set(report.read_text().split())

    return run


@pytest.mark.parametrize("arguments", [("--help",), ("--version",), ("mcp-config",)])
def test_what_needs_no_board_imports_nothing_of_it(imported_by, arguments):
    imported = imported_by(*arguments)

    assert "click" in imported
    assert not imported & {*THE_APPLICATION, *HEAVY, "httpx", "pydantic"}


def test_a_runner_imports_nothing_of_the_board(imported_by):
    imported = imported_by(*RUNNER, CALLBOARD_TOKEN="a token", **WRONG_SETTING)

    assert "app.runner.runner" in imported
    assert not imported & {*THE_APPLICATION, *HEAVY}


def test_the_demo_makes_no_application_of_its_own(imported_by):
    assert not imported_by("demo", "--help") & {*THE_APPLICATION, *HEAVY}


def test_what_serve_checks_needs_the_settings_alone(imported_by):
    imported = imported_by("serve", **WRONG_SETTING)

    assert "app.settings.board" in imported
    assert not imported & {*THE_APPLICATION, *HEAVY}


def test_a_command_of_the_board_imports_no_tool_of_migrations(imported_by):
    imported = imported_by("expire-leases")

    assert imported >= THE_APPLICATION - {"app.web"}
    assert not imported & {"alembic", "authlib", "flask_migrate", "mcp_types"}
    assert "pygments.formatters.html" not in imported, "it colours code, and there is none"


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_names_them_as_they_call_themselves(name):
    assert COMMANDS[name].load().name == name
