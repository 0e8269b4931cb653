"""Who does something: passed into every verb, so that only interfaces look at a request."""

from __future__ import annotations

from typing import Literal, Self

from app.values import immutable

ActorKind = Literal["person", "worker", "token", "operator", "system"]


@immutable
class Actor:
    """Someone who changes the board. `address`: where the request came from, if one came."""

    kind: ActorKind
    name: str
    address: str | None = None

    @classmethod
    def person(cls, name: str, address: str | None = None) -> Self:
        """A team member, by the name they sign in with."""
        return cls("person", name, address)

    @classmethod
    def worker(cls, worker_id: str) -> Self:
        """A worker process, by its id."""
        return cls("worker", worker_id)

    @classmethod
    def token(cls, name: str, address: str | None = None) -> Self:
        """A program that comes with an API token: a coordinator, a script."""
        return cls("token", name, address)

    @classmethod
    def operator(cls, name: str) -> Self:
        """Someone at the server's own command line, by the name of their login there."""
        return cls("operator", name)

    @classmethod
    def system(cls) -> Self:
        """Callboard itself: sweeps of overdue leases, imports."""
        return cls("system", "callboard")

    @property
    def label(self) -> str:
        """The text that `actor`, `author` and `created_by` columns keep."""
        # A token may bear any name: nobody shall take its doings for those of a person. No person's
        # name holds a space.
        return f"{self.kind} {self.name}" if self.kind in ("token", "operator") else self.name
