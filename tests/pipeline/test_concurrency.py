"""Eight real processes claim and complete 800 stages, some are killed on the way: every stage is
done exactly once."""

from __future__ import annotations

import json
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from app.db.base import db
from app.db.errors import is_busy
from app.pipeline.planning import Draft, create_tickets
from tests.factories import ANN, PROJECT, make_project, make_role
from tests.pipeline import claiming_worker
from tests.processes import FORKING

PROCESSES = 8
TICKETS = 200
PLAN = ["implementation", "review", "implementation", "review"]
STAGES = TICKETS * len(PLAN)
LEASE_SECONDS = 10
"""The shortest that a worker type may have: the stages of the killed come back by themselves."""

SEED = 20_261_122
STALLING = 3
"""Processes that stand still with a stage in hand, and are killed there."""
KILLED_ANYWHERE = 2
"""Processes that are killed at any moment, perhaps inside a transaction."""
DEADLINE_SECONDS = 600


class Crew:
    """The worker processes: started, killed, replaced, and listened to."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url, self.folder = url, folder
        self.random = random.Random(SEED)
        self.running: dict[str, BaseProcess] = {}
        self.stalling: set[str] = set()
        self.killed: dict[str, str] = {}
        self.hired = 0

    def hire(self, role: str, stall_after: int | None = None) -> None:
        """Start one more process."""
        self.hired += 1
        name = f"{role}-{self.hired}"
        self.file(name).touch()
        process = FORKING.Process(
            target=claiming_worker.main, args=(self.url, name, role, stall_after, self.file(name))
        )
        process.start()
        self.running[name] = process
        if stall_after is not None:
            self.stalling.add(name)

    def hire_all(self) -> None:
        """Half of the crew for each role; some will stand still after a while."""
        for number in range(PROCESSES):
            stall_after = self.random.randrange(5, 40) if number < STALLING else None
            self.hire(PLAN[number % 2], stall_after)

    def kill_and_replace(self, name: str) -> None:
        """kill -9, as the kernel or a power cut would; then somebody else comes."""
        process = self.running.pop(name)
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        self.killed[name] = name.rsplit("-", 1)[0]
        self.hire(self.killed[name])

    def kill_who_stands_still(self) -> None:
        """Those that hold a stage and do nothing more."""
        for name in [name for name in self.stalling if name in self.running]:
            if claiming_worker.HOLDING in self.said(name):
                self.kill_and_replace(name)

    def kill_anyone(self) -> None:
        """One of those at work, wherever it is just now."""
        at_work = sorted(set(self.running) - self.stalling)
        self.kill_and_replace(self.random.choice(at_work))

    def is_at_work(self) -> bool:
        """Whether any process still runs."""
        return any(process.is_alive() for process in self.running.values())

    def file(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def said(self, name: str) -> str:
        """All that a process wrote."""
        return self.file(name).read_text()


@pytest.fixture(params=["sqlite", "postgresql"])
def busy_app(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    make_app: Callable[..., Flask],
) -> Flask:
    """A board of its own with tickets, some of which wait for two others."""
    app = make_app(new_database(request.param))
    with app.app_context():
        session = db.session()
        make_project(session, roles=[], gates=[])
        for role in ("implementation", "review"):
            make_role(session, role, lease_seconds=LEASE_SECONDS, max_attempts=100)
        drafts = [
            Draft(
                key=str(number),
                title=f"Ticket {number}",
                execution_plan=PLAN,
                blocked_by=[str(number - 1), str(number - 3)] if number and number % 7 == 0 else [],
            )
            for number in range(TICKETS)
        ]
        create_tickets(session, PROJECT, drafts, ANN)
        session.commit()
    return app


@pytest.fixture
def crew(busy_app: Flask, tmp_path: Path) -> Iterator[Crew]:
    crew = Crew(busy_app.config["SQLALCHEMY_DATABASE_URI"], tmp_path)
    yield crew
    for process in crew.running.values():
        process.kill()
        process.join()


@pytest.mark.slow
def test_every_stage_is_done_exactly_once_though_workers_are_killed(
    busy_app: Flask, crew: Crew, record_property: Callable[[str, object], None]
) -> None:
    crew.hire_all()
    began, ended = let_them_work(busy_app, crew)

    figures = [report_of(crew, name) for name in crew.running]
    with busy_app.app_context():
        lost, doubled = count_lost(), count_doubled()
        kind = db.engine.dialect.name
        expired = scalar("SELECT count(*) FROM stage_runs WHERE outcome = 'expired'")
        record_property(
            "figures",
            f"{kind}: {PROCESSES} processes, {STAGES} stages, {STAGES / (ended - began):.0f} "
            f"stages/s, worst wait for a transaction's begin "
            f"{max(f['worst_wait'] for f in figures) * 1000:.0f} ms, worst transaction "
            f"{max(f['worst_transaction'] for f in figures) * 1000:.0f} ms, "
            f"{len(crew.killed)} killed, {expired} leases expired, {lost} lost, {doubled} doubled",
        )
        assert (lost, doubled) == (0, 0)
        assert_nothing_is_left_over()
        assert_only_the_killed_lost_their_runs(crew)


def let_them_work(app: Flask, crew: Crew) -> tuple[float, float]:
    """Kill some on the way; returns when the first and the last stage were completed."""
    killings = [STAGES * share // 10 for share in range(1, 1 + KILLED_ANYWHERE)]
    began = ended = None
    deadline = time.monotonic() + DEADLINE_SECONDS
    while crew.is_at_work():
        assert time.monotonic() < deadline, "they don't come to an end"
        crew.kill_who_stands_still()
        with app.app_context():
            done = scalar("SELECT count(*) FROM stage_runs WHERE outcome = 'completed'")
        if done:
            began = began or time.monotonic()
        if done < STAGES - PROCESSES:
            # The last few may wait for the lease of one that was killed: no measure of speed.
            ended = None
        ended = ended or time.monotonic()
        if killings and done >= killings[0]:
            killings.pop(0)
            crew.kill_anyone()
        time.sleep(0.05)
    assert began, "nothing was done"
    return began, ended


def report_of(crew: Crew, name: str) -> dict[str, float]:
    """The figures of a process that came to its end without an error of the database."""
    said = crew.said(name)
    assert crew.running[name].exitcode == 0, said
    assert not is_busy(RuntimeError(said)), said
    return json.loads(said.splitlines()[-1])


def count_lost() -> int:
    """Stages that nobody completed, or that left no comment."""
    runs = scalar(
        "SELECT count(*) FROM (SELECT DISTINCT ticket_id, stage_number FROM stage_runs"
        " WHERE outcome = 'completed') AS done"
    )
    said = scalar(
        "SELECT count(*) FROM (SELECT DISTINCT ticket_id, stage_number FROM comments) AS said"
    )
    return 2 * STAGES - runs - said


def count_doubled() -> int:
    """Stages that were completed twice, or left two comments."""
    runs = scalar("SELECT count(*) FROM stage_runs WHERE outcome = 'completed'")
    said = scalar("SELECT count(*) FROM comments")
    return runs + said - 2 * STAGES + count_lost()


def assert_nothing_is_left_over() -> None:
    assert scalar("SELECT count(*) FROM tickets WHERE resolution = 'completed'") == TICKETS
    assert scalar("SELECT count(*) FROM tickets WHERE completed_stages <> 4") == 0
    assert scalar("SELECT count(*) FROM tickets WHERE open_blockers <> 0") == 0
    assert scalar("SELECT count(*) FROM stage_runs WHERE finished_at IS NULL") == 0
    told = "SELECT count(*) FROM events WHERE event_type = "
    assert scalar(f"{told} 'ticket_stage_completed'") == STAGES
    assert scalar(f"{told} 'ticket_closed'") == TICKETS
    early = """
        SELECT count(*) FROM stage_runs r
        JOIN ticket_dependencies d ON d.ticket_id = r.ticket_id
        JOIN tickets b ON b.ticket_id = d.blocked_by_id WHERE r.started_at < b.closed_at
    """
    assert scalar(early) == 0, "a stage began before what blocked its ticket was closed"
    if db.engine.dialect.name == "postgresql":
        deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
        assert scalar(deadlocks) == 0


def assert_only_the_killed_lost_their_runs(crew: Crew) -> None:
    rows = db.session.execute(
        text("SELECT worker_id FROM stage_runs WHERE outcome <> 'completed'")
    ).scalars()
    losers = list(rows)
    assert len(losers) >= STALLING, "those that stood still held a stage"
    assert set(losers) <= set(crew.killed)
    assert len(losers) == len(set(losers)), "a worker holds one run"
    failed = db.session.execute(text("SELECT worker_id FROM workers WHERE status = 'failed'"))
    assert set(failed.scalars()) <= set(crew.killed)


def scalar(query: str) -> int:
    return db.session.execute(text(query)).scalar_one()
