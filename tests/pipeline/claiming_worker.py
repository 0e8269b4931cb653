"""A worker process for `test_concurrency.py`: claims and completes stages until none is left.

It goes straight to the pipeline, without HTTP: what is tested is what the database lets through.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

from sqlalchemy import create_engine, func, select
from sqlalchemy.orm import Session

from app import pipeline
from app.db import engine
from app.errors import RunNotCurrent
from app.models import StageRun, Ticket, Worker
from tests.factories import PROJECT

IDLE_SECONDS, IDLE_SECONDS_MAX = 0.02, 0.5
"""A wait that finds nothing either doubles the next: they end with waiting for a lease."""
HOLDING = "holding"


@dataclass
class Figures:
    """What the process saw; its last line of output."""

    stages: int = 0
    refused: int = 0
    worst_wait: float = 0.0
    worst_transaction: float = 0.0


class ClaimingWorker:
    """One process, one worker."""

    def __init__(self, url: str, worker_id: str, role: str, stall_after: int | None) -> None:
        self.database = create_engine(url, **engine.engine_options(url))
        engine.prepare(self.database)
        self.session = Session(self.database)
        self.worker_id, self.role, self.stall_after = worker_id, role, stall_after
        self.figures = Figures()

    def work(self) -> None:
        """Until every ticket is closed."""
        self.is_all_done()  # connects first: that is no waiting for the lock
        self.transact(self.register)
        idle_seconds = IDLE_SECONDS
        while True:
            claim = self.transact(lambda: pipeline.claim_next(self.session, self.worker_id))
            if claim is None:
                if self.is_all_done():
                    return
                self.sweep()
                time.sleep(idle_seconds)
                idle_seconds = min(2 * idle_seconds, IDLE_SECONDS_MAX)
                continue
            idle_seconds = IDLE_SECONDS
            if self.figures.stages == self.stall_after:
                say(f"{HOLDING} {claim.run_id}")
                time.sleep(3600)
            self.transact(lambda run_id=claim.run_id: self.complete(run_id))

    def register(self) -> None:
        Worker.register(
            self.session,
            worker_id=self.worker_id,
            project_id=PROJECT,
            worker_type=self.role,
            hostname="here",
            pid=os.getpid(),
        )

    def complete(self, run_id: int) -> None:
        run = StageRun.lock(self.session, run_id)
        try:
            run.complete(f"{self.worker_id} did stage {run.stage_number} of {run.ticket_id}")
            self.figures.stages += 1
        except RunNotCurrent:
            self.figures.refused += 1

    def sweep(self) -> None:
        """As interfaces do it: look without a lock, and end leases only when one is due."""
        with Session(engine.reader(self.database)) as session:
            is_due = pipeline.is_sweep_due(session)
        if is_due:
            self.transact(lambda: pipeline.expire_leases(self.session))

    def is_all_done(self) -> bool:
        still = select(func.count()).select_from(Ticket).where(Ticket.state != "closed")
        with Session(engine.reader(self.database)) as session:
            left = session.scalar(still)
        return left == 0

    def transact(self, verb):
        """One short write transaction; an error of the database ends the process."""
        began = time.perf_counter()
        self.session.connection()  # on SQLite it has the write lock from here on
        waited = time.perf_counter() - began
        answer = verb()
        self.session.commit()
        took = time.perf_counter() - began
        self.figures.worst_wait = max(self.figures.worst_wait, waited)
        self.figures.worst_transaction = max(self.figures.worst_transaction, took)
        return answer


def say(line: str) -> None:
    """Tell the test something."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main(url: str, worker_id: str, role: str, stall_after: int | None, log: Path) -> None:
    """The whole life of the process. After `stall_after` stages it says that it holds one more,
    and stands still until it is killed."""
    with log.open("w") as sys.stdout:
        try:
            worker = ClaimingWorker(url, worker_id, role, stall_after)
            worker.work()
        except Exception:
            traceback.print_exc(file=sys.stdout)
            raise
        say(json.dumps(asdict(worker.figures)))
