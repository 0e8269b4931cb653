"""What labels repeat of their tickets, and which tickets have labels: kept by the database's own
triggers, whoever writes.

A label's row says whose project its ticket is, how urgent, and whether it is closed, so that an
index of labels alone finds the tickets that have several of these. A claim or a report changes
none of it; only a ticket that closes pays.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import text

from app.db.kept import Kept

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

# Of these their labels say something else, or they don't know whether they have any.
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

LABEL_FACTS = Kept(SQLITE_TRIGGERS, POSTGRESQL_FUNCTIONS, POSTGRESQL_TRIGGERS, FILL, STRAYS)
