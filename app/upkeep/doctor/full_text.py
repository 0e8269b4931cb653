"""The full-text index: whether it holds all texts, and only those."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.db import full_text
from app.upkeep.doctor.finding import BoardCheck


def _faults(session: Session) -> Sequence[str]:
    """Parts of the index that are missing; if it has all, ids of tickets that it knows wrongly."""
    connection = session.connection()
    return full_text.missing_parts(connection) or full_text.strays(connection)


def _rebuild(session: Session, _: Sequence[object]) -> None:
    full_text.rebuild(session.connection())


CHECKS = (
    BoardCheck(
        "search index",
        "it holds every ticket and comment",
        "the full-text index lacks parts or texts, or holds texts that are gone",
        _faults,
        "--fix makes it anew; nobody can write meanwhile.",
        "It was made anew.",
        _rebuild,
    ),
)
