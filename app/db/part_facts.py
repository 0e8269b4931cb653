"""Whether a ticket has parts, which its own row repeats of theirs: kept by the database's own
triggers, whoever writes.

Only a ticket that becomes a part, or is one no longer, changes another: no claim or report does.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from app.db.kept import Kept

FIRST_ADDED = """
  UPDATE tickets SET has_children = true WHERE ticket_id = {new}.parent_id AND NOT has_children;"""
HAS_LOST_ALL = """WHERE ticket_id = {old}.parent_id AND has_children
    AND NOT EXISTS (SELECT 1 FROM tickets part WHERE part.parent_id = {old}.parent_id)"""
LAST_REMOVED = f"""
  UPDATE tickets SET has_children = false {HAS_LOST_ALL};"""  # noqa: S608 - ours
# On PostgreSQL the foreign key of a part that is added meanwhile holds the parent: only who has
# waited for it sees that part.
WAIT_FOR_ADDING = f"""
  PERFORM 1 FROM tickets {HAS_LOST_ALL} FOR UPDATE;"""

HAPPENED: Mapping[str, tuple[str, str, str]] = {
    "part_added": ("INSERT ON tickets", "{new}.parent_id IS NOT NULL", FIRST_ADDED),
    "part_moved": (
        "UPDATE OF parent_id ON tickets",
        "coalesce({old}.parent_id, '') <> coalesce({new}.parent_id, '')",
        LAST_REMOVED + FIRST_ADDED,
    ),
    "part_removed": ("DELETE ON tickets", "{old}.parent_id IS NOT NULL", LAST_REMOVED),
}
SQLITE_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} WHEN {condition} BEGIN{steps}\nEND".format(
        old="old", new="new"
    )
    for name, (happened, condition, steps) in HAPPENED.items()
}

POSTGRESQL_FUNCTIONS: Mapping[str, str] = {
    f"callboard_{name}": f"""() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{steps.replace(LAST_REMOVED, WAIT_FOR_ADDING + LAST_REMOVED).format(old="OLD", new="NEW")}
  RETURN NULL;
END $$"""
    for name, (_, _, steps) in HAPPENED.items()
}
POSTGRESQL_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} FOR EACH ROW"
    + f" WHEN ({condition})".format(old="OLD", new="NEW")
    + f" EXECUTE FUNCTION callboard_{name}()"
    for name, (happened, condition, _) in HAPPENED.items()
}

IS_WRONG = (
    "has_children <> EXISTS (SELECT 1 FROM tickets part WHERE part.parent_id = tickets.ticket_id)"
)
STRAYS = text(f"SELECT ticket_id FROM tickets WHERE {IS_WRONG} ORDER BY 1")  # noqa: S608 - ours
FILL = (f"UPDATE tickets SET has_children = NOT has_children WHERE {IS_WRONG}",)  # noqa: S608 - ours

PART_FACTS = Kept(SQLITE_TRIGGERS, POSTGRESQL_FUNCTIONS, POSTGRESQL_TRIGGERS, FILL, STRAYS)
