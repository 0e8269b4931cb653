"""How all runs ended, without counting each of them again whenever monitoring asks."""

from __future__ import annotations

from collections import Counter
from dataclasses import field

from sqlalchemy import Select, and_, bindparam, case, func, select
from sqlalchemy.orm import Session

from app.db.plans import unindexed
from app.models import AuditEntry, StageRun
from app.values import immutable

NOT_YET_COMMITTED = 1_000
"""A number may be given to a run before another's that is committed sooner; never so many."""

OUTCOME = unindexed(StageRun.outcome)
AFTER = StageRun.run_id > bindparam("after")
UPTO = StageRun.run_id <= bindparam("upto")
IS_OVER = StageRun.run_id.not_in(bindparam("unfinished", expanding=True))

EVERY_RUN = select(StageRun.outcome, func.count()).group_by(StageRun.outcome)
"""On SQLite the index of outcomes alone answers, and so it does when only some are counted."""
ALL_UPTO = EVERY_RUN.with_only_columns(
    StageRun.outcome, func.sum(case((and_(UPTO, IS_OVER), 1), else_=0))
)
BETWEEN = select(OUTCOME, func.count()).where(AFTER, UPTO).group_by(OUTCOME)
"""With both ends PostgreSQL takes it for a few runs, also without statistics."""
NEXT = BETWEEN.where(IS_OVER)
THESE = (
    select(OUTCOME, func.count())
    .where(StageRun.run_id.in_(bindparam("ids", expanding=True)))
    .group_by(OUTCOME)
)
UNFINISHED = select(StageRun.run_id).where(StageRun.finished_at.is_(None))
LAST_RUN = select(func.max(StageRun.run_id))
LAST_DELETION = select(func.max(AuditEntry.id)).where(AuditEntry.action == "project_deleted")


@immutable
class Settled:
    """How the runs up to a number ended, but for those that went on. None of them changes any more:
    only the deletion of a project takes some away."""

    upto: int = 0
    deletion: int | None = None
    outcomes: Counter[str] = field(default_factory=Counter)
    unfinished: frozenset[int] = frozenset()


class RunTotals:
    """What a process has counted already."""

    def __init__(self) -> None:
        self._settled = Settled()

    def read(self, session: Session) -> Counter[str]:
        """How many of all runs ended in which way."""
        before = self._settled
        deletion = session.scalar(LAST_DELETION)
        last = session.scalar(LAST_RUN) or 0
        upto = max(0, last - NOT_YET_COMMITTED)
        # What isn't unfinished now is over for good, whatever ends while this goes on.
        unfinished = frozenset(run for run in session.scalars(UNFINISHED) if run <= upto)
        if 0 < before.upto <= upto and before.deletion == deletion:
            ended = before.unfinished - unfinished
            outcomes = (
                before.outcomes
                + counted(session, THESE, ids=list(ended))
                + counted(session, NEXT, after=before.upto, upto=upto, unfinished=list(unfinished))
            )
        else:
            outcomes = counted(session, ALL_UPTO, upto=upto, unfinished=list(unfinished))
        self._settled = Settled(upto, deletion, outcomes, unfinished)
        return outcomes + counted(session, BETWEEN, after=upto, upto=last)


def counted(session: Session, rows: Select[str | None, int], **values: object) -> Counter[str]:
    """How many runs ended in which way; those that go on are left out."""
    found = session.execute(rows, values)
    return Counter({outcome: number for outcome, number in found if outcome is not None})
