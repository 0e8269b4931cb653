"""What there is to do in the demo: the sample project and its tickets, made through the API."""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx

from app.sample.content import SampleProject, SampleRun, SampleTicket
from app.starter import STARTER_ROLES

PROJECT = "acme/web"
LEASE_SECONDS = 10
"""The shortest there is: what a lost worker held is free again soon."""

FIRST_TICKETS = ("checkout", "address", "umlaut", "storage", "docker", "payment")
"""These show at once what can become of a ticket; the others follow in their order."""

PAGE = 100
"""Far more tickets than are ever unfinished."""

CREW_HAS_ENOUGH = 4
"""No new ticket is made while the crew has so many to do."""

PERSON_HAS_ENOUGH = 4
"""While so many tickets need a person, sooner or later, new ones need nobody."""

OUTCOMES = {
    "complete": ("next_stage", "comment"),
    "send_back": ("prev_stage", "reason"),
    "attention": ("attention", "reason"),
    "fail": ("failed", "reason"),
}
"""What an agent reports, and in which field it says why."""


class Tickets:
    """Makes the sample's tickets one after the other, over and over."""

    def __init__(self, http: httpx.Client, sample: SampleProject) -> None:
        self._http = http
        self._queue = deque(sorted(sample.tickets, key=lambda each: each.key not in FIRST_TICKETS))
        self._by_title = {ticket.title: ticket for ticket in sample.tickets}
        self._rounds: Counter[str] = Counter()
        self._ids: dict[str, str] = {}

    def make_lost(self) -> None:
        """The ticket whose first worker is lost."""
        self._make(next(each for each in self._queue if does(each, "vanish")), ())

    def make_first(self) -> None:
        """The tickets that the crew begins with."""
        for _ in FIRST_TICKETS:
            self._make(self._queue[0], list(self._ids.values()))

    def make_next(self) -> None:
        """One more, unless there is enough to do or the board is busy."""
        answer = self._http.get("tickets", params={"limit": PAGE})
        if not answer.is_success:
            return
        unfinished = answer.json()["items"]
        if ticket := self.next(unfinished):
            self._make(ticket, [each["ticket_id"] for each in unfinished])

    def next(self, unfinished: Sequence[dict[str, Any]]) -> SampleTicket | None:
        """The ticket to make now, or None while there is enough to do."""
        for_person = sum(map(self._needs_person, unfinished))
        if len(unfinished) - for_person >= CREW_HAS_ENOUGH:
            return None
        has_enough = for_person >= PERSON_HAS_ENOUGH
        return next(each for each in self._queue if not (has_enough and each.needs_person))

    def body(self, ticket: SampleTicket, unfinished: Sequence[str]) -> dict[str, Any]:
        """What the API is sent for it; it is linked only to what is still to be done."""
        rounds = self._rounds[ticket.key]
        ids = {key: each for key, each in self._ids.items() if each in unfinished}
        return {
            "project_id": PROJECT,
            "title": f"{ticket.title} ({rounds + 1})" if rounds else ticket.title,
            "execution_plan": ticket.stages_of_plan,
            "description": ticket.description,
            "priority": ticket.priority,
            "labels": ticket.labels,
            "parent_id": ids.get(ticket.parent or ""),
            "blocked_by": [ids[key] for key in ticket.waits_for if key in ids],
        }

    def count(self, ticket: SampleTicket, ticket_id: str) -> None:
        """It was made: its next turn comes after all others."""
        self._ids[ticket.key] = ticket_id
        self._rounds[ticket.key] += 1
        self._queue.remove(ticket)
        self._queue.append(ticket)

    def _make(self, ticket: SampleTicket, unfinished: Sequence[str]) -> None:
        answer = self._http.post("tickets", json=self.body(ticket, unfinished))
        if answer.is_success:
            self.count(ticket, answer.json()["ticket_id"])

    def _needs_person(self, record: dict[str, Any]) -> bool:
        title = str(record["title"]).partition(" (")[0]
        sample = self._by_title.get(title)
        return record["state"] == "on_hold" or bool(sample and sample.needs_person)


def set_up(http: httpx.Client, sample: SampleProject, folder: Path) -> None:
    """Make the project with its worker types, and write down what the agents will report."""
    project = {
        "repository_name": PROJECT,
        "path": str(folder),
        "short_description": sample.short_description,
        "rules": sample.rules,
        "patterns": sample.patterns,
    }
    http.post("projects", json=project).raise_for_status()
    for role in STARTER_ROLES:
        body = {
            "project_id": PROJECT,
            "worker_type": role.name,
            "short_description": role.short_description,
            "system_prompt": role.system_prompt,
            "performed_by": role.performed_by,
            "lease_seconds": LEASE_SECONDS,
        }
        http.post("worker-types", json=body).raise_for_status()
    reports = {ticket.title: reports_on(ticket) for ticket in sample.tickets}
    (folder / "reported").mkdir()
    (folder / "reports.json").write_text(json.dumps(reports), "utf-8")


def reports_on(ticket: SampleTicket) -> list[dict[str, str]]:
    """What agents report on it, in order: neither what a person decides nor a run that was lost."""
    return [_report(run) for run in ticket.stages if not run.by and run.does in OUTCOMES]


def does(ticket: SampleTicket, what: str) -> bool:
    """Whether one of its runs ends so."""
    return any(run.does == what for run in ticket.stages)


def _report(run: SampleRun) -> dict[str, str]:
    outcome, field = OUTCOMES[run.does]
    to_stage = {"to_stage": str(run.to)} if run.does == "send_back" else {}
    return {"outcome": outcome, field: run.says.strip(), **to_stage}
