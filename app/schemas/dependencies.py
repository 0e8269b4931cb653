"""Dependencies: a ticket waits until those that block it are closed."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.schemas.base import Page, Paged, ProjectName, QueryBool, ResponseBody


class Neighbour(ResponseBody):
    """A ticket at the other end of a dependency."""

    ticket_id: str = Field(description="Its id.")
    title: str = Field(description="What it is about.")
    state: Literal["open", "on_hold", "closed"] = Field(description="Its state.")
    resolution: Literal["completed", "stopped"] | None = Field(description="How it was closed.")


class DependenciesResponse(ResponseBody):
    """What a ticket waits for, and what waits for it."""

    blocked_by: list[Neighbour] = Field(description="It can't start before these are closed.")
    blocks: list[Neighbour] = Field(description="These can't start before it is closed.")
    related: list[Neighbour] = Field(description="These belong to it, and hold nothing up.")


class DependencyResponse(ResponseBody):
    """One dependency."""

    ticket_id: str = Field(description="The ticket that waits.")
    blocked_by_id: str = Field(description="The ticket that it waits for.")
    is_open: bool = Field(description="Whether it still waits: the other isn't closed.")
    created_at: datetime = Field(description="Since when.")


class DependenciesQuery(Paged):
    """Which dependencies are wanted."""

    project: ProjectName | None = Field(None, description="Only this project's.")
    open: QueryBool | None = Field(
        None, description="True: only those that still hold a ticket up; false: only the others."
    )


class DependencyPage(Page[DependencyResponse]):
    """The edges of the graph, by the ticket that waits."""
