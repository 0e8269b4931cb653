"""Callboard beside other trackers: the same tickets, the same four things, one table."""

from __future__ import annotations

import time

from bench.client import Client, filled_in
from bench.fill.content import CROWDED_TICKET, RARE_WORD
from bench.measures.forms import FORMS, fill_in
from bench.processes import Server
from bench.run import Run, signed_in, waits
from bench.trackers.tracker import TRACKERS, Tracker

PAGES = {
    "list": "/tickets",
    "ticket with 20 comments": f"/tickets/{CROWDED_TICKET}",
    "search: rare word": f"/tickets?state=all&q={RARE_WORD}",
}
CREATED = 20


def measure_trackers(run: Run) -> None:
    """Lists of 50 open tickets, a ticket, a search, and a new ticket by form. Each tracker on its
    own SQLite, so not again for PostgreSQL."""
    if run.board.kind != "sqlite":
        return
    with run.serving() as server:
        browser = signed_in(server)
        note_pages(run, "callboard", server, browser, PAGES)
        form = next(form for form in FORMS if form.name == "new ticket")
        filled = [fill_in(browser, form, "", number) for number in range(CREATED)]
        note_new(run, "callboard", server, browser, filled)
    for tracker in TRACKERS:
        tracker.prepare(run.trackers, run.board.size)
        with tracker.serving(run.trackers) as server:
            browser = tracker.browser(server)
            note_pages(run, tracker.name, server, browser, dict(tracker.pages))
            filled = [new_ticket(browser, tracker) for _ in range(CREATED)]
            note_new(run, tracker.name, server, browser, filled)


def note_pages(run: Run, name: str, server: Server, browser: Client, pages: dict[str, str]) -> None:
    for page, path in pages.items():
        run.note(f"trackers/{page}: {name}", **run.timed(server, lambda: browser.get(path)))  # noqa: B023 - called here


def new_ticket(browser: Client, tracker: Tracker) -> tuple[str, list[tuple[str, str]]]:
    page = browser.get(tracker.new_page).text
    fields = filled_in(page, tracker.new_action, **tracker.new_fields)
    return f"/{tracker.new_action.strip('/').partition('#')[0]}", fields


def note_new(
    run: Run,
    name: str,
    server: Server,
    browser: Client,
    filled: list[tuple[str, list[tuple[str, str]]]],
) -> None:
    seconds, sizes, cpu = [], [], server.cpu()
    for action, fields in filled:
        began = time.perf_counter()
        answer = browser.post_form(action, fields)
        seconds.append(time.perf_counter() - began)
        sizes.append(len(answer.body))
        assert answer.status in (302, 303), f"{name}: {answer.status} {answer.text[:3000]}"
    cpu = server.cpu() - cpu
    run.note(
        f"trackers/new ticket: {name}",
        **waits(seconds),
        cpu_ms=1000 * cpu / len(filled),
        database_cpu_ms=0,
        kib=max(sizes) / 1024,
    )
