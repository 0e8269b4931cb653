"""All verbs in any order: after each step the board is as a small model in Python says, no run or
event of the past has changed, and every change has left an event."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import partial

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import select

from app import pipeline
from app.callers import Caller
from app.db.base import db
from app.loading import own_worker, run_to_report, worker_to_stop
from app.models import ApiToken, Event, Ticket, Worker
from app.models.stage_run import REFUSED_REPORTS_KEPT
from app.models.ticket.retries import JITTER
from tests.factories import ANN, PROJECT, make_worker
from tests.pipeline import board_model
from tests.pipeline.board_model import LEASE, ROLES
from tests.pipeline.people_in_any_order import PeopleInAnyOrder, mostly, number, pick

EXAMPLES = {"sqlite": 60, "postgresql": 15}
STEPS = 50
WORKERS = 4
REPORTS = ["completed", "completed", "completed", "returned", "attention", "failed", "released"]

WORDS = ["The same", "The same", "In other words"]

stages = st.integers(0, 4)
words = st.sampled_from(WORDS)
who = st.sampled_from(["own", "own", "own", "own", "other", "admin"])
"""Whose token comes: the one that the worker is bound to, another, or an admin's."""
has_runs = precondition(lambda self: self.board.runs)


class AnyOrder(PeopleInAnyOrder):
    """What workers do, and what time does to them."""

    @initialize()
    def open_the_board(self) -> None:
        super().open_the_board()
        scopes = {"build-1": "work", "build-2": "work", "boss": "admin"}
        self.callers = [self._caller(name, scope) for name, scope in scopes.items()]
        for role in ROLES:
            self._register(role)

    def _caller(self, name: str, scope: str) -> Caller:
        token, _ = ApiToken.issue(self.session, name=name, scopes=[scope], actor=ANN)
        return Caller(token.id, name, token.allowed)

    def caller(self, bound: int, who: str) -> Caller:
        """A program: the one that is bound, or not."""
        if who == "admin":
            return self.callers[-1]
        return next(c for c in self.callers if (c.token_id == bound) == (who == "own"))

    @rule(
        which=number,
        then=st.none() | st.sampled_from(REPORTS),
        to_stage=stages,
        sure=mostly,
        who=who,
    )
    def work(self, which: int, then: str | None, to_stage: int, sure: bool, who: str) -> None:
        """A worker claims (or asks for what it holds), and perhaps reports at once."""
        known = pick(self.board.workers, which, lambda w: self.can_work(w) or not sure)
        self._claim(known, who)
        self.everything_is_as_the_model_says()
        if known.run and then:
            self._report(known.run, then, to_stage, WORDS[0], "own")

    @has_runs
    @rule(
        which=number,
        kind=st.none() | st.sampled_from(REPORTS),
        to_stage=stages,
        late=st.booleans(),
        said=words,
        who=who,
    )
    def report(
        self, which: int, kind: str | None, to_stage: int, late: bool, said: str, who: str
    ) -> None:
        """Someone reports on some run, perhaps on one that is over, perhaps as it ended."""
        run = pick(self.board.runs, which, lambda r: bool(r.outcome) == late)
        as_it_ended = run.outcome if run.outcome in REPORTS else REPORTS[0]
        self._report(run, kind or as_it_ended, to_stage, said, who)

    @rule(which=number, run=st.none() | number, sure=mostly, who=who)
    def heartbeat(self, which: int, run: int | None, sure: bool, who: str) -> None:
        known = pick(self.board.workers, which, lambda w: w.run or not sure)
        named = None
        if run is not None and self.board.runs:
            named = pick(self.board.runs, run, lambda r: r.worker is known or not sure)
        mine = named is None or named.worker is known
        allowed = known.status != "finished" and mine and (named is None or not named.outcome)
        caller = self.caller(known.token, who)
        if caller.token_id != known.token:
            self.do(lambda: own_worker(self.session, caller, known.id), allowed=False)
            return
        own_worker(self.session, caller, known.id)
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
                named.renew(self.board.now)

    @rule(seconds=st.sampled_from([1, 40, 40, 61, 1000, -30, -3600]))
    def time_passes(self, seconds: int) -> None:
        """Or the clock is set back."""
        self.clock.shift(timedelta(seconds=seconds))
        ended = self.do(lambda: pipeline.expire_leases(self.session), tells=False)
        assert ended == self.board.sweep()
        assert not pipeline.is_sweep_due(self.session)

    @rule(which=number, how=st.sampled_from(["start", "start", "stop", "die", "finish"]), who=who)
    def worker_starts_or_ends(self, which: int, how: str, who: str) -> None:
        known = pick(self.board.workers, which, lambda w: w.status == "finished" or how != "start")
        if how == "start" and len(self.board.workers) < WORKERS:
            self._register(ROLES[which % 2])
        elif how == "start":
            self._register_again(known, pid=1 + which % 2, who=who)
        elif how == "stop":
            self._ask_to_stop(known)
        else:
            self._end(known, is_dead=how == "die", who=who)

    def can_work(self, known: board_model.Worker) -> bool:
        is_free = known.status == "idle" and not known.is_stopping
        return bool(known.run) or (is_free and self.board.next_in_queue(known.role) is not None)

    def _claim(self, known: board_model.Worker, who: str) -> None:
        caller = self.caller(known.token, who)
        if caller.token_id != known.token:
            self.do(lambda: own_worker(self.session, caller, known.id), allowed=False)
            return
        held, came_back = known.run, known.status == "failed"
        best = None if known.is_stopping or held else self.board.next_in_queue(known.role)
        allowed = known.status != "finished"
        got = self.do(
            lambda: pipeline.claim_next(self.session, known.id, caller.token_id),
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

    def _report(self, run: board_model.Run, kind: str, to_stage: int, said: str, who: str) -> None:
        is_open = run.outcome is None
        to_stage %= run.stage_number  # there is no stage 0
        verb = {
            "completed": lambda r, actor: r.complete(said, actor),
            "returned": lambda r, actor: r.send_back(to_stage, said, actor),
            "attention": lambda r, actor: r.ask_attention(said, actor),
            "failed": lambda r, actor: r.fail(said, actor),
            "released": lambda r, actor: r.release(said, actor),
        }[kind]
        told = f"{to_stage} {said}" if kind == "returned" else said
        allowed = is_open or (run.outcome, run.said) == (kind, told)
        if is_open and kind == "returned":
            allowed = to_stage > 0
        caller = self.caller(run.token, who)
        is_foreign = caller.token_id != run.token and not caller.may_step_in
        allowed = allowed and not is_foreign
        self.do(
            lambda: verb(*run_to_report(self.session, caller, run.id)),
            allowed=allowed,
            tells=is_open,
        )
        self._check_who_did_it(run, caller, is_told=is_open and allowed)
        if not is_open and not allowed and not is_foreign:
            self._check_that_it_is_kept(run, said)
        if not (is_open and allowed):
            return
        run.said = told
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

    def _check_who_did_it(self, run: board_model.Run, caller: Caller, *, is_told: bool) -> None:
        """Whoever steps in stands on the timeline."""
        if is_told:
            last = self.session.scalars(
                select(Event).where(Event.run_id == run.id).order_by(Event.id.desc())
            ).first()
            is_own = caller.token_id == run.token
            assert last is not None
            assert last.actor == (run.worker.id if is_own else caller.actor.label)
            assert last.worker_id == run.worker.id or last.needs_attention

    def _check_that_it_is_kept(self, run: board_model.Run, said: str) -> None:
        """What was refused stands on the timeline, once; few of many different ones."""
        kept = self.session.execute(
            select(Event.details, Event.reason).where(
                Event.run_id == run.id, Event.event_type == "ticket_report_refused"
            )
        ).all()
        different = {(repr(details), reason) for details, reason in kept}
        assert len(kept) == len(different) <= REFUSED_REPORTS_KEPT
        is_told = any(said in (reason or "") for _, reason in kept)
        assert len(kept) == REFUSED_REPORTS_KEPT or is_told

    def _rest(self, known: board_model.Ticket) -> None:
        known.backoff_until = Ticket.get(self.session, known.id).backoff_until
        pause = (known.backoff_until - self.board.now).total_seconds()
        usual = 30 * 4 ** (known.lost - 1)
        assert usual * (1 - JITTER) <= pause <= usual * (1 + JITTER)

    def _register(self, role: str) -> None:
        worker_id = f"w-{len(self.board.workers) + 1}"
        token = self.callers[len(self.board.workers) % 2].token_id
        make = partial(make_worker, self.session, role, worker_id=worker_id, pid=1)
        self.do(lambda: make(token_id=token))
        now = self.board.now
        known = board_model.Worker(worker_id, role, now + LEASE, now, token)
        self.board.workers[worker_id] = known

    def _register_again(self, known: board_model.Worker, pid: int, who: str) -> None:
        caller = self.caller(known.token, who)
        is_own = caller.token_id == known.token
        is_over = known.status in ("finished", "failed")
        allowed = is_over or (pid == known.pid and (is_own or caller.may_step_in))
        self.do(
            lambda: pipeline.register_worker(
                self.session,
                worker_id=known.id,
                project_id=PROJECT,
                worker_type=known.role,
                hostname="build-01",
                pid=pid,
                token_id=caller.token_id,
                actor=caller.actor,
                may_take_over=caller.may_step_in,
            ),
            allowed=allowed,
            tells=is_over or not is_own,
        )
        if allowed:
            known.token = caller.token_id
            if known.run:
                known.run.token = caller.token_id
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

    def _end(self, known: board_model.Worker, *, is_dead: bool, who: str) -> None:
        if is_dead:
            allowed = known.status in ("idle", "active")
            self.do(lambda: pipeline.declare_dead(self.session, known.id, ANN), allowed=allowed)
        else:
            caller = self.caller(known.token, who)
            allowed = known.status != "finished"
            may = caller.token_id == known.token or caller.may_step_in

            def finish() -> None:
                actor = worker_to_stop(self.session, caller, known.id)
                pipeline.finish_worker(self.session, known.id, actor=actor)

            self.do(finish, allowed=may, tells=allowed)
            allowed = allowed and may
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
