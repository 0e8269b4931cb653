"""What people may do to a board in any order; `test_invariants.py` adds what workers do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import time_machine
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import select, update

from app.db.base import db
from app.db.columns import rank_by_age
from app.errors import DomainError
from app.models import StageRun, Ticket, WorkerType
from app.models.ticket import PLACES, Place
from tests.board_truth import Truth
from tests.factories import ANN, make_project, make_ticket
from tests.pipeline import board_model
from tests.pipeline.board_model import LEASE, MAX_ATTEMPTS, ROLES, Board

TICKETS = 5

FROM_STATES = {
    "hold": ("open",),
    "resume": ("on_hold",),
    "stop": ("open", "on_hold"),
    "reopen": ("closed",),
}

number = st.integers(0, 999)
LABELS = ("ui", "bug")

plans = st.lists(st.sampled_from(ROLES), max_size=4)
has_tickets = precondition(lambda self: self.board.tickets)


mostly = st.sampled_from([True, True, True, False])
"""Mostly do what makes sense; the rest of the time, anything."""


def pick(things: dict[Any, Any], chosen: int, fits: Callable[[Any], bool] = bool) -> Any:
    """One of them, if possible one that fits; a failing example shrinks to the first."""
    fitting = [thing for thing in things.values() if fits(thing)]
    candidates = fitting or list(things.values())
    return candidates[chosen % len(candidates)]


class PeopleInAnyOrder(RuleBasedStateMachine):
    """A whole example is one transaction, rolled back at its end; each step is a savepoint in it,
    with a session that remembers nothing, as each request has its own."""

    def __init__(self) -> None:
        super().__init__()
        self.session = db.session()
        self.travel = time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False)
        self.clock = self.travel.start()
        self.board = Board()
        self.truth = Truth(self.session)

    def teardown(self) -> None:
        self.travel.stop()
        self.session.rollback()

    @invariant()
    def everything_is_as_the_model_says(self) -> None:
        self.truth.check(self.board)
        self.clock.shift(timedelta(seconds=1))

    @initialize()
    def open_the_board(self) -> None:
        make_project(self.session, roles=ROLES, gates=[])
        seconds = int(LEASE.total_seconds())
        limits = update(WorkerType).values(lease_seconds=seconds, max_attempts=MAX_ATTEMPTS)
        self.session.execute(limits)
        self.create(plan=[*ROLES, *ROLES], priority=2)
        self.create(plan=[*ROLES], priority=1)

    def do(self, verb: Callable[[], Any], *, allowed: bool = True, tells: bool = True) -> Any:
        """What an interface does: one verb, then commit, or roll back if it was refused. `tells`:
        what is allowed changes something, and so leaves an event."""
        step = self.session.begin_nested()
        answer, refusal = None, None
        try:
            answer = verb()
            self.session.flush()
        except DomainError as error:
            refusal = error
        if refusal is None or refusal.keeps_record:
            step.commit()
        else:
            step.rollback()
        self.session.expunge_all()
        assert (refusal is None) == allowed, refusal or "it was not refused"
        if allowed and tells:
            assert self.truth.has_new_event(), "a change without an event"
        return answer

    def ticket(self, known: board_model.Ticket) -> Ticket:
        return Ticket.lock(self.session, known.id)

    @precondition(lambda self: len(self.board.tickets) < TICKETS)
    @rule(plan=plans, priority=st.integers(0, 3))
    def create(self, plan: list[str], priority: int) -> None:
        def make() -> str:
            return make_ticket(self.session, plan, priority=priority).ticket_id

        ticket_id = self.do(make, allowed=bool(plan))
        if plan:
            now = self.board.now
            known = board_model.Ticket(ticket_id, plan, priority, now, now, rank_by_age(now))
            self.board.tickets[ticket_id] = known

    @has_tickets
    @rule(which=number, keep=st.integers(0, 4), tail=plans)
    def amend_plan(self, which: int, keep: int, tail: list[str]) -> None:
        known = pick(self.board.tickets, which)
        plan = known.plan[:keep] + tail
        same = plan == known.plan
        fixed = known.position + bool(known.run)
        allowed = known.state != "closed" and bool(plan)
        if not same:
            allowed = allowed and plan[:fixed] == known.plan[:fixed] and len(plan) > known.position
        self.do(lambda: self.ticket(known).amend_plan(plan, ANN), allowed=allowed, tells=not same)
        if allowed:
            if plan[known.position] != known.stage:
                known.lost = 0
            known.plan = plan

    @has_tickets
    @rule(which=number, under=st.none() | number, labels=st.sets(st.sampled_from(LABELS)))
    def edit(self, which: int, under: int | None, labels: set[str]) -> None:
        known = pick(self.board.tickets, which)
        parent = None if under is None else pick(self.board.tickets, under).id
        allowed = known.id not in self.board.with_parents(parent)
        self.do(
            lambda: self.ticket(known).edit(ANN, parent_id=parent, labels=sorted(labels)),
            allowed=allowed,
            tells=(parent, labels) != (known.parent, known.labels),
        )
        if allowed:
            known.parent, known.labels = parent, labels

    @has_tickets
    @rule(which=number, verb=st.sampled_from(list(FROM_STATES)), sure=mostly)
    def change_state(self, which: int, verb: str, sure: bool) -> None:
        states = FROM_STATES[verb]
        known = pick(self.board.tickets, which, lambda t: t.state in states or not sure)
        allowed = known.state in states
        self.do(lambda: getattr(self.ticket(known), verb)(ANN, "Because"), allowed=allowed)
        if not allowed:
            return
        if known.run:
            self.board.end(known.run, "released")
        if verb == "hold":
            known.state = "on_hold"
        elif verb == "stop":
            self.board.close(known, "stopped")
        else:
            known.state, known.resolution, known.calls_for_attention = "open", None, False
            self.board.move(known, min(known.position, len(known.plan) - 1))

    @has_tickets
    @rule(which=number, other=number, add=mostly)
    def change_dependencies(self, which: int, other: int, add: bool) -> None:
        known = pick(self.board.tickets, which, lambda t: t.blockers or add)
        # Of those to add, now and then one that waits for the ticket already: a circle.
        wanted = other % 2 if add else True
        blocker = pick(
            self.board.tickets,
            other,
            lambda t: not wanted or (known.id in t.blockers if add else t.id in known.blockers),
        )
        if add:
            self._add_dependency(known, blocker)
        else:
            self._remove_dependency(known, blocker)

    def _add_dependency(self, known: board_model.Ticket, blocker: board_model.Ticket) -> None:
        allowed = (
            known.state != "closed"
            and blocker is not known
            and blocker.id not in known.blockers
            and not self.board.waits_for(blocker.id, known.id)
        )
        self.do(lambda: self.ticket(known).block_by(blocker.id, ANN), allowed=allowed)
        if allowed:
            known.blockers.add(blocker.id)

    def _remove_dependency(self, known: board_model.Ticket, blocker: board_model.Ticket) -> None:
        there = blocker.id in known.blockers
        self.do(lambda: self.ticket(known).unblock_from(blocker.id, ANN), tells=there)
        known.blockers.discard(blocker.id)
        if there and blocker.state != "closed" and not self.board.open_blockers(known):
            self.board.free(known)

    @has_tickets
    @rule(which=number, back_to=st.none() | st.integers(0, 4), sure=mostly)
    def do_a_stage_by_hand(self, which: int, back_to: int | None, sure: bool) -> None:
        def can_be_done(t: board_model.Ticket) -> bool:
            return t.state == "open" and not t.run and not self.board.open_blockers(t)

        known = pick(self.board.tickets, which, lambda t: can_be_done(t) or not sure)
        allowed = can_be_done(known)
        if back_to is not None:
            allowed = allowed and 1 <= back_to <= known.position

        def do() -> None:
            run = StageRun.by_person(self.ticket(known), ANN)
            if back_to is None:
                run.complete("By hand")
            else:
                run.send_back(back_to, "By hand")

        self.do(do, allowed=allowed)
        if allowed and back_to is None:
            self.board.advance(known)
        elif allowed:
            self.board.move(known, back_to - 1)

    @has_tickets
    @rule(which=number, sure=mostly)
    def retry_now(self, which: int, sure: bool) -> None:
        def rests(t: board_model.Ticket) -> bool:
            is_free = t.state == "open" and not t.run and not self.board.open_blockers(t)
            return is_free and self.board.rests(t)

        known = pick(self.board.tickets, which, lambda t: rests(t) or not sure)
        allowed = rests(known)
        self.do(lambda: self.ticket(known).retry_now(ANN), allowed=allowed)
        if allowed:
            self.board.free(known)

    @has_tickets
    @rule(which=number, place=st.sampled_from(PLACES), other=number, sure=mostly)
    def move_in_queue(self, which: int, place: Place, other: int, sure: bool) -> None:
        known = pick(self.board.tickets, which, lambda t: self.board.is_queued(t) or not sure)
        queue = self.board.queue(known.stage)
        rivals = [t for t in queue if t.priority == known.priority]
        beside = pick(self.board.tickets, other, lambda t: t in rivals and t is not known)
        allowed = known in rivals
        if place in ("before", "after"):
            allowed = allowed and beside in rivals and beside is not known
        before = [t.id for t in rivals]
        after = moved(before, known.id, place, beside.id) if allowed else before

        def move() -> None:
            self.ticket(known).move_in_queue(place, ANN, beside.id)

        self.do(move, allowed=allowed, tells=after != before)
        ranks = self.session.execute(select(Ticket.ticket_id, Ticket.queue_rank))
        for ticket_id, rank in ranks:
            self.board.tickets[ticket_id].rank = rank
        now = self.board.queue(known.stage)
        assert [t.id for t in now if t.priority == known.priority] == after
        assert [t.id for t in now if t not in rivals] == [t.id for t in queue if t not in rivals]


def moved(ids: list[str], one: str, place: Place, other: str) -> list[str]:
    """The queue in its new order."""
    at, left = ids.index(one), [each for each in ids if each != one]
    if place in ("before", "after"):
        to = left.index(other) + (place == "after")
    else:
        to = {"top": 0, "up": max(0, at - 1), "down": at + 1, "bottom": len(left)}[place]
    return [*left[:to], one, *left[to:]]
