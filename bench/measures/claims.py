"""What agents do: claim a stage, report it, and plan many tickets at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median

from bench.client import Client
from bench.fill.content import LABELS, QUEUE_PROJECT, QUEUE_ROLE, project_name, queue
from bench.inside import Inside
from bench.processes import CALLBOARD, FLOOR, Server
from bench.run import Run, waits

QUEUED = 20_000
FLOOR_WORKERS = [f"floor-{number}" for number in range(8)]
CREWS = (1, 4, 8)
PAIRS_INSIDE = 100
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
    run.backend.load(run.board.name, [queue(QUEUED, datetime.now(UTC), FLOOR_WORKERS)])
    for app, side in ((CALLBOARD, "claims"), (FLOOR, "floor/claims")):
        with run.serving(app) as server:
            for size in CREWS if not run.is_quick else (1, 8):
                note_crew(run, f"{side}/{size} workers", [server], size)
    if run.board.kind == "postgresql":
        with ExitStack() as stack:
            servers = [stack.enter_context(run.serving()) for _ in range(2)]
            note_crew(run, "claims/8 workers, two servers", servers, 8)


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
    inside = Inside(run.board, {})
    worker = {"project_id": QUEUE_PROJECT, "worker_type": QUEUE_ROLE, "worker_id": "inside"}
    inside.post("/api/v1/workers", worker)
    claims, reports = [], []
    for _ in range(PAIRS_INSIDE):
        claim = inside.post("/api/v1/claims", {"worker_id": "inside"})
        claims.append(claim)
        path = f"/api/v1/runs/{claim[0]['run']['run_id']}/complete"
        reports.append(inside.post(path, {"comment": COMMENT}))
    inside.close()
    for name, found in (("claim", claims), ("report", reports)):
        run.note(
            f"inside/{name}",
            statements=median(each[1] for each in found),
            lock_ms=median(each[2] for each in found),
        )


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
