"""What all schemas share: how strict they are, and the kinds of text that appear everywhere."""

from __future__ import annotations

import re
from typing import Annotated, Any, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic.json_schema import GenerateJsonSchema

from app.models import Project, Ticket, User, Worker, WorkerType
from app.models.label import LABEL_MAX, LABELS_MAX
from app.models.plan import PLAN_MAX
from app.text import without_control

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"
REPOSITORY_NAME = r"^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$"
NUMBER_MAX = 10**18 - 1
"""No row has a greater number; beyond 2^63 databases raise errors instead of finding nothing."""

PAGE_DEFAULT, PAGE_MAX = 50, 200

T = TypeVar("T")


class SchemaGenerator(GenerateJsonSchema):
    """Pydantic's own schemas, without a title at every field that only repeats its name."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's hook
        """Never."""
        return False


class RequestBody(BaseModel):
    """A body. Unknown fields are refused, and nothing is converted: "5" isn't a number."""

    model_config = ConfigDict(extra="forbid", strict=True)


def _without_defaults(schema: dict[str, Any]) -> None:
    for field in schema.get("properties", {}).values():
        field.pop("default", None)


class Change(RequestBody):
    """The body of a PATCH: what is left out stays as it is, so its defaults mean nothing."""

    model_config = ConfigDict(json_schema_extra=_without_defaults)

    def over(self, **current: Any) -> dict[str, Any]:
        """These values, with those replaced that were sent."""
        sent = self.model_dump(include=self.model_fields_set & current.keys())
        return {**current, **sent}


class Query(BaseModel):
    """The part of an address after the question mark."""

    model_config = ConfigDict(extra="forbid")


class ResponseBody(BaseModel):
    """An answer."""

    model_config = ConfigDict(from_attributes=True)

    @classmethod
    def of(cls, **values: Any) -> Self:
        """The answer with these values, which may be rows of the database."""
        return cls.model_validate(values)

    def address(self) -> str | None:
        """Where it can be read again, below the API's root; None when it has no place."""
        return None

    def revision(self) -> int | None:
        """The version that `If-Match` names when it is changed; None when it has none."""
        return None


def _whole_number(value: Any) -> Any:
    # int() would take "1_000", " 5" and "5.0" too, which the document doesn't promise.
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]{1,19}", value):
        raise ValueError("must be a whole number")
    return value


def _true_or_false(value: Any) -> Any:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError("must be true or false")
        return value == "true"
    return value


WHOLE = BeforeValidator(_whole_number)
"""Stands after the limits of a number in an address: before them, the document would lack them."""

QueryBool = Annotated[bool, BeforeValidator(_true_or_false)]


def _storable(value: Any) -> Any:
    return without_control(value)[0] if isinstance(value, str) else value


ProgramText = Annotated[str, BeforeValidator(_storable)]
"""What a program wrote. It may quote a terminal or a binary file: what can't be kept of it is
replaced, because refusing it would lose a heartbeat or a report."""

ProjectName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=Project.NAME_MAX, pattern=REPOSITORY_NAME),
    Field(examples=["acme/web"]),
]
RoleName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=WorkerType.NAME_MAX, pattern=NAME),
    Field(examples=["review"]),
]
TicketId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=Ticket.ID_MAX, pattern=NAME),
    Field(examples=["WEB-12"]),
]
WorkerId = Annotated[
    str,
    StringConstraints(min_length=1, max_length=Worker.ID_MAX, pattern=NAME),
    Field(examples=["review-1"]),
]
PersonName = Annotated[
    str,
    StringConstraints(min_length=1, max_length=User.NAME_MAX, pattern=r"^[A-Za-z0-9._@+-]+$"),
    Field(examples=["ann"]),
]
RowNumber = Annotated[int, Field(ge=1, le=NUMBER_MAX)]
Label = Annotated[
    str,
    StringConstraints(min_length=1, max_length=LABEL_MAX, pattern=r"^[^,\x00-\x1f\x7f]+$"),
    Field(examples=["cart"]),
]
Labels = Annotated[list[Label], Field(max_length=LABELS_MAX)]
Plan = Annotated[
    list[RoleName],
    Field(min_length=1, max_length=PLAN_MAX, examples=[["implementation", "review"]]),
]
ProjectParam = Annotated[ProjectName, Field(description="The project's name, such as acme/web.")]
WorkerTypeParam = Annotated[
    RowNumber, Field(description="The worker type's number: `id` in list_worker_types.")
]
PlanTemplateParam = Annotated[
    RowNumber, Field(description="The plan template's number: `id` in list_plan_templates.")
]
TicketParam = Annotated[TicketId, Field(description="The ticket's id, such as WEB-12.")]
BlockerParam = Annotated[
    TicketId, Field(description="The id of the ticket that must be closed first, such as WEB-7.")
]
RelatedParam = Annotated[TicketId, Field(description="The id of the other, such as WEB-7.")]
CommentParam = Annotated[RowNumber, Field(description="The comment's number: its `id`.")]
EventParam = Annotated[RowNumber, Field(description="The event's number: `id` in list_events.")]
WorkerParam = Annotated[WorkerId, Field(description="The worker's id, as it was registered.")]
RunParam = Annotated[
    RowNumber, Field(description="The run's number: `run_id` in claim_stage's answer.")
]
Limit = Annotated[int, Field(ge=1, le=PAGE_MAX), WHOLE]
Cursor = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern="^[A-Za-z0-9_-]+$")]

PROJECT = "The project's name, such as acme/web."
PLAN = (
    "The stages, in order: names of the project's worker types. The same may come more than once, "
    "such as implementation, review, implementation, review."
)


class Paged(Query):
    """How much of a list is wanted, and from where on."""

    limit: Limit = Field(PAGE_DEFAULT, description="How many at most.")
    cursor: Cursor | None = Field(
        None, description="Where to go on: `next` of the page before. Leave it out to begin."
    )


class Page(ResponseBody, Generic[T]):
    """A part of a list."""

    items: list[T] = Field(description="This part, in order.")
    next: str | None = Field(
        description="Ask the same again with this as `cursor` for what follows; null at the end."
    )
