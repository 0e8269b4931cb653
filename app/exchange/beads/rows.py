"""The rows that a record becomes: its ticket, labels, comments and events."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app import clock
from app.actor import Actor
from app.exchange.beads import wording
from app.exchange.beads.record import Record
from app.exchange.beads.tally import Remark, Tally
from app.models import Ticket
from app.models.event import Details
from app.models.ticket import PRIORITIES
from app.values import immutable

IMPORTER = Actor("system", "beads import")

Row = dict[str, Any]

OPEN_STATUSES = ("open", "in_progress", "hooked")
"""Nobody holds them on this board, so that they wait for a worker; a label tells what they were."""

HELD_STATUSES = ("deferred", "pinned", "blocked")
"""They wait for something that only a person knows."""


@immutable
class Turn:
    """A record whose turn it is: where it stands in the file, and what is known of its ticket."""

    line: int
    record: Record
    ticket_id: str
    parent_id: str | None
    open_blockers: int
    last_closed_at: datetime | None
    """When the last of its blockers was closed, if any was."""


@dataclass(slots=True)
class Rows:
    """What to insert of some records, table by table."""

    tickets: list[Row] = field(default_factory=list)
    labels: list[Row] = field(default_factory=list)
    comments: list[Row] = field(default_factory=list)
    events: list[Row] = field(default_factory=list)


class Clerk:
    """Writes down, for one project and plan, the rows of one record after the other."""

    def __init__(self, project_id: str, plan: list[str], tally: Tally) -> None:
        self.project_id = project_id
        self.plan = plan
        self.tally = tally
        self.rows = Rows()

    def take(self) -> Rows:
        """What was written down since the last time."""
        taken, self.rows = self.rows, Rows()
        return taken

    def add(self, turn: Turn) -> None:
        """Write down a record."""
        record, ticket_id = turn.record, turn.ticket_id
        ticket = self._ticket(turn)
        self.rows.tickets.append(ticket)
        self.rows.labels += [
            {"ticket_id": ticket_id, "label": label} for label in wording.labels(record, self.tally)
        ]
        self._add_comments(record, ticket)
        self._add_events(record, ticket)
        self.tally.tickets[ticket["state"].replace("_", " ")] += 1
        self.tally.fields_left_out.update(record.left_out)

    def _ticket(self, turn: Turn) -> Row:
        record, now = turn.record, clock.now()
        state = self._state(turn)
        begun_at = record.begun_at
        done = len(self.plan) if state == "closed" else 0
        ready_at = min(begun_at, now)
        if turn.last_closed_at:
            ready_at = max(ready_at, min(turn.last_closed_at, now))
        return {
            "ticket_id": turn.ticket_id,
            "project_id": self.project_id,
            "title": wording.title(record, self.tally),
            "description": wording.description(record, self.tally),
            "execution_plan": self.plan,
            "completed_stages": done,
            "last_completed_stage": self.plan[-1] if done else Ticket.PLANNED,
            "state": state,
            "resolution": "completed" if done else None,
            "priority": min(max(record.priority, 0), len(PRIORITIES) - 1),
            "created_by": wording.name(record.created_by, self.tally),
            "external_ref": record.ref,
            "created_at": begun_at,
            "updated_at": record.updated_at or max(begun_at, record.closed_at or begun_at),
            "closed_at": record.done_at,
            "ready_at": ready_at,
            "open_blockers": turn.open_blockers,
            "parent_id": turn.parent_id,
        }

    def _state(self, turn: Turn) -> str:
        status = turn.record.status
        if status == "closed":
            return "closed"
        if status in OPEN_STATUSES:
            return "open"
        if status == "blocked" and any(link.type == "blocks" for link in turn.record.dependencies):
            return "open"  # its blockers hold it back, and let it go when they are closed
        if status not in HELD_STATUSES:
            text = f"unknown status “{status[:40]}”: the ticket is on hold until someone decides"
            self.tally.warnings.append(Remark(turn.line, text))
        return "on_hold"

    def _add_comments(self, record: Record, ticket: Row) -> None:
        oldest = ticket["created_at"]
        for said in sorted(record.comments, key=lambda said: said.created_at or oldest):
            if not said.text.strip():
                self.tally.comments_skipped["empty"] += 1
                continue
            self.tally.comments += 1
            self.rows.comments.append(
                {
                    "ticket_id": ticket["ticket_id"],
                    "author": wording.name(said.author, self.tally),
                    "content": wording.comment(said, self.tally),
                    "created_at": said.created_at or oldest,
                }
            )

    def _add_events(self, record: Record, ticket: Row) -> None:
        self._add_event(ticket, "ticket_created", ticket["created_at"], actor=ticket["created_by"])
        if ticket["state"] == "closed":
            self._add_event(
                ticket,
                "ticket_closed",
                ticket["closed_at"],
                reason=wording.reason(record.close_reason, self.tally) or None,
                details={"resolution": "completed"},
            )
        if ticket["state"] == "on_hold":
            status = {"beads_status": record.status[:40]}
            self._add_event(ticket, "ticket_held", ticket["updated_at"], details=status)

    def _add_event(
        self,
        ticket: Row,
        event_type: str,
        created_at: datetime,
        *,
        actor: str | None = None,
        reason: str | None = None,
        details: Details | None = None,
    ) -> None:
        # Processed from the start: what is long past must not fill anyone's inbox.
        self.rows.events.append(
            {
                "event_type": event_type,
                "project_id": self.project_id,
                "ticket_id": ticket["ticket_id"],
                "stage": self.plan[0] if event_type == "ticket_held" else None,
                "reason": reason,
                "details": details or {},
                "actor": actor or IMPORTER.label,
                "created_at": created_at,
                "processed": True,
            }
        )
