"""What the database itself refuses, whoever writes: the model's rules are not its only guard."""

import re

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError, IntegrityError

from tests.factories import claim, make_project, make_ticket, make_worker, undone

RUN = "INSERT INTO stage_runs (ticket_id, stage_number, worker_type, worker_id) VALUES "


@pytest.fixture
def board_by_hand(session):
    """A ticket that w-1 works on, a second that waits, and w-2, who has nothing to do."""
    for ticket_id in ("WEB-1", "WEB-2"):
        make_ticket(session, ticket_id=ticket_id)
    claim(session, make_worker(session, worker_id="w-1"))
    make_worker(session, worker_id="w-2")
    session.flush()
    return session


REFUSED = {
    "a second unfinished run of a ticket": (
        RUN + "('WEB-1', 1, 'implementation', 'w-2')",
        "uq_stage_runs_unfinished_ticket_id|stage_runs.ticket_id",
    ),
    "a second unfinished run of a worker": (
        RUN + "('WEB-2', 1, 'implementation', 'w-1')",
        "uq_stage_runs_unfinished_worker_id|stage_runs.worker_id",
    ),
    "a run that ended without an outcome": (
        "UPDATE stage_runs SET finished_at = started_at",
        "ck_stage_runs_finished",
    ),
    "an outcome of a run that goes on": (
        "UPDATE stage_runs SET outcome = 'completed'",
        "ck_stage_runs_finished",
    ),
    "an unknown outcome": (
        "UPDATE stage_runs SET outcome = 'lost', finished_at = started_at",
        "ck_stage_runs_outcome",
    ),
    "a stage before the first": (
        "UPDATE stage_runs SET stage_number = 0",
        "ck_stage_runs_stage_number",
    ),
    "a run of a ticket that isn't there": (
        RUN + "('WEB-9', 1, 'implementation', 'w-2')",
        "fk_stage_runs_ticket_id_tickets|FOREIGN KEY",
    ),
    "a position beyond the plan": (
        "UPDATE tickets SET completed_stages = 3",
        "ck_tickets_position",
    ),
    "a position before the plan": (
        "UPDATE tickets SET completed_stages = -1",
        "ck_tickets_position",
    ),
    "a plan shorter than what is done": (
        "UPDATE tickets SET completed_stages = 1, execution_plan = '[]'",
        "ck_tickets_position",
    ),
    "a closed ticket without closed_at": (
        "UPDATE tickets SET state = 'closed', resolution = 'stopped' WHERE ticket_id = 'WEB-2'",
        "ck_tickets_closed",
    ),
    "a closed ticket without resolution": (
        "UPDATE tickets SET state = 'closed', closed_at = created_at WHERE ticket_id = 'WEB-2'",
        "ck_tickets_closed",
    ),
    "an open ticket with closed_at": (
        "UPDATE tickets SET closed_at = created_at",
        "ck_tickets_closed",
    ),
    "an open ticket with a resolution": (
        "UPDATE tickets SET resolution = 'completed'",
        "ck_tickets_closed",
    ),
    "a ticket on hold that a worker holds": (
        "UPDATE tickets SET state = 'on_hold' WHERE ticket_id = 'WEB-1'",
        "ck_tickets_claimed",
    ),
    "a ticket held by nobody we know": (
        "UPDATE tickets SET claimed_by = 'w-9'",
        "fk_tickets_claimed_by_workers|FOREIGN KEY",
    ),
    "an unknown state": (
        "UPDATE tickets SET state = 'asleep' WHERE ticket_id = 'WEB-2'",
        "ck_tickets_state",
    ),
    "an unknown resolution": (
        (
            "UPDATE tickets SET state = 'closed', closed_at = created_at, resolution = 'lost'"
            " WHERE ticket_id = 'WEB-2'"
        ),
        "ck_tickets_resolution",
    ),
    "an unknown priority": ("UPDATE tickets SET priority = 4", "ck_tickets_priority"),
    "fewer than no blockers": (
        "UPDATE tickets SET open_blockers = -1",
        "ck_tickets_open_blockers",
    ),
    "a ticket without a plan": (
        "INSERT INTO tickets (ticket_id, project_id, title) VALUES ('X', 'acme/web', 'x')",
        "execution_plan",
    ),
    "a ticket without a project": (
        "UPDATE tickets SET project_id = 'acme/nothing'",
        "fk_tickets_project_id_projects|FOREIGN KEY",
    ),
    "an unknown status of a worker": (
        "UPDATE workers SET status = 'asleep'",
        "ck_workers_status",
    ),
    "an unknown event": (
        "INSERT INTO events (event_type) VALUES ('ticket_eaten')",
        "ck_events_event_type",
    ),
    "a ticket that waits for itself": (
        "INSERT INTO ticket_dependencies (ticket_id, blocked_by_id) VALUES ('WEB-1', 'WEB-1')",
        "ck_ticket_dependencies_not_itself",
    ),
    "a worker type twice": (
        "INSERT INTO worker_types (project_id, worker_type) VALUES ('acme/web', 'review')",
        "uq_worker_types_project_id_worker_type|worker_types.project_id",
    ),
    "a lease too short": (
        "UPDATE worker_types SET lease_seconds = 9",
        "ck_worker_types_lease_seconds",
    ),
    "no attempts at all": (
        "UPDATE worker_types SET max_attempts = 0",
        "ck_worker_types_max_attempts",
    ),
    "a role that neither an agent nor a person performs": (
        "UPDATE worker_types SET performed_by = 'robot'",
        "ck_worker_types_performed_by",
    ),
    "a comment at no stage": (
        "INSERT INTO comments (ticket_id, content, stage_number) VALUES ('WEB-1', 'x', 0)",
        "ck_comments_stage_number",
    ),
}


def test_the_database_refuses(board_by_hand):
    found = {what: refusal_of(board_by_hand, statement) for what, (statement, _) in REFUSED.items()}
    wrong = {
        what: found[what]
        for what, (_, constraint) in REFUSED.items()
        if not re.search(constraint, found[what])
    }
    assert wrong == {}


def refusal_of(session, statement):
    """What the database says to it; nothing, if it would have been done."""
    try:
        with undone(session):
            session.execute(text(statement))
    except IntegrityError as refusal:
        return str(refusal)
    return ""


@pytest.mark.parametrize(
    "statement",
    [
        # The counterparts of the two unique partial indexes: what is finished doesn't count.
        "UPDATE stage_runs SET finished_at = started_at, outcome = 'released';"
        + RUN
        + "('WEB-1', 1, 'implementation', 'w-1')",
        RUN + "('WEB-2', 1, 'approval', NULL)",
        "UPDATE tickets SET completed_stages = 2",
        (
            "UPDATE tickets SET state = 'closed', resolution = 'stopped', closed_at = created_at"
            " WHERE ticket_id = 'WEB-2'"
        ),
    ],
)
def test_the_database_accepts_what_may_be(board_by_hand, statement):
    for part in statement.split(";"):
        changed = board_by_hand.execute(text(part)).rowcount
        assert changed >= 1


def test_the_stage_whose_turn_it_is_cant_be_set_by_hand(board_by_hand):
    with pytest.raises(DatabaseError, match="current_stage"), board_by_hand.begin_nested():
        board_by_hand.execute(text("UPDATE tickets SET current_stage = 'review'"))


def test_a_worker_that_is_deleted_lets_go_of_its_ticket(board_by_hand):
    board_by_hand.execute(text("DELETE FROM workers WHERE worker_id = 'w-1'"))

    row = board_by_hand.execute(text("SELECT worker_id, actor FROM stage_runs")).one()
    assert tuple(row) == (None, "w-1"), "the run still says who did it"
    assert board_by_hand.execute(text("SELECT count(claimed_by) FROM tickets")).scalar() == 0


def test_a_parent_that_is_deleted_leaves_its_children(session):
    make_project(session)
    make_ticket(session, ticket_id="P")
    make_ticket(session, ticket_id="C", parent_id="P")
    session.execute(text("DELETE FROM tickets WHERE ticket_id = 'P'"))

    assert session.execute(text("SELECT ticket_id, parent_id FROM tickets")).all() == [("C", None)]
