"""The stage rail: what became of each stage of a plan, as lists and pages draw it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Text, case, cast, func, literal_column, select
from sqlalchemy.orm import aliased

from app.models import StageRun, Ticket
from app.values import immutable

CURRENT_STATUS = {"running": "running", "waiting": "waiting", "on_hold": "trouble"}
"""What the current stage shows in these situations; in all others it is simply next."""

RAILS_KEPT = 1_000
"""Most tickets of a board are at one of a few places of a few plans."""


Run = aliased(StageRun)
# Written into the statement once, not as parameters: those of a separator would be with each use.
COMMA: Any = literal_column("','")

# Said as a value, not as a condition: the runs are found by their ticket, never by their outcome.
SENT_BACK = (
    select(
        func.aggregate_strings(
            case((Run.outcome == "returned", cast(Run.stage_number, Text))), COMMA
        )
    )
    .where(Run.ticket_id == Ticket.ticket_id)
    .scalar_subquery()
)
"""The stages whose worker or person gave a ticket back, one entry each time, as `numbers_in` reads
them."""


@immutable
class Rail:
    """`stages`: pairs of worker type and status; `text` stands beside, `label` is read aloud."""

    stages: tuple[tuple[str, str], ...]
    text: str
    label: str


def rail_of(
    plan: Sequence[str], completed: int, situation: str, sent_back: Collection[int] = ()
) -> Rail:
    """Draw a plan. `sent_back`: numbers of the stages that once gave the ticket back."""
    return _rail(tuple(plan), completed, situation, tuple(sent_back))


@lru_cache(RAILS_KEPT)
def _rail(
    plan: tuple[str, ...], completed: int, situation: str, sent_back: tuple[int, ...]
) -> Rail:
    stages = tuple(
        (worker_type, _status(number, completed, situation, sent_back))
        for number, worker_type in enumerate(plan, 1)
    )
    if completed >= len(plan):
        return Rail(stages, f"all {len(plan)} done", f"all {len(plan)} stages done")
    place = f"{plan[completed]} · {completed + 1}/{len(plan)}"
    back = f", sent back {_times(len(sent_back))}" if sent_back else ""
    return Rail(stages, place, f"stage {completed + 1} of {len(plan)}, {plan[completed]}{back}")


def numbers_in(sent_back: str | None) -> list[int]:
    """The stages that `SENT_BACK` names."""
    return [int(number) for number in sent_back.split(",")] if sent_back else []


def _status(number: int, completed: int, situation: str, sent_back: Collection[int]) -> str:
    if number <= completed:
        return "returned" if number in sent_back else "done"
    if number == completed + 1:
        return CURRENT_STATUS.get(situation, "next")
    return "next"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")
