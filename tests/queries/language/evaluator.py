"""What a query means, said once more in plain Python."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from app.queries.search.phrases import phrases_of
from tests.queries.test_search import holds

PRIORITIES = ("urgent", "high", "medium", "low")
PEOPLE = {"ann": 1, "bob": 2}
LIVE = {("acme/web", "implementation")}
UNITS = {"min": 1, "h": 60, "d": 1440, "w": 10080, "mo": 43200, "y": 525600}


@dataclass
class Facts:
    """A ticket of a made-up board."""

    project: str
    title: str
    description: str
    plan: list[str]
    completed: int
    state: str
    is_running: bool
    open_blockers: int
    has_blocker: bool
    backoff: timedelta | None
    priority: int
    labels: frozenset[str]
    parent: Any
    author: str | None
    assignee: str | None
    ref: str | None
    comments: list[str]
    has_run: bool
    created: datetime
    updated: datetime
    closed: Any
    id: str = ""
    worker: str | None = None
    has_children: bool = False
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def settle(self, ticket_id: str, number: int, board: list[Facts], ids: tuple[str, ...]) -> None:
        """Let what was drawn agree with what may be."""
        self.id = ticket_id
        is_open = self.state in ("open", "on_hold")
        most = len(self.plan) - 1 if is_open else len(self.plan)
        self.completed = min(self.completed, most)
        if self.is_running and self.state == "open":
            self.worker = f"w-{number + 1}"
        if is_open:
            self.closed = None
        self.has_blocker = self.has_blocker and len(board) > 1
        parent = self.parent if self.parent is not None and self.parent < number else None
        self.parent = None if parent is None else ids[parent]
        if parent is not None:
            board[parent].has_children = True

    def row(self) -> dict[str, Any]:
        """The columns."""
        is_closed = self.state in ("completed", "stopped")
        return {
            "ticket_id": self.id,
            "project_id": self.project,
            "title": self.title,
            "description": self.description,
            "execution_plan": self.plan,
            "completed_stages": self.completed,
            "state": "closed" if is_closed else self.state,
            "resolution": self.state if is_closed else None,
            "closed_at": self.closed,
            "claimed_by": self.worker,
            "open_blockers": self.open_blockers,
            "backoff_until": self.backoff and NOW + self.backoff,
            "priority": self.priority,
            "parent_id": self.parent,
            "created_by": self.author,
            "assignee_id": self.assignee and PEOPLE[self.assignee],
            "external_ref": self.ref,
            "created_at": self.created,
            "updated_at": self.updated,
        }

    @property
    def stage(self) -> str:
        return self.plan[self.completed] if self.completed < len(self.plan) else ""

    @property
    def situation(self) -> str:
        if self.state != "open":
            return self.state
        if self.worker:
            return "running"
        if self.open_blockers:
            return "blocked"
        if self.stage == "approval":
            return "waiting"
        return "backoff" if self.backoff and self.backoff > timedelta(0) else "ready"


NOW = datetime(2026, 2, 10, 12, 30, tzinfo=UTC)


def is_wanted(query, ticket, reader, now):
    """Whether a query finds a ticket."""
    return all(
        any(meets(term.field, value, ticket, reader, now) for value in term.values)
        != term.is_negated
        for term in query.terms
        if term.field not in ("", "sort")
    ) and is_text_found(query, ticket)


def meets(name, value, ticket, reader, now):
    text = value.text
    is_none = text == "none" and not value.is_quoted
    if name in ("is", "state"):
        return is_in(text, ticket, reader)
    if name == "priority":
        return ticket.priority in priorities(text)
    if name == "label":
        return not ticket.labels if is_none else text in ticket.labels
    if name in ("id", "parent"):
        held = ticket.id if name == "id" else ticket.parent
        return held is None if is_none else held is not None and held.lower() == text.lower()
    if name == "plan":
        return text in ticket.plan
    if name == "has":
        return has(text, ticket)
    if name in ("created", "updated", "closed"):
        at = getattr(ticket, name)
        return at is not None and is_within(at, text, reader.zone, now)
    held = getattr(ticket, name)
    if name in ("worker", "author", "assignee", "ref") and is_none:
        return held is None
    if name in ("author", "assignee") and text == "me" and not value.is_quoted:
        text = reader.name
    return held == (text.lower() if name == "assignee" else text)


def is_in(word, ticket, reader):
    is_closed = ticket.state in ("completed", "stopped")
    answers = {
        "all": True,
        "open": not is_closed,
        "closed": is_closed,
        "mine": reader.name in (ticket.author, ticket.assignee),
        "starved": ticket.situation == "ready" and (ticket.project, ticket.stage) not in LIVE,
    }
    return answers.get(word, ticket.situation == word)


def has(what, ticket):
    return {
        "children": ticket.has_children,
        "parent": ticket.parent is not None,
        "assignee": ticket.assignee is not None,
        "blockers": ticket.has_blocker,
        "comments": bool(ticket.comments),
        "runs": ticket.has_run,
        "labels": bool(ticket.labels),
        "description": bool(ticket.description),
        "ref": ticket.ref is not None,
    }[what]


def priorities(text):
    def number(word):
        return PRIORITIES.index(word) if word in PRIORITIES else int(word)

    if ".." in text:
        first, last = text.split("..")
        return [n for n in range(4) if number(first) <= n <= number(last)]
    for sign in ("<=", ">=", "<", ">"):
        if text.startswith(sign):
            limit = number(text.removeprefix(sign))
            n_before = [n for n in range(4) if n < limit or (n == limit and "=" in sign)]
            n_after = [n for n in range(4) if n > limit or (n == limit and "=" in sign)]
            return n_before if sign[0] == "<" else n_after
    return [number(text)]


def is_within(at, text, zone, now):
    if ".." in text:
        first, last = text.split("..")
        return (not first or at >= begin(first, zone, now)) and (
            not last or at < end(last, zone, now)
        )
    sign = re.match("[<>]?=?", text)[0]
    what = text.removeprefix(sign)
    if is_age(what):
        is_younger = at >= begin(what, zone, now)
        return not is_younger if sign.startswith(">") else is_younger
    if sign == "<":
        return at < begin(what, zone, now)
    if sign == ">":
        return at >= end(what, zone, now)
    return (sign == "<=" or at >= begin(what, zone, now)) and (
        sign == ">=" or at < end(what, zone, now)
    )


def is_age(what):
    return re.fullmatch(r"\d+[a-z]+", what) is not None


def begin(what, zone, now, later=0):
    if is_age(what):
        number, unit = re.fullmatch(r"(\d+)([a-z]+)", what).groups()
        return now - timedelta(minutes=int(number) * UNITS[unit])
    today = now.astimezone(zone).date()
    named = {"today": today, "yesterday": today - timedelta(days=1)}
    day = (named.get(what) or date.fromisoformat(what)) + timedelta(days=later)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def end(what, zone, now):
    return begin(what, zone, now, later=1)


def is_text_found(query, ticket):
    texts = ((query.text, True), *((text, False) for text in query.unwanted_texts))
    return all(
        is_held(text, ticket) == expected for text, expected in texts if text or not expected
    )


def is_held(text, ticket):
    phrases = phrases_of(text)
    documents = [
        (ticket.id, ticket.title, ticket.description),
        *((content,) for content in ticket.comments),
    ]
    is_id = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text.strip()) is not None
    begins = is_id and ticket.id.lower().startswith(text.strip().lower())
    return bool(phrases) and (
        begins
        or any(
            all(any(holds(part, phrase) for part in parts) for phrase in phrases)
            for parts in documents
        )
    )
