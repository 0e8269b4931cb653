"""Dependencies: a ticket waits until those that block it are closed."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Self

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Index,
    bindparam,
    case,
    delete,
    exists,
    insert,
    select,
    update,
)
from sqlalchemy.orm import Mapped, Session, mapped_column

from app import clock
from app.actor import Actor
from app.db.base import Model
from app.db.columns import created
from app.errors import Conflict, Invalid
from app.models.event import Event
from app.models.project import Project
from app.models.ticket.row import TicketRow

IDS_PER_QUERY = 5_000
"""Values that one statement may have without any database refusing it."""


class TicketDependency(Model):
    """`ticket_id` can't be worked on before `blocked_by_id` is closed."""

    __tablename__ = "ticket_dependencies"
    __table_args__ = (
        CheckConstraint("ticket_id <> blocked_by_id", name="not_itself"),
        Index(None, "blocked_by_id"),
    )

    ticket_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    blocked_by_id: Mapped[str] = mapped_column(
        ForeignKey("tickets.ticket_id", ondelete="CASCADE"), primary_key=True
    )
    created_at: Mapped[created]

    @classmethod
    def is_blocked_by(cls, session: Session, ticket_id: str, other_id: str) -> bool:
        """Whether the ticket waits for the other, directly or through others."""
        upstream = select(cls.blocked_by_id).where(cls.ticket_id == ticket_id).cte(recursive=True)
        upstream = upstream.union(
            select(cls.blocked_by_id).where(cls.ticket_id == upstream.c.blocked_by_id)
        )
        found = session.scalar(select(exists().where(upstream.c.blocked_by_id == other_id)))
        return bool(found)


_DEPENDENTS = (
    select(TicketDependency.ticket_id)
    .where(TicketDependency.blocked_by_id == bindparam("blocker"))
    .limit(1)
)


class TicketDependencies(TicketRow):
    """The part of a ticket that knows what it waits for, and who waits for it."""

    __abstract__ = True

    BLOCKERS_MAX = 100
    """Tickets that a new one may wait for from the start."""

    def start_blocked_by(self, blocker_ids: Sequence[str], actor: Actor) -> None:
        """Let this new ticket wait for others of its project."""
        if self.ticket_id in blocker_ids:
            raise Invalid("A ticket can't wait for itself.", "blocked_by")
        self.start_all_blocked_by(self.session, self.project_id, [(self, blocker_ids)], actor)

    @classmethod
    def start_all_blocked_by(
        cls,
        session: Session,
        project_id: str,
        waiting: Sequence[tuple[Self, Collection[str]]],
        actor: Actor,
    ) -> None:
        """Let new tickets of a project, each with what it waits for, wait for others of it.

        Nothing else waits for a new ticket, so no circle can close; whoever makes several at once
        that wait for each other must know that there is none among them. Tickets that aren't
        stored yet are stored with their count of blockers.
        """
        blockers = {ticket.ticket_id: sorted(set(ids)) for ticket, ids in waiting}
        state_of = {ticket.ticket_id: ticket.state for ticket, _ in waiting}
        others = sorted(set().union(*blockers.values()) - state_of.keys())
        with session.no_autoflush:
            state_of |= cls.hold_states(session, project_id, others)
        if missing := [ticket_id for ticket_id in others if ticket_id not in state_of]:
            raise Invalid(f"{project_id} has no ticket {missing[0]}.", "blocked_by")
        events = []
        for ticket, _ in waiting:
            if ids := blockers[ticket.ticket_id]:
                ticket.open_blockers += sum(state_of[ticket_id] != "closed" for ticket_id in ids)
                added = {"cause": "added", "blocked_by": ids}
                events.append(ticket.event("ticket_dependency_changed", actor, details=added))
        session.flush()
        rows = [
            {"ticket_id": ticket_id, "blocked_by_id": blocker}
            for ticket_id, ids in blockers.items()
            for blocker in ids
        ]
        if rows:
            session.execute(insert(TicketDependency), rows)
        Event.add_all(session, events)

    @classmethod
    def hold_states(cls, session: Session, project_id: str, ids: Sequence[str]) -> dict[str, str]:
        """The states of those that there are, held until the end: one that closes right now is told
        of whoever waits for it. The ids are in order, so that two who hold many don't lock each
        other out."""
        states: dict[str, str] = {}
        for start in range(0, len(ids), IDS_PER_QUERY):
            some = ids[start : start + IDS_PER_QUERY]
            held = session.execute(
                select(cls.ticket_id, cls.state)
                .where(cls.ticket_id.in_(some), cls.project_id == project_id)
                .order_by(cls.ticket_id)
                .with_for_update(key_share=True)
            )
            states |= dict(held.all())
        return states

    def is_waiting_for(self, blocker_id: str) -> bool:
        """Whether it was told to wait for that ticket, which may be closed by now."""
        key = (self.ticket_id, blocker_id)
        return self.session.get(TicketDependency, key, populate_existing=True) is not None

    def block_by(self, blocker_id: str, actor: Actor) -> None:
        """Let this ticket, held with its project, wait for another of it. Raises `Invalid` for a
        cycle."""
        self.require_not_closed()
        blocker_id = blocker_id.strip()
        # One change to a project's dependencies at a time: two at once could close a circle.
        Project.lock(self.session, self.project_id)
        found = self.session.get(
            type(self), blocker_id, populate_existing=True, with_for_update={"key_share": True}
        )
        blocker = self.require_other(found, blocker_id, "blocked_by_id", "wait for")
        if self.is_waiting_for(blocker_id):
            raise Conflict(f"{self.ticket_id} already waits for {blocker_id}.", "blocked_by_id")
        if TicketDependency.is_blocked_by(self.session, blocker_id, self.ticket_id):
            raise Invalid(
                f"{blocker_id} itself waits for {self.ticket_id}, directly or through others; "
                "neither could ever start.",
                "blocked_by_id",
            )
        self.session.execute(
            insert(TicketDependency).values(ticket_id=self.ticket_id, blocked_by_id=blocker_id)
        )
        self.open_blockers += blocker.state != "closed"
        self._record_dependency("added", blocker_id, actor)

    def unblock_from(self, blocker_id: str, actor: Actor) -> None:
        """No longer wait for another ticket; one it didn't wait for is nothing to do."""
        if not self.is_waiting_for(blocker_id):
            return
        # The blocker isn't locked: who closes it right now holds it and waits for this ticket.
        blocker = self.session.get(type(self), blocker_id, populate_existing=True)
        self.session.execute(
            delete(TicketDependency).where(
                TicketDependency.ticket_id == self.ticket_id,
                TicketDependency.blocked_by_id == blocker_id,
            )
        )
        if blocker and blocker.state != "closed":
            self.open_blockers -= 1
            if not self.open_blockers:
                self.ready_at, self.backoff_until = clock.now(), None
        self._record_dependency("removed", blocker_id, actor)

    def _record_dependency(self, cause: str, blocker_id: str, actor: Actor) -> None:
        details = {"cause": cause, "blocked_by": [blocker_id]}
        self.record("ticket_dependency_changed", actor, details=details)

    def tell_dependents_closed(self, actor: Actor) -> None:
        """Those that this ticket blocked wait for one less; the last one lets them start."""
        if not self._has_dependents():  # mostly; what follows is built each time
            return
        tickets = type(self)
        last_one = tickets.open_blockers == 1
        self._change_dependents(
            -1,
            actor,
            ready_at=case((last_one, clock.now()), else_=tickets.ready_at),
            backoff_until=case((last_one, None), else_=tickets.backoff_until),
        )

    def tell_dependents_reopened(self, actor: Actor) -> None:
        """Those that this ticket blocks wait for it again; one that runs already may finish."""
        if self._has_dependents():
            self._change_dependents(+1, actor)

    def _has_dependents(self) -> bool:
        connection = self.session.connection()
        return connection.execute(_DEPENDENTS, {"blocker": self.ticket_id}).first() is not None

    def _change_dependents(self, by: int, actor: Actor, **also: object) -> None:
        tickets = type(self)
        dependents = select(TicketDependency.ticket_id).where(
            TicketDependency.blocked_by_id == self.ticket_id
        )
        # All are held, in one order, before any is changed: two blockers that close at once don't
        # lock each other out, and a dependency that was removed meanwhile no longer counts.
        self.session.execute(
            select(tickets.ticket_id)
            .where(tickets.ticket_id.in_(dependents))
            .order_by(tickets.ticket_id)
            .with_for_update(key_share=True)
        )
        changed = self.session.execute(
            update(tickets)
            .where(tickets.ticket_id.in_(dependents))
            .values(open_blockers=tickets.open_blockers + by, updated_at=clock.now(), **also)
            .returning(tickets.ticket_id)
            .execution_options(synchronize_session="fetch")
        ).scalars()
        cause = "blocker_closed" if by < 0 else "blocker_reopened"
        details = {"cause": cause, "blocked_by": [self.ticket_id]}
        facts = {"project_id": self.project_id, "actor": actor.label, "created_at": clock.now()}
        Event.add_all(
            self.session,
            [
                {
                    "event_type": "ticket_dependency_changed",
                    "ticket_id": ticket_id,
                    "details": details,
                    "processed": True,
                    **facts,
                }
                for ticket_id in changed.all()
            ],
        )
