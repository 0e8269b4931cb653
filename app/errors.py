"""What may go wrong below the interfaces.

Models and pipeline raise these; only the interfaces know which status code and page they become. A
message is a whole sentence for the person or agent who caused it, and says what to do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar


class DomainError(Exception):
    """A rule of the board refused a change. `field` names the input at fault, if there is one."""

    keeps_record: ClassVar[bool] = False
    """Whether what the verb recorded about the refusal is committed; else it is rolled back."""

    def __init__(
        self, message: str, field: str | None = None, details: Mapping[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.details = dict(details or {})
        """Facts that a program may want to act on; the message says the same in words."""


class NotFound(DomainError):
    """There is no such row, or the asker may not know of it."""


class Invalid(DomainError):
    """The input itself is wrong: a text too long, a name with strange characters."""


class InvalidEntries(Invalid):
    """Several inputs are wrong at once; `problems` pairs each one's place with its message."""

    def __init__(self, message: str, problems: Sequence[tuple[str, str]]) -> None:
        super().__init__(message)
        self.problems = problems


class NotAuthenticated(DomainError):
    """Nobody knows who asks: the token is missing, unknown, revoked or expired."""


class Conflict(DomainError):
    """The input is fine, but the board is in a state that doesn't allow it."""


class Stale(Conflict):
    """Someone else changed the row after the asker read it."""


class RunNotCurrent(Conflict):
    """A worker reports on a run that is over. The timeline shows the losing attempt."""

    keeps_record = True


class Forbidden(DomainError):
    """The actor may not do this."""


class TooMany(DomainError):
    """The asker has tried too often. `retry_after` is when another try makes sense, in seconds."""

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message, details={"retry_after": retry_after})
        self.retry_after = retry_after
