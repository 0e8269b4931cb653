"""How many tickets were created and closed on a day of the past, for statistics of long spans.

A day is counted when a page of statistics has counted it among much else, and kept from then on.
The database's own triggers throw away what is kept of a day on which something changes afterwards,
whoever writes: a ticket that is reopened, deleted, or brought along with its history. What isn't
kept is counted, so that the figures are right whether a day is kept or not.

Nothing is kept of today, so that a ticket that is created or closed changes no row here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, text

from app.db.columns import UTCDateTime
from app.db.kept import Kept

DAY = timedelta(days=1)
NUMBERS: Mapping[str, str] = {
    "created": "created_at >= {since} AND created_at < {until}",
    **{
        resolution: f"resolution = '{resolution}'"
        " AND closed_at >= {since} AND closed_at < {until}"
        for resolution in ("completed", "stopped")
    },
}
COUNTED: Mapping[str, str] = {
    name: f"(SELECT count(*) FROM tickets WHERE {condition})"  # noqa: S608 - ours
    for name, condition in NUMBERS.items()
}

TIMES = [bindparam(name, type_=UTCDateTime()) for name in ("since", "until")]
KEEP_DAY = text(
    "INSERT INTO day_totals (begins_at, ends_at, {columns}) SELECT :since, :until, {numbers}"  # noqa: S608 - ours
    " WHERE NOT EXISTS (SELECT 1 FROM day_totals WHERE begins_at = :since)"
    " ON CONFLICT DO NOTHING".format(
        columns=", ".join(COUNTED),
        numbers=", ".join(COUNTED.values()).format(since=":since", until=":until"),
    )
).bindparams(*TIMES)

LOCK_ON_POSTGRESQL = "SET LOCAL lock_timeout = '50ms'; LOCK TABLE tickets IN SHARE MODE"
"""Who changes a ticket meanwhile wouldn't know yet that its day is kept, nor be counted."""

# Of a ticket that closes only the day on which it does so has other totals.
CHANGED_ON: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "day_created": ("INSERT ON tickets", ("{new}.created_at", "{new}.closed_at")),
    "day_deleted": ("DELETE ON tickets", ("{old}.created_at", "{old}.closed_at")),
    "day_closed": (
        "UPDATE OF closed_at, resolution ON tickets",
        ("{old}.closed_at", "{new}.closed_at"),
    ),
    "day_moved": ("UPDATE OF created_at ON tickets", ("{old}.created_at", "{new}.created_at")),
}
FORGET = "DELETE FROM day_totals WHERE begins_at IN ({days});"
DAY_ON_SQLITE = "substr({time}, 1, 10) || ' 00:00:00.000000'"
DAY_ON_POSTGRESQL = "date_trunc('day', {time}, 'UTC')"


def _forget(day: str, times: tuple[str, ...], old: str, new: str) -> str:
    days = (day.format(time=time.format(old=old, new=new)) for time in times)
    return FORGET.format(days=", ".join(days))


SQLITE_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} BEGIN\n"
    f"  {_forget(DAY_ON_SQLITE, times, 'old', 'new')}\nEND"
    for name, (happened, times) in CHANGED_ON.items()
}
POSTGRESQL_FUNCTIONS: Mapping[str, str] = {
    f"callboard_{name}": f"""() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  {_forget(DAY_ON_POSTGRESQL, times, "OLD", "NEW")}
  RETURN NULL;
END $$"""
    for name, (_, times) in CHANGED_ON.items()
}
POSTGRESQL_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} FOR EACH ROW EXECUTE FUNCTION callboard_{name}()"
    for name, (happened, _) in CHANGED_ON.items()
}

IS_WRONG = " OR ".join(
    f"{name} <> {number.format(since='begins_at', until='ends_at')}"
    for name, number in COUNTED.items()
)
STRAYS = text(
    f"SELECT substr(CAST(begins_at AS TEXT), 1, 10) FROM day_totals WHERE {IS_WRONG} ORDER BY 1"  # noqa: S608 - ours
)
FILL = (f"DELETE FROM day_totals WHERE {IS_WRONG}",)  # noqa: S608 - ours

DAY_TOTALS = Kept(SQLITE_TRIGGERS, POSTGRESQL_FUNCTIONS, POSTGRESQL_TRIGGERS, FILL, STRAYS)


def keep_days(connection: Connection, days: Iterable[datetime]) -> None:
    """Count what was created and closed on days that are over, of which nothing is kept, in a
    transaction that writes. They are told by their midnights in UTC. On PostgreSQL nobody else
    writes meanwhile, as on SQLite."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(LOCK_ON_POSTGRESQL)
    connection.execute(KEEP_DAY, [{"since": day, "until": day + DAY} for day in days])
