"""All verbs in any order: after each step the board is as a small model in Python says, no run or
event of the past has changed, and every change has left an event."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from app import pipeline
from app.extensions import db
from app.models import StageRun, Ticket, Worker
from app.models.backoff import JITTER
from tests import board_model
from tests.board_model import LEASE, ROLES
from tests.factories import ANN, make_worker
from tests.people_in_any_order import PeopleInAnyOrder, mostly, number, pick

EXAMPLES = {"sqlite": 120, "postgresql": 15}
STEPS = 50
WORKERS = 4
REPORTS = ["completed", "completed", "completed", "returned", "attention", "failed", "released"]

stages = st.integers(0, 4)
has_runs = precondition(lambda self: self.board.runs)


class AnyOrder(PeopleInAnyOrder):
    """What workers do, and what time does to them."""

    @initialize()
    def open_the_board(self) -> None:
        super().open_the_board()
        for role in ROLES:
            self._register(role)

    @rule(which=number, then=st.none() | st.sampled_from(REPORTS), to_stage=stages, sure=mostly)
    def work(self, which: int, then: str | None, to_stage: int, sure: bool) -> None:
        """A worker claims (or asks for what it holds), and perhaps reports at once."""
        known = pick(self.board.workers, which, lambda w: self.can_work(w) or not sure)
        self._claim(known)
        self.everything_is_as_the_model_says()
        if known.run and then:
            self._report(known.run, then, to_stage)

    @has_runs
    @rule(which=number, kind=st.sampled_from(REPORTS), to_stage=stages, late=st.booleans())
    def report(self, which: int, kind: str, to_stage: int, late: bool) -> None:
        """Some worker reports on some run, perhaps on one that is over."""
        run = pick(self.board.runs, which, lambda r: bool(r.outcome) == late)
        self._report(run, kind, to_stage)

    @rule(which=number, run=st.none() | number, sure=mostly)
    def heartbeat(self, which: int, run: int | None, sure: bool) -> None:
        known = pick(self.board.workers, which, lambda w: w.run or not sure)
        named = None
        if run is not None and self.board.runs:
            named = pick(self.board.runs, run, lambda r: r.worker is known or not sure)
        mine = named is None or named.worker is known
        allowed = known.status != "finished" and mine and (named is None or not named.outcome)
        answer = self.do(
            lambda: pipeline.heartbeat(self.session, known.id, named and named.id),
            allowed=allowed,
            tells=known.status == "failed",
        )
        if known.status != "finished" and mine:
            self.board.hear_of(known)
        if allowed:
            assert answer.instruction == ("stop" if known.is_stopping else "continue")
            if named:
                named.lease_until = self.board.now + LEASE

    @rule(seconds=st.sampled_from([1, 40, 40, 61, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=seconds))
        ended = self.do(lambda: pipeline.expire_leases(self.session), tells=False)
        assert ended == self.board.sweep()
        assert not pipeline.is_sweep_due(self.session)

    @rule(which=number, how=st.sampled_from(["start", "start", "stop", "die", "finish"]))
    def worker_starts_or_ends(self, which: int, how: str) -> None:
        known = pick(self.board.workers, which, lambda w: w.status == "finished" or how != "start")
        if how == "start" and len(self.board.workers) < WORKERS:
            self._register(ROLES[which % 2])
        elif how == "start":
            self._register_again(known, pid=1 + which % 2)
        elif how == "stop":
            self._ask_to_stop(known)
        else:
            self._end(known, is_dead=how == "die")

    def can_work(self, known: board_model.Worker) -> bool:
        is_free = known.status == "idle" and not known.is_stopping
        return known.run or (is_free and self.board.next_in_queue(known.role) is not None)

    def _claim(self, known: board_model.Worker) -> None:
        held, came_back = known.run, known.status == "failed"
        best = None if known.is_stopping or held else self.board.next_in_queue(known.role)
        allowed = known.status != "finished"
        got = self.do(
            lambda: pipeline.claim_next(self.session, known.id),
            allowed=allowed,
            tells=best is not None or came_back,
        )
        if not allowed:
            return
        self.board.hear_of(known)
        if held:
            assert got.run_id == held.id
        elif best is None:
            assert got is None
        else:
            assert (got.ticket_id, got.stage_number) == (best.id, best.position + 1)
            assert got.attempt == best.lost + 1
            assert got.run_id not in self.board.runs
            self.board.start(got.run_id, best, known)

    def _report(self, run: board_model.Run, kind: str, to_stage: int) -> None:
        is_open = run.outcome is None
        to_stage %= run.stage_number  # there is no stage 0
        verb = {
            "completed": lambda r: r.complete("Done"),
            "returned": lambda r: r.send_back(to_stage, "Again"),
            "attention": lambda r: r.ask_attention("Help"),
            "failed": lambda r: r.fail("Broken"),
            "released": lambda r: r.release("Later"),
        }[kind]
        allowed = run.outcome in (None, kind)
        if is_open and kind == "returned":
            allowed = to_stage > 0
        self.do(lambda: verb(StageRun.lock(self.session, run.id)), allowed=allowed, tells=is_open)
        if not (is_open and allowed):
            return
        if kind == "failed":
            self.board.lose(run, kind)
            self._rest(run.ticket)
            return
        self.board.end(run, kind)
        if kind == "completed":
            self.board.advance(run.ticket)
        elif kind == "returned":
            self.board.move(run.ticket, to_stage - 1)
        elif kind == "attention":
            run.ticket.state, run.ticket.calls_for_attention = "on_hold", True

    def _rest(self, known: board_model.Ticket) -> None:
        known.ready_at = Ticket.get(self.session, known.id).ready_at
        pause = (known.ready_at - self.board.now).total_seconds()
        usual = 30 * 4 ** (known.lost - 1)
        assert usual * (1 - JITTER) <= pause <= usual * (1 + JITTER)

    def _register(self, role: str) -> None:
        worker_id = f"w-{len(self.board.workers) + 1}"
        self.do(lambda: make_worker(self.session, role, worker_id=worker_id, pid=1))
        known = board_model.Worker(worker_id, role, self.board.now + LEASE)
        self.board.workers[worker_id] = known

    def _register_again(self, known: board_model.Worker, pid: int) -> None:
        is_over = known.status in ("finished", "failed")
        allowed = is_over or pid == known.pid
        self.do(
            lambda: make_worker(self.session, known.role, worker_id=known.id, pid=pid),
            allowed=allowed,
            tells=is_over,
        )
        if allowed:
            known.pid, known.is_stopping = pid, False
            known.status = "idle" if is_over else known.status
            self.board.hear_of(known)

    def _ask_to_stop(self, known: board_model.Worker) -> None:
        allowed = known.status in ("idle", "active")
        self.do(
            lambda: Worker.lock(self.session, known.id).ask_to_stop(ANN),
            allowed=allowed,
            tells=False,
        )
        known.is_stopping = known.is_stopping or allowed

    def _end(self, known: board_model.Worker, *, is_dead: bool) -> None:
        if is_dead:
            allowed = known.status in ("idle", "active")
            self.do(lambda: pipeline.declare_dead(self.session, known.id, ANN), allowed=allowed)
        else:
            allowed = known.status != "finished"
            self.do(lambda: pipeline.finish_worker(self.session, known.id), tells=allowed)
        if not allowed:
            return
        if known.run and is_dead:
            self.board.lose(known.run, "expired")
        elif known.run:
            self.board.end(known.run, "released")
        known.status = "failed" if is_dead else "finished"


@pytest.mark.slow
def test_no_order_of_verbs_breaks_the_board(app: Flask) -> None:
    with app.app_context():
        kind = db.engine.dialect.name
        run_state_machine_as_test(
            AnyOrder,
            settings=settings(
                max_examples=EXAMPLES[kind],
                stateful_step_count=STEPS,
                deadline=None,
                # In CI a run is repeatable; at a desk each one looks at something else.
                derandomize=bool(os.environ.get("CI")),
                suppress_health_check=list(HealthCheck),
                print_blob=True,
            ),
        )
