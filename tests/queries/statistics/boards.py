"""Small boards of any history, and what is true of them by counting in plain Python."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from statistics import median, quantiles
from typing import Any

from sqlalchemy import insert

from app.models import Event, Project, StageRun, Ticket, Worker, WorkerType

PROJECTS = ("acme/api", "acme/web")
ROLES = ("build", "review", "approval")
GATE = "approval"
NOW = datetime(2026, 4, 15, 12, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(days=120)


Row = dict[str, Any]


class Board:
    """Rows of tickets, runs and events, from a seed."""

    def __init__(self, seed, size):
        self.chance = random.Random(seed)
        self.tickets: list[Row] = []
        self.runs: list[Row] = []
        self.events: list[Row] = []
        for number in range(size):
            self._ticket(number)
        # Numbers are given out as runs begin.
        self.runs.sort(key=lambda run: run["started_at"])
        for number, run in enumerate(self.runs, 1):
            run["run_id"] = number

    def store(self, session):
        session.execute(
            insert(Project),
            [{"repository_name": name, "path": "/srv", "ticket_prefix": name[-3:].upper()}
             for name in PROJECTS],
        )  # fmt: skip
        session.execute(
            insert(WorkerType),
            [{"project_id": name, "worker_type": role, "short_description": "",
              "performed_by": "person" if role == GATE else "agent"}
             for name in PROJECTS for role in ROLES],
        )  # fmt: skip
        session.execute(
            insert(Worker),
            [{"worker_id": f"w-{n}", "project_id": PROJECTS[0], "worker_type": "build"}
             for n in range(3)],
        )  # fmt: skip
        for table, rows in ((Ticket, self.tickets), (StageRun, self.runs), (Event, self.events)):
            if rows:
                session.execute(insert(table), rows)
        session.flush()

    def _moment(self, after, most):
        return after + timedelta(seconds=self.chance.randint(1, int(most.total_seconds())))

    def _ticket(self, number):
        chance = self.chance
        created = self._moment(BEGAN, NOW - BEGAN - timedelta(days=1))
        ticket_id, project = f"T-{number}", chance.choice(PROJECTS)
        at, done, ended = created, 0, None
        for _ in range(chance.randint(0, 7)):
            role = ROLES[done]
            is_person = role == GATE
            began = self._moment(at, timedelta(days=5))
            over = self._moment(began, timedelta(hours=9))
            if over > NOW:
                break
            choices = ["completed"] * 5 + (["returned"] * 2 if done else [])
            outcome = chance.choice(
                choices + ([] if is_person else ["failed", "expired", "released"])
            )
            self.runs.append(
                {"ticket_id": ticket_id, "stage_number": done + 1, "worker_type": role,
                 "worker_id": None if is_person else f"w-{chance.randrange(3)}",
                 "prompt_version": None if is_person else chance.randint(1, 2),
                 "started_at": began, "finished_at": over, "outcome": outcome,
                 "lease_expires_at": None if is_person else over}
            )  # fmt: skip
            at = over
            done = done + 1 if outcome == "completed" else 0 if outcome == "returned" else done
            if done == len(ROLES):
                ended = "completed"
                break
        if ended is None and chance.random() < 0.1:
            ended, at = "stopped", self._moment(at, timedelta(hours=5))
        if chance.random() < 0.3:
            asked = self._moment(created, timedelta(days=2))
            self.events.append(
                {"event_type": "ticket_attention_requested", "ticket_id": ticket_id,
                 "project_id": project, "needs_attention": True, "processed": True,
                 "created_at": asked, "processed_at": self._moment(asked, timedelta(days=3)),
                 "details": {}}
            )  # fmt: skip
        self.tickets.append(
            {"ticket_id": ticket_id, "project_id": project, "title": ticket_id,
             "execution_plan": list(ROLES), "completed_stages": done,
             "state": "closed" if ended else "open", "resolution": ended,
             "closed_at": at if ended else None, "created_at": created, "updated_at": at}
        )  # fmt: skip

    # What is true of it.

    def seen(self, projects):
        return {t["ticket_id"]: t for t in self.tickets if t["project_id"] in projects}

    def weeks(self, span, projects):
        found = []
        for week in span.weeks():
            number: Counter[str] = Counter()
            for ticket in self.seen(projects).values():
                number["created"] += week.start <= ticket["created_at"] < week.end
                if ticket["closed_at"] and week.start <= ticket["closed_at"] < week.end:
                    number[ticket["resolution"]] += 1
            found.append((week.day, number["created"], number["completed"], number["stopped"]))
        return found

    def standings(self, span, projects):
        first: dict[str, datetime] = {}
        for run in self.runs:
            first.setdefault(run["ticket_id"], run["started_at"])
        for step in span.steps():
            closed = begun = waiting = 0
            for ticket_id, ticket in self.seen(projects).items():
                ended = ticket["closed_at"]
                if ended and ended < step.end:
                    closed += ended >= span.start
                elif ticket["created_at"] < step.end:
                    has_begun = ticket_id in first and first[ticket_id] < step.end
                    begun, waiting = begun + has_begun, waiting + (not has_begun)
            yield step.day, closed, begun, waiting

    def runs_of(self, span, projects):
        seen = self.seen(projects)
        last: dict[str, datetime] = {}
        for run in self.runs:
            ticket = seen.get(run["ticket_id"])
            if ticket is None:
                continue
            since = last.get(run["ticket_id"], ticket["created_at"])
            last[run["ticket_id"]] = run["finished_at"]
            if span.start <= run["finished_at"] < span.end:
                yield run, since

    def times(self, span, projects):
        """(role, waiting seconds, working seconds) of runs that did their stage."""
        waiting, working = defaultdict(list), defaultdict(list)
        for run, since in self.runs_of(span, projects):
            if run["outcome"] in ("completed", "returned"):
                role, took = run["worker_type"], run["finished_at"] - run["started_at"]
                if role == GATE:
                    waiting[role].append(took.total_seconds())
                else:
                    waiting[role].append((run["started_at"] - since).total_seconds())
                    working[role].append(took.total_seconds())
        return waiting, working

    def rework(self, span, projects):
        found: defaultdict[tuple[str, int], Counter[str]] = defaultdict(Counter)
        for run, _ in self.runs_of(span, projects):
            if run["worker_type"] == GATE or run["outcome"] == "released":
                continue
            is_redone = run["outcome"] == "completed" and any(
                other["ticket_id"] == run["ticket_id"]
                and other["run_id"] > run["run_id"]
                and other["stage_number"] <= run["stage_number"]
                for other in self.runs
            )
            number = found[run["worker_type"], run["prompt_version"]]
            number["runs"] += 1
            number["redone" if is_redone else run["outcome"]] += 1
        return found

    def cycles(self, span, projects):
        begun: dict[str, datetime] = {}
        for run in self.runs:
            begun.setdefault(run["ticket_id"], run["started_at"])
        return {
            name: (ticket["closed_at"] - begun.get(name, ticket["created_at"])).total_seconds()
            for name, ticket in self.seen(projects).items()
            if ticket["resolution"] == "completed" and span.start <= ticket["closed_at"] < span.end
        }

    def answers(self, span, projects):
        return [
            (event["processed_at"] - event["created_at"]).total_seconds()
            for event in self.events
            if event["project_id"] in projects and span.start <= event["processed_at"] < span.end
        ]


def spread(values):
    """By the standard library, whose inclusive quantiles are the same."""
    if not values:
        return 0, None, None, None
    p85 = quantiles(values, n=100, method="inclusive")[84] if len(values) > 1 else values[0]
    return len(values), median(values), p85, max(values)
