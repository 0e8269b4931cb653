"""What happens to a ticket: the verbs that change its text, its plan and its state.

What happens at a stage (complete, send back, fail …) is told by its run: see `stage_run.py`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal, Self

from sqlalchemy import select
from sqlalchemy.orm import Session, WriteOnlyMapped, relationship

from app import clock
from app.actor import Actor
from app.errors import Conflict, Invalid, Stale
from app.models.dependency import Blockable
from app.models.event import Event
from app.models.label import TicketLabel, require_labels
from app.models.plan import require_plan
from app.models.project import Project
from app.models.ticket_row import PRIORITIES
from app.text import require_line, require_name, require_text

if TYPE_CHECKING:
    from app.models.comment import Comment
    from app.models.stage_run import StageRun

Resolution = Literal["completed", "stopped"]


class Ticket(Blockable):
    """A piece of work. Its position is `completed_stages`; the database derives `current_stage`."""

    runs: WriteOnlyMapped[StageRun] = relationship("StageRun", viewonly=True)

    @classmethod
    def create(
        cls,
        session: Session,
        *,
        project_id: str,
        title: str,
        execution_plan: Sequence[str],
        actor: Actor,
        description: str = "",
        priority: int = 2,
        labels: Sequence[str] = (),
        parent_id: str | None = None,
        ticket_id: str | None = None,
        submission_id: str | None = None,
    ) -> Self:
        """A new open ticket at the start of its plan.

        Without `ticket_id` the project numbers it. Raises `Invalid`, `Conflict`, `NotFound`.
        """
        project = Project.get(session, project_id)
        project.require_active()
        ticket = cls.unsaved(
            project_id=project_id,
            title=title,
            execution_plan=require_plan(session, project_id, execution_plan),
            actor=actor,
            description=description,
            priority=priority,
            submission_id=submission_id,
        )
        names = require_labels(labels)
        if parent_id:
            ticket.parent_id = cls._require_parent(session, project_id, parent_id)
        if ticket_id:
            ticket.ticket_id = cls._require_free_id(session, ticket_id)
        else:
            (ticket.ticket_id,) = cls.next_free_ids(session, project, 1)
        session.add(ticket)
        session.flush()
        TicketLabel.add(session, {ticket.ticket_id: names})
        ticket.record("ticket_created", actor)
        return ticket

    @classmethod
    def unsaved(
        cls,
        *,
        project_id: str,
        title: str,
        execution_plan: list[str],
        actor: Actor,
        description: str = "",
        priority: int = 2,
        submission_id: str | None = None,
    ) -> Self:
        """A new ticket that has no id yet and is in no session. Raises `Invalid` for its text."""
        now = clock.now()
        ticket = cls(
            project_id=project_id,
            execution_plan=execution_plan,
            completed_stages=0,
            failed_attempts=0,
            open_blockers=0,
            claimed_by=None,
            state="open",
            version=1,
            ready_at=now,
            created_at=now,
            updated_at=now,
            created_by=actor.label,
            submission_id=submission_id,
        )
        ticket._set_text(title, description, priority)
        return ticket

    @classmethod
    def require_id(cls, ticket_id: str) -> str:
        """An id that a caller may bring along."""
        ticket_id = require_name(ticket_id, "ticket_id", cls.ID_MAX)
        if ticket_id in cls.RESERVED_IDS:
            raise Invalid(f"“{ticket_id}” is an address of its own; choose another.", "ticket_id")
        return ticket_id

    @classmethod
    def next_free_ids(
        cls, session: Session, project: Project, count: int, but: Collection[str] = ()
    ) -> list[str]:
        """The project's next numbers that no caller has brought along as its own id, nor will."""
        free: list[str] = []
        while missing := count - len(free):
            ids = project.next_ticket_ids(missing)
            taken = cls.taken_ids(session, ids).union(but)
            free += [ticket_id for ticket_id in ids if ticket_id not in taken]
        return free

    @classmethod
    def taken_ids(cls, session: Session, ids: Collection[str]) -> set[str]:
        """Those of the ids that tickets have."""
        return set(session.scalars(select(cls.ticket_id).where(cls.ticket_id.in_(ids))))

    def edit(
        self,
        *,
        title: str,
        description: str,
        priority: int,
        labels: Sequence[str],
        version: int,
        actor: Actor,
    ) -> None:
        """Change what the ticket says. Raises `Stale` when `version` is no longer the ticket's."""
        if version != self.version:
            raise Stale(f"{self.ticket_id} was changed by someone else while you were editing it.")
        self._set_text(title, description, priority)
        TicketLabel.replace(self.session, self.ticket_id, require_labels(labels))
        self.version += 1
        self.record("ticket_edited", actor)

    def amend_plan(
        self, execution_plan: Sequence[str], actor: Actor, version: int | None = None
    ) -> None:
        """Change the stages that are not yet done, nor running. With a `version` that is no longer
        the ticket's: `Stale`."""
        self.require_not_closed()
        if version not in (None, self.version):
            raise Stale(f"{self.ticket_id} was changed by someone else while you were planning.")
        plan = require_plan(self.session, self.project_id, execution_plan)
        if plan == self.execution_plan:
            return
        fixed = self.fixed_stages
        if plan[:fixed] != self.execution_plan[:fixed]:
            raise Conflict(
                f"The first {fixed} of the plan's stages are done or running and stay as they are: "
                f"{', '.join(self.execution_plan[:fixed])}.",
                "execution_plan",
            )
        if len(plan) <= self.completed_stages:
            raise Conflict(
                "Nothing would be left to do; close the ticket instead.", "execution_plan"
            )
        if self.current_stage != plan[self.completed_stages]:
            self.failed_attempts = 0
        before = self.execution_plan
        self.execution_plan = plan
        self.version += 1
        self.record("ticket_plan_changed", actor, reason=f"{', '.join(before)} → {', '.join(plan)}")

    def say_in_run(self, run: StageRun, content: str, actor: Actor | None = None) -> Comment:
        """Add a comment at the run's stage, by its worker unless it is another who says it. Raises
        `RunNotCurrent`, `Invalid`."""
        if run.ticket_id != self.ticket_id:
            raise Invalid(f"Run {run.run_id} is at work on {run.ticket_id}.", "run_id")
        actor = actor or run.doer
        run.require_current("comment", content, actor)
        return self.say(content, actor, run_id=run.run_id, stage_number=run.stage_number)

    @property
    def current_run(self) -> StageRun | None:
        """The unfinished run: whoever works on the ticket now."""
        return self.session.scalar(
            self.runs.select().filter_by(finished_at=None).execution_options(populate_existing=True)
        )

    def hold(self, actor: Actor, reason: str = "") -> None:
        """Let nobody work on the ticket until it is resumed; a run in progress is taken back."""
        self.require_open()
        reason = require_text(reason, "reason", self.REASON_MAX)
        self._take_back(f"{self.ticket_id} was put on hold by {actor.label}", actor)
        self.state = "on_hold"
        self.record("ticket_held", actor, stage=self.current_stage, reason=reason or None)

    def wait_for_attention(
        self, actor: Actor, stage: str, reason: str, run_id: int | None = None
    ) -> None:
        """Go on hold until a person answers; everyone's inbox shows it."""
        self.claimed_by = None
        self.state = "on_hold"
        self.record(
            "ticket_attention_requested",
            actor,
            stage=stage,
            reason=reason,
            run_id=run_id,
            needs_attention=True,
        )

    def resume(
        self, actor: Actor, answer: str = "", submission_id: str | None = None
    ) -> Comment | None:
        """Back into its queue with all attempts; the answer is a comment for the next worker."""
        if self.state != "on_hold":
            raise Conflict(f"{self.ticket_id} isn't on hold.")
        said = self.say(answer, actor, submission_id=submission_id) if answer.strip() else None
        self.state = "open"
        self.failed_attempts = 0
        self.free()
        self.resolve_attention(actor, answer or "the ticket was resumed")
        self.record("ticket_resumed", actor, stage=self.current_stage)
        return said

    def retry_now(self, actor: Actor) -> None:
        """Don't wait out the pause after a failed attempt: the next may start at once."""
        self.require_open()
        if self.claimed_by or self.open_blockers or not self.is_in_backoff:
            raise Conflict(f"{self.ticket_id} isn't waiting for its next attempt.")
        self.free()
        self.record(
            "ticket_resumed", actor, stage=self.current_stage, reason="the next attempt may start"
        )

    def stop(self, actor: Actor, reason: str = "") -> None:
        """Close the ticket although its plan isn't done; a run in progress is taken back."""
        self.require_not_closed()
        reason = require_text(reason, "reason", self.REASON_MAX)
        self._take_back(f"{self.ticket_id} was closed by {actor.label}", actor)
        self.resolve_attention(actor, reason or "the ticket was closed")
        self.close("stopped", actor, reason)

    def close(self, resolution: Resolution, actor: Actor, reason: str = "") -> None:
        """End the ticket, and free those that it blocked."""
        self.state = "closed"
        self.resolution = resolution
        self.closed_at = clock.now()
        self.claimed_by = None
        self.record("ticket_closed", actor, reason=reason or resolution)
        self.session.flush()
        self.tell_dependents_closed(actor)

    def reopen(self, actor: Actor, reason: str = "") -> None:
        """Open a closed ticket where it stopped; one whose plan was done repeats its last stage."""
        if self.state != "closed":
            raise Conflict(f"{self.ticket_id} isn't closed.")
        Project.get(self.session, self.project_id).require_active()
        self._require_roles()
        if reason.strip():
            self.say(reason, actor)
        self.state = "open"
        self.resolution = None
        self.closed_at = None
        self.move_to(min(self.completed_stages, len(self.execution_plan) - 1))
        self.session.flush()
        self.record("ticket_reopened", actor, stage=self.current_stage, reason=reason or None)
        self.tell_dependents_reopened(actor)

    def resolve_attention(self, actor: Actor, note: str) -> None:
        """Process the ticket's open calls for attention: what happened now answers them."""
        for event in self.session.scalars(
            select(Event).where(
                Event.ticket_id == self.ticket_id, Event.needs_attention, ~Event.processed
            )
        ):
            event.process(actor, note[: Event.SUMMARY_MAX])

    def _take_back(self, reason: str, actor: Actor) -> None:
        if run := self.current_run:
            run.release(reason, actor)

    def _require_roles(self) -> None:
        """The stages still to come must have worker types; some may be gone since it was closed."""
        left = self.execution_plan[min(self.completed_stages, len(self.execution_plan) - 1) :]
        require_plan(self.session, self.project_id, left)

    def _set_text(self, title: str, description: str, priority: int) -> None:
        self.title = require_line(title, "title", self.TITLE_MAX)
        self.description = require_text(description, "description", self.DESCRIPTION_MAX)
        if priority not in range(len(PRIORITIES)):
            raise Invalid("Priority is 0 (urgent), 1 (high), 2 (medium) or 3 (low).", "priority")
        self.priority = priority

    @classmethod
    def _require_free_id(cls, session: Session, ticket_id: str) -> str:
        ticket_id = cls.require_id(ticket_id)
        if cls.taken_ids(session, [ticket_id]):
            raise Conflict(f"The id {ticket_id} is taken; choose another.", "ticket_id")
        return ticket_id

    @classmethod
    def _require_parent(cls, session: Session, project_id: str, parent_id: str) -> str:
        parent = session.get(cls, parent_id.strip())
        if parent is None or parent.project_id != project_id:
            raise Invalid(f"{project_id} has no ticket {parent_id}.", "parent_id")
        return parent.ticket_id
