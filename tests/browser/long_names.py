"""A board whose names are all as long as they may be, without a place to break."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app import pipeline
from app.models import ApiToken, PlanTemplate, Ticket, Worker, WorkerType
from app.models.label import LABEL_MAX
from tests.factories import ANN, claim, make_project, make_role, make_ticket, make_worker, run_stage

PROJECT = "acme/" + "checkout-frontend-" * 4 + "of-the-big-shop"
ROLE = ("implementation-of-everything-" * 9)[: WorkerType.NAME_MAX]
GATE = ("approval-by-whoever-is-in-charge-" * 9)[: WorkerType.NAME_MAX]
PLAN = [ROLE, "review", GATE]
WORD = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerk" * 4

PROMPT = f"# You implement\n\n### Carefully\n\nRead the ticket.\n\n- {WORD}\n\n`{WORD}`"


def fill(session: Session) -> dict[str, Any]:
    """Make it; returns what stands for the parts of addresses, by the names that routes have."""
    make_project(session, PROJECT, roles=["review"], gates=[GATE])
    role = make_role(session, ROLE, PROJECT, system_prompt=PROMPT, short_description=WORD[:100])
    template = PlanTemplate.create(
        session, project_id=PROJECT, name=WORD[:64], plan=PLAN, actor=ANN
    )
    worker = _worker(session, "w")
    running = _ticket(session, "R")
    claim(session, worker)
    _make_calls(session)
    _ticket(session, "G", plan=[GATE])
    blocked = _ticket(session, "B")
    blocked.block_by(running.ticket_id, ANN)
    stopped = _ticket(session, "C")
    stopped.stop(ANN, WORD)
    lines = f"{'A line of many. ' * 4}\n\n" * 50
    running.edit(ANN, description=f"{running.description}\n\n{lines}See {stopped.ticket_id}.")
    asked = make_ticket(session, [ROLE], project=PROJECT, title="Short", ticket_id="S-1")
    run_stage(session, asked, _worker(session, "b")).ask_attention("Which one?")
    token, _secret = ApiToken.issue(
        session, name=WORD[:60], scopes=["work"], project_id=PROJECT, actor=ANN
    )
    session.flush()
    return {
        "name": PROJECT,
        "ticket_id": running.ticket_id,
        "worker_id": worker.worker_id,
        "worker_type_id": role.id,
        "template_id": template.id,
        "token_id": token.id,
    }


def _make_calls(session: Session) -> None:
    """Whatever waits for a person."""
    asks = run_stage(session, _ticket(session, "A"), _worker(session, "a"))
    asks.ask_attention(f"Which one? {WORD}")
    held = _ticket(session, "H")
    held.hold(ANN, WORD)
    silent = _worker(session, "s")
    session.flush()
    pipeline.declare_dead(session, silent.worker_id, ANN)


def _ticket(session: Session, letter: str, plan: list[str] = PLAN) -> Ticket:
    return make_ticket(
        session,
        plan,
        project=PROJECT,
        ticket_id=f"{letter}-{'1234567890-' * 6}"[: Ticket.ID_MAX].rstrip("-"),
        title=WORD[: Ticket.TITLE_MAX],
        description=f"## What\n\n{WORD}\n\n| {WORD} | b |\n|---|---|\n| c | {WORD} |",
        labels=[WORD[:LABEL_MAX], "bug"],
        priority=0,
    )


def _worker(session: Session, letter: str) -> Worker:
    worker_id = f"{letter}-{'build-machine-' * 9}"[:120].rstrip("-")
    return make_worker(session, ROLE, PROJECT, worker_id, hostname="build-01." * 20)
