"""Whether the process lives, and whether it can work."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.config import ROOT
from app.extensions import db

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
        revision = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        db.session.rollback()
        log.warning("the database doesn't answer: %s", error)
        return Readiness("unavailable", "The database doesn't answer.")
    facts = {
        "database": {"kind": connection.dialect.name, "version": server},
        "schema": {"revision": revision, "head": _head()},
    }
    if revision == _head():
        return Readiness("ok", facts=facts)
    detail = (
        "The database isn't this version's yet; whoever runs the board runs: callboard db upgrade"
    )
    return Readiness("unmigrated", detail, facts)


@cache
def _head() -> str | None:
    return ScriptDirectory(ROOT / "migrations").get_current_head()
