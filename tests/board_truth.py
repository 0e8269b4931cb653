"""What must be true of the database at every moment, whatever happened before."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy.orm import Session

from app.db.hold_facts import HOLD_FACTS
from app.db.label_facts import LABEL_FACTS
from app.db.part_facts import PART_FACTS
from tests.pipeline.board_model import Board, Ticket

TICKETS = """
    SELECT ticket_id, execution_plan, completed_stages, last_completed_stage, current_stage, state,
           resolution, failed_attempts, claimed_by, open_blockers, parent_id
    FROM tickets
"""
BLOCKERS = """
    SELECT d.ticket_id, count(*) FROM ticket_dependencies d
    JOIN tickets b ON b.ticket_id = d.blocked_by_id WHERE b.state <> 'closed' GROUP BY d.ticket_id
"""
OPEN_RUNS = "SELECT ticket_id, worker_id, run_id FROM stage_runs WHERE finished_at IS NULL"
PAST_RUNS = """
    SELECT run_id, ticket_id, stage_number, worker_type, worker_id, token_id, actor, attempt,
           prompt_version, started_at, lease_expires_at, lease_renewed_at, finished_at, outcome,
           reason, report_digest
    FROM stage_runs WHERE finished_at IS NOT NULL
"""
WORKERS = "SELECT worker_id, status FROM workers"
CALLS = "SELECT DISTINCT ticket_id FROM events WHERE needs_attention AND NOT processed"
EVENTS = """
    SELECT id, event_type, project_id, ticket_id, worker_id, stage, reason, actor, needs_attention,
           created_at FROM events
"""
NEWEST_EVENT = "SELECT max(id) FROM events"
STRAYS = [kept.strays.text for kept in (LABEL_FACTS, HOLD_FACTS, PART_FACTS)]


class Truth:
    """Looks at the database after each step, and remembers what may never change."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.past_runs: dict[int, Any] = {}
        self.events: dict[int, Any] = {}
        self.newest_event = 0

    def check(self, board: Board) -> None:
        """Everything that must be true."""
        tickets = self._rows(TICKETS)
        self._check_tickets(board, tickets)
        self._check_runs_and_workers(board, tickets)
        self._check_what_rows_repeat()
        self._check_that_history_only_grows()

    def _check_tickets(self, board: Board, rows: list[Any]) -> None:
        blockers = dict(self._rows(BLOCKERS))
        assert {row.ticket_id for row in rows} == set(board.tickets)
        for row in rows:
            known = board.tickets[row.ticket_id]
            self._check_position(row, known)
            assert (row.state, row.resolution) == (known.state, known.resolution)
            assert row.failed_attempts == known.lost
            assert row.parent_id == known.parent
            assert row.open_blockers == blockers.get(row.ticket_id, 0)
            assert row.open_blockers == board.open_blockers(known)
        calls = {ticket_id for (ticket_id,) in self._rows(CALLS) if ticket_id}
        assert calls == {t.id for t in board.tickets.values() if t.calls_for_attention}

    def _check_position(self, row: Any, known: Ticket) -> None:
        plan = row.execution_plan
        plan = json.loads(plan) if isinstance(plan, str) else plan
        done, remaining = plan[: row.completed_stages], plan[row.completed_stages :]
        assert row.completed_stages == known.position
        assert done + remaining == known.plan
        assert row.last_completed_stage == (done[-1] if done else "Planned")
        assert row.current_stage == (remaining[0] if remaining else None)
        assert remaining or row.state == "closed"

    def _check_runs_and_workers(self, board: Board, tickets: list[Any]) -> None:
        runs = self._rows(OPEN_RUNS)
        by_ticket = {run.ticket_id: run for run in runs}
        by_worker = {run.worker_id: run for run in runs}
        assert len(by_ticket) == len(runs) == len(by_worker), "two open runs of one"
        holders = {row.ticket_id: row.claimed_by for row in tickets if row.claimed_by}
        assert holders == {run.ticket_id: run.worker_id for run in runs}
        assert {run.run_id for run in runs} == {r.id for r in board.runs.values() if not r.outcome}
        for row in self._rows(WORKERS):
            assert row.status == board.workers[row.worker_id].status
            assert (row.status == "active") == (row.worker_id in by_worker)

    def _check_what_rows_repeat(self) -> None:
        """Triggers have kept up with every change."""
        for strays in STRAYS:
            assert not self._rows(strays), strays

    def _check_that_history_only_grows(self) -> None:
        """Neither a finished run nor an event ever changes, apart from being processed."""
        self.past_runs = self._grown(self.past_runs, PAST_RUNS)
        self.events = self._grown(self.events, EVENTS)
        self.newest_event = max(self.events, default=0)

    def has_new_event(self) -> bool:
        """Whether one came since this was asked, or since everything was checked."""
        before = self.newest_event
        ((newest,),) = self._rows(NEWEST_EVENT)
        self.newest_event = newest or 0
        return self.newest_event > before

    def _grown(self, before: dict[int, Any], query: str) -> dict[int, Any]:
        after = {row[0]: row for row in self._rows(query)}
        assert {key: after.get(key) for key in before} == before, "history was rewritten"
        return after

    def _rows(self, query: str) -> list[Any]:
        # As it is sent: ten of these follow each step.
        return list(self.session.connection().exec_driver_sql(query).all())
