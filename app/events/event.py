"""The facts of an event that its description shows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self


class Event(Protocol):
    """The facts of an event, wherever they come from."""

    @property
    def event_type(self) -> str:
        """What happened."""

    @property
    def project_id(self) -> str | None:
        """In which project."""

    @property
    def ticket_id(self) -> str | None:
        """To which ticket."""

    @property
    def run_id(self) -> int | None:
        """In which run."""

    @property
    def comment_id(self) -> int | None:
        """What was said by it."""

    @property
    def worker_id(self) -> str | None:
        """To, or by, which worker."""

    @property
    def stage(self) -> str | None:
        """At which stage: its worker type."""

    @property
    def reason(self) -> str | None:
        """Why, in somebody's words."""

    @property
    def actor(self) -> str | None:
        """Who did it."""

    @property
    def details(self) -> Mapping[str, Any]:
        """What else is known of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """An event that is no row: made of what a query or the API returned."""

    event_type: str
    project_id: str | None = None
    ticket_id: str | None = None
    run_id: int | None = None
    comment_id: int | None = None
    worker_id: str | None = None
    stage: str | None = None
    reason: str | None = None
    actor: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Self:
        """The facts among these values."""
        return cls(**{each.name: values[each.name] for each in fields(cls) if each.name in values})
