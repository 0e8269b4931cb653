"""A project with one of everything that the board can show, each text of it bearing one word."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from types import MappingProxyType
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock, pipeline
from app.errors import RunNotCurrent
from app.models import Event, PlanTemplate, StageRun, Ticket, Worker
from app.visibility import Visibility
from tests.factories import ANN, claim, make_project, make_role, make_ticket, make_worker

OPEN, OPEN_WORD = "acme/web", "lantern"
HIDDEN, ATTIC, MARK = "xyzzy/vault", "xyzzy/attic", "xyzzy"
"""Projects that are limited to their members, and the word that stands in all they hold."""

NO_NAME = "no-such/one"
MISSING = MappingProxyType(
    {
        "name": NO_NAME,
        "repository_name": NO_NAME,
        "project_id": NO_NAME,
        "ticket_id": "NONE-404",
        "blocked_by_id": "NONE-405",
        "related_id": "NONE-405",
        "comment_id": 987_654_325,
        "worker_id": "none-w404",
        "run_id": 987_654_321,
        "event_id": 987_654_322,
        "worker_type_id": 987_654_323,
        "template_id": 987_654_324,
    }
)
"""What parts of addresses and arguments may name, and nobody has."""


@dataclass(frozen=True, slots=True)
class Rows:
    """What there is in a project: `parts` by the names that addresses and arguments have for it,
    `tickets` by their situation."""

    parts: dict[str, Any]
    tickets: dict[str, str]


class Furnisher:
    """Fills a new project: every kind of row, in every state, with `word` in each text."""

    def __init__(self, session: Session, project: str, word: str) -> None:
        self.session, self.project, self.word = session, project, word
        self.build, self.review, self.approval = f"{word}-build", "review", f"{word}-approval"

    def furnish(self, *, limited: bool) -> Rows:
        """Make it all."""
        self._make_project(limited)
        role = self._make_role()
        run = self._work()
        tickets = self._make_tickets()
        self._make_idle_workers()
        template = PlanTemplate.create(
            self.session,
            project_id=self.project,
            name=f"The {self.word} plan",
            plan=[self.build, self.review],
            actor=ANN,
        )
        self.session.flush()
        parts = {
            **dict.fromkeys(("name", "repository_name", "project_id"), self.project),
            "ticket_id": run.ticket_id,
            "blocked_by_id": tickets["ready"],
            "related_id": tickets["ready"],
            "comment_id": self._comment_on(run.ticket_id),
            "worker_id": run.worker_id,
            "run_id": run.run_id,
            "event_id": self._deal_with_an_event(),
            "worker_type_id": role.id,
            "template_id": template.id,
        }
        return Rows(parts, tickets)

    def _make_project(self, limited: bool) -> None:
        made = make_project(
            self.session,
            self.project,
            roles=(self.review,),
            gates=(self.approval,),
            path=f"/src/{self.word}",
            short_description=f"The {self.word} shop",
            rules=f"Keep the {self.word} tidy.",
            patterns=f"As in {self.word}.",
            ticket_prefix=self.word.upper(),
        )
        if limited:
            made.limit_to_members(ANN)

    def _make_role(self) -> Any:
        texts: dict[str, Any] = {"short_description": f"Builds {self.word}"}
        role = make_role(self.session, self.build, self.project, **texts)
        role.edit(
            system_prompt=f"You build the {self.word} with care.",
            performed_by="agent",
            lease_seconds=300,
            max_attempts=3,
            actor=ANN,
            **texts,
        )
        return role

    def _work(self) -> StageRun:
        """A run in progress, one that asked, and one that failed and was told of too late."""
        running = self._ticket("running", self.build, self.review, self.approval)
        running.edit(ANN, description=f"About all {self.word}.")
        run = self._run(self._worker("w1", self.build))
        run.heartbeat(timedelta(hours=1))
        Worker.get(self.session, f"{self.word}-w1").show_output(f"compiling {self.word}")
        running.say_in_run(run, f"I build the {self.word}.")
        running.say(f"Mind the {self.word}.", ANN)
        self._ticket("asking", self.review)
        self._run(self._worker("w2", self.review)).ask_attention(f"Which {self.word}?")
        self._ticket("failing", self.review)
        lost = self._run(self._worker("w3", self.review))
        lost.fail(f"no {self.word} found")
        with suppress(RunNotCurrent):
            lost.complete("too late")
        pipeline.declare_dead(self.session, f"{self.word}-w3", ANN)
        self._ticket("returned", self.build, self.review)
        builder = self._worker("w8", self.build)
        self._run(builder).complete(f"The {self.word} is built.")
        self._run(self._worker("w9", self.review)).send_back(1, f"The {self.word} leaks.")
        self._run(builder).release(f"no time for {self.word}")
        return run

    def _make_tickets(self) -> dict[str, str]:
        ready = self._ticket("ready", self.build, self.review, priority=0)
        part = self._ticket("part", self.build, parent_id=ready.ticket_id)
        blocked = self._ticket("blocked", self.build)
        blocked.block_by(ready.ticket_id, ANN)
        gate = self._ticket("gate", self.approval, self.review)
        held = self._ticket("held", self.build)
        held.hold(ANN, f"The {self.word} must wait.")
        stopped = self._ticket("stopped", self.build)
        stopped.stop(ANN, f"No {self.word} wanted.")
        done = self._ticket("done", self.approval)
        done.created_at = clock.now() - timedelta(hours=len(self.word))
        StageRun.by_person(done, ANN).complete(f"The {self.word} is good.")
        again = self._ticket("again", self.build)
        again.stop(ANN)
        again.reopen(ANN, f"The {self.word} broke.")
        again.hold(ANN)
        again.resume(ANN, f"Mend the {self.word}.")
        again.amend_plan([self.build, self.review], ANN)
        again.edit(ANN, title=f"A mended {self.word}", description="", priority=3, labels=[])
        names = {"ready": ready, "part": part, "blocked": blocked, "gate": gate}
        return {name: ticket.ticket_id for name, ticket in names.items()}

    def _make_idle_workers(self) -> None:
        """One that fell silent, one that ended, one that is asked to stop, one that starts."""
        self._worker("w4", self.build).expected_by = clock.now() - timedelta(minutes=1)
        ended = self._worker("w5", self.build)
        self.session.flush()
        pipeline.finish_worker(self.session, ended.worker_id, f"no more {self.word}")
        self._worker("w6", self.build).ask_to_stop(ANN)
        self._worker("w7", self.build).status = "spawning"

    def _ticket(self, name: str, *plan: str, **values: Any) -> Ticket:
        return make_ticket(
            self.session,
            plan,
            self.project,
            title=f"A shared {self.word} {name}",
            description=f"About {self.word}.",
            labels=[self.word, "common"],
            **values,
        )

    def _worker(self, name: str, role: str) -> Worker:
        place = {"hostname": f"{self.word}-host"}
        return make_worker(self.session, role, self.project, f"{self.word}-{name}", **place)

    def _comment_on(self, ticket_id: str) -> int:
        return Ticket.get(self.session, ticket_id).say(f"More {self.word}.", ANN)

    def _run(self, worker: Worker) -> StageRun:
        return StageRun.lock(self.session, claim(self.session, worker).run_id)

    def _deal_with_an_event(self) -> int:
        """Process one, and give the number of another that waits for a person."""
        mine = select(Event.id).where(Event.project_id == self.project).limit(1)
        made = self.session.scalars(mine.where(Event.event_type == "ticket_created")).all()
        note = f"Read of {self.word}."
        pipeline.process_events(self.session, Visibility.everything(), made, ANN, note)
        return self.session.scalars(mine.where(Event.needs_attention)).one()


def furnish(session: Session, project: str = OPEN, word: str = OPEN_WORD) -> Rows:
    """A project that everyone sees."""
    return Furnisher(session, project, word).furnish(limited=False)


def furnish_hidden(session: Session) -> Rows:
    """A project that is limited to its members, and another one that is archived besides."""
    rows = Furnisher(session, HIDDEN, MARK).furnish(limited=True)
    Worker.get(session, f"{MARK}-w6").last_activity = clock.now() + timedelta(minutes=1)
    attic = make_project(session, ATTIC, ticket_prefix="XYZZYA", path=f"/src/{MARK}")
    attic.limit_to_members(ANN)
    make_ticket(session, ["review"], ATTIC, title=f"Old {MARK}", labels=[MARK])
    attic.archive(ANN)
    return rows
