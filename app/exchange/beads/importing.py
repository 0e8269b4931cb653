"""The import itself: from the records of a file to tickets of one project, once each."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from app import clock
from app.exchange.beads.destination import Destination, batches, free_ids, open_plan, open_project
from app.exchange.beads.links import Links, Place, edges
from app.exchange.beads.record import TOMBSTONE, Line, Record, external_ref
from app.exchange.beads.rows import IMPORTER, Clerk, Row, Rows, parents_first
from app.exchange.beads.tally import Tally
from app.models import Comment, Event, Ticket, TicketDependency, TicketLabel


def import_records(
    session: Session,
    lines: Sequence[Line],
    destination: Destination,
    tally: Tally,
    progress: Callable[[int], object],
) -> None:
    """Make a ticket of each record that has none yet, with all that belongs to it.

    `progress` gets the number made since its last call. It is one transaction: a file is
    in as a whole or not at all. The rows are inserted in bulk, and not by verbs, which tell of the
    present and would hold SQLite's write lock for much longer.
    """
    places, elsewhere = _find_places(session, lines, destination.project_id)
    fresh = [line for line in lines if _is_wanted(line, places, elsewhere, tally)]
    rows = _write_down(session, fresh, destination, places, tally) if fresh else Rows()
    links = _open_links(session, destination.project_id, places, tally)
    links.resolve(lines)
    _hold_older(session, links)
    _apply(links, rows)
    _insert(session, rows, links, progress)
    _link_older(session, links, rows)


def _find_places(
    session: Session, lines: Sequence[Line], project_id: str
) -> tuple[dict[str, Place], set[str]]:
    """The project's tickets that an import has made of these records, or of what they link to; and
    the records that are in another project."""
    ids = {line.record.id for line in lines}
    ids |= {link.depends_on_id.strip() for line in lines for link in line.record.dependencies}
    places: dict[str, Place] = {}
    elsewhere: set[str] = set()
    for some in batches(sorted(ids)):
        refs = {external_ref(record_id): record_id for record_id in some}
        for ticket in session.execute(
            select(
                Ticket.external_ref,
                Ticket.project_id,
                Ticket.ticket_id,
                Ticket.state,
                Ticket.closed_at,
            ).where(Ticket.external_ref.in_(refs))
        ):
            record_id = refs[ticket.external_ref or ""]
            if ticket.project_id == project_id:
                is_closed = ticket.state == "closed"
                places[record_id] = Place(ticket.ticket_id, False, is_closed, ticket.closed_at)
            else:
                elsewhere.add(record_id)
    return places, elsewhere


def _is_wanted(line: Line, places: dict[str, Place], elsewhere: set[str], tally: Tally) -> bool:
    why = _skipped_because(line.record, places, elsewhere)
    if why:
        tally.records_skipped[why] += 1
        tally.comments_skipped["of a record that was skipped"] += len(line.record.comments)
    return why is None


def _skipped_because(record: Record, places: dict[str, Place], elsewhere: set[str]) -> str | None:
    if record.status == TOMBSTONE:
        return "tombstone: deleted where it comes from"
    if record.id in places:
        return "imported before"
    if record.id in elsewhere:
        return "imported before into another project"
    return None


def _write_down(
    session: Session,
    fresh: list[Line],
    destination: Destination,
    places: dict[str, Place],
    tally: Tally,
) -> Rows:
    """The rows of the new tickets; `places` learns where each of them will stand."""
    project = open_project(session, destination, tally)
    clerk = Clerk(destination.project_id, open_plan(session, destination, tally), tally)
    ids = free_ids(session, project, [line.record.id for line in fresh])
    for line in fresh:
        ticket = clerk.add(line, ids[line.record.id])
        places[line.record.id] = Place(
            ticket["ticket_id"], True, ticket["state"] == "closed", ticket["closed_at"]
        )
    return clerk.rows


def _open_links(session: Session, project_id: str, places: dict[str, Place], tally: Tally) -> Links:
    waits = session.execute(
        select(TicketDependency.ticket_id, TicketDependency.blocked_by_id)
        .join(Ticket, Ticket.ticket_id == TicketDependency.ticket_id)
        .where(Ticket.project_id == project_id)
    )
    parents = session.execute(
        select(Ticket.ticket_id, Ticket.parent_id).where(
            Ticket.project_id == project_id, Ticket.parent_id.is_not(None)
        )
    )
    return Links(
        places,
        tally,
        waits_for=edges((row.ticket_id, row.blocked_by_id) for row in waits),
        parent_of={row.ticket_id: row.parent_id for row in parents if row.parent_id},
    )


def _hold_older(session: Session, links: Links) -> None:
    """Hold the older tickets that get a link, in one order: none is closed before it is counted."""
    ends = set(links.new_parents) | set(links.new_parents.values())
    for dependency in links.dependencies:
        ends |= {dependency.ticket_id, dependency.blocker.ticket_id}
    older = {place.ticket_id: place for place in links.places.values() if not place.is_new}
    for some in batches(sorted(ends & older.keys())):
        for ticket in session.execute(
            select(Ticket.ticket_id, Ticket.state, Ticket.closed_at)
            .where(Ticket.ticket_id.in_(some))
            .order_by(Ticket.ticket_id)
            .with_for_update(key_share=True)
        ):
            older[ticket.ticket_id].is_closed = ticket.state == "closed"
            older[ticket.ticket_id].closed_at = ticket.closed_at


def _apply(links: Links, rows: Rows) -> None:
    """Write into the new tickets' rows whom they belong to, and what they wait for, or waited."""
    for ticket_id, parent_id in links.new_parents.items():
        if row := rows.tickets.get(ticket_id):
            row["parent_id"] = parent_id
    for dependency in links.dependencies:
        if row := rows.tickets.get(dependency.ticket_id):
            if not dependency.blocker.is_closed:
                row["open_blockers"] += 1
            elif dependency.blocker.closed_at:
                freed_at = min(dependency.blocker.closed_at, clock.now())
                row["ready_at"] = max(row["ready_at"], freed_at)


def _insert(session: Session, rows: Rows, links: Links, progress: Callable[[int], object]) -> None:
    for some in batches(parents_first(rows.tickets.values())):
        session.execute(insert(Ticket), some)
        progress(len(some))
    for some in batches(rows.labels):
        session.execute(insert(TicketLabel), some)
    for some in batches(rows.comments):
        session.execute(insert(Comment), some)
    # In the order in which things happened, because pages list events by number.
    for some in batches(sorted(rows.events, key=lambda event: event["created_at"])):
        session.execute(insert(Event), some)
    dependencies: list[Row] = [
        {
            "ticket_id": dependency.ticket_id,
            "blocked_by_id": dependency.blocker.ticket_id,
            "created_at": dependency.created_at or clock.now(),
        }
        for dependency in links.dependencies
    ]
    for some in batches(dependencies):
        session.execute(insert(TicketDependency), some)


def _link_older(session: Session, links: Links, rows: Rows) -> None:
    """Tickets of an earlier import may belong to new ones, or wait for them, from now on."""
    for ticket_id, parent_id in links.new_parents.items():
        if ticket_id not in rows.tickets:
            session.execute(
                update(Ticket).where(Ticket.ticket_id == ticket_id).values(parent_id=parent_id)
            )
    for dependency in links.dependencies:
        if dependency.ticket_id not in rows.tickets:
            ticket = Ticket.get(session, dependency.ticket_id)
            ticket.open_blockers += not dependency.blocker.is_closed
            ticket.record(
                "ticket_dependency_changed",
                IMPORTER,
                details={"cause": "added", "blocked_by": [dependency.blocker.ticket_id]},
            )
