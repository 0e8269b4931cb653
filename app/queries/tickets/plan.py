"""The plan on a ticket's own page: what each stage took, and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from app.queries.tickets.rail import rail_of
from app.queries.tickets.view import Run, TicketView
from app.values import immutable

LOST = ("failed", "expired")


@immutable
class StageCard:
    """One stage. `detail` is filled for stages that are done; the current one says where it
    stands by `since` and the ticket's situation."""

    worker_type: str
    status: str
    seconds: float | None
    by: str | None
    is_approved: bool
    attempts: int
    returns: int
    is_current: bool
    since: datetime | None


def stage_cards(view: TicketView) -> list[StageCard]:
    """The stages in order."""
    ticket = view.ticket
    sent_back = [run.stage_number for run in view.runs if run.outcome == "returned"]
    rail = rail_of(ticket.execution_plan, ticket.completed_stages, view.situation, sent_back)
    return [
        _card(view, number, worker_type, status)
        for number, (worker_type, status) in enumerate(rail.stages, 1)
    ]


def _card(view: TicketView, number: int, worker_type: str, status: str) -> StageCard:
    # A plan that changed may have had another worker type at this number.
    runs = [
        run for run in view.runs if (run.stage_number, run.worker_type) == (number, worker_type)
    ]
    is_current = number == view.ticket.completed_stages + 1 and view.ticket.state != "closed"
    done_by = _last_completed(runs)
    return StageCard(
        worker_type=worker_type,
        status=status,
        seconds=sum(run.seconds for run in runs) if runs else None,
        by=done_by.actor if done_by and done_by.by_person else None,
        is_approved=done_by is not None and view.is_approval(done_by),
        attempts=sum(run.outcome in LOST for run in runs) + 1,
        returns=sum(run.outcome == "returned" for run in runs),
        is_current=is_current,
        since=view.since if is_current else None,
    )


def _last_completed(runs: Sequence[Run]) -> Run | None:
    return next((run for run in reversed(runs) if run.outcome == "completed"), None)
