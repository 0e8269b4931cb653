"""Counting the statements that a request sends, so that a list can't grow one for each row."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask
from sqlalchemy import event

from app.db.base import db

OF_THE_SCHEMA = ("alembic_version", "pg_catalog.pg_class")
"""What looks at the schema's version, every two seconds at most; the shared application doesn't."""


@contextmanager
def counting_queries(
    app: Flask, schema_too: bool = False, kept_too: bool = False
) -> Iterator[list[str]]:
    """`with counting_queries(app) as sent:` collects the statements sent inside. Unless
    `kept_too`, what was drawn for earlier requests is forgotten: else two pages would differ in it.
    """
    sent: list[str] = []
    if not kept_too:
        app.extensions["callboard.regions"].clear()

    def note(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        if schema_too or not any(name in statement for name in OF_THE_SCHEMA):
            sent.append(statement)

    with app.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)
