"""One story of a ticket: what was said, what was done, what happened; each fact told once.

A verb of the board leaves several rows: completing a stage writes a comment, ends a run and records
an event, all in one moment. The story joins them again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Comment, Event
from app.models.event import ASKING
from app.queries.events.list import TURNS
from app.queries.tickets.view import Run, TicketView

SHOWN = 200
"""Entries on the page at first."""

READ_AT_MOST = 5_000
"""Rows of each kind that "show all" reads."""

SAME_MOMENT = timedelta(seconds=1)
"""Rows written by one verb are no further apart than this."""

TOLD_BY_RUNS = (
    "ticket_created",
    "ticket_stage_started",
    "ticket_stage_completed",
    "ticket_stage_failed",
    "ticket_stage_released",
)
"""Events that say nothing which the description or a run doesn't."""

ANSWERING = ("ticket_resumed", "ticket_reopened")
TAKING_AWAY = ("ticket_held", "ticket_closed")
REPORTED = ("completed", "returned", "attention")

QUOTABLE = 160


@dataclass(frozen=True, slots=True)
class Said:
    """A comment."""

    id: int
    author: str | None
    worker_type: str | None
    worker_id: str | None
    run_id: int | None
    content: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Fact:
    """An event."""

    id: int
    event_type: str
    actor: str | None
    worker_id: str | None
    stage: str | None
    reason: str | None
    created_at: datetime
    is_answer: bool = False


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `kind` picks its partial. A report is what a run said as it ended."""

    kind: str
    at: datetime
    rank: int = 1
    said: Said | None = None
    run: Run | None = None
    fact: Fact | None = None
    target: str | None = None

    @property
    def key(self) -> str:
        """The entry's anchor."""
        if self.said:
            return f"c-{self.said.id}"
        if self.run:
            return f"r-{self.run.run_id}"
        return f"e-{self.fact.id}" if self.fact else self.kind

    @property
    def is_quotable(self) -> bool:
        """Whether what was said is a short plain sentence: it fits into a line."""
        return is_quotable(self.said.content if self.said else "")


def is_quotable(text: str) -> bool:
    """Whether a text is a short plain sentence, that fits into a line."""
    return len(text) <= QUOTABLE and not any(mark in text for mark in "\n`*[<#_")


@dataclass(frozen=True, slots=True)
class Story:
    """The entries, oldest first. `is_cut`: older ones aren't among them."""

    entries: Sequence[Entry]
    is_cut: bool


def tell_story(session: Session, view: TicketView, *, in_full: bool = False) -> Story:
    """The ticket's timeline; its newest part unless asked for in full."""
    limit = READ_AT_MOST if in_full else SHOWN
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
    is_cut = begins is not None or len(entries) > limit
    return Story(entries[-limit:], is_cut)


def _comments(session: Session, ticket_id: str, limit: int) -> list[Said]:
    newest_first = session.execute(
        select(
            Comment.id,
            Comment.author,
            Comment.worker_type,
            Comment.worker_id,
            Comment.run_id,
            Comment.content,
            Comment.created_at,
        )
        .where(Comment.ticket_id == ticket_id)
        .order_by(Comment.id.desc())
        .limit(limit)
    )
    return [Said(*row) for row in newest_first][::-1]


def _facts(session: Session, ticket_id: str, limit: int) -> list[Fact]:
    newest_first = session.execute(
        select(
            Event.id,
            Event.event_type,
            Event.actor,
            Event.worker_id,
            Event.stage,
            Event.reason,
            Event.created_at,
        )
        .where(Event.ticket_id == ticket_id, Event.event_type.not_in(TOLD_BY_RUNS))
        .order_by(Event.id.desc())
        .limit(limit)
    )
    return _with_answers([Fact(*row) for row in newest_first][::-1])


def _with_answers(facts: Iterable[Fact]) -> list[Fact]:
    """The same; a resumption that follows a question answers it."""
    told: list[Fact] = []
    before = None
    for fact in facts:
        is_answer = fact.event_type == "ticket_resumed" and before == ASKING
        told.append(replace(fact, is_answer=is_answer))
        before = fact.event_type if fact.event_type in TURNS else before
    return told


def _join(runs: Sequence[Run], comments: Sequence[Said], facts: Sequence[Fact]) -> list[Entry]:
    by_id = {run.run_id: run for run in runs}
    entries: list[Entry] = []
    told_runs: set[int] = set()
    told_facts: set[int] = set()
    for said in comments:
        run = by_id.get(said.run_id or 0)
        if run and _is_report(said, run):
            told_runs.add(run.run_id)
            entries.append(_report(said, run, facts))
        elif answer := _answered(said, facts):
            told_facts.add(answer.id)
            entries.append(Entry("comment", said.created_at, said=said, fact=answer))
        else:
            entries.append(Entry("comment", said.created_at, said=said))
    entries += [_of_run(run, facts) for run in runs if run.run_id not in told_runs]
    told_facts.update(_told_by_ends(runs, facts))
    entries += [
        Entry("event", fact.created_at, rank=2, fact=fact)
        for fact in facts
        if fact.id not in told_facts
    ]
    return entries


def _is_report(said: Said, run: Run) -> bool:
    ended = run.finished_at
    return bool(ended and run.outcome in REPORTED and ended - said.created_at <= SAME_MOMENT)


def _report(said: Said, run: Run, facts: Iterable[Fact]) -> Entry:
    return Entry("report", said.created_at, said=said, run=run, target=_target(run, facts))


def _answered(said: Said, facts: Iterable[Fact]) -> Fact | None:
    """What a person did by saying this."""
    by_same = (fact for fact in facts if fact.actor == said.author)
    return _nearest(said.created_at, by_same, ANSWERING)


def _of_run(run: Run, facts: Iterable[Fact]) -> Entry:
    if not run.finished_at:
        return Entry("running", run.started_at, run=run)
    if run.outcome == "released" and _near(run, facts, TAKING_AWAY):
        # Who put the ticket on hold, and why, is told by that fact.
        run = replace(run, reason=None)
    return Entry("run", run.finished_at or run.started_at, run=run, target=_target(run, facts))


def _told_by_ends(runs: Iterable[Run], facts: Sequence[Fact]) -> set[int]:
    """Events that repeat how a run ended."""
    told = {fact.id for fact in facts if fact.event_type == "ticket_stage_returned"}
    for run in runs:
        if run.outcome == "attention" and (asked := _near(run, facts, (ASKING,))):
            told.add(asked.id)
    return told


def _target(run: Run, facts: Iterable[Fact]) -> str | None:
    """Where a run sent the ticket back to: the event's reason begins with it."""
    if run.outcome != "returned":
        return None
    fact = _near(run, facts, ("ticket_stage_returned",))
    words = (fact.reason or "") if fact else ""
    return words.removeprefix("to ").partition(":")[0] or None


def _near(run: Run, facts: Iterable[Fact], types: Sequence[str]) -> Fact | None:
    """The event of one of these types that the same verb recorded as it ended the run."""
    return _nearest(run.finished_at, facts, types) if run.finished_at else None


def _nearest(moment: datetime, facts: Iterable[Fact], types: Sequence[str]) -> Fact | None:
    candidates = [
        fact
        for fact in facts
        if fact.event_type in types and abs(fact.created_at - moment) <= SAME_MOMENT
    ]
    return min(candidates, key=lambda fact: abs(fact.created_at - moment), default=None)
