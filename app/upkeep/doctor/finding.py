"""What the doctor says, a line each, and what it knows to look for on the board."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Self

from sqlalchemy.orm import Session

from app.values import immutable

Level = Literal["ok", "warning", "problem", "fixed"]

IDS_SHOWN = 5


@immutable
class Finding:
    """One line. A `problem` needs someone; a `warning` is worth a look."""

    level: Level
    subject: str
    text: str

    @classmethod
    def ok(cls, subject: str, text: str) -> Self:
        """All is well."""
        return cls("ok", subject, text)

    @classmethod
    def warning(cls, subject: str, text: str) -> Self:
        """Not as it should be, but the board works."""
        return cls("warning", subject, text)

    @classmethod
    def problem(cls, subject: str, text: str) -> Self:
        """Something is wrong."""
        return cls("problem", subject, text)


@immutable
class BoardCheck:
    """Something that must never be true of the board's rows.

    `find` gives the ids of those rows. `repair` changes them, where that needs no person: then
    `advice` says what it would do, and `done` that it did; else `advice` is for the person.
    """

    subject: str
    fine: str
    wrong: str
    find: Callable[[Session], Sequence[object]]
    advice: str
    done: str = ""
    repair: Callable[[Session, Sequence[object]], None] | None = None

    def look(self, session: Session) -> Finding:
        """What there is to say about it."""
        found = self.find(session)
        if not found:
            return Finding.ok(self.subject, self.fine)
        return Finding("problem", self.subject, f"{self.wrong}: {listed(found)}. {self.advice}")

    def fix(self, session: Session) -> Finding:
        """Repair what can be, and look again."""
        found = self.find(session) if self.repair else []
        if not self.repair or not found:
            return self.look(session)
        self.repair(session, found)
        session.flush()
        if self.find(session):
            return self.look(session)
        return Finding("fixed", self.subject, f"{self.wrong}: {listed(found)}. {self.done}")


def listed(ids: Sequence[object]) -> str:
    """How many, and the first few."""
    more = ", …" if len(ids) > IDS_SHOWN else ""
    return f"{len(ids):,} ({', '.join(map(str, ids[:IDS_SHOWN]))}{more})"
