"""Ids as tools take them: each with what a model must know to find one."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from app.schemas.base import ProjectName, RowNumber, TicketId, WorkerId

AProject = Annotated[ProjectName, Field(description="The project's name, such as acme/web.")]
ATicket = Annotated[TicketId, Field(description="The ticket's id, such as WEB-12.")]
ABlocker = Annotated[
    TicketId, Field(description="The id of the ticket that must be closed first, such as WEB-7.")
]
ARole = Annotated[
    RowNumber, Field(description="The worker type's number: `id` in list_worker_types.")
]
AnEvent = Annotated[RowNumber, Field(description="The event's number: `id` in list_events.")]
AWorker = Annotated[WorkerId, Field(description="Your own id, as you registered it.")]
ARun = Annotated[
    RowNumber,
    Field(description="The run that you hold: `assignment.run.run_id` in claim_stage's answer."),
]
