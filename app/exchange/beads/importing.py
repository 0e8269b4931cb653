"""The import itself: from the staged records of a file to tickets of one project, once each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app import clock
from app.exchange.beads.destination import Destination, find_ids, open_plan, open_project
from app.exchange.beads.links import Links
from app.exchange.beads.record import TOMBSTONE, Record, external_ref
from app.exchange.beads.rows import IMPORTER, Clerk, Rows, Turn
from app.exchange.beads.staging import BATCH, Staging, as_text, as_time, batches
from app.exchange.beads.tally import Tally
from app.models import Comment, Event, RelatedTickets, Ticket, TicketDependency, TicketLabel

EVERY_ID = "SELECT id FROM records UNION SELECT target FROM links ORDER BY 1"

SKIP = """
    UPDATE records SET skipped_because = CASE
      WHEN status = ?1 THEN 'tombstone: deleted where it comes from'
      WHEN id IN (SELECT record_id FROM places) THEN 'imported before'
      ELSE 'imported before into another project' END
    WHERE status = ?1
       OR id IN (SELECT record_id FROM places UNION ALL SELECT record_id FROM elsewhere)"""

SKIPPED = """
    SELECT skipped_because, count(*), sum(comments) FROM records
    WHERE skipped_because IS NOT NULL GROUP BY skipped_because ORDER BY min(line)"""

OLDER_ENDS = """
    SELECT ticket_id FROM places WHERE NOT is_new AND ticket_id IN (
      SELECT ticket_id FROM waits WHERE is_new UNION SELECT blocked_by FROM waits WHERE is_new
      UNION SELECT ticket_id FROM parents WHERE is_new
      UNION SELECT parent_id FROM parents WHERE is_new)
    ORDER BY ticket_id"""

PARENTS_FIRST = """
    WITH RECURSIVE tree (ticket_id, depth) AS (
      SELECT ticket_id, 0 FROM places WHERE is_new AND NOT EXISTS (
        SELECT 1 FROM parents JOIN places AS above ON above.ticket_id = parents.parent_id
        WHERE parents.ticket_id = places.ticket_id AND above.is_new)
      UNION ALL
      SELECT parents.ticket_id, depth + 1
      FROM tree JOIN parents ON parents.parent_id = tree.ticket_id
      JOIN places ON places.ticket_id = parents.ticket_id AND places.is_new)
    INSERT INTO turns (line)
    SELECT line FROM tree JOIN places USING (ticket_id) JOIN records ON records.id = record_id
    ORDER BY depth, line"""

TURNS = """
    SELECT line, content, ticket_id,
           (SELECT parent_id FROM parents WHERE ticket_id = here.ticket_id),
           (SELECT count(*) FROM waits JOIN places AS other ON other.ticket_id = blocked_by
            WHERE waits.ticket_id = here.ticket_id AND other.closed_at IS NULL),
           (SELECT max(closed_at) FROM waits JOIN places AS other ON other.ticket_id = blocked_by
            WHERE waits.ticket_id = here.ticket_id)
    FROM turns CROSS JOIN records USING (line) CROSS JOIN places AS here ON here.record_id = id
    ORDER BY turn"""


def import_records(
    session: Session,
    staging: Staging,
    destination: Destination,
    tally: Tally,
    progress: Callable[[int], object],
) -> None:
    """Make a ticket of each staged record that has none yet, with all that belongs to it.

    `progress` gets the number made since its last call. It is one transaction: a file is
    in as a whole or not at all. The rows are inserted in bulk, and not by verbs, which tell of the
    present and would hold SQLite's write lock for much longer.
    """
    _find_places(session, staging, destination.project_id)
    _skip(staging, tally)
    clerk = _open(session, staging, destination, tally)
    _resolve_links(session, staging, destination.project_id, tally)
    _hold_older(session, staging)
    if clerk:
        _insert(session, staging, clerk, progress)
    _insert_dependencies(session, staging)
    _insert_related(session, staging)
    _link_older(session, staging)


def _find_places(session: Session, staging: Staging, project_id: str) -> None:
    """The project's tickets that an import has made of these records, or of what they link to; and
    the records that are in another project."""
    for some in batches(record_id for (record_id,) in staging.execute(EVERY_ID)):
        refs = {external_ref(record_id): record_id for record_id in some}
        for ticket in session.execute(
            select(
                Ticket.external_ref,
                Ticket.project_id,
                Ticket.ticket_id,
                Ticket.closed_at,
            ).where(Ticket.external_ref.in_(refs))
        ):
            record_id = refs[ticket.external_ref or ""]
            if ticket.project_id == project_id:
                place = record_id, ticket.ticket_id, as_text(ticket.closed_at)
                staging.execute("INSERT INTO places VALUES (?, ?, 0, ?)", place)
            else:
                staging.execute("INSERT INTO elsewhere VALUES (?)", (record_id,))


def _skip(staging: Staging, tally: Tally) -> None:
    staging.execute(SKIP, (TOMBSTONE,))
    for why, records, comments in staging.execute(SKIPPED):
        tally.records_skipped[why] = records
        tally.comments_skipped["of a record that was skipped"] += comments


def _open(
    session: Session, staging: Staging, destination: Destination, tally: Tally
) -> Clerk | None:
    """Who writes the new tickets down, each of which has its id by then; None: there are none."""
    if not staging.count("SELECT count(*) FROM records WHERE skipped_because IS NULL"):
        return None
    project = open_project(session, destination, tally)
    clerk = Clerk(destination.project_id, open_plan(session, destination, tally), tally)
    find_ids(session, project, staging)
    return clerk


def _resolve_links(session: Session, staging: Staging, project_id: str, tally: Tally) -> None:
    waits = (
        select(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
        .join(Ticket, Ticket.ticket_id == TicketDependency.ticket_id)
        .where(Ticket.project_id == project_id)
    )
    parents = select(Ticket.ticket_id, Ticket.parent_id).where(
        Ticket.project_id == project_id, Ticket.parent_id.is_not(None)
    )
    links = Links(staging, tally)
    in_batches = {"yield_per": BATCH}
    links.know(
        session.execute(waits, execution_options=in_batches),
        session.execute(parents, execution_options=in_batches),
    )
    links.resolve()


def _hold_older(session: Session, staging: Staging) -> None:
    """Hold the older tickets that get a link, in one order: none is closed before it is counted."""
    for some in batches(staging.execute(OLDER_ENDS).fetchall()):
        for ticket in session.execute(
            select(Ticket.ticket_id, Ticket.closed_at)
            .where(Ticket.ticket_id.in_([ticket_id for (ticket_id,) in some]))
            .order_by(Ticket.ticket_id)
            .with_for_update(key_share=True)
        ):
            staging.execute(
                "UPDATE places SET closed_at = ? WHERE ticket_id = ?",
                (as_text(ticket.closed_at), ticket.ticket_id),
            )


def _insert(
    session: Session, staging: Staging, clerk: Clerk, progress: Callable[[int], object]
) -> None:
    staging.execute(PARENTS_FIRST)
    for some in batches(_turns(staging)):
        for turn in some:
            clerk.add(turn)
        rows = clerk.take()
        _insert_rows(session, rows)
        staging.store(
            "INSERT INTO events VALUES (?, ?)",
            ((as_text(event.pop("created_at")), json.dumps(event)) for event in rows.events),
        )
        progress(len(some))
    # In the order in which things happened, because pages list events by number.
    events = staging.execute("SELECT created_at, content FROM events ORDER BY created_at, rowid")
    for told in batches(events):
        session.execute(
            insert(Event),
            [{**json.loads(content), "created_at": as_time(at)} for at, content in told],
        )


def _turns(staging: Staging) -> Iterator[Turn]:
    for line, content, ticket_id, parent_id, open_blockers, closed_at in staging.execute(TURNS):
        record = Record.model_validate_json(content)
        yield Turn(line, record, ticket_id, parent_id, open_blockers, as_time(closed_at))


def _insert_rows(session: Session, rows: Rows) -> None:
    session.execute(insert(Ticket), rows.tickets)
    for model, these in ((TicketLabel, rows.labels), (Comment, rows.comments)):
        if these:
            session.execute(insert(model), these)


def _insert_dependencies(session: Session, staging: Staging) -> None:
    made = staging.execute("SELECT ticket_id, blocked_by, created_at FROM waits WHERE is_new")
    for some in batches(made):
        session.execute(
            insert(TicketDependency),
            [
                {
                    "ticket_id": ticket_id,
                    "blocked_by_id": blocked_by,
                    "created_at": as_time(created_at) or clock.now(),
                }
                for ticket_id, blocked_by, created_at in some
            ],
        )


def _insert_related(session: Session, staging: Staging) -> None:
    for some in batches(staging.execute("SELECT ticket_id, related_id, created_at FROM related")):
        session.execute(
            insert(RelatedTickets),
            [
                {
                    "ticket_id": ticket_id,
                    "related_id": related_id,
                    "created_at": as_time(created_at) or clock.now(),
                }
                for ticket_id, related_id, created_at in some
            ],
        )


def _link_older(session: Session, staging: Staging) -> None:
    """Tickets of an earlier import may belong to new ones, or wait for them, from now on."""
    for parent_id, ticket_id in staging.execute(
        "SELECT parent_id, ticket_id FROM parents JOIN places USING (ticket_id)"
        " WHERE parents.is_new AND NOT places.is_new"
    ):
        session.execute(
            update(Ticket).where(Ticket.ticket_id == ticket_id).values(parent_id=parent_id)
        )
    for ticket_id, blocked_by, is_open in staging.execute(
        "SELECT waits.ticket_id, blocked_by, blocker.closed_at IS NULL"
        " FROM waits JOIN places USING (ticket_id)"
        " JOIN places AS blocker ON blocker.ticket_id = blocked_by"
        " WHERE waits.is_new AND NOT places.is_new"
    ):
        ticket = Ticket.get(session, ticket_id)
        ticket.open_blockers += is_open
        ticket.record(
            "ticket_dependency_changed",
            IMPORTER,
            details={"cause": "added", "blocked_by": [blocked_by]},
        )
