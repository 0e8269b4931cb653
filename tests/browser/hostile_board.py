"""A board on which every field that an agent or a person fills holds a text that means harm."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import cycle
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import pipeline
from app.actor import Actor
from app.models import (
    ApiToken,
    AuditEntry,
    Event,
    Invitation,
    PlanTemplate,
    StageRun,
    Ticket,
    User,
    UserSession,
    Worker,
    WorkerType,
)
from app.models.label import LABEL_MAX
from app.visibility import Visibility
from tests.factories import GATE, ROLES, make_project, make_ticket, make_worker, run_stage
from tests.hostile_text import PAYLOADS, on_one_line, sayable

A_FEW = 8
"""Rows of each kind that needs work to make; each has other texts."""


@dataclass(frozen=True, slots=True)
class HostileBoard:
    """Where to look."""

    told: str
    """The ticket whose story holds every text."""
    tickets: list[str]
    """One in each state."""
    workers: list[str]
    roles: list[int]
    people: list[int]


class Hostility:
    """Fills a board."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.texts = cycle(PAYLOADS)

    def fill(self) -> HostileBoard:
        """Make it all."""
        self._make_projects()
        roles = self._make_roles()
        told = self._make_a_story()
        self._make_titles()
        tickets, workers = self._work()
        people = self._make_people()
        self._deal_with_events()
        return HostileBoard(told, tickets, workers, roles, people)

    def line(self, longest: int = 200) -> str:
        """The next text that may stand in a field of one line."""
        return next(text for payload in self.texts if (text := on_one_line(payload, longest)))

    def text(self, longest: int | None = None) -> str:
        """The next text."""
        return next(text for payload in self.texts if (text := sayable(payload, longest)))

    def who(self) -> Actor:
        """Someone whose name is no name: no interface makes one, so pages mustn't rely on that."""
        return Actor.person(self.line(64))

    def _make_projects(self) -> None:
        everything = "\n\n".join(map(sayable, PAYLOADS))
        make_project(
            self.session,
            path=self.line(),
            short_description=self.line(),
            rules=everything,
            patterns=everything[::2],
        )
        for number in range(A_FEW):
            values = {"path": self.line(), "short_description": self.line()}
            texts = {"rules": self.text(), "patterns": self.text()}
            make_project(self.session, f"acme/p{number}", gates=(), **values, **texts)
        for _ in range(A_FEW):
            PlanTemplate.create(
                self.session,
                project_id="acme/web",
                name=self.line(64),
                plan=[*ROLES, GATE],
                actor=self.who(),
            )

    def _make_roles(self) -> list[int]:
        """Each with prompts whose differences are shown."""
        everything = "\n".join(map(sayable, PAYLOADS))
        roles = self.session.scalars(select(WorkerType).where(WorkerType.project_id == "acme/web"))
        found = roles.all()
        for role in found:
            for prompt in (everything, everything.replace("boom", "boom, "), self.text()):
                role.edit(
                    short_description=self.line(),
                    system_prompt=prompt,
                    performed_by=role.performed_by,
                    lease_seconds=300,
                    max_attempts=1,
                    actor=self.who(),
                )
        self.session.flush()
        return [role.id for role in found]

    def _make_a_story(self) -> str:
        """Every text as a comment, of a person or of a worker in its run."""
        ticket = self._ticket("STORY", [*ROLES, GATE])
        ticket.edit(
            self.who(), description="\n".join(map(sayable, PAYLOADS))[: Ticket.DESCRIPTION_MAX]
        )
        run = run_stage(self.session, ticket, self._worker(ROLES[0]))
        for number, payload in enumerate(PAYLOADS):
            if content := sayable(payload):
                if number % 2:
                    ticket.say_in_run(run, content)
                else:
                    ticket.say(content, self.who())
        return ticket.ticket_id

    def _make_titles(self) -> None:
        """Every text as a title, a description and a label."""
        for payload in PAYLOADS:
            if title := on_one_line(payload, Ticket.TITLE_MAX):
                make_ticket(
                    self.session,
                    [GATE],
                    title=title,
                    description=sayable(payload),
                    labels=self._labels(),
                    actor=self.who(),
                )

    def _work(self) -> tuple[list[str], list[str]]:
        """Tickets in each state, and workers in each."""
        made = [self._ticket(f"T-{number}", ROLES) for number in range(A_FEW)]
        asks, fails, held, stopped, again, late, running, silent = made
        workers = [self._worker(ROLES[0]) for _ in range(A_FEW)]
        runs = [run_stage(self.session, ticket, w) for ticket, w in zip(made, workers, strict=True)]
        runs[0].ask_attention(self.text())
        runs[1].fail(self.text())
        held.hold(self.who(), self.text())
        stopped.stop(self.who(), self.text())
        runs[4].release(self.text())
        again.stop(self.who(), self.text())
        again.reopen(self.who(), self.text())
        runs[5].complete(self.text())
        self._send_back(late)
        for number, worker in enumerate(workers):
            worker.show_output("\n".join(map(sayable, PAYLOADS[number :: A_FEW // 2])))
        workers[1].fail(self.who(), self.line())
        workers[2].ask_to_stop(self.who())
        self.session.flush()
        pipeline.finish_worker(self.session, workers[3].worker_id, self.line())
        made[6].block_by(asks.ticket_id, self.who())
        names = [ticket.ticket_id for ticket in (asks, fails, held, stopped, again, late, running)]
        return [*names, silent.ticket_id], [worker.worker_id for worker in workers]

    def _send_back(self, ticket: Ticket) -> None:
        reviewer = self._worker(ROLES[1])
        run = run_stage(self.session, ticket, reviewer)
        StageRun.lock(self.session, run.run_id).send_back(1, self.text())

    def _make_people(self) -> list[int]:
        made = []
        for number in range(A_FEW):
            admin = Actor.person("ann")
            user = User.create(
                self.session,
                name=f"bob{number}",
                role="member",
                display_name=self.line(User.DISPLAY_NAME_MAX),
                actor=admin,
            )
            UserSession.begin(
                self.session, user, method="password", address=None, user_agent=self.line()
            )
            Invitation.to_join(self.session, role="viewer", note=self.line(100), actor=self.who())
            issued: dict[str, Any] = {
                "name": f"t{number}",
                "scopes": ("read",),
                "project_id": "acme/web",
            }
            ApiToken.issue(self.session, **issued, actor=self.who())
            AuditEntry.record(
                self.session,
                "project_edited",
                self.who(),
                subject=self.line(),
                project_id=self.line(),
                changed=[self.line()],
            )
            made.append(user)
        self.session.flush()
        return [user.id for user in made]

    def _deal_with_events(self) -> None:
        some = self.session.scalars(select(Event.id).where(~Event.processed).limit(A_FEW)).all()
        for event in some:
            everything = Visibility.everything()
            pipeline.process_events(self.session, everything, [event], self.who(), self.text(4_000))

    def _ticket(self, ticket_id: str, plan: list[str] | tuple[str, ...]) -> Ticket:
        return make_ticket(
            self.session,
            plan,
            ticket_id=ticket_id,
            title=self.line(),
            description=self.text(),
            labels=self._labels(),
            priority=0,
            actor=self.who(),
        )

    def _labels(self) -> list[str]:
        return [self.line(LABEL_MAX).replace(",", ";") for _ in range(3)]

    def _worker(self, role: str) -> Worker:
        return make_worker(self.session, role, hostname=self.line(Worker.HOSTNAME_MAX))
