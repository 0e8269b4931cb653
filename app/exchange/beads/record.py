"""One line of a Beads file: what it may hold, and what is wrong with it when it can't be read."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, model_validator

from app import clock
from app.exchange.beads.tally import Tally
from app.text import without_control

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
TOMBSTONE = "tombstone"

ZERO_YEAR = 1
"""The year of the zero time that Go programs write for "never"."""


def _moment(value: Any) -> datetime | None:
    """A time as Beads writes it: up to nine decimals, and an offset or none (then it is UTC)."""
    if not isinstance(value, str):
        raise ValueError("should be a time as text")
    if not value.strip():
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        if moment.year == ZERO_YEAR:
            return None
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"isn't a time: {value[:40]}") from None


Moment = Annotated[datetime | None, BeforeValidator(_moment)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value


class Link(_Part):
    """What the record is to another one: `blocks` means that the other blocks this one."""

    depends_on_id: str
    type: str = "blocks"
    created_at: Moment = None


class Said(_Part):
    """A comment."""

    text: str = ""
    author: str = ""
    created_at: Moment = None


class Record(_Part):
    """An issue. Only its id and title must be there; what isn't named here counts as left out."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str
    status: str = "open"
    priority: int = 2
    issue_type: str = ""
    description: str = ""
    design: str = ""
    acceptance_criteria: str = ""
    notes: str = ""
    external_ref: str = ""
    close_reason: str = ""
    assignee: str = ""
    created_by: str = ""
    ephemeral: bool = False
    labels: list[str] = []
    dependencies: list[Link] = []
    comments: list[Said] = []
    created_at: Moment = None
    updated_at: Moment = None
    closed_at: Moment = None

    @model_validator(mode="after")
    def _has_id_and_title(self) -> Record:
        self.id, self.title = self.id.strip(), self.title.strip()
        for name in ("id", "title"):
            if not getattr(self, name):
                raise ValueError(f"{name} is empty")
        for name in self.left_out:
            setattr(self, name, True)  # only that it was there is told
        return self

    @property
    def ref(self) -> str:
        """What `tickets.external_ref` keeps, so that a second import knows the record."""
        return external_ref(self.id)

    @property
    def begun_at(self) -> datetime:
        """When it was made, or the first thing that is known of it."""
        return self.created_at or self.updated_at or self.closed_at or clock.now()

    @property
    def done_at(self) -> datetime | None:
        """When it was closed; None while it isn't."""
        if self.status != "closed":
            return None
        return self.closed_at or self.updated_at or self.begun_at

    @property
    def left_out(self) -> list[str]:
        """Names of the fields that have no place on the board."""
        return sorted(self.model_extra or ())


class BadLine(ValueError):
    """The line holds no record; the message says why."""


def external_ref(record_id: str) -> str:
    """The reference of a record, by its id."""
    return f"beads:{record_id}"


def parse_line(raw: bytes, tally: Tally) -> Record:
    """The record of one line; raises `BadLine`."""
    try:
        found = json.loads(raw.decode("utf-8").strip(), strict=False)
        if not isinstance(found, dict):
            raise BadLine("isn't a JSON object")
        return Record.model_validate(_storable(found, tally))
    except UnicodeDecodeError as error:
        raise BadLine(f"isn't UTF-8 (byte {error.start + 1} of the line)") from None
    except json.JSONDecodeError as error:
        raise BadLine(f"isn't JSON: {error.msg} at column {error.colno}") from None
    except ValidationError as error:
        raise BadLine(_explain(error)) from None
    except BadLine:
        raise
    except (ValueError, RecursionError):
        raise BadLine("holds a number too long or lists too deep to be read") from None


def _storable(value: Any, tally: Tally) -> Any:
    """The same with a visible sign for each character that no database or page takes."""
    if isinstance(value, str):
        text, replaced = without_control(value)
        tally.changed["control characters replaced by \N{REPLACEMENT CHARACTER}"] += replaced
        return text
    if isinstance(value, list):
        return [_storable(item, tally) for item in value]
    if isinstance(value, dict):
        return {_storable(key, tally): _storable(item, tally) for key, item in value.items()}
    return value


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    what = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    what = "is missing" if first["type"] == "missing" else what
    return f"{where} {what}".strip()
