"""The sample project, as its TOML files describe it for `callboard seed` and `callboard demo`."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from itertools import starmap
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.starter import STARTER_PLANS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class SampleRun(_Strict):
    """One run: how long it takes, how it ends, and what is said."""

    minutes: float = 0
    at: float | None = None
    """Ends then, in hours before now, however long it takes."""
    does: Literal["complete", "send_back", "attention", "fail", "vanish"] = "complete"
    says: str = ""
    to: int = 1
    by: str = ""


class PersonAction(_Strict):
    """What a person does to a ticket."""

    hours: float
    by: str
    does: Literal["comment", "hold", "resume", "stop"]
    says: str


class SampleTicket(_Strict):
    """A ticket and what becomes of it."""

    key: str
    title: str
    hours: float
    by: str
    plan: list[str] | str
    priority: int = 2
    labels: list[str] = []
    parent: str | None = None
    waits_for: list[str] = []
    description: str = ""
    stages: list[SampleRun] = []
    people: list[PersonAction] = []

    @property
    def stages_of_plan(self) -> list[str]:
        """The worker types of the plan, which may be one of the starter set's by name."""
        return list(STARTER_PLANS[self.plan]) if isinstance(self.plan, str) else self.plan

    @property
    def needs_person(self) -> bool:
        """Whether it can't be done without a decision, or waits for one that may need it."""
        asks = any(run.does == "attention" for run in self.stages)
        return asks or bool(self.waits_for) or "approval" in self.stages_of_plan


class SampleWorker(_Strict):
    """A worker, and when it comes and goes."""

    id: str
    type: str
    start: float = Field(alias="from")
    until: float | None = None
    declared_dead_by: str = ""
    quiet: bool = False
    host: str


class RoleChange(_Strict):
    """A change to a worker type."""

    name: str
    hours: float
    by: str
    add: str = ""
    max_attempts: int | None = None


class InboxReview(_Strict):
    """Someone deals with events: those about workers, or those that only report progress."""

    hours: float
    by: str
    of: Literal["workers", "progress"]
    note: str = ""


class SampleProject(_Strict):
    """All of it. Times are hours before now."""

    path: str
    short_description: str
    began: float
    lease_seconds: int
    rules: str
    patterns: str
    roles: list[RoleChange]
    workers: list[SampleWorker]
    inbox: list[InboxReview]
    tickets: list[SampleTicket]
    earlier: list[tuple[float, str, str, list[str] | str, list[float]]]
    """Tickets of the weeks before: hours, title, who made it, plan, and the minutes of each run."""

    @property
    def history(self) -> list[SampleTicket]:
        """All tickets, the earlier ones too."""
        return [*starmap(_earlier, self.earlier), *self.tickets]


def _earlier(
    hours: float, title: str, by: str, plan: list[str] | str, minutes: list[float]
) -> SampleTicket:
    ticket = SampleTicket(key=title, title=title, hours=hours, by=by, plan=plan)
    stage = 0
    for each in minutes:
        run = SampleRun(minutes=abs(each))
        if each < 0:
            run.does, run.says = (
                "send_back",
                "One case is missing; there is a test for it.",
            )
        elif ticket.stages_of_plan[stage] == "approval":
            run.by = "maya"
        ticket.stages.append(run)
        stage = stage + 1 if each > 0 else 0
    return ticket


def load_sample() -> SampleProject:
    whole: dict[str, Any] = {**_read("project.toml"), **_read("tickets-earlier.toml")}
    whole["tickets"] = [
        ticket
        for name in ("tickets-done.toml", "tickets-open.toml")
        for ticket in _read(name)["tickets"]
    ]
    return SampleProject.model_validate(whole)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__ or __name__).joinpath(name).read_text("utf-8"))
