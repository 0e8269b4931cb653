"""One story of a ticket: what was said, what was done, what happened; each fact told once.

A verb of the board leaves several rows: completing a stage writes a comment, ends a run and records
an event, which names both. The story joins them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Integer, Select, Text, bindparam, or_, select
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE
from app.db.rows import rows_of
from app.models import Comment, Event
from app.models.event import ASKING
from app.queries.tickets.view import Run, TicketView
from app.values import immutable

SHOWN = 200
"""Entries on the page at first."""

READ_AT_MOST = 5_000
"""Rows of each kind that "show all" reads."""

TOLD_BY_RUNS = (
    "ticket_created",
    "ticket_stage_started",
    "ticket_stage_completed",
    "ticket_stage_failed",
    "ticket_stage_released",
)
"""Events that say nothing which the description or a run doesn't."""

ENDING = {
    "completed": "ticket_stage_completed",
    "returned": "ticket_stage_returned",
    "attention": ASKING,
}
"""The event that tells how a run ended, by its outcome, of those that say something by it."""

LEFT_PROJECT = "left_project"
"""The cause of an event that tells those of the former project what the ticket tells itself."""

TAKING_AWAY = ("ticket_held", "ticket_closed")

QUOTABLE = 160


@immutable
class Said:
    """A comment."""

    id: int
    author: str | None
    worker_type: str | None
    worker_id: str | None
    run_id: int | None
    content: str
    created_at: datetime
    edited_at: datetime | None
    withdrawn_at: datetime | None


@immutable
class Fact:
    """An event."""

    id: int
    event_type: str
    project_id: str | None
    ticket_id: str | None
    run_id: int | None
    comment_id: int | None
    actor: str | None
    worker_id: str | None
    stage: str | None
    reason: str | None
    details: Mapping[str, Any]
    created_at: datetime


@immutable
class Entry:
    """One entry: `kind` picks its partial. A report is what a run said as it ended."""

    kind: str
    at: datetime
    rank: int = 1
    said: Said | None = None
    run: Run | None = None
    fact: Fact | None = None
    target: str | None = None
    stage: int = 1
    """The number of the stage that it belongs to."""

    @property
    def key(self) -> str:
        """The entry's anchor."""
        if self.said:
            return f"c-{self.said.id}"
        if self.run:
            return f"r-{self.run.run_id}"
        return f"e-{self.fact.id}" if self.fact else self.kind

    @property
    def is_told_by_run(self) -> bool:
        """Whether what somebody wrote stands at the end of a run already."""
        return bool(self.fact and self.fact.event_type == ASKING and self.fact.run_id)

    @property
    def is_quotable(self) -> bool:
        """Whether what was said is a short plain sentence: it fits into a line."""
        return is_quotable(self.said.content if self.said else "")


def is_quotable(text: str) -> bool:
    """Whether a text is a short plain sentence, that fits into a line."""
    return len(text) <= QUOTABLE and not any(mark in text for mark in "\n`*[<#_")


@immutable
class Story:
    """The entries, oldest first. `is_cut`: older ones aren't among them."""

    entries: Sequence[Entry]
    is_cut: bool

    @property
    def texts(self) -> list[str | None]:
        """All that somebody wrote in them."""
        said = [entry.said.content for entry in self.entries if entry.said]
        reasons = [it.reason for entry in self.entries for it in (entry.fact, entry.run) if it]
        return [*said, *reasons]

    @property
    def ids(self) -> list[str]:
        """The other tickets that events name."""
        named = (entry.fact.details for entry in self.entries if entry.fact)
        return [
            each
            for details in named
            for field in ("blocked_by", "related")
            if isinstance(details.get(field), list)
            for each in details[field]
            if isinstance(each, str)
        ]


def tell_story(
    session: Session, view: TicketView, *, in_full: bool = False, stage: int | None = None
) -> Story:
    """The ticket's timeline; its newest part unless asked for in full, or for one stage."""
    limit = READ_AT_MOST if in_full or stage else SHOWN
    comments = _comments(session, view.ticket.ticket_id, limit + 1)
    facts = _facts(session, view.ticket.ticket_id, limit + 1)
    # Where one kind of row was not read to its beginning, the others would tell half of the story.
    begins = max(
        (rows[0].created_at for rows in (comments, facts) if len(rows) > limit), default=None
    )
    entries = [
        entry for entry in _join(view.runs, comments, facts) if begins is None or entry.at > begins
    ]
    entries.sort(key=lambda entry: (entry.kind == "running", entry.at, entry.rank))
    if stage:
        entries = [entry for entry in _with_stages(entries, view) if entry.stage == stage]
    is_cut = begins is not None or len(entries) > limit
    return Story(entries[-limit:], is_cut)


HERE, LIMIT = bindparam("ticket_id", type_=Text()), bindparam("limit", type_=Integer())
NEWEST_COMMENTS: Select[*tuple[Any, ...]] = (
    select(*(getattr(Comment, field.name) for field in fields(Said)))
    .where(Comment.ticket_id == HERE)
    .order_by(Comment.id.desc())
    .limit(LIMIT)
    .execution_options(**PLANNED_ONCE)
)
NEWEST_FACTS: Select[*tuple[Any, ...]] = (
    select(*(getattr(Event, field.name) for field in fields(Fact)))
    .where(
        Event.ticket_id == HERE,
        or_(Event.event_type.not_in(TOLD_BY_RUNS), Event.comment_id.is_not(None)),
    )
    .order_by(Event.id.desc())
    .limit(LIMIT)
    .execution_options(**PLANNED_ONCE)
)


def _comments(session: Session, ticket_id: str, limit: int) -> list[Said]:
    newest = rows_of(session, NEWEST_COMMENTS, ticket_id=ticket_id, limit=limit)
    return [Said(*row) for row in newest][::-1]


def _facts(session: Session, ticket_id: str, limit: int) -> list[Fact]:
    newest = rows_of(session, NEWEST_FACTS, ticket_id=ticket_id, limit=limit)
    return [Fact(*row) for row in newest][::-1]


def _join(runs: Sequence[Run], comments: Sequence[Said], facts: Sequence[Fact]) -> list[Entry]:
    of_comment = {fact.comment_id: fact for fact in facts if fact.comment_id}
    ended_by = _ended_by(runs, facts)
    entries: list[Entry] = []
    told_runs: set[int] = set()
    told_facts = {fact.id for fact in ended_by.values()}
    by_id = {run.run_id: run for run in runs}
    for said in comments:
        fact = of_comment.get(said.id)
        run = by_id.get(fact.run_id or 0) if fact else None
        if fact and run and ended_by.get(run.run_id) is fact:
            told_runs.add(run.run_id)
            entries.append(
                Entry("report", said.created_at, said=said, run=run, target=_target(fact))
            )
        else:
            entries.append(Entry("comment", said.created_at, said=said, fact=fact))
            told_facts.update({fact.id} if fact else ())
    taken_away = {fact.run_id for fact in facts if fact.event_type in TAKING_AWAY}
    entries += [
        _of_run(run, ended_by.get(run.run_id), is_taken_away=run.run_id in taken_away)
        for run in runs
        if run.run_id not in told_runs
    ]
    entries += [
        Entry("event", fact.created_at, rank=2, fact=fact)
        for fact in facts
        if fact.id not in told_facts
        and fact.event_type not in TOLD_BY_RUNS
        and fact.details.get("cause") != LEFT_PROJECT
    ]
    return entries


def _with_stages(entries: Sequence[Entry], view: TicketView) -> list[Entry]:
    """What no run tells belongs to the stage that was done next: its worker read it."""
    stage = min(view.ticket.completed_stages + 1, len(view.ticket.execution_plan))
    placed = []
    for entry in reversed(entries):
        stage = entry.run.stage_number if entry.run else stage
        placed.append(replace(entry, stage=stage))
    return placed[::-1]


def _ended_by(runs: Iterable[Run], facts: Iterable[Fact]) -> dict[int, Fact]:
    """The events that tell how runs ended, by the runs' numbers."""
    ending = {run.run_id: ENDING[run.outcome] for run in runs if run.outcome in ENDING}
    return {
        fact.run_id: fact
        for fact in facts
        if fact.run_id and ending.get(fact.run_id) == fact.event_type
    }


def _of_run(run: Run, fact: Fact | None, *, is_taken_away: bool) -> Entry:
    if not run.finished_at:
        return Entry("running", run.started_at, run=run)
    if run.outcome == "released" and is_taken_away:
        # Who put the ticket on hold, and why, is told by that fact.
        run = replace(run, reason=None)
    return Entry("run", run.finished_at or run.started_at, run=run, target=_target(fact))


def _target(fact: Fact | None) -> str | None:
    """The worker type that a run sent the ticket back to."""
    target = fact.details.get("to_worker_type") if fact else None
    return target if isinstance(target, str) else None
