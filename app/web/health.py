"""Whether the process lives, and whether it can work."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.upkeep import revisions

log = logging.getLogger(__name__)

blueprint = Blueprint("health", __name__)


@dataclass(frozen=True, slots=True)
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
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers, and its schema is the one that this version needs."""
    found = readiness()
    if found.is_ready:
        return jsonify(status=found.status, **found.facts)
    return jsonify(status=found.status, detail=found.detail, **found.facts), 503


def readiness() -> Readiness:
    """Ask the database for its version and its schema's revision."""
    try:
        connection = db.session.connection()
        server = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        revision = revisions.revision_of(connection)
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("the database doesn't answer: %s", error)
        return Readiness("unavailable", "The database doesn't answer.")
    facts = {
        "database": {"kind": connection.dialect.name, "version": server},
        "schema": {"revision": revision, "head": revisions.head()},
    }
    standing = revisions.standing_of(revision)
    if standing == "current":
        return Readiness("ok", facts=facts)
    if standing == "newer":
        return Readiness("newer", revisions.NEWER, facts)
    return Readiness("unmigrated", revisions.MISSING, facts)
