"""What is on a board of the bench: rows of the published schema, from a seed, always the same.

Times are the exception: they count back from the midnight before the board was filled, because a
board's pages ask what happened lately.
"""

from __future__ import annotations

import json
import random
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate

SEED = 1
PROJECTS = 20
ROLES = ("planning", "implementation", "review", "testing", "documentation", "approval")
GATE = "approval"
PLANS = (
    ("planning", "implementation", "review"),
    ("implementation", "review", "testing"),
    ("planning", "implementation", "documentation"),
    ("implementation", "review", GATE),
)
PLAN_WEIGHTS = (4, 3, 2, 1)
PLANS_JSON = {plan: json.dumps(plan) for plan in PLANS}
LABELS = tuple(f"label-{number:02}" for number in range(40))
RARE_LABEL = "rare"

RARE_WORD, COMMON_WORD, ABSENT_WORD = "zanzibar", "checkout", "xylograph"
"""Words of ten texts, of half of all texts, and of none."""
RARE_TEXTS = 10

COMMENTS, MANY_COMMENTS = 5, 20
CROWDED_EVERY = 200
"""Each ticket whose number is a multiple of this has many comments."""

CROWDED_TICKET = f"P00-{CROWDED_EVERY // PROJECTS + 1}"
"""A closed ticket with its three runs and twenty comments."""

RUNNING, BATCH = 200, 5_000
DAYS = 365
FOR_EVER = timedelta(days=3650)
"""Leases of the board's own workers: a board that was filled yesterday is still at work today."""

COLUMNS = {
    "projects": "repository_name path short_description rules ticket_prefix last_ticket_number"
    " created_at updated_at",
    "worker_types": "id project_id worker_type short_description system_prompt performed_by"
    " created_at updated_at",
    "prompt_versions": "worker_type_id version system_prompt created_by created_at",
    "workers": "worker_id project_id worker_type status pid queue_name hostname started_at"
    " last_activity expected_by",
    "tickets": "ticket_id project_id title description execution_plan completed_stages"
    " last_completed_stage state resolution priority open_blockers failed_attempts parent_id"
    " claimed_by ready_at backoff_until created_by created_at updated_at closed_at",
    "ticket_labels": "ticket_id label",
    "ticket_dependencies": "ticket_id blocked_by_id created_at",
    "stage_runs": "run_id ticket_id stage_number worker_type worker_id actor attempt"
    " prompt_version started_at lease_expires_at lease_renewed_at finished_at outcome reason",
    "comments": "ticket_id worker_type worker_id stage_number run_id author content created_at",
    "events": "event_type project_id ticket_id run_id worker_id stage reason actor"
    " needs_attention created_at processed",
}
"""The columns that are filled, of each table, in an order in which no row names a later one."""

CLOSED = ("completed", "stopped")
EVENT_OF = {
    "completed": "ticket_stage_completed",
    "failed": "ticket_stage_failed",
    "attention": "ticket_attention_requested",
}

Row = tuple[object, ...]
Rows = dict[str, list[Row]]


def project_name(number: int) -> str:
    return f"bench/project-{number:02}"


def role_id(project: int, role: str) -> int:
    return project * len(ROLES) + ROLES.index(role) + 1


@dataclass(slots=True)
class Texts:
    """Sentences of a vocabulary in which few words are frequent and many are rare."""

    random: random.Random
    with_common: list[str] = field(default_factory=list)
    without: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        syllables = [a + b for a in "bcdfglmnprstv" for b in "aeiou"]
        words = ["".join(self.random.choices(syllables, k=self.random.randint(2, 4)))
                 for _ in range(4_000)]  # fmt: skip
        weights = list(accumulate(1 / (rank + 3) for rank in range(len(words))))
        for _ in range(4_000):
            sentence = self.random.choices(words, cum_weights=weights, k=self.random.randint(8, 16))
            self.without.append(" ".join(sentence).capitalize() + ".")
            sentence[self.random.randrange(len(sentence))] = COMMON_WORD
            self.with_common.append(" ".join(sentence).capitalize() + ".")

    def text(self, sentences: int) -> str:
        pool = self.with_common if self.random.random() < 0.5 else self.without
        return " ".join(self.random.choices(pool, k=sentences))

    def title(self) -> str:
        return " ".join(self.random.choice(self.without).rstrip(".").split()[:7])

    def comment(self) -> str:
        return f"**Done.** {self.text(2)}\n\n- `make test` is green\n- {self.text(1)}\n"


@dataclass(frozen=True, slots=True)
class Ticket:
    """What its runs and events say of a ticket; `created` in seconds since 1970."""

    id: str
    project: int
    plan: Sequence[str]
    done: int
    situation: str
    created: int


class Content:
    """A board of `size` tickets, generated in batches of rows for each table."""

    def __init__(self, size: int, now: datetime) -> None:
        self.size = size
        self.random = random.Random(SEED)
        self.texts = Texts(self.random)
        self.midnight = int(now.astimezone(UTC).replace(hour=0, minute=0, second=0).timestamp())
        self.for_ever = stamp(self.midnight + int(FOR_EVER.total_seconds()))
        self.running = min(RUNNING, size // 50)
        self.workers_of_role = max(1, size // 12_000)
        self.run_id = 0
        self.rows: Rows = defaultdict(list)
        self.lately_open: dict[int, deque[str]] = {p: deque(maxlen=8) for p in range(PROJECTS)}
        self.lately_closed: dict[int, str] = {}

    def batches(self) -> Iterator[Rows]:
        """All rows, in an order in which foreign keys hold at the end of each batch."""
        self._base()
        for number in range(self.size):
            self._ticket(number)
            if len(self.rows["tickets"]) >= BATCH:
                yield self._take()
        yield self._take()

    def _take(self) -> Rows:
        taken, self.rows = self.rows, defaultdict(list)
        return taken

    def _base(self) -> None:
        """Projects, roles, and the workers of the past."""
        began = stamp(self.midnight - DAYS * 86_400)
        for p in range(PROJECTS):
            name = project_name(p)
            issued = -(-(self.size - p) // PROJECTS)
            self.rows["projects"].append(
                (name, f"/srv/{name}", f"Project {p}", "Keep it simple.", f"P{p:02}", issued, began,
                 began)
            )  # fmt: skip
            for role in ROLES:
                by = "person" if role == GATE else "agent"
                prompt = f"You do the {role}. {self.texts.text(20)}"
                key = role_id(p, role)
                self.rows["worker_types"].append(
                    (key, name, role, f"Does the {role}", prompt, by, began, began)
                )
                self.rows["prompt_versions"].append((key, 1, prompt, "bench", began))
                if role != GATE:
                    for number in range(self.workers_of_role):
                        self._worker(worker_id(p, role, number), p, role, "finished", self.midnight)

    def _worker(self, worker: str, project: int, role: str, status: str, heard: int) -> None:
        expected = self.for_ever if status in ("active", "idle") else None
        at, name = stamp(heard), project_name(project)
        self.rows["workers"].append(
            (worker, name, role, status, 4711, f"{name}:{role}", "bench", at, at, expected)
        )

    def _ticket(self, i: int) -> None:
        """One ticket with all that belongs to it."""
        chance, p, n = self.random, i % PROJECTS, i // PROJECTS + 1
        age = i / self.size
        created = self.midnight - int((1 - age) * DAYS * 86_400)
        plan = chance.choices(PLANS, PLAN_WEIGHTS)[0]
        situation = self._situation(i, age)
        is_closed = situation in CLOSED
        done = len(plan) if situation == "completed" else chance.randrange(3)
        if situation == "running" and plan[done] == GATE:
            done -= 1
        ticket = Ticket(f"P{p:02}-{n}", p, plan, done, situation, created)
        pace = min(chance.randint(600, 20_000), max(1, (self.midnight - created) // 6))
        now = created
        self._event("ticket_created", ticket, now)
        for stage in range(1, done + 1):
            now += pace
            self._run(ticket, stage, now - pace // 2, now, "completed")
        claimed_by, blockers = self._stand(ticket, i, now, pace)
        failed = int(situation == "backoff")
        text = self.texts.text(5)
        if i % max(1, self.size // RARE_TEXTS) == self.size // RARE_TEXTS // 2:
            text += f" {RARE_WORD.capitalize()}."
            self.rows["ticket_labels"].append((ticket.id, RARE_LABEL))
        self.rows["tickets"].append(
            (ticket.id, project_name(p), self.texts.title(), text, PLANS_JSON[plan], done,
             plan[done - 1] if done else "Planned",
             "closed" if is_closed else "on_hold" if situation == "on_hold" else "open",
             situation if is_closed else None,
             chance.choices((0, 1, 2, 3), (5, 20, 60, 15))[0], blockers, failed,
             f"P{p:02}-{n - n % 40}" if n > 40 and 1 <= n % 40 <= 5 else None,
             claimed_by, stamp(now), stamp(self.midnight + 90_000) if failed else None, "bench",
             stamp(created), stamp(now), stamp(now) if is_closed else None)
        )  # fmt: skip
        self.rows["ticket_labels"] += [(ticket.id, label) for label in chance.sample(LABELS, 2)]
        said = done + (situation in ("on_hold", "backoff"))
        wanted = MANY_COMMENTS if i % CROWDED_EVERY == 0 else COMMENTS
        for number in range(said, wanted):
            at = stamp(min(now + number * 60, self.midnight))
            self.rows["comments"].append(
                (ticket.id, None, None, None, None, "bench", self.texts.comment(), at)
            )

    def _stand(self, ticket: Ticket, i: int, now: int, pace: int) -> tuple[str | None, int]:
        """What its situation brings with it: who holds it, and how many others it waits for."""
        p, chance, next_stage = ticket.project, self.random, ticket.done + 1
        worker, blockers = None, 0
        if ticket.situation in CLOSED:
            self._event("ticket_closed", ticket, now, reason=ticket.situation)
            if chance.random() < 0.1 and p in self.lately_closed:
                self._dependency(ticket, self.lately_closed[p])
            self.lately_closed[p] = ticket.id
            return worker, blockers
        if ticket.situation == "running":
            worker = f"crew-{i}"
            self._worker(worker, p, ticket.plan[ticket.done], "active", self.midnight)
            self._run(ticket, next_stage, self.midnight - 300, None, None, worker)
        elif ticket.situation == "blocked":
            others = list(self.lately_open[p])[-chance.randint(1, 2) :]
            blockers = len(others)
            for other in others:
                self._dependency(ticket, other)
        elif ticket.situation in ("backoff", "on_hold"):
            outcome = "failed" if ticket.situation == "backoff" else "attention"
            self._run(ticket, next_stage, now, now + pace // 2, outcome)
        self.lately_open[p].append(ticket.id)
        return worker, blockers

    def _situation(self, i: int, age: float) -> str:
        """Where a ticket stands. The older, the more are closed: 70 % in all."""
        chance = self.random.random()
        if i >= self.size / 2 and i % max(1, self.size // 2 // self.running) == 0:
            return "running"
        if i < self.size * 0.05 or self.random.random() > 0.05 + 0.75 * age * age:
            return "stopped" if chance < 0.05 else "completed"
        for name, share in (("on_hold", 0.01), ("backoff", 0.01), ("blocked", 0.1)):
            if chance < share:
                return name
            chance -= share
        return "ready"  # or waiting, when a person does its stage

    def _run(
        self,
        ticket: Ticket,
        stage: int,
        began: int,
        ended: int | None,
        outcome: str | None,
        worker: str | None = None,
    ) -> None:
        """An attempt, its events, and what was said of it."""
        self.run_id += 1
        role = ticket.plan[stage - 1]
        if role != GATE and worker is None:
            worker = worker_id(ticket.project, role, self.run_id % self.workers_of_role)
        at = stamp(ended) if ended else None
        self.rows["stage_runs"].append(
            (self.run_id, ticket.id, stage, role, worker, worker or "bench", 1, 1, stamp(began),
             None if role == GATE else self.for_ever, stamp(began), at, outcome,
             "It didn't build." if outcome == "failed" else None)
        )  # fmt: skip
        self._event("ticket_stage_started", ticket, began, role, worker, self.run_id)
        if outcome is None or ended is None:
            return
        self._event(EVENT_OF[outcome], ticket, ended, role, worker, self.run_id)
        self.rows["comments"].append(
            (ticket.id, role, worker, stage, self.run_id, worker or "bench", self.texts.comment(),
             at)
        )  # fmt: skip

    def _event(
        self,
        kind: str,
        ticket: Ticket,
        at: int,
        stage: str | None = None,
        worker: str | None = None,
        run_id: int | None = None,
        *,
        reason: str | None = None,
    ) -> None:
        asks = kind == "ticket_attention_requested"
        is_new = at > self.midnight - 3_600 and kind != "ticket_stage_started"
        self.rows["events"].append(
            (kind, project_name(ticket.project), ticket.id, run_id, worker, stage, reason,
             worker or "bench", int(asks), stamp(at), int(not (asks or is_new)))
        )  # fmt: skip

    def _dependency(self, ticket: Ticket, blocked_by: str) -> None:
        self.rows["ticket_dependencies"].append((ticket.id, blocked_by, stamp(ticket.created)))


QUEUE_PROJECT, QUEUE_ROLE = "bench/queue", "implementation"


def queue(size: int, now: datetime, workers: Iterable[str]) -> Rows:
    """One long queue of tickets with a single stage, and workers that nobody has registered."""
    at = stamp(int(now.timestamp()))
    lease = stamp(int((now + FOR_EVER).timestamp()))
    plan = json.dumps([QUEUE_ROLE])
    rows: Rows = {
        "projects": [(QUEUE_PROJECT, "/srv/queue", "A queue", "", "Q", size, at, at)],
        "worker_types": [
            (10_000, QUEUE_PROJECT, QUEUE_ROLE, "Does it", "You do it.", "agent", at, at)
        ],
        "prompt_versions": [(10_000, 1, "You do it.", "bench", at)],
        "workers": [
            (name, QUEUE_PROJECT, QUEUE_ROLE, "idle", 1, "", "bench", at, at, lease)
            for name in workers
        ],
        "tickets": [
            (f"Q-{n + 1}", QUEUE_PROJECT, f"Ticket {n}", "", plan, 0, "Planned", "open", None,
             n % 4, 0, 0, None, None, at, None, "bench", at, at, None)
            for n in range(size)
        ],
    }  # fmt: skip
    return rows


def worker_id(project: int, role: str, number: int) -> str:
    return f"past-{project:02}-{role}-{number}"


def stamp(at: int) -> str:
    """A UTC time as SQLite keeps it and PostgreSQL reads it."""
    day, second = divmod(at, 86_400)
    if day not in _days:
        _days[day] = f"{datetime.fromtimestamp(day * 86_400, UTC):%Y-%m-%d}"
    return f"{_days[day]} {_seconds[second]}"


_days: dict[int, str] = {}
_seconds = [
    f"{hour:02}:{minute:02}:{second:02}.000000"
    for hour in range(24)
    for minute in range(60)
    for second in range(60)
]
