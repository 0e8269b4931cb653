"""The text of the sample project, as its files tell it."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from app.starter import STARTER_PLANS


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Act(_Strict):
    """One run: how long it takes, how it ends, and what is said."""

    minutes: float = 0
    at: float | None = None
    """Ends then, in hours before now, however long it takes."""
    does: Literal["complete", "send_back", "attention", "fail", "vanish"] = "complete"
    says: str = ""
    to: int = 1
    by: str = ""


class Step(_Strict):
    """What a person does to a ticket."""

    hours: float
    by: str
    does: Literal["comment", "hold", "resume", "stop"]
    says: str


class TicketScript(_Strict):
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
    description: str
    stages: list[Act] = []
    people: list[Step] = []

    @property
    def stages_of_plan(self) -> list[str]:
        """The worker types of the plan, which may be one of the starter set's by name."""
        return list(STARTER_PLANS[self.plan]) if isinstance(self.plan, str) else self.plan


class WorkerScript(_Strict):
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


class Reading(_Strict):
    """Someone deals with events: those about workers, or those that only report progress."""

    hours: float
    by: str
    of: Literal["workers", "progress"]
    note: str = ""


class Script(_Strict):
    """The whole story. Times are hours before now."""

    path: str
    short_description: str
    began: float
    lease_seconds: int
    rules: str
    patterns: str
    roles: list[RoleChange]
    workers: list[WorkerScript]
    inbox: list[Reading]
    tickets: list[TicketScript]


def read_script() -> Script:
    """The story that the files of this package tell."""
    whole: dict[str, Any] = _read("project.toml")
    whole["tickets"] = [
        ticket
        for name in ("tickets-done.toml", "tickets-open.toml")
        for ticket in _read(name)["tickets"]
    ]
    return Script.model_validate(whole)


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__package__ or __name__).joinpath(name).read_text("utf-8"))
