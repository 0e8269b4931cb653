"""How work flows, as data."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app import clock
from app.callers import Caller
from app.operations.operation import Tool, operation
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.queries.statistics.kept import statistics_of
from app.schemas.statistics import SLOWEST_MAX, StatisticsQuery, StatisticsResponse

TAG = "Statistics"


@operation("GET", "/statistics", tag=TAG, scope="read", tool=Tool("get_statistics"))
def get_statistics(session: Session, caller: Caller, query: StatisticsQuery) -> StatisticsResponse:
    """Read how work flowed: throughput, times of tickets and stages, rework, waiting for people.

    Many `redone` runs of a worker type: its prompt, or the plan before it, is worth a look. Long
    `waiting` before a stage: too few workers. `figures` keeps the answer short.
    """
    project = caller.chosen_project(query.project)
    reader = Reader(caller.actor.label)
    wanted = parse(query.q or "")
    span = query.span(clock.now())
    found = statistics_of(session, caller.visibility, project or "", wanted, reader, span)
    asked = query.figures.split(",")
    tables = {
        "throughput": found.flow.weeks,
        "flow": found.flow.standings,
        "cycle": sorted(found.cycle.tickets, key=lambda one: -one.cycle)[:SLOWEST_MAX],
        "stages": found.stages,
        "rework": found.rework_by_prompt,
        "waits": found.waits,
    }
    shown = {name: rows if name in asked else None for name, rows in tables.items()}
    return StatisticsResponse.of(
        project=project,
        first_day=found.span.first,
        last_day=found.span.last,
        created=found.created,
        completed=found.completed,
        open=found.flow.standings[-1].open,
        cycle_time=found.cycle.cycle,
        lead_time=found.cycle.lead,
        runs=found.runs,
        is_sampled=found.is_sampled,
        as_of=found.taken_at,
        slowest=shown.pop("cycle"),
        **shown,
    )
