"""Whether the process lives, and whether it can work."""

from __future__ import annotations

import logging
import sqlite3
from dataclasses import field
from typing import Any

from flask import Blueprint, Flask, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.db.base import db
from app.db.errors import failure_of
from app.upkeep import revisions
from app.upkeep.writing import WriteCheck
from app.values import immutable
from app.web.auth.access import ANYONE, page

log = logging.getLogger(__name__)

blueprint = Blueprint("health", __name__)

NO_ANSWER = "The database doesn't answer."


def register(app: Flask) -> None:
    """Note what becomes of writing to the database."""
    with app.app_context():
        app.extensions["callboard.writing"] = WriteCheck(db.engine)


@immutable
class Readiness:
    """What is true of the database; `detail` says what to do when it isn't ready."""

    status: str
    detail: str = ""
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def is_ready(self) -> bool:
        """Whether the board can work."""
        return self.status == "ok"


@blueprint.get("/healthz")
@page(role=ANYONE)
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
@page(role=ANYONE)
def ready() -> ResponseReturnValue:
    """The database answers and can be written, and its schema is the one that this version
    needs."""
    found = readiness()
    if found.is_ready:
        return jsonify(status=found.status, **found.facts)
    return jsonify(status=found.status, detail=found.detail, **found.facts), 503


def readiness() -> Readiness:
    """Ask the database for its version and its schema's revision, and try to write."""
    try:
        connection = db.session.connection()
        server = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        revision = revisions.revision_of(connection)
    except (SQLAlchemyError, sqlite3.Error) as error:
        db.session.rollback()
        log.warning("the database doesn't answer: %s", error)
        failure = failure_of(error)
        return Readiness("unavailable", failure.reason if failure else NO_ANSWER)
    facts = {
        "database": {"kind": connection.dialect.name, "version": server},
        "schema": {"revision": revision, "head": revisions.head()},
    }
    standing = revisions.standing_of(revision)
    if standing != "current":
        status = "unmigrated" if standing == "missing" else standing
        return Readiness(status, revisions.ADVICE[standing], facts)
    db.session.rollback()
    check: WriteCheck = current_app.extensions["callboard.writing"]
    if failure := check.failure():
        return Readiness(failure.kind, f"{failure.reason} {failure.advice}", facts)
    return Readiness("ok", facts=facts)
