"""How errors are reported: problem details, RFC 9457."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, ValidationError

KINDS_OF_VALUE = ("function-", "constrained-", "literal[")
"""How pydantic names, within a place, the kinds that a value may be of."""
ERRORS_MAX = 50
"""Fields at fault that one answer names."""


class FieldProblem(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="Where it is, such as `tickets[3].title`, or a header's name.")
    message: str = Field(description="What is wrong, and what would be right.")


class Problem(BaseModel):
    """Why a request wasn't carried out. Nothing was changed."""

    # Some types carry further members, such as `outcome` with run_not_current.
    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Names the kind of problem; it leads to its explanation.")
    title: str = Field(description="The kind of problem, in words.")
    status: int = Field(description="The HTTP status.")
    detail: str = Field(description="What happened here, and what to do.")
    errors: list[FieldProblem] = Field(
        default=[], description="The fields at fault, when the request itself is wrong."
    )


def problems_of(error: ValidationError) -> list[FieldProblem]:
    """What pydantic found wrong, each at its field: `tickets[3].title`."""
    found: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        place, message = _place(each["loc"]), _message(each["msg"])
        # A value that may be of several kinds is wrong in several ways at once.
        found[place] = f"{found[place]}, or: {message}" if place in found else message
        if len(found) == ERRORS_MAX:
            break
    return [FieldProblem(field=place, message=message) for place, message in found.items()]


def _place(loc: tuple[int | str, ...]) -> str:
    place = ""
    for part in loc:
        if isinstance(part, int):
            place += f"[{part}]"
        elif not part.startswith(KINDS_OF_VALUE):
            place += f".{part}" if place else part
    return place


def _message(text: str) -> str:
    plain = text.removeprefix("Value error, ")
    return plain[:1].upper() + plain[1:]
