"""How Alembic meets the database. Flask-Migrate runs this inside an application context.

SQLite changes a table by making it anew ("batch mode"). With foreign keys on, the DROP of the old
table would delete every row that refers to it: they are off meanwhile, and checked at the end.

Who brings a connection along (`config.attributes`) has its own transaction and decides when it ends.
"""

import warnings
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.ddl.sqlite import SQLiteImpl
from alembic.util import CommandError

from app.db.base import db
from app.db.full_text import is_of_index
from app.db.plans import count_values
from app.errors import Conflict
from app.upkeep.revisions import require_not_newer, revision_of

INDEXES_OF = sa.text(
    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name = :table AND sql > ''"
)
"""Without those that SQLite makes for keys and constraints by itself."""
TRIGGERS_OF = sa.text("SELECT sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table")

config = context.config


class BatchImpl(SQLiteImpl):
    """Batch mode copies every column, and SQLite refuses to be given a generated one
    (`tickets.current_stage`). With the old table go its triggers and those indexes that aren't
    reflected (on expressions): they are made again. Triggers of other tables that name it would
    keep the new one from getting its name. Alembic takes this class instead of its own because it
    exists."""

    __dialect__ = "sqlite"

    _lost: Sequence[str] = ()

    def prep_table_for_batch(self, batch_impl: Any, table: sa.Table) -> None:
        for column in table.columns:
            if column.computed is not None:
                batch_impl.column_transfers[column.name].pop("expr", None)
        reflected = {index.name for index in table.indexes}
        of_table = {"table": table.name}
        indexes = self.bind.execute(INDEXES_OF, of_table)
        triggers = self.bind.scalars(TRIGGERS_OF, of_table).all()
        self._lost = (*(row.sql for row in indexes if row.name not in reflected), *triggers)
        self.bind.exec_driver_sql("PRAGMA legacy_alter_table=ON")

    def rename_table(
        self, old_table_name: str, new_table_name: str, schema: str | None = None
    ) -> None:
        super().rename_table(old_table_name, new_table_name, schema)
        self.bind.exec_driver_sql("PRAGMA legacy_alter_table=OFF")
        for statement in self._lost:
            self.bind.exec_driver_sql(statement)
        self._lost = ()


def run_migrations_online() -> None:
    given = config.attributes.get("connection")
    with nullcontext(given) if given is not None else db.engine.connect() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        if is_sqlite:
            _set_foreign_keys(connection, on=False)
        applied: list[bool] = []
        try:
            context.configure(
                connection=connection,
                target_metadata=db.metadata,
                render_as_batch=True,
                compare_type=True,
                transactional_ddl=True,
                include_object=_is_ours,
                render_item=_render_item,
                process_revision_directives=_skip_empty,
                on_version_apply=lambda **_: applied.append(True),
            )
            with context.begin_transaction():
                _run(connection)
                if is_sqlite:
                    _require_intact(connection)
                if applied:
                    count_values(connection)
        finally:
            if is_sqlite:
                _set_foreign_keys(connection, on=True)


def _run(connection: sa.Connection) -> None:
    """One clear line for what Alembic only calls a revision that it can't locate."""
    try:
        with warnings.catch_warnings():
            # `BatchImpl` keeps indexes on expressions; a comparison with the models leaves them out.
            warnings.filterwarnings("ignore", ".* expression-based index")
            context.run_migrations()
    except CommandError as error:
        require_not_newer(revision_of(connection))
        raise Conflict(f"{error}".rstrip(".") + ".") from None


def _set_foreign_keys(connection: sa.Connection, *, on: bool) -> None:
    # SQLite ignores this pragma inside a transaction, so it goes to the driver's connection.
    raw: Any = connection.connection.dbapi_connection
    raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _require_intact(connection: sa.Connection) -> None:
    if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
        raise RuntimeError(f"the migration would leave {len(broken)} dangling rows: {broken[:5]}")


def _is_ours(obj: Any, name: str | None, type_: str, reflected: bool, compare_to: Any) -> bool:
    # The full-text index has no models.
    return not (type_ == "table" and reflected and is_of_index(name or ""))


def _render_item(type_: str, obj: Any, autogen_context: Any) -> str | bool:
    """Types of the application become the plain ones, so that no migration imports it."""
    if type_ == "type" and type(obj).__name__ == "UTCDateTime":
        return "sa.DateTime(timezone=True)"
    return False


def _skip_empty(ctx: Any, revision: Any, directives: list[Any]) -> None:
    if getattr(config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []


run_migrations_online()
