"""A list, a ticket, a claim and a report over Callboard's own tables: no sign-in, no frame, no
checks, no events. The durability is the same, and so are gunicorn's settings."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections import defaultdict
from datetime import UTC, datetime
from typing import Any

from flask import Flask, jsonify, render_template, request
from flask.typing import ResponseReturnValue
from markdown_it import MarkdownIt
from markupsafe import Markup
from sqlalchemy import Connection, bindparam, column, create_engine, event, select, table, text

PAGE = 50
LOCK_SECONDS = 15.0

app = Flask(__name__)
engine = create_engine(
    os.environ["CALLBOARD_DATABASE_URL"].replace("postgresql://", "postgresql+psycopg://")
)
IS_SQLITE = engine.dialect.name == "sqlite"

markdown = MarkdownIt("commonmark", {"html": False})

tickets = table(
    "tickets",
    *map(column, ("ticket_id", "project_id", "title", "description", "state", "current_stage")),
    *map(column, ("priority", "created_at", "updated_at")),
)
labels = table("ticket_labels", column("ticket_id"), column("label"))
comments = table(
    "comments",
    *map(column, ("id", "ticket_id", "author", "stage_number", "content", "created_at")),
)

LIST = (
    select(tickets)
    .where(tickets.c.state == text("'open'"))
    .order_by(tickets.c.updated_at.desc(), tickets.c.ticket_id.desc())
    .limit(PAGE)
)
LABELS = (
    select(labels)
    .where(labels.c.ticket_id.in_(bindparam("ids", expanding=True)))
    .order_by(labels.c.label)
)
TICKET = select(tickets).where(tickets.c.ticket_id == bindparam("key"))
COMMENTS = select(comments).where(comments.c.ticket_id == bindparam("key")).order_by(comments.c.id)
CLAIM = text(f"""
    UPDATE tickets SET claimed_by = :worker, updated_at = :now WHERE ticket_id = (
      SELECT ticket_id FROM tickets
      WHERE project_id = :project AND current_stage = :role
        AND state = 'open' AND claimed_by IS NULL AND open_blockers = 0
      ORDER BY priority, created_at, ticket_id LIMIT 1
      {"" if IS_SQLITE else "FOR UPDATE SKIP LOCKED"})
    RETURNING ticket_id, completed_stages""")
START = text("""
    INSERT INTO stage_runs (ticket_id, stage_number, worker_type, worker_id, started_at)
    VALUES (:ticket, :stage, :role, :worker, :now) RETURNING run_id""")
FINISH = text("""
    UPDATE stage_runs SET finished_at = :now, outcome = 'completed'
    WHERE run_id = :run AND finished_at IS NULL
    RETURNING ticket_id, stage_number, worker_type, worker_id""")
CLOSE = text("""
    UPDATE tickets SET completed_stages = :stage, last_completed_stage = :role, claimed_by = NULL,
      state = 'closed', resolution = 'completed', closed_at = :now, updated_at = :now
    WHERE ticket_id = :ticket""")
SAY = text("""
    INSERT INTO comments
      (ticket_id, worker_type, worker_id, stage_number, run_id, content, created_at)
    VALUES (:ticket, :role, :worker, :stage, :run, :comment, :now)""")


@event.listens_for(engine, "connect")
def _on_connect(connection: Any, _record: Any) -> None:
    if IS_SQLITE:
        connection.isolation_level = None
        for pragma in ("foreign_keys=ON", "journal_mode=WAL", "synchronous=FULL", "busy_timeout=0"):
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(engine, "begin")
def _on_begin(connection: Connection) -> None:
    """Ask for SQLite's lock as Callboard does: every millisecond."""
    if not IS_SQLITE:
        return
    raw: Any = connection.connection.dbapi_connection
    deadline = time.monotonic() + LOCK_SECONDS
    while request.method == "POST":
        try:
            raw.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.001 * random.uniform(0.5, 1.5))
    raw.execute("BEGIN")


@app.template_filter("markdown")
def _markdown(source: str) -> Markup:
    """As HTML; what the source brings of it is escaped."""
    return Markup(markdown.render(source))


@app.get("/readyz")
def ready() -> ResponseReturnValue:
    return jsonify(status="ok")


@app.get("/tickets")
def index() -> str:
    with engine.connect() as connection:
        rows = connection.execute(LIST).all()
        found = defaultdict(list)
        for ticket_id, label in connection.execute(LABELS, {"ids": [row[0] for row in rows]}):
            found[ticket_id].append(label)
    return render_template("list.html", rows=rows, labels=found)


@app.get("/tickets/<ticket_id>")
def show(ticket_id: str) -> str:
    with engine.connect() as connection:
        row = connection.execute(TICKET, {"key": ticket_id}).one()
        said = connection.execute(COMMENTS, {"key": ticket_id}).all()
    return render_template("ticket.html", row=row, comments=said)


@app.post("/claims")
def claim() -> ResponseReturnValue:
    body = request.get_json()
    now = _now()
    with engine.begin() as connection:
        taken = connection.execute(CLAIM, {**body, "now": now}).first()
        if taken is None:
            return "", 204
        values = {**body, "ticket": taken[0], "stage": taken[1] + 1, "now": now}
        run_id = connection.execute(START, values).scalar_one()
    return jsonify(run={"run_id": run_id}, ticket_id=taken[0]), 201


@app.post("/runs/<int:run_id>/complete")
def complete(run_id: int) -> ResponseReturnValue:
    body = request.get_json()
    values = {"run": run_id, "now": _now(), "comment": body["comment"]}
    with engine.begin() as connection:
        ticket, stage, role, worker = connection.execute(FINISH, values).one()
        values |= {"ticket": ticket, "stage": stage, "role": role, "worker": worker}
        connection.execute(CLOSE, values)
        connection.execute(SAY, values)
    return jsonify(run_id=run_id, outcome="completed")


def _now() -> object:
    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d %H:%M:%S.%f}" if IS_SQLITE else now
