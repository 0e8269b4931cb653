"""What agents do: claim a stage, report it, and plan many tickets at once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from statistics import median

from bench.client import Client
from bench.fill.content import LABELS, QUEUE_PROJECT, QUEUE_ROLE, project_name, queue
from bench.fill.databases import Board, say
from bench.inside import Hold, Inside
from bench.processes import CALLBOARD, FLOOR, Server
from bench.run import Run, waits

QUEUED = 20_000
FLOOR_WORKERS = [f"floor-{number}" for number in range(8)]
CREWS = (1, 4, 8)
PAIRS_INSIDE = 100
WRITERS, PAIRS_OF_WRITER = 8, 40
BULK = 1_000
COMMENT = "Done in commit 4f2a; the tests cover an empty cart."


@dataclass(slots=True)
class Crew:
    """How long each claim and each report of some workers took, until the time was up."""

    until: float
    claims: list[float] = field(default_factory=list)
    reports: list[float] = field(default_factory=list)
    run_ids: set[int] = field(default_factory=set)

    def work(self, client: Client, prefix: str, claim: object) -> None:
        while time.perf_counter() < self.until:
            began = time.perf_counter()
            answer = client.post_json(f"{prefix}/claims", claim)
            self.claims.append(time.perf_counter() - began)
            assert answer.status == 201, f"{answer.status} {answer.text[:500]}"
            run_id = answer.json()["run"]["run_id"]
            self.run_ids.add(run_id)
            began = time.perf_counter()
            answer = client.post_json(f"{prefix}/runs/{run_id}/complete", {"comment": COMMENT})
            self.reports.append(time.perf_counter() - began)
            assert answer.status == 200, f"{answer.status} {answer.text[:500]}"


def measure_claims(run: Run) -> None:
    """Workers of one queue that claim and complete as fast as they can, here and on the floor."""
    fill_queue(run)
    for app, side in ((CALLBOARD, "claims"), (FLOOR, "floor/claims")):
        with run.serving(app) as server:
            for size in CREWS if not run.is_quick else (1, 8):
                note_crew(run, f"{side}/{size} workers", [server], size)
    if run.board.kind == "postgresql":
        with ExitStack() as stack:
            servers = [stack.enter_context(run.serving()) for _ in range(2)]
            note_crew(run, "claims/8 workers, two servers", servers, 8)


def fill_queue(run: Run) -> None:
    """Let there be a queue to claim from, for whichever measure asks first."""
    if not run.has_queue:
        run.backend.load(run.board.name, [queue(QUEUED, datetime.now(UTC), FLOOR_WORKERS)])
        run.has_queue = True


def note_crew(run: Run, name: str, servers: Sequence[Server], size: int) -> None:
    """Let a crew work for some seconds."""
    is_floor = name.startswith("floor")
    clients = [servers[number % len(servers)].client() for number in range(size)]
    claims: list[object] = []
    for number, client in enumerate(clients):
        if is_floor:
            worker = FLOOR_WORKERS[number]
            claims.append({"worker": worker, "project": QUEUE_PROJECT, "role": QUEUE_ROLE})
        else:
            client.token = run.board.token
            claims.append({"worker_id": register(client, name, number)})
    for client, claim in zip(clients, claims, strict=True):  # each process loads what it needs
        warm_up = Crew(time.perf_counter() + 0.001)
        warm_up.work(client, "" if is_floor else "/api/v1", claim)
    crew = Crew(time.perf_counter() + (2.5 if run.is_quick else 4))
    cpu, database_cpu = sum(server.cpu() for server in servers), run.backend.cpu()
    began = time.perf_counter()
    prefix = "" if is_floor else "/api/v1"
    with ThreadPoolExecutor(size) as pool:
        for done in [
            pool.submit(crew.work, client, prefix, claim)
            for client, claim in zip(clients, claims, strict=True)
        ]:
            done.result()
    seconds = time.perf_counter() - began
    pairs = len(crew.reports)
    assert len(crew.run_ids) == pairs, "a run was given out twice"
    cpu = sum(server.cpu() for server in servers) - cpu
    run.note(
        name,
        pairs_per_s=pairs / seconds,
        cpu_ms=1000 * cpu / pairs,
        database_cpu_ms=1000 * (run.backend.cpu() - database_cpu) / pairs,
        cores=cpu / seconds,
        **{f"claim_{key}": value for key, value in waits(crew.claims).items()},
        **{f"report_{key}": value for key, value in waits(crew.reports).items()},
    )


def register(client: Client, name: str, number: int) -> str:
    """A worker of the queue, with the client's token."""
    worker_id = f"{name.replace('/', '-').replace(' ', '-').replace(',', '')}-{number}"
    worker = {"worker_id": worker_id, "project_id": QUEUE_PROJECT, "worker_type": QUEUE_ROLE}
    answer = client.post_json("/api/v1/workers", worker)
    assert answer.status in (200, 201), answer.text[:500]
    return worker_id


def measure_locks(run: Run) -> None:
    """The statements of a claim and of a report, and how long each keeps others from writing, by
    one worker alone."""
    fill_queue(run)
    inside = Inside(run.board, {})
    statements = defaultdict(list)
    for what in pairs_of(inside, "inside", PAIRS_INSIDE):
        statements[what].append(inside.statements)
    inside.close()
    for name, what in (("claim", "claims"), ("report", "complete")):
        holds = [hold for hold in inside.holds if hold.what == what]
        run.note(
            f"inside/{name}",
            statements=median(statements[what]),
            lock_ms=median(hold.held_ms for hold in holds),
            lock_least_ms=min(hold.held_ms for hold in holds),
            commit_ms=median(hold.commit_ms for hold in holds),
        )
    if run.board.kind == "sqlite":
        measure_waits(run)


def measure_waits(run: Run) -> None:
    """Processes that claim and report at once: how long each waits for SQLite's one write lock, and
    who held it during the longest wait."""
    spawning = get_context("spawn")
    ready = spawning.Barrier(WRITERS)
    with ProcessPoolExecutor(WRITERS, spawning, initializer=_meet, initargs=(ready,)) as pool:
        found = [pool.submit(_write, run.board, f"writer-{number}") for number in range(WRITERS)]
        holds = [hold for each in found for hold in each.result()]
    worst = max(holds, key=lambda hold: hold.wait_ms)
    others = [
        hold
        for hold in holds
        if hold.locked_at < worst.locked_at and hold.ended_at > worst.asked_at
    ]
    longest = max(others, key=lambda hold: hold.held_ms, default=worst)
    run.note(
        f"inside/{WRITERS} processes",
        waits=len(holds),
        wait_p50_ms=median(hold.wait_ms for hold in holds),
        worst_wait_ms=worst.wait_ms,
        holders_meanwhile=len(others),
        held_meanwhile_ms=sum(hold.held_ms for hold in others),
        longest_hold_ms=longest.held_ms,
        its_commit_ms=longest.commit_ms,
    )
    say(
        f"the longest wait for the write lock was {worst.wait_ms:.1f} ms ({worst.what}); meanwhile "
        f"it was held {len(others)} times, longest for {longest.held_ms:.1f} ms ({longest.what}), "
        f"of which the commit took {longest.commit_ms:.1f} ms"
    )


def pairs_of(inside: Inside, worker_id: str, count: int) -> Iterator[str]:
    """Claim and report that often; tells after each which it was."""
    worker = {"project_id": QUEUE_PROJECT, "worker_type": QUEUE_ROLE, "worker_id": worker_id}
    inside.post("/api/v1/workers", worker)
    for _ in range(count):
        claim = inside.post("/api/v1/claims", {"worker_id": worker_id})
        yield "claims"
        inside.post(f"/api/v1/runs/{claim['run']['run_id']}/complete", {"comment": COMMENT})
        yield "complete"


_ready: list[Barrier] = []


def _meet(ready: Barrier) -> None:
    _ready.append(ready)


def _write(board: Board, worker_id: str) -> list[Hold]:
    """What one process held, once all have loaded what they need."""
    inside = Inside(board, {})
    list(pairs_of(inside, worker_id, 1))
    inside.holds.clear()
    _ready[0].wait()
    list(pairs_of(inside, worker_id, PAIRS_OF_WRITER))
    inside.close()
    return [hold for hold in inside.holds if hold.what != "workers"]


def measure_bulk(run: Run) -> None:
    """A thousand tickets with plans, labels, parents and dependencies in one request."""
    drafts = [
        {
            "key": f"t{number}",
            "title": f"Ticket {number} of a thousand",
            "description": "What should be true when it is done? " * 5,
            "labels": [LABELS[number % 40], LABELS[(number + 1) % 40]],
            **({"parent": f"t{number - number % 10}"} if number % 10 else {}),
            **({"blocked_by": [f"t{number - 1}"]} if number % 10 > 1 else {}),
        }
        for number in range(BULK)
    ]
    body: dict[str, object] = {
        "project_id": project_name(5),
        "execution_plan": ["planning", "implementation", "review"],
    }
    with run.serving() as server:
        client = server.client()
        client.token = run.board.token
        client.get("/api/v1/token")
        cpu, began = server.cpu(), time.perf_counter()
        answer = client.post_json("/api/v1/tickets/bulk", {**body, "tickets": drafts})
        seconds = time.perf_counter() - began
        assert answer.status == 201, answer.text[:500]
        run.note("bulk/1,000 tickets", seconds=seconds, cpu_ms=1000 * (server.cpu() - cpu))
