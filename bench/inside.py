"""What only the application itself can tell: the statements that it sends, and how long it keeps
others from writing. It runs in this process, apart from the timed runs."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from app.db import engine
from bench.fill.databases import Board
from bench.processes import environment

OF_THE_SCHEMA = re.compile("alembic_version|pg_catalog")
"""What looks at the schema's version every two seconds."""
TAKES_LOCK = re.compile(r"\s*(INSERT|UPDATE|DELETE)|.*FOR (NO KEY )?UPDATE", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Hold:
    """One time that others could not write. All in seconds of one clock for all processes."""

    what: str
    asked_at: float
    locked_at: float
    committing_at: float
    ended_at: float

    @property
    def wait_ms(self) -> float:
        return 1000 * (self.locked_at - self.asked_at)

    @property
    def held_ms(self) -> float:
        return 1000 * (self.ended_at - self.locked_at)

    @property
    def commit_ms(self) -> float:
        """The part of it that waits for the disk."""
        return 1000 * (self.ended_at - self.committing_at)


class Inside:
    """The application on a board, listened to."""

    def __init__(self, board: Board, cookies: Mapping[str, str]) -> None:
        from app import create_app
        from app.db.base import db
        from app.settings.board import load_settings

        given = environment(board.url)
        settings = load_settings(
            database_url=board.url,
            instance_path=given["CALLBOARD_INSTANCE_PATH"],
            secret_key=given["CALLBOARD_SECRET_KEY"],
            log_level="error",
        )
        app = create_app(settings)
        self.token = board.token
        self.client = app.test_client()
        for name, value in cookies.items():
            self.client.set_cookie(name, value)
        self._sent: list[str] = []
        self.holds: list[Hold] = []
        self._what = ""
        self._asked_at: float | None = None
        self._locked_at: float | None = None
        with app.app_context():
            self.engine = db.engine
        self.engine.dispose()
        event.listen(self.engine, "before_cursor_execute", self._on_statement)
        # The application listens to the begin of a transaction itself, and asks for the lock then.
        self._begin, engine._begin_immediate = engine._begin_immediate, self._begin_timed
        # The event of that name comes before the commit, and what waits for the disk is the commit.
        dialect: Any = self.engine.dialect
        self._commit, dialect.do_commit = dialect.do_commit, self._on_commit

    def close(self) -> None:
        engine._begin_immediate = self._begin
        self.engine.dispose()

    @property
    def statements(self) -> int:
        """How many the last request sent."""
        return sum(not OF_THE_SCHEMA.search(statement) for statement in self._sent)

    def statements_of(self, path: str) -> int:
        """How many statements a page sends, once it is warm."""
        self._get(path)
        return self._get(path)

    def post(self, path: str, body: object) -> Any:
        """The answer to a program's request. Afterwards `statements` is how many it sent; each time
        that others could not write is one of the `holds`."""
        self._what = path.rpartition("/")[2]
        self._sent.clear()
        answer = self.client.post(path, json=body, headers=self._headers())
        assert answer.status_code in (200, 201), answer.text
        return answer.get_json()

    def _get(self, path: str) -> int:
        self._sent.clear()
        is_api = path.startswith("/api/")
        answer = self.client.get(path, headers=self._headers() if is_api else {})
        assert answer.status_code == 200, f"{path}: {answer.status}"
        return self.statements

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _on_statement(
        self, _connection: Any, _cursor: Any, statement: str, *_others: object
    ) -> None:
        self._sent.append(statement)  # looked at later: nothing shall take time inside the lock
        # On PostgreSQL what others wait for is a row, from the first statement that takes one.
        is_row = self.engine.dialect.name == "postgresql" and TAKES_LOCK.match(statement)
        if is_row and self._locked_at is None:
            self._asked_at = self._locked_at = time.monotonic()

    def _begin_timed(self, raw: sqlite3.Connection, patience: float) -> None:
        self._asked_at = time.monotonic()
        self._begin(raw, patience)
        self._locked_at = time.monotonic()

    def _on_commit(self, connection: Any) -> None:
        committing_at = time.monotonic()
        self._commit(connection)
        if self._asked_at is not None and self._locked_at is not None:
            self.holds.append(
                Hold(self._what, self._asked_at, self._locked_at, committing_at, time.monotonic())
            )
        self._asked_at = self._locked_at = None
