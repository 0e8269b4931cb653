"""`callboard import beads`, from a file to rows, on each database."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from app import pipeline
from app.actor import Actor
from app.models import (
    Comment,
    Event,
    Project,
    Ticket,
    TicketLabel,
    Worker,
    WorkerType,
)
from app.queries.tickets.related import is_related_to
from app.starter import starter_role
from tests.exchange.conftest import blockers_of, count, record

ANN = Actor.person("ann")


def utc(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0, micro: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC)


def labels_of(session, ticket_id):
    return set(session.scalars(select(TicketLabel.label).where(TicketLabel.ticket_id == ticket_id)))


def test_the_table_at_the_end_accounts_for_every_record_and_link(small):
    assert count(small, "Records read") == 11
    assert count(small, "Tickets made") == 10
    assert count(small, "open") == 8
    assert count(small, "on hold") == 1
    assert count(small, "closed") == 1
    assert count(small, "tombstone: deleted where it comes from") == 1
    assert count(small, "blocks → waits for") == 4
    assert count(small, "parent-child → parent") == 2
    assert count(small, "discovered-from → related") == 1
    assert count(small, "Links skipped") == 5
    assert count(small, "to a second parent: a ticket has one") == 1
    assert count(small, "to a record that was skipped") == 1
    assert count(small, "of a record that was skipped") == 1
    assert count(small, "to a record that is missing") == 1
    assert count(small, "would close a circle of tickets that wait for each other") == 1
    assert count(small, "Comments made") == 2
    assert count(small, "timeout") == 1
    assert count(small, "Bad lines") == 0


def test_the_project_and_its_worker_types_are_made_when_they_are_missing(small, board):
    with board() as session:
        project = Project.get(session, "acme/books")
        roles = session.scalars(select(WorkerType).order_by(WorkerType.worker_type)).all()

        assert project.ticket_prefix == "BOOK"
        assert [role.worker_type for role in roles] == ["implementation", "review"]
        assert roles[1].system_prompt == starter_role("review").system_prompt


def test_a_closed_record_is_a_closed_ticket_with_its_plan_done(small, board):
    with board() as session:
        ticket = Ticket.get(session, "kb-1")
        closing = session.scalars(
            select(Event).where(Event.ticket_id == "kb-1", Event.event_type == "ticket_closed")
        ).one()

        assert (ticket.state, ticket.resolution) == ("closed", "completed")
        assert (ticket.completed_stages, ticket.last_completed_stage) == (2, "review")
        assert ticket.current_stage is None
        assert ticket.closed_at == utc(2025, 3, 2, 16)
        assert closing.reason == "Printed 40 labels without a jam"
        assert closing.created_at == ticket.closed_at


def test_who_made_it_and_when_is_kept_to_the_microsecond(small, board):
    with board() as session:
        ticket = Ticket.get(session, "kb-1")

        assert ticket.created_by == "crew/anna"
        assert ticket.created_at == utc(2025, 3, 1, 17, 5, 0, 123456)
        assert ticket.updated_at == utc(2025, 3, 2, 16)
        assert Ticket.get(session, "kb-2").created_at == utc(2025, 3, 1, 8, 10)


def test_a_time_without_an_offset_is_utc(small, board):
    with board() as session:
        assert Ticket.get(session, "kb-3").created_at == utc(2025, 3, 1, 9, 15)


def test_what_nobody_holds_here_is_open_and_a_label_tells_what_it_was(small, board):
    with board() as session:
        assert Ticket.get(session, "kb-4").state == "open"
        assert labels_of(session, "kb-4") == {"bug", "status:in_progress", "assignee:crew/bo"}
        assert labels_of(session, "kb-6") == {
            "task",
            "status:hooked",
            "assignee:crew/cleo",
            "ephemeral",
        }


def test_a_deferred_record_is_on_hold_and_says_why(small, board):
    with board() as session:
        held = session.scalars(
            select(Event).where(Event.ticket_id == "kb-5", Event.event_type == "ticket_held")
        ).one()

        assert Ticket.get(session, "kb-5").state == "on_hold"
        assert held.details == {"beads_status": "deferred"}


def test_the_priorities_0_to_4_become_0_to_3(small, board):
    with board() as session:
        priorities = dict(session.execute(select(Ticket.ticket_id, Ticket.priority)).all())

    assert [priorities[f"kb-{key}"] for key in ("1", "epic", "2", "5", "4")] == [0, 1, 2, 3, 3]


def test_a_comma_in_a_label_becomes_a_space(small, board):
    with board() as session:
        assert labels_of(session, "kb-2") == {"feature", "hardware", "needs scale 5 kg"}


def test_fields_without_a_place_stand_under_headings_in_the_description(small, board):
    with board() as session:
        description = Ticket.get(session, "kb-4").description

    assert description == (
        "Letters are lighter.\n\n## Design\n\nUse the small scale for letters.\n\n"
        "## Acceptance criteria\n\n- 5 g is shown as 5 g\n\n## Notes\n\nThe vendor knows.\n\n"
        "## External reference\n\ngh-17"
    )


def test_comments_keep_author_and_time_and_come_in_order(small, board):
    with board() as session:
        said = session.scalars(select(Comment).order_by(Comment.id)).all()

        assert [(c.ticket_id, c.author, c.content) for c in said] == [
            ("kb-4", "crew/anna", "Which firmware?"),
            ("kb-4", "crew/bo", "It rounds **down**."),
        ]
        assert said[0].created_at == utc(2025, 3, 3, 10, 30)


def test_links_become_dependencies_and_parents(small, board):
    with board() as session:
        assert blockers_of(session, "kb-3") == {"kb-1", "kb-2"}
        assert Ticket.get(session, "kb-3").open_blockers == 1
        assert Ticket.get(session, "kb-2").open_blockers == 0
        assert Ticket.get(session, "kb-2").parent_id == "kb-epic"
        assert blockers_of(session, "kb-8") == {"kb-9"}
        assert blockers_of(session, "kb-9") == set()
        assert [other.ticket_id for other in is_related_to(session, "kb-4")] == ["kb-3"]


def test_a_ticket_is_ready_since_its_last_blocker_was_closed(small, board):
    with board() as session:
        assert Ticket.get(session, "kb-2").ready_at == utc(2025, 3, 2, 16)
        assert Ticket.get(session, "kb-epic").ready_at == utc(2025, 3, 1, 17, 0, 0, 123456)


def test_an_id_that_can_be_no_address_gets_a_number_of_the_project(small, board):
    with board() as session:
        ticket = session.scalars(select(Ticket).filter_by(external_ref="beads:kb 10!")).one()

        assert ticket.ticket_id == "BOOK-1"


def test_nothing_of_the_import_waits_in_an_inbox(small, board):
    with board() as session:
        events = session.scalars(select(Event).order_by(Event.id)).all()

        assert len(events) == 12
        assert all(event.processed and not event.needs_attention for event in events)
        assert events == sorted(events, key=lambda event: event.created_at)


def test_an_imported_ticket_can_be_worked_on(small, board):
    with board() as session:
        Worker.register(
            session, worker_id="w-1", project_id="acme/books", worker_type="implementation"
        )
        claim = pipeline.claim_next(session, "w-1")

    assert claim.ticket_id == "kb-epic"


def test_the_plan_may_be_chosen_and_worker_types_beyond_the_starter_set_are_blank(
    import_beads, board
):
    import_beads(record("a-1"), options=("--plan", "planning, painting,planning"))

    with board() as session:
        assert Ticket.get(session, "a-1").execution_plan == ["planning", "painting", "planning"]
        assert WorkerType.named(session, "acme/books", "painting").system_prompt == ""
        assert WorkerType.named(session, "acme/books", "planning").system_prompt


def test_worker_types_that_are_there_are_kept_as_they_are(import_beads, board):
    with board() as session:
        Project.create(session, actor=ANN, repository_name="acme/books", path="/src/books")
        WorkerType.create(
            session,
            project_id="acme/books",
            worker_type="review",
            actor=ANN,
            system_prompt="Look twice.",
        )

    import_beads(record("a-1"))

    with board() as session:
        assert WorkerType.named(session, "acme/books", "review").system_prompt == "Look twice."
        assert Project.get(session, "acme/books").path == "/src/books"


def test_whatever_a_link_means_there_is_a_relation_here_once(import_beads, board):
    links = [("b", "relates-to"), ("b", "related"), ("c", "duplicates"), ("a", "related")]
    first = record(
        "a", dependencies=[{"depends_on_id": other, "type": kind} for other, kind in links]
    )
    back = {"dependencies": [{"depends_on_id": "a", "type": "relates-to"}]}
    result = import_beads(first, record("b", **back), record("c"))

    assert count(result, "relates-to → related") == 1
    assert count(result, "duplicates → related") == 1
    assert count(result, "there already") == 2
    assert count(result, "to the record itself") == 1
    with board() as session:
        assert [other.ticket_id for other in is_related_to(session, "a")] == ["b", "c"]
