"""Two transactions at once on PostgreSQL, where nothing else keeps them apart. (SQLite lets one
writer in at a time.)"""

import threading

import pytest
from sqlalchemy import text

from app import pipeline
from app.callers import Caller
from app.db.base import db
from app.errors import Conflict, Forbidden, Invalid, RunNotCurrent
from app.loading import own_claimant
from app.models import Project, StageRun, Ticket, Worker, WorkerType
from app.models.worker_type import StillNeeded
from app.operations.dependencies import add_dependency
from app.operations.ticket_verbs import move_ticket, move_ticket_to_project, update_ticket
from app.pipeline.actions import MoveToProject, MoveToTop, SetParent
from app.pipeline.many import act_on_many
from app.schemas.tickets import ProjectMove, QueueMove, TicketChange
from app.visibility import Visibility
from tests.factories import ANN, PROJECT, make_project, make_role, make_ticket, make_worker
from tests.processes import PATIENCE, until
from tests.records import later

pytestmark = pytest.mark.parametrize("migrated_app", ["postgresql"], indirect=True)


@pytest.fixture
def board(app, board):
    """A project with tickets A, B, C and a worker w."""
    with board() as session:
        make_project(session)
        for ticket_id in "ABC":
            make_ticket(session, ticket_id=ticket_id)
        make_worker(session, worker_id="w")
    return board


@pytest.fixture
def meanwhile(app):
    """Run a verb in a transaction of its own, in a thread; `join()` gives what it returned or
    raised."""
    started = []

    class Transaction(threading.Thread):
        def __init__(self, verb):
            super().__init__(daemon=True)
            self.verb, self.answer = verb, None
            started.append(self)
            self.start()

        def run(self):
            with app.app_context():
                session = db.session()
                try:
                    self.answer = self.verb(session)
                    session.commit()
                except Exception as error:  # noqa: BLE001 - the test looks at it
                    self.answer = error
                    session.rollback()

        def join(self, timeout=PATIENCE):
            super().join(timeout)
            assert not self.is_alive(), "it waits for ever"
            return self.answer

        def must_wait(self):
            """It waits for a lock that the other transaction holds."""

            def is_waiting():
                with app.app_context():
                    return db.session.scalar(text(WAITING))

            until(is_waiting)

    yield Transaction
    for thread in started:
        thread.join()


WAITING = """
    SELECT count(*) FROM pg_stat_activity
    WHERE wait_event_type = 'Lock' AND datname = current_database()
"""


def blockers(board, ticket_id):
    with board() as session:
        return Ticket.get(session, ticket_id).open_blockers


def test_a_blocker_that_closes_while_it_is_added_doesnt_block(board, meanwhile):
    with board() as session:
        Ticket.lock(session, "A").stop(ANN)
        session.flush()
        adding = meanwhile(lambda s: Ticket.lock(s, "B").block_by("A", ANN))
        adding.must_wait()

    assert adding.join() is None
    assert blockers(board, "B") == 0


def test_a_blocker_known_as_open_is_looked_at_again(board, meanwhile):
    with board() as session:
        blocker = Ticket.get(session, "A")
        meanwhile(lambda s: Ticket.lock(s, "A").stop(ANN)).join()
        assert blocker.state == "open", "what this session believes"

        Ticket.lock(session, "B").block_by("A", ANN)

    assert blockers(board, "B") == 0


def test_a_dependency_removed_while_its_blocker_closes_is_counted_once(board, meanwhile):
    with board() as session:
        for blocker in "AC":
            Ticket.lock(session, "B").block_by(blocker, ANN)
    with board() as session:
        Ticket.lock(session, "B").unblock_from("A", ANN)
        session.flush()
        closing = meanwhile(lambda s: Ticket.lock(s, "A").stop(ANN))
        closing.must_wait()

    assert closing.join() is None
    assert blockers(board, "B") == 1, "C still blocks it"


def test_a_part_added_while_the_last_other_leaves_is_known_to_its_parent(board, meanwhile):
    """Whichever comes first; a part is no longer one without its project being held."""
    with board() as session:
        Ticket.lock(session, "B").edit(ANN, parent_id="A")
    with board() as session:
        Ticket.lock(session, "C").edit(ANN, parent_id="A")
        session.flush()
        leaving = meanwhile(lambda s: Ticket.lock(s, "B").edit(ANN, parent_id=None))
        leaving.must_wait()
    assert leaving.join() is None
    assert has_parts(board, "A")

    with board() as session:
        Ticket.lock(session, "C").edit(ANN, parent_id=None)
        session.flush()
        coming = meanwhile(lambda s: Ticket.lock(s, "B").edit(ANN, parent_id="A"))
        coming.must_wait()
    assert coming.join() is None
    assert has_parts(board, "A")


def has_parts(board, ticket_id):
    with board() as session:
        return Ticket.get(session, ticket_id).has_children


def test_removing_a_dependency_doesnt_wait_for_its_blocker(board, meanwhile):
    """It would be a deadlock: who closes the blocker waits for the ticket."""
    with board() as session:
        Ticket.lock(session, "B").block_by("A", ANN)
    with board() as session:
        Ticket.lock(session, "A")
        assert meanwhile(lambda s: Ticket.lock(s, "B").unblock_from("A", ANN)).join() is None

    assert blockers(board, "B") == 0


def test_two_blockers_that_close_at_once_free_the_ticket(board, meanwhile):
    with board() as session:
        for blocker in "AB":
            Ticket.lock(session, "C").block_by(blocker, ANN)
    with board() as session:
        Ticket.lock(session, "A").stop(ANN)
        session.flush()
        second = meanwhile(lambda s: Ticket.lock(s, "B").stop(ANN))
        second.must_wait()

    assert second.join() is None
    assert blockers(board, "C") == 0


def test_two_dependencies_at_once_cant_close_a_circle(board, meanwhile):
    with board() as session:
        Ticket.lock(session, "A").block_by("B", ANN)
        session.flush()
        second = meanwhile(lambda s: Ticket.lock(s, "C").block_by("A", ANN))
        second.must_wait()
    assert second.join() is None

    with board() as session:
        Ticket.lock(session, "B").unblock_from("C", ANN)
        with pytest.raises(Invalid, match="neither could ever start"):
            Ticket.lock(session, "B").block_by("C", ANN)


OTHER = "acme/another"
PLANNER = Caller(1, "planner", frozenset({"plan"}))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: add_dependency(s, PLANNER, "B", "A"),
        lambda s: move_ticket(s, PLANNER, "B", QueueMove(place="top")),
        lambda s: update_ticket(s, PLANNER, "B", TicketChange(parent_id="A")),
        lambda s: act_on_many(s, Visibility.everything(), ["B"], MoveToTop(), ANN),
        lambda s: act_on_many(s, Visibility.everything(), ["B"], SetParent("A"), ANN),
        lambda s: move_ticket_to_project(s, PLANNER, "B", ProjectMove(project_id=OTHER)),
        lambda s: act_on_many(s, Visibility.everything(), ["B"], MoveToProject(OTHER), ANN),
    ],
    ids=["dependency", "place", "parent", "places", "parents", "project", "projects"],
)
def test_who_holds_a_project_holds_it_before_its_tickets(board, meanwhile, change):
    """As whoever makes a ticket that waits for others: else each may wait for the other."""
    with board() as session:
        make_project(session, OTHER)
    with board() as session:
        Project.lock(session, PROJECT)
        changing = meanwhile(change)
        changing.must_wait()
        Ticket.lock(session, "B")

    assert not isinstance(changing.join(), Exception)


def test_a_worker_type_isnt_deleted_while_a_ticket_that_needs_it_is_made(board, meanwhile):
    with board() as session:
        make_role(session, "research")
    with board() as session:
        make_ticket(session, ["research"], ticket_id="R")
        session.flush()
        deleting = meanwhile(
            lambda s: pipeline.delete_worker_type(s, WorkerType.named(s, PROJECT, "research"), ANN)
        )
        deleting.must_wait()

    assert isinstance(deleting.join(), StillNeeded)


def test_a_ticket_isnt_made_of_a_worker_type_that_is_being_renamed(board, meanwhile):
    with board() as session:
        make_role(session, "research")
    with board() as session:
        pipeline.rename_worker_type(
            session, WorkerType.named(session, PROJECT, "research"), "new", ANN
        )
        session.flush()
        making = meanwhile(lambda s: make_ticket(s, ["research"], ticket_id="R"))
        making.must_wait()

    answer = making.join()
    assert isinstance(answer, Invalid)
    assert "no worker type research" in str(answer)


def test_two_edits_of_a_prompt_are_two_versions(board, meanwhile):
    def edit(session, prompt):
        WorkerType.named(session, PROJECT, "review").edit(
            short_description=None,
            system_prompt=prompt,
            performed_by="agent",
            lease_seconds=300,
            max_attempts=3,
            actor=ANN,
        )
        session.flush()

    with board() as session:
        edit(session, "one")
        second = meanwhile(lambda s: edit(s, "two"))
        second.must_wait()

    assert second.join() is None
    with board() as session:
        assert WorkerType.named(session, PROJECT, "review").prompt_version == 3


def test_a_claim_passes_over_what_another_is_taking(board, meanwhile):
    with board() as session:
        make_worker(session, worker_id="v")
    with board() as session:
        assert pipeline.claim_next(session, "w").ticket_id == "A"
        session.flush()
        other = meanwhile(lambda s: pipeline.claim_next(s, "v")).join()

    assert other.ticket_id == "B"


def test_a_sweep_passes_over_a_ticket_whose_late_worker_reports(board, meanwhile):
    with board() as session:
        run_id = pipeline.claim_next(session, "w").run_id
    with later(hours=1):
        with board() as session:
            StageRun.lock(session, run_id).complete("late")
            session.flush()
            assert meanwhile(pipeline.expire_leases).join() == 0

        with board() as session:
            assert session.get_one(StageRun, run_id).outcome == "completed"


def test_a_heartbeat_waits_for_the_sweep_and_learns_that_its_run_is_gone(board, meanwhile):
    with board() as session:
        run_id = pipeline.claim_next(session, "w").run_id
    with later(hours=1):
        with board() as session:
            assert pipeline.expire_leases(session) == 1
            session.flush()
            beating = meanwhile(lambda s: pipeline.heartbeat(s, "w", run_id))
            beating.must_wait()
        answer = beating.join()

    assert isinstance(answer, Conflict)
    assert "ended as expired" in str(answer)


def test_a_hold_waits_for_a_report_and_then_holds_the_next_stage(board, meanwhile):
    with board() as session:
        run_id = pipeline.claim_next(session, "w").run_id
    with board() as session:
        StageRun.lock(session, run_id).complete("done")
        session.flush()
        holding = meanwhile(lambda s: Ticket.lock(s, "A").hold(ANN))
        holding.must_wait()

    assert holding.join() is None
    with board() as session:
        ticket = Ticket.get(session, "A")
        assert (ticket.state, ticket.completed_stages) == ("on_hold", 1)


def test_a_worker_that_claims_while_it_is_declared_dead_isnt_forgotten(board, meanwhile):
    with board() as session:
        pipeline.claim_next(session, "w")
        session.flush()
        declaring = meanwhile(lambda s: pipeline.declare_dead(s, "w", ANN))
        declaring.must_wait()

    assert isinstance(declaring.join(), Conflict), "it took a stage at this very moment"
    with board() as session:
        assert Worker.get(session, "w").status == "active"


def test_two_claims_of_a_worker_at_once_get_the_same_run(board, meanwhile):
    with board() as session:
        first = pipeline.claim_next(session, "w")
        second = meanwhile(lambda s: pipeline.claim_next(s, "w"))
        second.must_wait()

    assert second.join() == first


def test_a_claim_waits_for_the_wish_that_its_worker_stops(board, meanwhile):
    with board() as session:
        Worker.lock(session, "w").ask_to_stop(ANN)
        session.flush()
        claiming = meanwhile(lambda s: pipeline.claim_next(s, "w"))
        claiming.must_wait()

    assert claiming.join() is None


def test_a_claim_waits_while_its_worker_is_registered_with_another_token(board, meanwhile):
    caller = Caller(1, "builder", frozenset({"work"}))
    with board() as session:
        Worker.lock(session, "w").token_id = 2
        session.flush()
        claiming = meanwhile(lambda s: own_claimant(s, caller, "w"))
        claiming.must_wait()

    assert isinstance(claiming.join(), Forbidden)


def test_a_report_waits_for_a_hold_and_learns_that_its_run_is_over(board, meanwhile):
    with board() as session:
        run_id = pipeline.claim_next(session, "w").run_id
    with board() as session:
        Ticket.lock(session, "A").hold(ANN)
        session.flush()
        reporting = meanwhile(lambda s: StageRun.lock(s, run_id).complete("late"))
        reporting.must_wait()

    assert isinstance(reporting.join(), RunNotCurrent)
    with board() as session:
        assert Ticket.get(session, "A").completed_stages == 0
