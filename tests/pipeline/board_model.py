"""A board in plain Python: what DESIGN §5 and §6 say happens, to hold against what does."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.clock import SKEW
from app.models.ticket.retries import BACKOFF_MAX

ROLES = ("implementation", "review")
LEASE = timedelta(seconds=60)
MAX_ATTEMPTS = 2


@dataclass
class Ticket:
    """What is known of a ticket."""

    id: str
    plan: list[str]
    priority: int
    created_at: datetime
    ready_at: datetime
    rank: int
    position: int = 0
    state: str = "open"
    resolution: str | None = None
    lost: int = 0
    run: Run | None = None
    blockers: set[str] = field(default_factory=set)
    parent: str | None = None
    labels: set[str] = field(default_factory=set)
    calls_for_attention: bool = False
    backoff_until: datetime | None = None

    @property
    def stage(self) -> str | None:
        """Whose turn it is."""
        return self.plan[self.position] if self.position < len(self.plan) else None

    @property
    def standing(self) -> tuple[int, int, datetime, str]:
        """What decides where it stands in a queue."""
        return self.priority, self.rank, self.created_at, self.id


@dataclass
class Worker:
    """What is known of a worker."""

    id: str
    role: str
    expected_by: datetime
    heard_at: datetime
    token: int
    status: str = "idle"
    run: Run | None = None
    is_stopping: bool = False
    pid: int = 1


@dataclass
class Run:
    """What is known of a worker's run."""

    id: int
    ticket: Ticket
    worker: Worker
    stage_number: int
    lease_until: datetime
    renewed_at: datetime
    token: int
    outcome: str | None = None
    said: str | None = None

    def renew(self, now: datetime) -> None:
        """The lease begins anew."""
        self.renewed_at, self.lease_until = now, now + LEASE


@dataclass
class Board:
    """All of it, and the rules."""

    tickets: dict[str, Ticket] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    runs: dict[int, Run] = field(default_factory=dict)

    @property
    def now(self) -> datetime:
        """The time, which stands still during a step."""
        return datetime.now(UTC)

    def open_blockers(self, ticket: Ticket) -> int:
        """How many of a ticket's blockers aren't closed."""
        return sum(self.tickets[b].state != "closed" for b in ticket.blockers)

    def waits_for(self, ticket: str, other: str) -> bool:
        """Whether a ticket waits for another, directly or through others."""
        return any(b == other or self.waits_for(b, other) for b in self.tickets[ticket].blockers)

    def with_parents(self, ticket: str | None) -> set[str]:
        """A ticket, and all that it is a part of."""
        return {ticket} | self.with_parents(self.tickets[ticket].parent) if ticket else set()

    def next_in_queue(self, role: str) -> Ticket | None:
        """What a worker of that role gets."""
        return next((t for t in self.queue(role) if not self.rests(t)), None)

    def queue(self, role: str | None) -> list[Ticket]:
        """What waits for that role, the first first."""
        queued = (t for t in self.tickets.values() if t.stage == role and self.is_queued(t))
        return sorted(queued, key=lambda t: t.standing)

    def is_queued(self, ticket: Ticket) -> bool:
        """Whether it waits for nothing but a worker, or the end of a pause."""
        is_free = ticket.state == "open" and ticket.run is None
        return is_free and not self.open_blockers(ticket)

    def rests(self, ticket: Ticket) -> bool:
        """Whether the pause after a failed attempt goes on; whatever the clock says, none is longer
        than the longest."""
        until = ticket.backoff_until
        return until is not None and self.now < until <= self.now + BACKOFF_MAX

    def hear_of(self, worker: Worker) -> None:
        """A sign of life."""
        worker.heard_at, worker.expected_by = self.now, self.now + LEASE
        if worker.status == "failed":
            worker.status = "idle"

    def start(self, run_id: int, ticket: Ticket, worker: Worker) -> None:
        """The worker has claimed the ticket."""
        now = self.now
        run = Run(run_id, ticket, worker, ticket.position + 1, now + LEASE, now, worker.token)
        self.runs[run_id] = ticket.run = worker.run = run
        worker.status = "active"

    def end(self, run: Run, outcome: str) -> None:
        """The run is over; the ticket is free."""
        run.outcome = outcome
        run.ticket.run = run.worker.run = None
        self.free(run.ticket)
        if run.worker.status == "active":
            run.worker.status = "idle"

    def free(self, ticket: Ticket) -> None:
        """The ticket may be taken at once."""
        ticket.ready_at, ticket.backoff_until = self.now, None

    def lose(self, run: Run, outcome: str) -> None:
        """The run ended without a result, and cost an attempt."""
        self.end(run, outcome)
        run.ticket.lost += 1
        if run.ticket.lost >= MAX_ATTEMPTS:
            run.ticket.state, run.ticket.calls_for_attention = "on_hold", True

    def move(self, ticket: Ticket, position: int) -> None:
        """The ticket's position changes."""
        ticket.position, ticket.lost = position, 0
        self.free(ticket)

    def advance(self, ticket: Ticket) -> None:
        """The current stage is done."""
        self.move(ticket, ticket.position + 1)
        ticket.calls_for_attention = False
        if ticket.stage is None:
            self.close(ticket, "completed")

    def close(self, ticket: Ticket, resolution: str) -> None:
        """The ticket is closed, and no longer blocks."""
        ticket.calls_for_attention = False
        for other in self.tickets.values():
            if ticket.id in other.blockers and self.open_blockers(other) == 1:
                self.free(other)
        ticket.state, ticket.resolution = "closed", resolution

    def sweep(self) -> int:
        """End overdue leases, give silent workers up; after the clock was set back, leases and
        silences begin anew."""
        for run in self.runs.values():
            if not run.outcome and run.renewed_at > self.now + SKEW:
                run.renew(self.now)
        for worker in self.workers.values():
            if worker.status in ("idle", "active") and worker.heard_at > self.now + SKEW:
                self.hear_of(worker)
        overdue = [r for r in self.runs.values() if not r.outcome and r.lease_until <= self.now]
        for run in overdue:
            self.lose(run, "expired")
        for worker in self.workers.values():
            if worker.status == "idle" and worker.expected_by <= self.now:
                worker.status = "failed"
        return len(overdue)
