"""Events as sentences, with links to whom and what they name."""

from __future__ import annotations

import re

from flask import request
from markupsafe import Markup

from app.actor import Actor
from app.queries.events.list import EventRow

SENTENCES = {
    "ticket_created": Markup("{who} created {ticket}"),
    "ticket_stage_started": Markup("{who} started {stage} of {ticket}"),
    "ticket_stage_completed": Markup("{who} completed {stage} of {ticket}"),
    "ticket_stage_returned": Markup("{who} sent {ticket} back from {stage}"),
    "ticket_stage_failed": Markup("{stage} of {ticket} failed at {worker}"),
    "ticket_stage_released": Markup("{who} gave {stage} of {ticket} back to its queue"),
    "ticket_attention_requested": Markup("{stage} of {ticket} needs a person"),
    "ticket_held": Markup("{who} put {ticket} on hold"),
    "ticket_resumed": Markup("{who} resumed {ticket}"),
    "ticket_closed": Markup("{who} closed {ticket}"),
    "ticket_reopened": Markup("{who} reopened {ticket}"),
    "ticket_plan_changed": Markup("{who} changed the plan of {ticket}"),
    "ticket_edited": Markup("{who} edited {ticket}"),
    "ticket_dependency_changed": Markup("{who} changed what {ticket} waits for"),
    "ticket_report_refused": Markup("A late report of {who} on {ticket} was refused"),
    "worker_started": Markup("{worker} started as {stage} of {project}"),
    "worker_stopped": Markup("{worker}, {stage} of {project}, stopped"),
}
ANSWERED = Markup("{who} answered {ticket}")
APPROVED = Markup("{who} approved {stage} of {ticket}")

MARKS = re.compile(r"```\w*|[`*]+|^\s{0,3}(?:#{1,6}|>|[-+])\s+", re.MULTILINE)
"""What Markdown adds to the words."""

UNKNOWN = Markup("{who}: something happened to {ticket}")

NAMES = {
    "ticket_created": "Ticket created",
    "ticket_stage_started": "Stage started",
    "ticket_stage_completed": "Stage completed",
    "ticket_stage_returned": "Sent back",
    "ticket_stage_failed": "Stage failed",
    "ticket_stage_released": "Stage given back",
    "ticket_attention_requested": "Attention requested",
    "ticket_held": "Put on hold",
    "ticket_resumed": "Resumed",
    "ticket_closed": "Ticket closed",
    "ticket_reopened": "Reopened",
    "ticket_plan_changed": "Plan changed",
    "ticket_edited": "Ticket edited",
    "ticket_dependency_changed": "Dependency changed",
    "ticket_report_refused": "Late report refused",
    "worker_started": "Worker started",
    "worker_stopped": "Worker stopped",
}
"""What filters and pills call each type of event."""

CALLS = {"ticket_attention_requested": "attention", "worker_stopped": "worker gone"}
"""What pills say as long as the event waits for a person."""

PLAIN_REASONS = {"completed", "stopped"}
"""What a closing event says when nobody gave a reason: how the ticket closed."""


def sentence(event: EventRow) -> Markup:
    """What happened, as one sentence without its reason."""
    return _words(event).format(
        who=_who(event),
        ticket=_ticket(event),
        worker=_worker(event),
        stage=Markup("<b>{}</b>").format(event.stage) if event.stage else "a stage",
        project=_project(event),
    )


def _words(event: EventRow) -> Markup:
    if event.is_answer:
        return ANSWERED
    return APPROVED if event.is_approval else SENTENCES.get(event.event_type, UNKNOWN)


def reason(event: EventRow) -> str:
    """Why, if anyone said so."""
    if event.event_type == "ticket_closed" and event.reason in PLAIN_REASONS:
        return ""
    return event.reason or ""


def pill_text(event: EventRow) -> str:
    """The event's type in a word or two."""
    if event.standing == "waits" and event.event_type in CALLS:
        return CALLS[event.event_type]
    if event.is_answer:
        return "answered"
    if event.is_approval:
        return "approved"
    return NAMES.get(event.event_type, event.event_type).lower()


def plain(markdown: str | None) -> str:
    """Markdown as one line of plain words, for places too small for more."""
    return " ".join(MARKS.sub("", markdown or "").split())


def _who(event: EventRow) -> Markup:
    if event.actor and event.actor == event.worker_id:
        return _worker(event)
    if event.actor == Actor.system().label:
        return Markup("Callboard")
    return Markup("<b>{}</b>").format(event.actor or "Someone")


def _ticket(event: EventRow) -> Markup:
    if event.title is None:
        return Markup('<span class="id">{}</span>').format(event.ticket_id or "a ticket")
    return Markup('<a class="id" href="{}/tickets/{}">{}</a>').format(
        request.script_root, event.ticket_id, event.ticket_id
    )


def _worker(event: EventRow) -> Markup:
    if not event.knows_worker:
        return Markup('<span class="id">{}</span>').format(event.worker_id or "a worker")
    return Markup('<a class="id" href="{}/workers/{}">{}</a>').format(
        request.script_root, event.worker_id, event.worker_id
    )


def _project(event: EventRow) -> Markup:
    if not event.project_id:
        return Markup("a project")
    return Markup('<a href="{}/projects/{}">{}</a>').format(
        request.script_root, event.project_id, event.project_id
    )
