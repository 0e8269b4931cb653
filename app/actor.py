"""Who does something: passed into every verb, so that nothing below the doors asks a request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Self

ActorKind = Literal["person", "worker", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """Someone who changes the board: a person, a worker, or Callboard itself."""

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
    def system(cls) -> Self:
        """Callboard itself: sweeps of overdue leases, imports."""
        return cls("system", "callboard")

    @property
    def label(self) -> str:
        """The text that `actor`, `author` and `created_by` columns keep."""
        return self.name
