"""Open, on hold, closed: the verbs that lead from one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy import select

from app import clock
from app.actor import Actor
from app.errors import Conflict
from app.models.event import ASKING, HOLDING, Event
from app.models.project import Project
from app.models.ticket.dependencies import TicketDependencies
from app.models.ticket.planning import TicketPlanning
from app.models.ticket.relations import TicketRelations
from app.models.ticket.runs import TicketRuns
from app.text import require_text

Resolution = Literal["completed", "stopped"]


class TicketState(TicketRuns, TicketPlanning, TicketDependencies, TicketRelations):
    """Whether work may go on. What is held or closed takes its run back; what closes or reopens
    tells those that wait for it."""

    __abstract__ = True

    def hold(self, actor: Actor, reason: str = "") -> None:
        """Let nobody work on the ticket until it is resumed; a run in progress is taken back."""
        self.require_open()
        reason = require_text(reason, "reason", self.REASON_MAX)
        run_id = self._take_back(
            f"{self.ticket_id} was put on hold by {actor.label}", actor, "held"
        )
        self.state = "on_hold"
        self.record(
            "ticket_held", actor, stage=self.current_stage, reason=reason or None, run_id=run_id
        )

    def resume(
        self, actor: Actor, answer: str = "", submission_id: str | None = None
    ) -> int | None:
        """Back into its queue with all attempts; the answer is a comment for the next worker, whose
        number is returned."""
        self.require_on_hold()
        said = self.say(answer, actor, submission_id=submission_id) if answer.strip() else None
        self.state = "open"
        self.failed_attempts = 0
        self.free()
        self.resolve_attention(actor, answer or "the ticket was resumed")
        question = self._open_question()
        self.record(
            "ticket_resumed",
            actor,
            stage=self.current_stage,
            comment_id=said,
            details={"answers": question} if question else None,
        )
        return said

    def stop(self, actor: Actor, reason: str = "") -> None:
        """Close the ticket although its plan isn't done; a run in progress is taken back."""
        self.require_not_closed()
        reason = require_text(reason, "reason", self.REASON_MAX)
        run_id = self._take_back(f"{self.ticket_id} was closed by {actor.label}", actor, "closed")
        self.resolve_attention(actor, reason or "the ticket was closed")
        self.close("stopped", actor, reason, run_id=run_id)

    def close(
        self,
        resolution: Resolution,
        actor: Actor,
        reason: str = "",
        *,
        run_id: int | None = None,
        because: Mapping[str, Any] | None = None,
    ) -> None:
        """End the ticket, and free those that it blocked. `because`: the event that ends it, which
        is stored before."""
        self.state = "closed"
        self.resolution = resolution
        self.closed_at = clock.now()
        self.claimed_by = None
        closed = self.event(
            "ticket_closed",
            actor,
            reason=reason or None,
            run_id=run_id,
            details={"resolution": resolution},
        )
        self.record_all([because, closed] if because else [closed])
        self.tell_dependents_closed(actor)

    def reopen(self, actor: Actor, reason: str = "") -> None:
        """Open a closed ticket where it stopped; one whose plan was done repeats its last stage."""
        self.require_reopenable()
        said = self.say(reason, actor) if reason.strip() else None
        self.state = "open"
        self.resolution = None
        self.closed_at = None
        self.move_to(min(self.completed_stages, len(self.execution_plan) - 1))
        self.session.flush()
        self.record(
            "ticket_reopened",
            actor,
            stage=self.current_stage,
            reason=reason or None,
            comment_id=said,
        )
        self.tell_dependents_reopened(actor)

    def require_on_hold(self) -> None:
        """Raise `Conflict` unless the ticket can be resumed."""
        if self.state != "on_hold":
            raise Conflict(f"{self.ticket_id} isn't on hold.")

    def require_reopenable(self) -> None:
        """Raise `Conflict` or `Invalid` unless the ticket is closed and its plan can go on."""
        if self.state != "closed":
            raise Conflict(f"{self.ticket_id} isn't closed.")
        Project.get(self.session, self.project_id).require_active()
        self._require_roles()

    def _open_question(self) -> int | None:
        """The event by which the ticket asks, unless a person put it on hold."""
        newest = self.session.execute(
            select(Event.id, Event.event_type)
            .where(Event.ticket_id == self.ticket_id, Event.event_type.in_(HOLDING))
            .order_by(Event.id.desc())
            .limit(1)
        ).first()
        return newest.id if newest and newest.event_type == ASKING else None

    def resolve_attention(self, actor: Actor, note: str) -> None:
        """Process the ticket's open calls for attention: what happened now answers them."""
        Event.answer_all(self.session, self.ticket_id, actor, note)
