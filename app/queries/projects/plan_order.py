"""The order in which a project's plans use its worker types: the order of the board's columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.plans import PLANNED_ONCE
from app.models import PlanTemplate, Ticket
from app.visibility import Visibility

PLANS_READ = 200
"""Plans of open tickets that are looked at, besides the plan templates."""


def plan_order(session: Session, project_id: str, names: Sequence[str]) -> list[str]:
    """`names` in the order of the plans; those that no plan uses come last, in their own order."""
    return in_order_of(plans_in_use(session, Visibility(only=project_id)), names)


def in_order_of(plans: Iterable[Sequence[str]], names: Sequence[str]) -> list[str]:
    """For each two names the majority of the plans decides; plans may contradict each other."""
    votes: Counter[tuple[str, str]] = Counter()
    used = set()
    for plan in plans:
        once = list(dict.fromkeys(plan))
        used.update(once)
        votes.update(combinations(once, 2))
    left = [name for name in names if name in used]
    ordered = []
    while left:
        first = min(
            left,
            key=lambda name: sum(votes[other, name] > votes[name, other] for other in left),
        )
        ordered.append(first)
        left.remove(first)
    return ordered + [name for name in names if name not in used]


def plans_in_use(session: Session, visibility: Visibility) -> list[Sequence[str]]:
    """The plan templates, and the plans of tickets that something happened to lately."""
    templates = session.scalars(
        select(PlanTemplate.plan)
        .where(visibility.of(PlanTemplate.project_id))
        .order_by(PlanTemplate.id)
    )
    recent = session.scalars(
        select(Ticket.execution_plan)
        .where(visibility.of(Ticket.project_id), Ticket.state == "open")
        .order_by(Ticket.updated_at.desc())
        .limit(PLANS_READ)
        .execution_options(**PLANNED_ONCE)
    )
    return [*templates, *recent]
