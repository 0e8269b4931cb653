"""What rows repeat of others, so that an index finds them by it: kept by the database's own
triggers, whoever writes, and made anew from the others at any time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, TextClause, text

from app.values import immutable

SQLITE_TRIGGERS_THERE = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
POSTGRESQL_TRIGGERS_ON = text("""
SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A') AND tgrelid IN
  (to_regclass('tickets'), to_regclass('ticket_labels'), to_regclass('events'))""")


@immutable
class Kept:
    """Some columns with the triggers that keep them, which have the same names on both databases.

    `fill`: statements that put right what is wrong. `strays`: finds tickets of which something is.
    """

    sqlite_triggers: Mapping[str, str]
    postgresql_functions: Mapping[str, str]
    postgresql_triggers: Mapping[str, str]
    fill: Sequence[str]
    strays: TextClause

    def create(self, connection: Connection) -> None:
        """Let the columns say what is true now, and keep them from now on."""
        if connection.dialect.name == "sqlite":
            triggers = [*self.sqlite_triggers.values()]
        else:
            made = self.postgresql_functions.items()
            functions = [f"CREATE FUNCTION {name}{it}" for name, it in made]
            triggers = [*functions, *self.postgresql_triggers.values()]
        for step in (*self.fill, *triggers):
            connection.exec_driver_sql(step)

    def drop(self, connection: Connection) -> None:
        """Take the triggers away, as far as they are there."""
        if connection.dialect.name == "sqlite":
            steps = [f"DROP TRIGGER IF EXISTS {name}" for name in self.sqlite_triggers]
        else:
            # With the functions go the triggers that call them.
            functions = self.postgresql_functions
            steps = [f"DROP FUNCTION IF EXISTS {name} CASCADE" for name in functions]
        for step in steps:
            connection.exec_driver_sql(step)

    def rebuild(self, connection: Connection) -> None:
        """Make the triggers anew, and put right what is wrong."""
        self.drop(connection)
        self.create(connection)

    def faults(self, connection: Connection) -> Sequence[str]:
        """Triggers that are missing; if none is, tickets of which something wrong is said."""
        return self.missing_parts(connection) or self.find_strays(connection)

    def missing_parts(self, connection: Connection) -> list[str]:
        """Triggers that aren't there, or are switched off."""
        is_sqlite = connection.dialect.name == "sqlite"
        there = connection.scalars(SQLITE_TRIGGERS_THERE if is_sqlite else POSTGRESQL_TRIGGERS_ON)
        missing = {*self.sqlite_triggers}.difference(there)
        return [name for name in self.sqlite_triggers if name in missing]

    def find_strays(self, connection: Connection) -> Sequence[str]:
        """The tickets of which something wrong is said."""
        return connection.scalars(self.strays).all()
