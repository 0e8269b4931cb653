"""Which version of the schema a database has, and how it gets to another one.

Alembic is imported by what changes a schema. To know which one a database has, as every server
must, the text of the migrations is enough.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Literal

from sqlalchemy import Connection, inspect, text
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.settings.board import ROOT

if TYPE_CHECKING:
    from alembic.config import Config

Standing = Literal["current", "missing", "newer"]

MISSING = "Migrations are missing: run callboard db upgrade."
NEWER = "The database is newer than this version of Callboard: upgrade the program."

OUR_FUNCTIONS = text(
    "SELECT oid::regprocedure::text FROM pg_proc"
    " WHERE proname LIKE 'callboard\\_%' AND pronamespace = current_schema()::regnamespace"
)

REVISION = text("SELECT version_num FROM alembic_version")

ADVICE: Mapping[Standing, str] = {"missing": MISSING, "newer": NEWER}

_MIGRATIONS = ROOT / "migrations"
_NAMES = re.compile(r"^(?:down_)?revision = [\"'](\w+)[\"']$", re.MULTILINE)
"""In a migration's text: its own revision, and the one before it."""


def revision_of(connection: Connection) -> str | None:
    """The revision that a database is at; None when it has no tables yet."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(REVISION)
    return revision


def standing_of(revision: str | None) -> Standing:
    """How a revision stands to this version. One that isn't known here comes from a newer one."""
    if revision == head():
        return "current"
    return "missing" if revision is None or revision in _revisions() else "newer"


def require_current(connection: Connection, whose: str = "The database") -> None:
    """Raise `Conflict`, which says what to run, unless the schema is this version's."""
    revision = revision_of(connection)
    require_not_newer(revision, whose)
    if standing_of(revision) == "missing":
        raise Conflict(
            f"{whose} is at revision {revision or 'none'}, this version of Callboard at {head()}. "
            f"{MISSING}"
        )


def require_not_newer(revision: str | None, whose: str = "The database") -> None:
    """Raise `Conflict` when a revision comes from a newer version."""
    if standing_of(revision) == "newer":
        raise Conflict(
            f"{whose} is at revision {revision}, newer than this version of Callboard ({head()}): "
            "upgrade the program."
        )


class SchemaCheck:
    """What this process knows of its database's schema.

    It is asked again every few seconds: during an upgrade another version brings the database
    forward while this one still runs. While it is wrong, it is asked each time.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._next_look = 0.0

    def standing(self, session: Session) -> Standing:
        """How the schema stands to this version."""
        now = time.monotonic()
        if now < self._next_look:
            return "current"
        found = standing_of(revision_of(session.connection()))
        self._next_look = now + self._seconds if found == "current" else 0.0
        return found


def below(current: str | None, wanted: str) -> str | None:
    """The revision that a downgrade ends at, as Alembic understands it (-1, base, a name's start);
    None when no table stays. Raises `Conflict` when there is no such revision."""
    if current is None:
        return None
    from alembic.script import ScriptDirectory
    from alembic.script.revision import RevisionError
    from alembic.util import CommandError

    scripts = ScriptDirectory(_MIGRATIONS)
    try:
        ways = list(scripts.iterate_revisions(current, wanted, select_for_downgrade=True))
    except (CommandError, RevisionError) as error:
        raise Conflict(f"{error}".rstrip(".") + ".") from None
    if not ways:
        return current
    last = ways[-1].down_revision
    return last if isinstance(last, str) else None


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Bring a database up to a revision, inside the connection's own transaction.

    On SQLite foreign keys must have been off since before the transaction began.
    """
    from alembic import command

    command.upgrade(_config(connection), revision)


def empty(connection: Connection) -> None:
    """Take all tables of a PostgreSQL database down, inside the connection's own transaction."""
    from alembic import command

    revision = revision_of(connection)
    if standing_of(revision) == "newer":
        _drop_unknown(connection)
    elif revision is not None:
        command.downgrade(_config(connection), "base")


def _drop_unknown(connection: Connection) -> None:
    """Nobody here knows how a newer version takes its tables down: the database is the board's own,
    so all of them go, and the functions that bear its name."""
    for table in inspect(connection).get_table_names():
        connection.exec_driver_sql(f'DROP TABLE "{table}" CASCADE')
    for function in connection.scalars(OUR_FUNCTIONS).all():
        connection.exec_driver_sql(f"DROP FUNCTION {function} CASCADE")


@cache
def head() -> str:
    """The revision that this version needs."""
    (last,) = _revisions().keys() - _revisions().values()
    return last


@cache
def _revisions() -> Mapping[str, str | None]:
    """Each revision that is known here, with the one before it."""
    found = (_NAMES.findall(file.read_text("utf-8")) for file in _MIGRATIONS.glob("versions/*.py"))
    return {revision: before[0] if before else None for revision, *before in found}


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    return config
