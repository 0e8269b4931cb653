"""The table: what every type of event is called, and how it is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from app.events.event import Event
from app.values import immutable


@immutable
class Description:
    """How one type of event is said. What stands in braces is filled in by `wording.py`.

    `sentences` are said instead of `sentence`, and `causes` in addition to it, of events that have
    a certain fact: see `facts`. What somebody wrote (`reason`) is quoted beside them. An event of
    old, whose facts nobody kept, is told by the general sentence and by the words it has.
    """

    name: str
    """What filters and pills call it."""
    sentence: str
    sentences: Mapping[str, str] = field(default_factory=dict)
    causes: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    """Its name, if it has a certain fact."""
    before_reason: str = ": "
    """What stands between a cause and what somebody wrote."""
    waiting: str = ""
    """What a pill says while the event waits for a person."""
    tone: str = "quiet"
    """The colour of its dot."""


DESCRIPTIONS: Mapping[str, Description] = MappingProxyType(
    {
        "ticket_created": Description("Ticket created", "{who} created {ticket}"),
        "ticket_stage_started": Description("Stage started", "{who} started {stage}{of_ticket}"),
        "ticket_stage_completed": Description(
            "Stage completed",
            "{who} completed {stage}{of_ticket}",
            sentences={"approved": "{who} approved {stage}{of_ticket}"},
            names={"approved": "Approved"},
            tone="done",
        ),
        "ticket_stage_returned": Description(
            "Sent back",
            "{who} sent {ticket} back from {stage}",
            sentences={"to_worker_type": "{who} sent {ticket} back from {stage} to {to_stage}"},
            tone="wait",
        ),
        "ticket_stage_failed": Description(
            "Stage failed",
            "{stage}{of_ticket} failed at {worker}",
            causes={
                "no_heartbeat": "it sent no heartbeat",
                "declared_dead": "it was declared dead by {who}",
            },
            tone="stop",
        ),
        "ticket_stage_released": Description(
            "Stage given back",
            "{who} gave {stage}{of_ticket} back to its queue",
            causes={
                "held": "{the_ticket} was put on hold",
                "closed": "{the_ticket} was closed",
                "worker_stopped": "the worker stopped",
                "claimed_without_run": "{claimed_by} held it without a run; "
                "found by callboard doctor",
            },
        ),
        "ticket_attention_requested": Description(
            "Attention requested",
            "{stage}{of_ticket} needs a person",
            causes={"failed_attempts": "{attempts} attempts failed{last}"},
            before_reason="; the last: ",
            waiting="attention",
            tone="stop",
        ),
        "ticket_held": Description(
            "Put on hold",
            "{who} put {ticket} on hold",
            causes={"beads_status": "its status in Beads was {beads_status}"},
            tone="stop",
        ),
        "ticket_resumed": Description(
            "Resumed",
            "{who} resumed {ticket}",
            sentences={
                "answers": "{who} answered{_ticket}{without_comment}",
                "retry": "{who}: the next attempt{of_ticket} may start",
            },
            names={"answers": "Answered"},
            tone="run",
        ),
        "ticket_closed": Description(
            "Ticket closed",
            "{who} closed {ticket}",
            sentences={
                "completed": "Every stage is done: {the_ticket} is closed, by {who}",
                "stopped": "{who} closed {ticket} unfinished",
            },
            tone="done",
        ),
        "ticket_reopened": Description("Reopened", "{who} reopened {ticket}", tone="run"),
        "ticket_plan_changed": Description(
            "Plan changed",
            "{who} changed the plan{of_ticket}",
            causes={"to_plan": "{from_plan} → {to_plan}"},
        ),
        "ticket_edited": Description(
            "Ticket edited",
            "{who} edited {ticket}",
            sentences={
                "comment_edited": "{who} edited a comment{on_ticket}",
                "comment_withdrawn": "{who} withdrew a comment{on_ticket}",
                "texts_deleted": "{who} deleted what the description{of_ticket} said before",
                "left_project": "{who} moved {ticket} into another project",
                "moved_top": "{who} moved {ticket} to the top of its queue",
                "moved_up": "{who} moved {ticket} up in its queue",
                "moved_down": "{who} moved {ticket} down in its queue",
                "moved_bottom": "{who} moved {ticket} to the end of its queue",
                "moved_before": "{who} moved {ticket} before {other} in its queue",
                "moved_after": "{who} moved {ticket} behind {other} in its queue",
            },
            causes={"changed": "{changes}"},
        ),
        "ticket_dependency_changed": Description(
            "Link changed",
            "{who} changed what {ticket} is linked to",
            sentences={
                "added": "{who}: {ticket} waits for {blocked_by}",
                "removed": "{who}: {ticket} no longer waits for {blocked_by}",
                "blocker_closed": "{blocked_by}, which {ticket} waits for, was closed by {who}",
                "blocker_reopened": "{blocked_by}, which {ticket} waits for, was reopened by {who}",
                "related": "{who}: {ticket} is related to {related}",
                "unrelated": "{who}: {ticket} is no longer related to {related}",
                "counted": "{who}: {ticket} waits for {open_blockers} tickets, not "
                "{open_blockers_before}; found by callboard doctor",
            },
        ),
        "ticket_report_refused": Description(
            "Late report refused",
            "A late report of {stage} by {who}{on_ticket} was refused",
            causes={
                "run_outcome": "“{report}”{back_to} for run {run}, which had ended as {run_outcome}"
            },
            tone="wait",
        ),
        "worker_started": Description(
            "Worker started",
            "{worker} started as {stage} of {project}",
            causes={
                "heard_of_again": "it was heard of again",
                "other_token": "it was registered again with another token",
            },
            tone="run",
        ),
        "worker_stopped": Description(
            "Worker stopped",
            "{worker}, {stage} of {project}, stopped",
            causes={
                "finished": "it finished",
                "no_heartbeat": "no heartbeat{freed}",
                "declared_dead": "declared dead by {who}{freed}",
            },
            waiting="worker gone",
        ),
    }
)

UNKNOWN = Description("Something else", "{who}: something happened to {ticket}")
"""An event that a newer version may have written."""


def describe(event: Event) -> Description:
    """The entry of the event's type."""
    return DESCRIPTIONS.get(event.event_type, UNKNOWN)


def facts(event: Event) -> set[str]:
    """The names that choose among sentences and causes: of each detail, and of what it says of the
    cause, or of how a ticket was closed unless somebody wrote why."""
    found = {key for key, value in event.details.items() if value}
    cause = event.details.get("cause")
    resolution = event.details.get("resolution") if not event.reason else None
    return found | {value for value in (cause, resolution) if isinstance(value, str)}
