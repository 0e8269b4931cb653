"""The records of a file, set down on the disk before any of them reaches the board.

A file may hold more than fits in memory, and links may name records that come later: so the lines
are read once, and what the import must look up stands in a SQLite database of its own that has no
name and is gone when it is closed.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import islice
from typing import Any, Self, TypeVar

from app.exchange.beads.record import BYTE_ORDER_MARK, BadLine, Record, parse_line
from app.exchange.beads.tally import Remark, Tally

BATCH = 500
"""Rows of one statement, and values in one IN (…)."""

SCHEMA = """
PRAGMA journal_mode = OFF;
PRAGMA cache_size = -4000;

CREATE TABLE records (
  line INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, status TEXT NOT NULL, closed_at TEXT,
  comments INTEGER NOT NULL, skipped_because TEXT, content TEXT NOT NULL
);
CREATE TABLE links (
  line INTEGER NOT NULL, target TEXT NOT NULL, type TEXT NOT NULL, created_at TEXT
);
-- Where a record stands on the board: its ticket, made now or by an earlier import.
CREATE TABLE places (
  record_id TEXT PRIMARY KEY, ticket_id TEXT NOT NULL UNIQUE, is_new INTEGER NOT NULL,
  closed_at TEXT
) WITHOUT ROWID;
CREATE TABLE elsewhere (record_id TEXT PRIMARY KEY) WITHOUT ROWID;
-- Which tickets wait for which, and belong to which: on the board already, or from now on. Those
-- that are related from now on.
CREATE TABLE waits (
  ticket_id TEXT NOT NULL, blocked_by TEXT NOT NULL, is_new INTEGER NOT NULL, created_at TEXT,
  PRIMARY KEY (ticket_id, blocked_by)
) WITHOUT ROWID;
CREATE TABLE parents (
  ticket_id TEXT PRIMARY KEY, parent_id TEXT NOT NULL, is_new INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE related (
  ticket_id TEXT NOT NULL, related_id TEXT NOT NULL, created_at TEXT,
  PRIMARY KEY (ticket_id, related_id)
) WITHOUT ROWID;
CREATE INDEX children ON parents (parent_id);
-- The order in which tickets are made, and the events, which are told when all are there.
CREATE TABLE turns (turn INTEGER PRIMARY KEY, line INTEGER NOT NULL);
CREATE TABLE events (created_at TEXT NOT NULL, content TEXT NOT NULL);
"""

NEW_TICKETS = """
    SELECT line, ticket_id, content FROM places JOIN records ON records.id = record_id
    WHERE is_new ORDER BY line LIMIT ?"""

Item = TypeVar("Item")


class Staging:
    """The database beside the board, for one import."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect("", isolation_level=None)
        self._connection.executescript(SCHEMA)
        self._connection.execute("BEGIN")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def execute(
        self, statement: str, values: Sequence[object] | Mapping[str, object] = ()
    ) -> sqlite3.Cursor:
        return self._connection.execute(statement, values)

    def store(self, statement: str, rows: Iterable[Sequence[object]]) -> None:
        """The same statement for each row."""
        self._connection.executemany(statement, rows)

    def count(self, statement: str, values: Sequence[object] = ()) -> int:
        """The number that a statement comes to."""
        return int(self.execute(statement, values).fetchone()[0])

    def sizes(self) -> dict[str, int]:
        """How many there are of what makes an import long."""
        return {
            "records": self.count("SELECT count(*) FROM records"),
            "links": self.count("SELECT count(*) FROM links"),
            "comments": self.count("SELECT coalesce(sum(comments), 0) FROM records"),
        }

    def new_tickets(self, most: int) -> list[tuple[int, str, str]]:
        """The first of those that an import makes: the line of each, its id, and its title."""
        found = self.execute(NEW_TICKETS, (most,))
        return [(line, ticket_id, json.loads(text)["title"]) for line, ticket_id, text in found]

    def read(self, source: Iterable[bytes], tally: Tally) -> None:
        """Every record of a file, in order. A line that holds none is noted, and doesn't stop the
        rest."""
        for number, raw in enumerate(source, start=1):
            if number == 1:
                raw = raw.removeprefix(BYTE_ORDER_MARK)
            if not raw.strip():
                continue
            try:
                self._add(number, parse_line(raw, tally))
                tally.records += 1
            except BadLine as error:
                tally.bad_lines.append(Remark(number, str(error)))

    def _add(self, line: int, record: Record) -> None:
        added = self.execute(
            "INSERT OR IGNORE INTO records (line, id, status, closed_at, comments, content)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                line,
                record.id,
                record.status,
                as_text(record.done_at),
                len(record.comments),
                record.model_dump_json(exclude_defaults=True),
            ),
        )
        if not added.rowcount:
            first = self.count("SELECT line FROM records WHERE id = ?", (record.id,))
            raise BadLine(f"{record.id} was on line {first} already")
        self.store(
            "INSERT INTO links VALUES (?, ?, ?, ?)",
            (
                (line, link.depends_on_id.strip(), link.type, as_text(link.created_at))
                for link in record.dependencies
            ),
        )


def batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    """The items in lists of at most `BATCH`."""
    iterator = iter(items)
    while some := list(islice(iterator, BATCH)):
        yield some


def as_text(moment: datetime | None) -> str | None:
    """A time so that texts are in the order of times; all are UTC."""
    return moment.isoformat(timespec="microseconds") if moment else None


def as_time(text: Any) -> datetime | None:
    """The other way round."""
    return datetime.fromisoformat(text) if text else None
