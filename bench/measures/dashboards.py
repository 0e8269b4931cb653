"""Two hundred people who leave the dashboard open, all day."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

from bench.client import Client
from bench.fill.content import project_name
from bench.measures.claims import COMMENT
from bench.measures.pages import region_of
from bench.processes import Server
from bench.run import Run, signed_in, waits

OPEN, EVERY_SECONDS = 200, 5.0
SECONDS = 60
"""Every region is drawn anew once a minute: a whole minute has its share of that."""
THREADS = 4
CHANGE_EVERY_SECONDS = 10.0
HEADERS = "HX-Request: true\r\nConnection: close\r\n"
"""A connection for each poll, as a proxy makes them."""


def measure_dashboards(run: Run) -> None:
    """How much of a core they keep busy: while nothing happens, and while a crew works."""
    with run.serving() as server:
        cookies = signed_in(server).cookies
        for name, changes in (("nothing happens", False), ("a crew works", True)):
            cpu, database_cpu, began = server.cpu(), run.backend.cpu(), time.perf_counter()
            until = began + SECONDS
            with ThreadPoolExecutor(THREADS + 1) as pool:
                watching = [
                    pool.submit(watch, server, cookies, OPEN // THREADS, number, until)
                    for number in range(THREADS)
                ]
                if changes:
                    pool.submit(work, server, run.board.token, until).result()
                polls = list(chain.from_iterable(each.result() for each in watching))
            took = time.perf_counter() - began
            run.note(
                f"dashboards/200 open, {name}",
                cores=(server.cpu() - cpu) / took,
                database_cores=(run.backend.cpu() - database_cpu) / took,
                polls_per_s=len(polls) / took,
                **waits(polls),
            )


def watch(
    server: Server, cookies: dict[str, str], open_: int, number: int, until: float
) -> list[float]:
    """Poll for some people in turn, each with the version that they see; returns how many seconds
    each poll took."""
    client = server.client()
    client.cookies = dict(cookies)
    paths = [region_of(client.get("/").text)] * open_
    seconds: list[float] = []
    due = time.perf_counter() + number * EVERY_SECONDS / open_ / THREADS
    # A server that can't keep up answers fewer polls; it isn't asked for longer.
    while max(due, time.perf_counter()) < until:
        time.sleep(max(0, due - time.perf_counter()))
        viewer = len(seconds) % open_
        began = time.perf_counter()
        answer = client.get(paths[viewer], HEADERS)
        if answer.status == 200:
            paths[viewer] = region_of(answer.text)
        seconds.append(time.perf_counter() - began)
        due += EVERY_SECONDS / open_
    return seconds


def work(server: Server, token: str, until: float) -> None:
    """Claim or complete something every few seconds."""
    client = Client(server.port, token)
    worker = "watched"
    role = {"project_id": project_name(3), "worker_type": "review"}
    answer = client.post_json("/api/v1/workers", {"worker_id": worker, **role})
    assert answer.status in (200, 201), answer.text[:500]
    run_id = None
    while time.perf_counter() + CHANGE_EVERY_SECONDS < until:
        if run_id is None:
            run_id = client.post_json("/api/v1/claims", {"worker_id": worker}).json()["run"][
                "run_id"
            ]
        else:
            client.post_json(f"/api/v1/runs/{run_id}/complete", {"comment": COMMENT})
            run_id = None
        time.sleep(CHANGE_EVERY_SECONDS)
