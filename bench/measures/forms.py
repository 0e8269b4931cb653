"""What people send: each form is filled in off the clock, then sent."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

from bench.client import Client, filled_in
from bench.fill.content import project_name
from bench.run import Run, signed_in, waits

PROJECT = project_name(7)
TIMES = 30
NUMBER, TICKET = "{number}", "{ticket}"
"""In a form's address or field: one that is different each time."""


@dataclass(frozen=True, slots=True)
class Form:
    """A page with a form, the form's address, and what is typed into it."""

    name: str
    page: str
    action: str
    typed: Sequence[tuple[str, str]] = ()


FORMS = (
    Form("comment", f"/tickets/{TICKET}", f"/tickets/{TICKET}/comments",
         (("content", "It **works** now."),)),
    Form("new ticket", f"/tickets/new?project={PROJECT}", "/tickets/new",
         (("title", f"A new ticket {NUMBER}"), ("plan", "implementation"))),
    Form("edit ticket", f"/tickets/{TICKET}/edit", f"/tickets/{TICKET}/edit",
         (("title", f"A new title {NUMBER}"), ("priority", "2"))),
    Form("hold", f"/tickets/{TICKET}/hold", f"/tickets/{TICKET}/hold",
         (("reason", "The design changes."),)),
    Form("resume", f"/tickets/{TICKET}/resume", f"/tickets/{TICKET}/resume",
         (("answer", "Go on."),)),
)  # fmt: skip


def measure_forms(run: Run) -> None:
    """Each form on thirty tickets that are ready; the answer leads on to a page."""
    with run.serving() as server:
        browser = signed_in(server)
        program = server.client()
        program.token = run.board.token
        found = program.get(f"/api/v1/tickets?project={PROJECT}&state=ready&limit={TIMES}").json()
        tickets = [row["ticket_id"] for row in found["items"]]
        for form in FORMS:
            filled = [
                fill_in(browser, form, ticket, number) for number, ticket in enumerate(tickets)
            ]
            seconds, cpu, database_cpu = [], server.cpu(), run.backend.cpu()
            for action, fields in filled:
                began = time.perf_counter()
                answer = browser.post_form(action, fields)
                seconds.append(time.perf_counter() - began)
                assert answer.status == 303, f"{form.name}: {answer.status} {answer.text[:3000]}"
            run.note(
                f"form/{form.name}",
                **waits(seconds),
                cpu_ms=1000 * (server.cpu() - cpu) / len(filled),
                database_cpu_ms=1000 * (run.backend.cpu() - database_cpu) / len(filled),
            )


def fill_in(
    browser: Client, form: Form, ticket: str, number: int
) -> tuple[str, list[tuple[str, str]]]:
    """Where one form goes, and what it sends."""
    action = form.action.replace(TICKET, ticket)
    page = browser.get(form.page.replace(TICKET, ticket)).text
    typed = {name: text.replace(NUMBER, str(number)) for name, text in form.typed}
    return action, filled_in(page, action, **typed)
