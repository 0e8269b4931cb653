"""Events as data: what they were about stands in `details`, `run_id` and `comment_id`.

Revision: 0007, after 0006

Until now facts were encoded in `reason` ("to review: …", "a → b"), and readers joined events,
comments and runs by their time. This takes the sentences apart once, and links the rows once.
A reason that isn't surely such a sentence stays as it is.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
Time = sa.DateTime(timezone=True)

events = sa.table(
    "events",
    sa.column("id", BigId),
    sa.column("event_type", sa.Text),
    sa.column("project_id", sa.Text),
    sa.column("ticket_id", sa.Text),
    sa.column("run_id", BigId),
    sa.column("comment_id", BigId),
    sa.column("worker_id", sa.Text),
    sa.column("stage", sa.Text),
    sa.column("reason", sa.Text),
    sa.column("details", sa.JSON),
    sa.column("actor", sa.Text),
    sa.column("created_at", Time),
)
comments = sa.table(
    "comments",
    sa.column("id", BigId),
    sa.column("ticket_id", sa.Text),
    sa.column("run_id", BigId),
    sa.column("author", sa.Text),
    sa.column("created_at", Time),
)
runs = sa.table(
    "stage_runs",
    sa.column("run_id", BigId),
    sa.column("ticket_id", sa.Text),
    sa.column("worker_type", sa.Text),
    sa.column("outcome", sa.Text),
    sa.column("reason", sa.Text),
    sa.column("finished_at", Time),
)
worker_types = sa.table(
    "worker_types",
    sa.column("project_id", sa.Text),
    sa.column("worker_type", sa.Text),
    sa.column("performed_by", sa.Text),
)

Row = Mapping[str, Any]
Details = dict[str, Any]
Change = dict[str, Any]

BATCH = 500
"""Tickets, or events of no ticket, that are in memory at once."""

SAME_MOMENT = timedelta(seconds=1)
"""Rows written by one verb are no further apart than this."""

OUTCOMES = {
    "ticket_stage_completed": ("completed",),
    "ticket_stage_returned": ("returned",),
    "ticket_stage_failed": ("failed", "expired"),
    "ticket_stage_released": ("released",),
    "ticket_attention_requested": ("attention", "failed", "expired"),
}
"""How the run ended that an event tells of."""

SPEAKING_OUTCOMES = ("completed", "returned", "attention")
SPEAKING = ("ticket_stage_completed", "ticket_stage_returned", "ticket_attention_requested")
TAKING_AWAY = {
    "ticket_held": "{ticket_id} was put on hold by {actor}",
    "ticket_closed": "{ticket_id} was closed by {actor}",
}
"""What the run says that was taken back."""
ANSWERING = ("ticket_resumed", "ticket_reopened")
ASKING = "ticket_attention_requested"
TURNS = (ASKING, "ticket_held", "ticket_resumed", "ticket_closed", "ticket_reopened")

DOCTOR = "found by callboard doctor"

REFUSED = "“{}” for run {{run_id}}, which had ended as {{run_outcome}}"

ENCODED: dict[str, tuple[tuple[str, Details], ...]] = {
    "ticket_stage_returned": (("to {to_worker_type}: {reason}", {}),),
    "ticket_stage_failed": (
        ("{worker_id} sent no heartbeat", {"cause": "no_heartbeat"}),
        ("{worker_id} was declared dead by {actor}", {"cause": "declared_dead"}),
    ),
    "ticket_stage_released": (
        ("{ticket_id} was put on hold by {actor}", {"cause": "held"}),
        ("{ticket_id} was closed by {actor}", {"cause": "closed"}),
        ("the worker stopped", {"cause": "worker_stopped"}),
        (f"{{claimed_by}} held it without a run; {DOCTOR}", {"cause": "claimed_without_run"}),
    ),
    "ticket_attention_requested": (
        ("{failed_attempts} of {max_attempts} attempts failed; the last: {reason}", {}),
        ("{failed_attempts} attempts failed; the last: {reason}", {}),
    ),
    "ticket_held": (("its status in Beads was {beads_status}", {}),),
    "ticket_resumed": (("the next attempt may start", {"cause": "retry"}),),
    "ticket_closed": (
        ("completed", {"resolution": "completed"}),
        ("stopped", {"resolution": "stopped"}),
    ),
    "ticket_plan_changed": (("{from_plan} → {to_plan}", {}),),
    "ticket_dependency_changed": (
        ("waits for {blocked_by}", {"cause": "added"}),
        ("no longer waits for {blocked_by}", {"cause": "removed"}),
        ("{blocked_by}, which it waits for, was closed", {"cause": "blocker_closed"}),
        ("{blocked_by}, which it waits for, was reopened", {"cause": "blocker_reopened"}),
        (
            f"it waits for {{open_blockers}} tickets, not {{open_blockers_before}}; {DOCTOR}",
            {"cause": "counted"},
        ),
    ),
    "ticket_report_refused": (
        (REFUSED.format("returned") + ": to stage {to_stage}: {reason}", {"report": "returned"}),
        (REFUSED.format("{report}") + ": {reason}", {}),
        (REFUSED.format("{report}"), {}),
    ),
    "worker_started": (
        ("it was heard of again", {"cause": "heard_of_again"}),
        ("it was registered again with another token", {"cause": "other_token"}),
    ),
    "worker_stopped": (
        ("it finished", {"cause": "finished"}),
        (
            "no heartbeat; {freed_ticket_id} went back to its queue",
            {"cause": "no_heartbeat"},
        ),
        ("no heartbeat", {"cause": "no_heartbeat"}),
        (
            "declared dead by {actor}; {freed_ticket_id} went back to its queue",
            {"cause": "declared_dead"},
        ),
        ("declared dead by {actor}", {"cause": "declared_dead"}),
    ),
}
"""How the reasons of each type were written: what stands in braces is a column or a detail, and
the details beside it are those that the sentence itself tells."""

NAME = r"[A-Za-z0-9][A-Za-z0-9._-]*"
NAMES = rf"{NAME}(?:, {NAME})*"
LISTS = ("from_plan", "to_plan", "blocked_by")
NUMBERS = (
    "failed_attempts",
    "max_attempts",
    "open_blockers",
    "open_blockers_before",
    "run_id",
    "to_stage",
)
FIELDS = {
    **dict.fromkeys(LISTS, NAMES),
    **dict.fromkeys(NUMBERS, r"[0-9]{1,18}"),
    **dict.fromkeys(("to_worker_type", "freed_ticket_id"), NAME),
    **dict.fromkeys(("report", "run_outcome"), "[a-z_]+"),
    "claimed_by": r"\S+",
    "beads_status": ".+",
    "reason": "(?s:.+)",
}
"""What each detail looks like; everything else in braces is what the row's own column says."""


def upgrade() -> None:
    op.add_column("events", sa.Column("comment_id", BigId, nullable=True))
    op.add_column("events", sa.Column("details", sa.JSON(), server_default="{}", nullable=False))
    gates = _gates()
    for ticket_ids in _tickets():
        _store(_changes_of(ticket_ids, gates))
    for rows in _of_no_ticket():
        _store([_change(row, *_decode(row)) for row in rows])


def downgrade() -> None:
    for ticket_ids in _tickets():
        _store([_change(row, {}, _encode(row)) for row in _rows_of(events, ticket_ids)])
    for rows in _of_no_ticket():
        _store([_change(row, {}, _encode(row)) for row in rows])
    op.drop_column("events", "details")
    op.drop_column("events", "comment_id")


def _tickets() -> Iterator[Sequence[str]]:
    """The ids that events name, some at a time."""
    column = events.c.ticket_id
    ids = sa.select(column).where(column.is_not(None)).distinct().order_by(column).limit(BATCH)
    some = op.get_bind().scalars(ids).all()
    while some:
        yield some
        some = op.get_bind().scalars(ids.where(column > some[-1])).all()


def _of_no_ticket() -> Iterator[Sequence[Row]]:
    all_rows = sa.select(events).where(events.c.ticket_id.is_(None))
    some = all_rows.order_by(events.c.id).limit(BATCH)
    rows = op.get_bind().execute(some).mappings().all()
    while rows:
        yield rows
        rows = op.get_bind().execute(some.where(events.c.id > rows[-1]["id"])).mappings().all()


def _rows_of(table: sa.TableClause, ticket_ids: Sequence[str]) -> Sequence[Row]:
    query = sa.select(table).where(table.c.ticket_id.in_(ticket_ids))
    return op.get_bind().execute(query.order_by(table.c[0])).mappings().all()


def _by_ticket(rows: Sequence[Row]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["ticket_id"], []).append(row)
    return found


def _gates() -> set[tuple[str, str]]:
    query = sa.select(worker_types.c.project_id, worker_types.c.worker_type)
    rows = op.get_bind().execute(query.where(worker_types.c.performed_by == "person"))
    return {(row.project_id, row.worker_type) for row in rows}


def _change(
    row: Row,
    details: Details,
    reason: str | None,
    run_id: int | None = None,
    comment_id: int | None = None,
) -> Change | None:
    """What to store of the row; None: it is that already."""
    new = {
        "new_details": details,
        "new_reason": reason,
        "new_run_id": row["run_id"] or run_id,
        "new_comment_id": comment_id,
    }
    is_same = not details and reason == row["reason"] and new["new_run_id"] == row["run_id"]
    return None if is_same and comment_id is None else {"key": row["id"], **new}


def _store(changes: Iterable[Change | None]) -> None:
    if wanted := [change for change in changes if change]:
        columns = ("details", "reason", "run_id", "comment_id")
        op.get_bind().execute(
            events.update()
            .where(events.c.id == sa.bindparam("key"))
            .values({column: sa.bindparam(f"new_{column}") for column in columns}),
            wanted,
        )


def _changes_of(ticket_ids: Sequence[str], gates: set[tuple[str, str]]) -> Iterator[Change | None]:
    runs_of = _by_ticket(_rows_of(runs, ticket_ids))
    comments_of = _by_ticket(_rows_of(comments, ticket_ids))
    last_turn: dict[str, Row] = {}
    for row in _rows_of(events, ticket_ids):
        ticket_id, event_type = row["ticket_id"], row["event_type"]
        details, reason = _decode(row)
        run = _run_of(row, details, runs_of.get(ticket_id, []))
        turn = last_turn.get(ticket_id)
        if event_type == "ticket_resumed" and turn and turn["event_type"] == ASKING:
            details["answers"] = turn["id"]
        if event_type in TURNS:
            last_turn[ticket_id] = row
        is_gate = (row["project_id"], row["stage"]) in gates
        if event_type == "ticket_stage_completed" and is_gate and not row["worker_id"]:
            details["approved"] = True
        comment = _comment_of(row, run, comments_of.get(ticket_id, []))
        if comment:
            # It was said once: two events of one moment don't share it.
            comments_of[ticket_id].remove(comment)
        run_id = details.pop("run_id", run["run_id"] if run else None)
        yield _change(row, details, reason, run_id, comment["id"] if comment else None)


def _run_of(row: Row, details: Details, candidates: Sequence[Row]) -> Row | None:
    """The run that the event tells of: by its number, or by its stage, its end and the time."""
    if named := row["run_id"] or details.get("run_id"):
        return next((run for run in candidates if run["run_id"] == named), None)
    if words := TAKING_AWAY.get(row["event_type"]):
        told = words.format_map(row)
        fitting = (run for run in candidates if run["reason"] == told)
    else:
        outcomes = OUTCOMES.get(row["event_type"], ())
        of_stage = (run for run in candidates if run["worker_type"] == row["stage"])
        fitting = (run for run in of_stage if run["outcome"] in outcomes)
    return _nearest(row["created_at"], "finished_at", fitting)


def _comment_of(row: Row, run: Row | None, candidates: Sequence[Row]) -> Row | None:
    """What was said by the verb that recorded the event."""
    if row["event_type"] in ANSWERING:
        by_same = (it for it in candidates if it["author"] == row["actor"] and not it["run_id"])
        return _nearest(row["created_at"], "created_at", by_same)
    if row["event_type"] in SPEAKING and run and run["outcome"] in SPEAKING_OUTCOMES:
        # A worker may have said more in its last moment: the report comes last.
        in_run = [
            comment
            for comment in candidates
            if comment["run_id"] == run["run_id"]
            and abs(run["finished_at"] - comment["created_at"]) <= SAME_MOMENT
        ]
        return in_run[-1] if in_run else None
    return None


def _nearest(moment: datetime, column: str, candidates: Iterable[Row]) -> Row | None:
    near = [row for row in candidates if row[column] and abs(row[column] - moment) <= SAME_MOMENT]
    return min(near, key=lambda row: abs(row[column] - moment), default=None)


def _decode(row: Row) -> tuple[Details, str | None]:
    """The facts that stand in the reason, and what is left of it: what somebody wrote."""
    for words, known in ENCODED.get(row["event_type"], ()):
        if match := re.fullmatch(_pattern(words, row), row["reason"] or ""):
            found = match.groupdict()
            facts = {key: _fact(key, text) for key, text in found.items() if key != "reason"}
            return {**known, **facts}, found.get("reason")
    return {}, row["reason"]


def _pattern(words: str, row: Row) -> str:
    parts = re.split(r"{(\w+)}", words)
    return "".join(
        (f"(?P<{part}>{FIELDS[part]})" if part in FIELDS else re.escape(str(row[part])))
        if is_field
        else re.escape(part)
        for part, is_field in zip(parts, cycle((False, True)), strict=False)
    )


def _fact(key: str, text: str) -> Any:
    return text.split(", ") if key in LISTS else int(text) if key in NUMBERS else text


def _encode(row: Row) -> str | None:
    """The reason as it was before: with the facts in it."""
    facts = row["details"] if isinstance(row["details"], dict) else {}
    texts = {
        key: ", ".join(map(str, value)) if isinstance(value, list) else value
        for key, value in facts.items()
    }
    if texts.get("max_attempts") != texts.get("failed_attempts"):
        texts.pop("max_attempts", None)
    # Nobody wrote why the last of several attempts failed.
    last = str(facts["cause"]).replace("_", " ") if "cause" in facts else None
    there = {**row, **texts, "reason": row["reason"] or last}
    for words, known in ENCODED.get(row["event_type"], ()):
        fields = re.findall(r"{(\w+)}", words)
        keeps_reason = "reason" in fields or not row["reason"]
        is_told = facts and known.items() <= facts.items() and all(map(there.get, fields))
        if keeps_reason and is_told:
            return words.format_map(there)
    return row["reason"]
