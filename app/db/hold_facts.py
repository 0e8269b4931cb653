"""Since when a ticket asks: what it repeats of the event that put it on hold last, and when none is
left, of itself. The database's own triggers keep it, whoever writes.

A person who holds a ticket asks for nothing, so that there is no such time. A claim sets off no
trigger, nor does a report unless the ticket asks or closes.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from app.db.kept import Kept

HOLDS = "event_type IN ('ticket_attention_requested', 'ticket_held')"
NEWEST = """(SELECT {column} FROM events WHERE ticket_id = tickets.ticket_id AND {holds}
      ORDER BY id DESC LIMIT 1)"""
ASKS_SINCE = """CASE WHEN state <> 'on_hold' OR {event_type} = 'ticket_held' THEN NULL
    ELSE coalesce({created_at}, updated_at) END""".format(
    **{column: NEWEST.format(column=column, holds=HOLDS) for column in ("event_type", "created_at")}
)
FOLLOW = """
  UPDATE tickets SET asks_since = {asks_since} WHERE ticket_id = {new}.ticket_id;"""

HAPPENED: Mapping[str, tuple[str, str]] = {
    "asking_told": ("INSERT ON events", "{new}." + HOLDS),
    "asking_inserted": ("INSERT ON tickets", "{new}.state = 'on_hold'"),
    "asking_changed": (
        "UPDATE OF state ON tickets",
        "({new}.state = 'on_hold') <> ({old}.state = 'on_hold')",
    ),
}
SQLITE_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} WHEN {condition}".format(new="new", old="old")
    + f" BEGIN{FOLLOW.format(asks_since=ASKS_SINCE, new='new')}\nEND"
    for name, (happened, condition) in HAPPENED.items()
}

POSTGRESQL_FUNCTIONS: Mapping[str, str] = {
    "callboard_asking": f"""() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{FOLLOW.format(asks_since=ASKS_SINCE, new="NEW")}
  RETURN NULL;
END $$""",
}
POSTGRESQL_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} FOR EACH ROW"
    + f" WHEN ({condition})".format(new="NEW", old="OLD")
    + " EXECUTE FUNCTION callboard_asking()"
    for name, (happened, condition) in HAPPENED.items()
}

# What events told that were pruned is known here only.
IS_WRONG = f"""(state <> 'on_hold' AND asks_since IS NOT NULL) OR (state = 'on_hold'
  AND EXISTS (SELECT 1 FROM events WHERE ticket_id = tickets.ticket_id AND {HOLDS})
  AND coalesce(asks_since, '0001-01-01') <> coalesce({ASKS_SINCE}, '0001-01-01'))"""  # noqa: S608 - ours
STRAYS = text(f"SELECT ticket_id FROM tickets WHERE {IS_WRONG} ORDER BY 1")  # noqa: S608 - ours
FILL = (f"UPDATE tickets SET asks_since = {ASKS_SINCE} WHERE {IS_WRONG}",)  # noqa: S608 - ours

HOLD_FACTS = Kept(SQLITE_TRIGGERS, POSTGRESQL_FUNCTIONS, POSTGRESQL_TRIGGERS, FILL, STRAYS)
