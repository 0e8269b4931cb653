"""Who does something: passed into every verb, so that nothing below the doors asks a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

ActorKind = Literal["person", "worker", "token", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who changes the board: a person, a worker, a program, or Callboard itself."""

    kind: ActorKind
    name: str

    @classmethod
    def person(cls, name: str) -> Self:
        """A team member, by display name."""
        return cls("person", name)

    @classmethod
    def worker(cls, worker_id: str) -> Self:
        """A worker process, by its id."""
        return cls("worker", worker_id)

    @classmethod
    def token(cls, name: str) -> Self:
        """A program that comes with an API token: a coordinator, a script."""
        return cls("token", name)

    @classmethod
    def system(cls) -> Self:
        """Callboard itself: sweeps of overdue leases, imports."""
        return cls("system", "callboard")

    @property
    def label(self) -> str:
        """The text that `actor`, `author` and `created_by` columns keep."""
        # A token may bear any name: nobody shall take its doings for those of a person.
        return f"token {self.name}" if self.kind == "token" else self.name
