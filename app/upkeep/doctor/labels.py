"""Labels: whether they say of their tickets what is true, and tickets know that they have some."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.db import label_facts
from app.upkeep.doctor.finding import BoardCheck


def _faults(session: Session) -> Sequence[str]:
    """Triggers that are missing; if none is, ids of tickets about which labels are wrong."""
    connection = session.connection()
    return label_facts.missing_parts(connection) or label_facts.strays(connection)


def _rebuild(session: Session, _: Sequence[object]) -> None:
    label_facts.rebuild(session.connection())


CHECKS = (
    BoardCheck(
        "labels",
        "each says of its ticket what is true",
        "labels say of their tickets what isn't true, or nothing keeps them up to date",
        _faults,
        "--fix writes it anew.",
        "It was written anew.",
        _rebuild,
    ),
)
