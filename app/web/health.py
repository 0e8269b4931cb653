"""Whether the process lives, and whether it can work."""

from __future__ import annotations

from pathlib import Path

from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint, current_app, jsonify
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from app.config import ROOT
from app.extensions import db

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def alive() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/readyz")
def ready() -> ResponseReturnValue:
    """The database answers, and its schema is the one that this version needs."""
    try:
        connection = db.session.connection()
        server = ".".join(str(part) for part in connection.dialect.server_version_info or ())
        database = {"kind": connection.dialect.name, "version": server}
        found = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        db.session.rollback()
        current_app.logger.warning("not ready: %s", error)
        return jsonify(status="unavailable", detail="The database doesn't answer."), 503
    head = _head()
    schema = {"revision": found, "head": head}
    if found != head:
        detail = "The schema isn't this version's; run: callboard db upgrade"
        return jsonify(status="unmigrated", detail=detail, database=database, schema=schema), 503
    return jsonify(status="ok", database=database, schema=schema)


def _head() -> str | None:
    return ScriptDirectory(Path(ROOT / "migrations")).get_current_head()
