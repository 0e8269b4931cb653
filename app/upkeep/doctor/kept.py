"""What the database's own triggers repeat of other rows: whether it is true, and kept up."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.db.day_totals import DAY_TOTALS
from app.db.hold_facts import HOLD_FACTS
from app.db.kept import Kept
from app.db.label_facts import LABEL_FACTS
from app.db.part_facts import PART_FACTS
from app.upkeep.doctor.finding import BoardCheck


def _check(subject: str, fine: str, wrong: str, kept: Kept) -> BoardCheck:
    def rebuild(session: Session, _: Sequence[object]) -> None:
        kept.rebuild(session.connection())

    return BoardCheck(
        subject,
        fine,
        wrong,
        lambda session: kept.faults(session.connection()),
        "--fix writes it anew.",
        "It was written anew.",
        rebuild,
    )


CHECKS = (
    _check(
        "labels",
        "each says of its ticket what is true",
        "labels say of their tickets what isn't true, or nothing keeps them up to date",
        LABEL_FACTS,
    ),
    _check(
        "tickets with parts",
        "each knows that it has some",
        "tickets don't know whether they have parts, or nothing keeps it up to date",
        PART_FACTS,
    ),
    _check(
        "tickets that ask",
        "each knows since when",
        "tickets don't know whether they ask, and since when, or nothing keeps it up to date",
        HOLD_FACTS,
    ),
    _check(
        "totals of days",
        "each says how many tickets were created and closed",
        "days were counted otherwise, or nothing keeps their totals up to date",
        DAY_TOTALS,
    ),
)
