"""What labels repeat of their tickets, and which tickets have labels: kept by the database's own
triggers, whoever writes.

A label's row says whose project its ticket is, how urgent, and whether it is closed, so that an
index of labels alone finds the tickets that have several of these. A claim or a report changes
none of it; only a ticket that closes pays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, text

FOLLOWED = "UPDATE OF project_id, state, priority"
HAS_CHANGED = """({new}.has_labels AND ({old}.project_id <> {new}.project_id
  OR {old}.priority <> {new}.priority OR ({old}.state = 'closed') <> ({new}.state = 'closed')))"""
FOLLOW = """
  UPDATE ticket_labels SET project_id = {new}.project_id, is_closed = ({new}.state = 'closed'),
    priority = {new}.priority
  WHERE ticket_id = {new}.ticket_id;"""
COPY = """
  UPDATE ticket_labels SET project_id = t.project_id, is_closed = (t.state = 'closed'),
    priority = t.priority
  FROM tickets t WHERE t.ticket_id = new.ticket_id
    AND ticket_labels.ticket_id = new.ticket_id AND ticket_labels.label = new.label;"""
FIRST_ADDED = """
  UPDATE tickets SET has_labels = true WHERE ticket_id = {new}.ticket_id AND NOT has_labels;"""
LAST_REMOVED = """
  UPDATE tickets SET has_labels = false WHERE ticket_id = {old}.ticket_id AND has_labels
    AND NOT EXISTS (SELECT 1 FROM ticket_labels WHERE ticket_id = {old}.ticket_id);"""

SQLITE_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} AFTER {happened} BEGIN{steps}\nEND"
    for name, happened, steps in (
        (
            "label_added",
            "INSERT ON ticket_labels",
            COPY + FIRST_ADDED.format(new="new"),
        ),
        ("label_removed", "DELETE ON ticket_labels", LAST_REMOVED.format(old="old")),
        (
            "label_followed",
            f"{FOLLOWED} ON tickets WHEN {HAS_CHANGED.format(old='old', new='new')}",
            FOLLOW.format(new="new"),
        ),
    )
}

POSTGRESQL_FUNCTIONS: Mapping[str, str] = {
    "callboard_label_added": """() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  ticket record;
BEGIN
  SELECT project_id, state, priority INTO ticket FROM tickets WHERE ticket_id = NEW.ticket_id;
  IF FOUND THEN
    NEW.project_id := ticket.project_id;
    NEW.is_closed := ticket.state = 'closed';
    NEW.priority := ticket.priority;
    UPDATE tickets SET has_labels = true WHERE ticket_id = NEW.ticket_id AND NOT has_labels;
  END IF;
  RETURN NEW;
END $$""",
    "callboard_label_removed": f"""() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{LAST_REMOVED.format(old="OLD")}
  RETURN NULL;
END $$""",
    "callboard_label_followed": f"""() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN{FOLLOW.format(new="NEW")}
  RETURN NULL;
END $$""",
}
POSTGRESQL_TRIGGERS: Mapping[str, str] = {
    name: f"CREATE TRIGGER {name} {happened} EXECUTE FUNCTION callboard_{name}()"
    for name, happened in (
        ("label_added", "BEFORE INSERT ON ticket_labels FOR EACH ROW"),
        ("label_removed", "AFTER DELETE ON ticket_labels FOR EACH ROW"),
        (
            "label_followed",
            f"AFTER {FOLLOWED} ON tickets FOR EACH ROW WHEN {HAS_CHANGED}".format(
                old="OLD", new="NEW"
            ),
        ),
    )
}

SQLITE_TRIGGERS_THERE = text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
POSTGRESQL_TRIGGERS_ON = text("""
SELECT tgname FROM pg_trigger WHERE tgenabled IN ('O', 'A')
  AND tgrelid IN (to_regclass('tickets'), to_regclass('ticket_labels'))""")

STRAYS = text("""
SELECT t.ticket_id FROM ticket_labels l JOIN tickets t ON t.ticket_id = l.ticket_id
WHERE l.project_id <> t.project_id OR l.is_closed <> (t.state = 'closed')
  OR l.priority <> t.priority
UNION
SELECT ticket_id FROM tickets
WHERE has_labels <> EXISTS (SELECT 1 FROM ticket_labels l WHERE l.ticket_id = tickets.ticket_id)
ORDER BY 1""")
FILL = (
    """
UPDATE ticket_labels SET project_id = t.project_id, is_closed = (t.state = 'closed'),
  priority = t.priority
FROM tickets t WHERE t.ticket_id = ticket_labels.ticket_id AND (
  ticket_labels.project_id <> t.project_id OR ticket_labels.is_closed <> (t.state = 'closed')
  OR ticket_labels.priority <> t.priority)""",
    """
UPDATE tickets SET has_labels = NOT has_labels
WHERE has_labels <> EXISTS (SELECT 1 FROM ticket_labels l WHERE l.ticket_id = tickets.ticket_id)""",
)


def create(connection: Connection) -> None:
    """Let the columns say what is true now, and keep them from now on."""
    if connection.dialect.name == "sqlite":
        triggers = [*SQLITE_TRIGGERS.values()]
    else:
        functions = [f"CREATE FUNCTION {name}{it}" for name, it in POSTGRESQL_FUNCTIONS.items()]
        triggers = [*functions, *POSTGRESQL_TRIGGERS.values()]
    for step in (*FILL, *triggers):
        connection.exec_driver_sql(step)


def drop(connection: Connection) -> None:
    """Take the triggers away, as far as they are there."""
    if connection.dialect.name == "sqlite":
        steps = [f"DROP TRIGGER IF EXISTS {name}" for name in SQLITE_TRIGGERS]
    else:
        # With the functions go the triggers that call them.
        steps = [f"DROP FUNCTION IF EXISTS {name} CASCADE" for name in POSTGRESQL_FUNCTIONS]
    for step in steps:
        connection.exec_driver_sql(step)


def rebuild(connection: Connection) -> None:
    """Make the triggers anew, and put right what is wrong."""
    drop(connection)
    create(connection)


def missing_parts(connection: Connection) -> list[str]:
    """Triggers that aren't there, or are switched off."""
    is_sqlite = connection.dialect.name == "sqlite"
    there = {*connection.scalars(SQLITE_TRIGGERS_THERE if is_sqlite else POSTGRESQL_TRIGGERS_ON)}
    return [name for name in SQLITE_TRIGGERS if name not in there]


def strays(connection: Connection) -> Sequence[str]:
    """The tickets of which their labels say something else, or that don't know whether they have
    any."""
    return connection.scalars(STRAYS).all()
