"""Lets the sample project happen: the real verbs, called at the times of its script."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from heapq import heappop, heappush
from itertools import count

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, pipeline
from app.actor import Actor
from app.models import Event, Project, StageRun, Ticket, Worker, WorkerType
from app.models.ticket import READY
from app.sample.script import Act, Reading, RoleChange, Script, Step, TicketScript, WorkerScript
from app.starter import add_starter_set
from app.visibility import Visibility

HEARTBEAT = timedelta(seconds=11)
FIRST_PID = 4_000
SIGN_OF_LIFE_HOURS = 4
"""Shorter than the script's leases, so that no run is lost that should go on."""


def tell(session: Session, project_id: str, script: Script) -> int:
    """Make the project and all that happened in it; returns how many tickets it has."""
    story = Story(session, project_id, script)
    story.begin()
    story.go_on()
    return len(script.tickets)


class Story:
    """What happens next, and whom it concerns."""

    def __init__(self, session: Session, project_id: str, script: Script) -> None:
        self.session = session
        self.project_id = project_id
        self.script = script
        self.now = clock.now()
        self.ahead: list[tuple[datetime, int, Callable[[], None]]] = []
        self.order = count()
        self.ids: dict[str, str] = {}
        self.acts: dict[str, list[Act]] = {}
        self.prefix = ""
        self.at_work: dict[str, WorkerScript] = {}
        self.last_claim: dict[str, int] = {}

    def begin(self) -> None:
        """Make the project, and plan all that doesn't follow from something else."""
        with clock.at(self._moment(self.script.began)):
            self._make_project()
        for role in self.script.roles:
            self._plan(role.hours, partial(self._change_role, role))
        for worker in self.script.workers:
            self._plan(worker.start, partial(self._arrive, worker))
            if worker.until is not None:
                self._plan(worker.until, partial(self._leave, worker))
        for ticket in self.script.tickets:
            self._plan(ticket.hours, partial(self._create, ticket))
            for step in ticket.people:
                self._plan(step.hours, partial(self._step_in, ticket, step))
        for reading in self.script.inbox:
            self._plan(reading.hours, partial(self._read_inbox, reading))
        for hours in range(0, int(self.script.began), SIGN_OF_LIFE_HOURS):
            self._plan(hours, self._stay_alive)

    def go_on(self) -> None:
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
        script = self.script
        project = Project.create(
            self.session,
            actor=Actor.person("maya"),
            repository_name=self.project_id,
            path=script.path,
            short_description=script.short_description,
            rules=script.rules,
            patterns=script.patterns,
        )
        project.created_at = clock.now()
        self.prefix = (project.ticket_prefix or "").lower()
        add_starter_set(
            self.session, self.project_id, Actor.person("maya"), lease_seconds=script.lease_seconds
        )

    def _change_role(self, change: RoleChange) -> None:
        role = self.session.scalars(
            select(WorkerType).filter_by(project_id=self.project_id, worker_type=change.name)
        ).one()
        role.edit(
            short_description=role.short_description,
            system_prompt=f"{role.system_prompt}\n\n{change.add.strip()}",
            performed_by=role.performed_by,
            lease_seconds=role.lease_seconds,
            max_attempts=change.max_attempts or role.max_attempts,
            actor=Actor.person(change.by),
        )

    def _arrive(self, worker: WorkerScript) -> None:
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

    def _leave(self, worker: WorkerScript) -> None:
        worker_id = self._worker_id(worker)
        del self.at_work[worker_id]
        if worker.declared_dead_by:
            pipeline.declare_dead(self.session, worker_id, Actor.person(worker.declared_dead_by))
        else:
            pipeline.finish_worker(self.session, worker_id, "no more work for it")

    def _create(self, script: TicketScript) -> None:
        ticket = Ticket.create(
            self.session,
            project_id=self.project_id,
            title=script.title,
            execution_plan=script.stages_of_plan,
            actor=Actor.person(script.by),
            description=script.description,
            priority=script.priority,
            labels=script.labels,
            parent_id=self.ids.get(script.parent or ""),
        )
        self.ids[script.key] = ticket.ticket_id
        self.acts[ticket.ticket_id] = list(script.stages)
        for key in script.waits_for:
            ticket.block_by(self.ids[key], Actor.person(script.by))

    def _step_in(self, script: TicketScript, step: Step) -> None:
        ticket = Ticket.lock(self.session, self.ids[script.key])
        verbs: dict[str, Callable[[Actor], object]] = {
            "comment": lambda actor: ticket.say(step.says, actor),
            "hold": lambda actor: ticket.hold(actor, step.says),
            "resume": lambda actor: ticket.resume(actor, step.says),
            "stop": lambda actor: ticket.stop(actor, step.says),
        }
        verbs[step.does](Actor.person(step.by))

    def _read_inbox(self, reading: Reading) -> None:
        events = self.session.scalars(
            select(Event.id).where(
                Event.project_id == self.project_id,
                Event.ticket_id.is_(None) if reading.of == "workers" else ~Event.needs_attention,
            )
        )
        reader = Actor.person(reading.by)
        pipeline.process_events(self.session, Visibility.everything(), events, reader, reading.note)

    def _let_workers_claim(self) -> None:
        wanted = self._stages_with_work()
        # Whoever has waited longest goes first, so that all of them get work.
        for worker_id in sorted(self.at_work, key=self.last_claim.__getitem__):
            if self.at_work[worker_id].type in wanted and not self._run_of(worker_id):
                self._claim(worker_id)

    def _stages_with_work(self) -> set[str | None]:
        ready = select(Ticket.current_stage).where(
            Ticket.project_id == self.project_id, READY, ~Ticket.in_backoff(clock.now())
        )
        return set(self.session.scalars(ready.distinct()))

    def _claim(self, worker_id: str) -> None:
        claim = pipeline.claim_next(self.session, worker_id)
        if claim is None:
            return
        self.last_claim[worker_id] = next(self.order)
        if acts := self.acts[claim.ticket_id]:
            self._plan_end(acts.pop(0), claim.run_id)

    def _plan_end(self, act: Act, run_id: int) -> None:
        ends_at = clock.now() + timedelta(minutes=act.minutes)
        if act.at is not None:
            ends_at = self._moment(act.at)
        if act.does != "vanish":
            self._plan_at(ends_at, lambda: self._end(act, run_id))

    def _end(self, act: Act, run_id: int) -> None:
        run = StageRun.lock(self.session, run_id)
        verbs: dict[str, Callable[[], object]] = {
            "complete": lambda: run.complete(act.says),
            "send_back": lambda: run.send_back(act.to, act.says),
            "attention": lambda: run.ask_attention(act.says),
            "fail": lambda: run.fail(act.says),
        }
        verbs[act.does]()
        ticket = run.ticket
        if ticket.is_in_backoff:
            # After the pause its worker looks again.
            self._plan_at(ticket.ready_at, lambda: None)
        acts = self.acts[ticket.ticket_id]
        if acts and acts[0].by and ticket.state == "open":
            self._plan_decision(acts.pop(0), ticket.ticket_id)

    def _plan_decision(self, act: Act, ticket_id: str) -> None:
        decides_at = clock.now() + timedelta(minutes=act.minutes)
        self._plan_at(decides_at, lambda: self._decide(act, ticket_id))

    def _decide(self, act: Act, ticket_id: str) -> None:
        ticket = Ticket.lock(self.session, ticket_id)
        run = StageRun.by_person(ticket, Actor.person(act.by))
        run.complete(act.says)

    def _stay_alive(self) -> None:
        for number, (worker_id, worker) in enumerate(self.at_work.items(), start=1):
            if not (worker.quiet or worker.declared_dead_by):
                with clock.at(clock.now() - number * HEARTBEAT):
                    pipeline.heartbeat(self.session, worker_id, self._run_of(worker_id))

    def _run_of(self, worker_id: str) -> int | None:
        run = StageRun.of_worker(self.session, worker_id)
        return run.run_id if run else None

    def _worker_id(self, worker: WorkerScript) -> str:
        # Workers of all projects share one list: the project's prefix keeps their ids apart.
        return f"{self.prefix}-{worker.id}"
