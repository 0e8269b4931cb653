"""Tickets: create and edit."""

import pytest

from app.errors import Conflict, Invalid, NotFound
from app.models import Ticket, WorkerType
from app.models.label import LABELS_MAX
from app.models.ticket.content import EditConflict, digests_of
from tests.factories import ANN, PROJECT, make_project, make_ticket, make_worker, run_stage
from tests.records import comments, event_types, labels, later


def edit(ticket, **changes):
    ticket.edit(ANN, **changes)


def test_a_new_ticket_is_open_at_the_start_of_its_plan(session):
    ticket = make_ticket(session, title="Keep the  cart", description="Why:\r\nlost")
    session.refresh(ticket)

    assert ticket.ticket_id == "WEB-1"
    assert (ticket.title, ticket.description) == ("Keep the cart", "Why:\nlost")
    assert (ticket.state, ticket.resolution, ticket.closed_at) == ("open", None, None)
    assert (ticket.completed_stages, ticket.last_completed_stage) == (0, "Planned")
    assert ticket.current_stage == "implementation"
    assert (ticket.priority, ticket.version, ticket.created_by) == (2, 1, "ann")
    assert event_types(session, ticket) == ["ticket_created"]


def test_tickets_are_numbered_a_project(session):
    made = [make_ticket(session, project=p).ticket_id for p in (PROJECT, "acme/api", PROJECT)]

    assert made == ["WEB-1", "API-1", "WEB-2"]


def test_a_caller_may_bring_its_own_id(session):
    assert make_ticket(session, ticket_id="Bug_7.b-1").ticket_id == "Bug_7.b-1"


def test_an_id_is_given_once_on_the_whole_board(session):
    make_ticket(session, ticket_id="X-1")

    with pytest.raises(Conflict, match="The id X-1 is taken") as refusal:
        make_ticket(session, project="acme/other", ticket_id="X-1")

    assert refusal.value.field == "ticket_id"


@pytest.mark.parametrize("bad", ["a b", "a/b", "-1", ".x", "é1", "x" * 65, "a\x00b", "new", "#1"])
def test_a_strange_id_is_refused(session, bad):
    with pytest.raises(Invalid) as refusal:
        make_ticket(session, ticket_id=bad)

    assert refusal.value.field == "ticket_id"


def test_a_number_that_somebody_took_by_hand_is_passed_over(session):
    make_ticket(session, ticket_id="WEB-1")

    assert make_ticket(session).ticket_id == "WEB-2"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", ""),
        ("title", " \n "),
        ("title", "x" * 201),
        ("title", "a\x00b"),
        ("description", "x" * 131_073),
        ("description", "a\x1b[0m"),
        ("description", "\ud800"),
        ("priority", 4),
        ("priority", -1),
        ("labels", ["a,b"]),
        ("labels", ["x" * 65]),
        ("labels", [f"l{n}" for n in range(LABELS_MAX + 1)]),
    ],
)
def test_a_bad_value_is_refused_at_its_field(session, field, value):
    ticket = make_ticket(session)

    with pytest.raises(Invalid) as refusal:
        make_ticket(session, **{field: value})
    assert refusal.value.field == field

    with pytest.raises(Invalid) as refusal:
        edit(ticket, **{field: value})
    assert refusal.value.field == field


def test_a_refused_ticket_leaves_nothing_behind(session):
    make_project(session)

    with pytest.raises(Invalid):
        make_ticket(session, title="")

    assert session.query(Ticket).count() == 0


@pytest.mark.parametrize(("plan", "message"), [([], "at least one"), (["cooking"], "cooking")])
def test_a_bad_plan_is_refused(session, plan, message):
    with pytest.raises(Invalid, match=message) as refusal:
        make_ticket(session, plan)

    assert refusal.value.field == "execution_plan"


def test_an_unknown_project_is_not_found(session):
    with pytest.raises(NotFound, match="no project acme/nothing"):
        Ticket.create(
            session, project_id="acme/nothing", title="x", execution_plan=["a"], actor=ANN
        )


def test_an_unknown_ticket_is_not_found(session):
    with pytest.raises(NotFound, match="no ticket WEB-9"):
        Ticket.get(session, "WEB-9")
    with pytest.raises(NotFound, match="no ticket WEB-9"):
        Ticket.lock(session, "WEB-9")


def test_a_ticket_may_have_a_parent_in_its_project(session):
    parent = make_ticket(session)

    assert make_ticket(session, parent_id=f" {parent.ticket_id} ").parent_id == parent.ticket_id


def test_a_parent_of_another_project_is_refused(session):
    parent = make_ticket(session, project="acme/other")

    with pytest.raises(Invalid, match="acme/web has no ticket") as refusal:
        make_ticket(session, parent_id=parent.ticket_id)

    assert refusal.value.field == "parent_id"


def test_a_form_sent_twice_cant_make_two_tickets(session):
    from sqlalchemy.exc import IntegrityError

    make_ticket(session, submission_id="form-1")

    with pytest.raises(IntegrityError), session.begin_nested():
        make_ticket(session, submission_id="form-1")

    assert session.query(Ticket).count() == 1


def test_an_edit_changes_what_the_ticket_says(session):
    ticket = make_ticket(session, labels=["old"])

    with later(minutes=5):
        edit(ticket, title="New", description="Text", priority=0, labels=["b", "a", "b", " "])
    session.flush()
    session.refresh(ticket)

    assert (ticket.title, ticket.description, ticket.priority) == ("New", "Text", 0)
    assert labels(session, ticket) == {"a", "b"}
    assert ticket.version == 2
    assert ticket.updated_at > ticket.created_at
    assert event_types(session, ticket) == ["ticket_created", "ticket_edited"]


def test_an_edit_that_changes_nothing_leaves_no_trace(session):
    ticket = make_ticket(session, title="Same", labels=["b", "a"])

    edit(ticket, title=" Same ", labels=["a", "b"], assignee=None)

    assert ticket.version == 1
    assert event_types(session, ticket) == ["ticket_created"]


def test_edits_of_different_fields_come_together(session):
    ticket = make_ticket(session, title="First", description="Old")
    seen = digests_of(ticket.content())
    edit(ticket, title="Second", priority=0)

    # The other one's form sends all fields, as it was opened; only its description was changed.
    edit(ticket, seen=seen, title="First", priority=2, labels=[], description="New")

    assert (ticket.title, ticket.priority, ticket.description) == ("Second", 0, "New")


def test_edits_of_the_same_field_are_a_conflict_and_change_nothing(session):
    ticket = make_ticket(session, title="First", description="Old")
    seen = digests_of(ticket.content())
    edit(ticket, title="Second")

    with pytest.raises(EditConflict, match=r"changed by someone else .*: title") as refusal:
        edit(ticket, seen=seen, title="Third", description="New")

    assert refusal.value.fields == ["title"]
    assert (ticket.title, ticket.description) == ("Second", "Old")
    assert event_types(session, ticket).count("ticket_edited") == 1


def test_the_same_change_made_twice_is_no_conflict(session):
    ticket = make_ticket(session, title="First")
    seen = digests_of(ticket.content())
    edit(ticket, title="Second")

    edit(ticket, seen=seen, title="Second")

    assert ticket.version == 2


def test_work_on_a_ticket_makes_no_edit_of_its_text_stale(session):
    ticket = make_ticket(session)
    seen = digests_of(ticket.content())
    run_stage(session, ticket).complete("done")

    edit(ticket, seen=seen, title="Still mine")

    assert ticket.title == "Still mine"


def test_a_closed_ticket_may_still_be_edited(session):
    ticket = make_ticket(session)
    ticket.stop(ANN)

    edit(ticket, title="For the record")

    assert (ticket.title, ticket.state) == ("For the record", "closed")


def test_labels_keep_case_and_fold_white_space(session):
    ticket = make_ticket(session, labels=["Big  Bang", "big bang", "ä"])

    assert labels(session, ticket) == {"Big Bang", "big bang", "ä"}


def test_all_labels_can_be_taken_away(session):
    ticket = make_ticket(session, labels=["a", "b"])
    edit(ticket, labels=[])

    assert labels(session, ticket) == set()


def test_a_persons_comment_names_its_author_and_no_stage(session):
    ticket = make_ticket(session)
    ticket.say("Looks **good**\r\n", ANN)

    (comment,) = comments(session, ticket)
    assert (comment.content, comment.author) == ("Looks **good**", "ann")
    assert (comment.worker_id, comment.worker_type, comment.stage_number) == (None, None, None)


@pytest.mark.parametrize("content", ["", "  \n", "x" * 131_073, "bell \x07"])
def test_an_empty_or_broken_comment_is_refused(session, content):
    ticket = make_ticket(session)

    with pytest.raises(Invalid) as refusal:
        ticket.say(content, ANN)

    assert refusal.value.field == "content"
    assert comments(session, ticket) == []


def test_a_new_project_leases_for_five_minutes_unless_told_otherwise(session):
    make_project(session)

    assert WorkerType.named(session, PROJECT, "review").lease_seconds == 300
    assert make_worker(session).is_live


def test_an_edit_moves_a_ticket_under_another(session):
    parent, ticket = make_ticket(session), make_ticket(session)

    edit(ticket, parent_id=parent.ticket_id)
    assert ticket.parent_id == parent.ticket_id
    edit(ticket, parent_id=None)
    assert ticket.parent_id is None


def test_a_ticket_is_no_part_of_itself_nor_of_its_parts(session):
    whole = make_ticket(session)
    part = make_ticket(session, parent_id=whole.ticket_id)
    smallest = make_ticket(session, parent_id=part.ticket_id)

    for below in (whole, part, smallest):
        with pytest.raises(Invalid, match="a part of it") as refusal:
            edit(whole, parent_id=below.ticket_id)
        assert refusal.value.field == "parent_id"
    assert whole.parent_id is None
