"""Makes the sample project with its history: the real verbs, called at the times that it names."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import chain, count

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, pipeline
from app.actor import Actor
from app.errors import Conflict
from app.models import AuditEntry, Event, Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import IN_QUEUE
from app.sample.content import (
    InboxReview,
    PersonAction,
    RoleChange,
    SampleProject,
    SampleRun,
    SampleTicket,
    SampleWorker,
    load_sample,
)
from app.starter import add_starter_set
from app.visibility import Visibility

HEARTBEAT = timedelta(seconds=11)
FIRST_PID = 4_000

NAME = "acme/web"


def add_sample(session: Session, actor: Actor) -> str:
    """Put the sample project on the board, under the first name that is free. `Conflict` if a
    sample is there already."""
    there = session.scalars(select(Project.repository_name).where(Project.is_sample)).first()
    if there:
        raise Conflict("There is a sample project on this board already.")
    names = chain([NAME], (f"{NAME}-{number}" for number in count(2)))
    name = next(name for name in names if session.get(Project, name) is None)
    create_history(session, name, load_sample(), actor)
    return name


def create_history(session: Session, project_id: str, sample: SampleProject, actor: Actor) -> int:
    """Make the project and all that happened in it; returns how many tickets it has. `actor` is who
    asks for it: the people in it are made up."""
    history = SampleHistory(session, project_id, sample)
    history.schedule()
    history.run()
    AuditEntry.record(session, "sample_added", actor, project_id=project_id)
    return len(history.ids)


class SampleHistory:
    """What happens next, and whom it concerns."""

    def __init__(self, session: Session, project_id: str, sample: SampleProject) -> None:
        self.session = session
        self.project_id = project_id
        self.sample = sample
        self.now = clock.now()
        self.ahead: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = count()
        self.ids: dict[str, str] = {}
        self.runs_ahead: dict[str, list[SampleRun]] = {}
        self.prefix = ""
        self.at_work: dict[str, SampleWorker] = {}
        self.last_claim: dict[str, int] = {}

    def schedule(self) -> None:
        """Make the project, and plan all that doesn't follow from something else."""
        with clock.at(self._moment(self.sample.began)):
            self._make_project()
        for role in self.sample.roles:
            self._plan(role.hours, partial(self._change_role, role))
        for worker in self.sample.workers:
            self._plan(worker.start, partial(self._arrive, worker))
            if worker.until is not None:
                self._plan(worker.until, partial(self._leave, worker))
        for ticket in self.sample.history:
            self._plan(ticket.hours, partial(self._create, ticket))
            for action in ticket.people:
                self._plan(action.hours, partial(self._act, ticket, action))
        for review in self.sample.inbox:
            self._plan(review.hours, partial(self._read_inbox, review))

    def run(self) -> None:
        """Let everything happen in its order, until now."""
        while self.ahead and self.ahead[0][0] < self.now:
            moment, _, happens = heappop(self.ahead)
            with clock.at(moment):
                happens()
                self.session.flush()
                self._let_workers_claim()
        self._stay_alive()

    def _moment(self, hours: float) -> datetime:
        return self.now - timedelta(hours=hours)

    def _plan(self, hours: float, happens: Callable[[], None]) -> None:
        self._plan_at(self._moment(hours), happens)

    def _plan_at(self, moment: datetime, happens: Callable[[], None]) -> None:
        heappush(self.ahead, (moment, next(self.order), happens))

    def _make_project(self) -> None:
        sample = self.sample
        project = Project.create(
            self.session,
            actor=Actor.person("maya"),
            repository_name=self.project_id,
            path=sample.path,
            short_description=sample.short_description,
            rules=sample.rules,
            patterns=sample.patterns,
            is_sample=True,
        )
        self.prefix = (project.ticket_prefix or "").lower()
        add_starter_set(
            self.session, self.project_id, Actor.person("maya"), lease_seconds=sample.lease_seconds
        )

    def _change_role(self, change: RoleChange) -> None:
        role = self.session.scalars(
            select(WorkerType).filter_by(project_id=self.project_id, worker_type=change.name)
        ).one()
        role.edit(
            system_prompt=f"{role.system_prompt}\n\n{change.add.strip()}",
            max_attempts=change.max_attempts or role.max_attempts,
            actor=Actor.person(change.by),
        )

    def _arrive(self, worker: SampleWorker) -> None:
        worker_id = self._worker_id(worker)
        Worker.register(
            self.session,
            worker_id=worker_id,
            project_id=self.project_id,
            worker_type=worker.type,
            hostname=worker.host,
            pid=FIRST_PID + next(self.order),
        )
        self.at_work[worker_id] = worker
        self.last_claim[worker_id] = 0

    def _leave(self, worker: SampleWorker) -> None:
        worker_id = self._worker_id(worker)
        del self.at_work[worker_id]
        if worker.declared_dead_by:
            pipeline.declare_dead(self.session, worker_id, Actor.person(worker.declared_dead_by))
        else:
            pipeline.heartbeat(self.session, worker_id)
            pipeline.finish_worker(self.session, worker_id, "no more work for it")

    def _create(self, sample: SampleTicket) -> None:
        ticket = Ticket.create(
            self.session,
            project_id=self.project_id,
            title=sample.title,
            execution_plan=sample.stages_of_plan,
            actor=Actor.person(sample.by),
            description=sample.description,
            priority=sample.priority,
            labels=sample.labels,
            parent_id=self.ids.get(sample.parent or ""),
        )
        self.ids[sample.key] = ticket.ticket_id
        self.runs_ahead[ticket.ticket_id] = list(sample.stages)
        for key in sample.waits_for:
            ticket.block_by(self.ids[key], Actor.person(sample.by))

    def _act(self, sample: SampleTicket, action: PersonAction) -> None:
        ticket = Ticket.lock(self.session, self.ids[sample.key])
        verbs: dict[str, Callable[[Actor], object]] = {
            "comment": lambda actor: ticket.say(action.says, actor),
            "hold": lambda actor: ticket.hold(actor, action.says),
            "resume": lambda actor: ticket.resume(actor, action.says),
            "stop": lambda actor: ticket.stop(actor, action.says),
        }
        verbs[action.does](Actor.person(action.by))

    def _read_inbox(self, review: InboxReview) -> None:
        events = self.session.scalars(
            select(Event.id).where(
                Event.project_id == self.project_id,
                Event.ticket_id.is_(None) if review.of == "workers" else ~Event.needs_attention,
            )
        )
        reader = Actor.person(review.by)
        pipeline.process_events(self.session, Visibility.everything(), events, reader, review.note)

    def _let_workers_claim(self) -> None:
        wanted = self._stages_with_work()
        # Whoever has waited longest goes first, so that all of them get work.
        for worker_id in sorted(self.at_work, key=self.last_claim.__getitem__):
            if self.at_work[worker_id].type in wanted and not self._run_of(worker_id):
                self._claim(worker_id)

    def _stages_with_work(self) -> set[str | None]:
        ready = select(Ticket.current_stage).where(
            Ticket.project_id == self.project_id, IN_QUEUE, ~Ticket.in_backoff(clock.now())
        )
        return set(self.session.scalars(ready.distinct()))

    def _claim(self, worker_id: str) -> None:
        claim = pipeline.claim_next(self.session, worker_id)
        if claim is None:
            return
        self.last_claim[worker_id] = next(self.order)
        if runs := self.runs_ahead[claim.ticket_id]:
            self._plan_end(runs.pop(0), claim.run_id)

    def _plan_end(self, planned: SampleRun, run_id: int) -> None:
        ends_at = clock.now() + timedelta(minutes=planned.minutes)
        if planned.at is not None:
            ends_at = self._moment(planned.at)
        if planned.does != "vanish":
            self._plan_at(ends_at, lambda: self._end(planned, run_id))

    def _end(self, planned: SampleRun, run_id: int) -> None:
        run = StageRun.lock(self.session, run_id)
        verbs: dict[str, Callable[[], object]] = {
            "complete": lambda: run.complete(planned.says),
            "send_back": lambda: run.send_back(planned.to, planned.says),
            "attention": lambda: run.ask_attention(planned.says),
            "fail": lambda: run.fail(planned.says),
        }
        verbs[planned.does]()
        ticket = run.ticket
        if ticket.is_in_backoff:
            # After the pause its worker looks again.
            self._plan_at(ticket.ready_at, lambda: None)
        runs = self.runs_ahead[ticket.ticket_id]
        if runs and runs[0].by and ticket.state == "open":
            self._plan_decision(runs.pop(0), ticket.ticket_id)

    def _plan_decision(self, planned: SampleRun, ticket_id: str) -> None:
        decides_at = clock.now() + timedelta(minutes=planned.minutes)
        self._plan_at(decides_at, lambda: self._decide(planned, ticket_id))

    def _decide(self, planned: SampleRun, ticket_id: str) -> None:
        ticket = Ticket.lock(self.session, ticket_id)
        run = StageRun.by_person(ticket, Actor.person(planned.by))
        run.complete(planned.says)

    def _stay_alive(self) -> None:
        for number, (worker_id, worker) in enumerate(self.at_work.items(), start=1):
            if not (worker.quiet or worker.declared_dead_by):
                with clock.at(clock.now() - number * HEARTBEAT):
                    pipeline.heartbeat(self.session, worker_id, self._run_of(worker_id))

    def _run_of(self, worker_id: str) -> int | None:
        run = StageRun.of_worker(self.session, worker_id)
        return run.run_id if run else None

    def _worker_id(self, worker: SampleWorker) -> str:
        # Workers of all projects share one list: the project's prefix keeps their ids apart.
        return f"{self.prefix}-{worker.id}"
