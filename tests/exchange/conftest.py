"""What the tests of imports share."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import TicketDependency
from tests.conftest import Run

SMALL_FILE = Path(__file__).parents[1] / "data" / "beads-small.jsonl"

ImportBeads = Callable[..., Result]


@pytest.fixture
def import_beads(run: Run) -> ImportBeads:
    """Import records (dicts, or lines as they are) into acme/books."""

    def run_import(*lines: dict[str, Any] | str | bytes, options: tuple[str, ...] = ()) -> Result:
        text = b"".join(_as_line(line) + b"\n" for line in lines)
        return run("import", "beads", "-", "--project", "acme/books", *options, stdin=text)

    return run_import


@pytest.fixture
def small(run: Run) -> Result:
    """The small file, imported into acme/books."""
    result = run("import", "beads", SMALL_FILE, "--project", "acme/books")
    assert result.exit_code == 0, result.output
    return result


def record(record_id: str, **values: Any) -> dict[str, Any]:
    """A Beads record with what must be there."""
    return {"id": record_id, "title": f"About {record_id}", "status": "open", **values}


def blocked_by(*record_ids: str) -> dict[str, Any]:
    """The value of `dependencies` for a record that others block."""
    return {"dependencies": [{"depends_on_id": other, "type": "blocks"} for other in record_ids]}


def _as_line(line: dict[str, Any] | str | bytes) -> bytes:
    if isinstance(line, dict):
        return json.dumps(line).encode()
    return line.encode() if isinstance(line, str) else line


def count(result: Result, label: str) -> int:
    """The number that stands behind a label in the table at the end of an import."""
    for line in result.stdout.splitlines():
        words = line.strip().rsplit(maxsplit=1)
        if len(words) == 2 and words[0] == label:
            return int(words[1].replace(",", ""))
    raise AssertionError(f"no count of “{label}” in:\n{result.output}")


def blockers_of(session: Session, ticket_id: str) -> set[str]:
    """What the ticket waits for."""
    waits = select(TicketDependency.blocked_by_id).where(TicketDependency.ticket_id == ticket_id)
    return set(session.scalars(waits))
