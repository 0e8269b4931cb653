"""The person who looks after a ticket: whoever may see its project, or nobody."""

import pytest
from sqlalchemy import delete, select

from app.errors import Invalid
from app.models import Event, User
from tests.factories import ANN, PROJECT, make_project, make_ticket


def make_person(session, name, role="member"):
    return User.create(session, name=name, role=role, actor=ANN)


def test_a_new_ticket_may_have_an_assignee(session):
    bob = make_person(session, "bob")

    ticket = make_ticket(session, assignee="Bob")

    assert (ticket.assignee_id, ticket.assignee) == (bob.id, "bob")


def test_an_assignee_is_changed_and_the_event_tells_from_whom_to_whom(session):
    make_person(session, "bob"), make_person(session, "eve")
    ticket = make_ticket(session, assignee="bob")

    ticket.edit(ANN, assignee=" Eve ")
    ticket.edit(ANN, assignee=None)

    assert ticket.assignee is None
    edited = select(Event.details).where(Event.event_type == "ticket_edited").order_by(Event.id)
    assert session.scalars(edited).all() == [
        {"changed": ["assignee"], "from": {"assignee": "bob"}, "to": {"assignee": "eve"}},
        {"changed": ["assignee"], "from": {"assignee": "eve"}, "to": {"assignee": None}},
    ]


@pytest.mark.parametrize("name", ["nobody", "bob", "gone"])
def test_who_cant_see_the_project_is_refused_like_who_isnt_there(session, name):
    make_person(session, "bob")
    make_person(session, "gone").disable(ANN)
    project = make_project(session)
    project.limit_to_members(ANN)
    ticket = make_ticket(session)

    with pytest.raises(Invalid, match=f"nobody named {name} who can see acme/web") as refusal:
        ticket.edit(ANN, assignee=name)

    assert refusal.value.field == "assignee"


def test_members_and_admins_look_after_tickets_of_a_limited_project(session):
    bob = make_person(session, "bob")
    make_person(session, "root", "admin")
    project = make_project(session)
    project.limit_to_members(ANN)
    project.add_member(bob, ANN)
    session.flush()

    assert make_ticket(session, assignee="bob").assignee == "bob"
    assert make_ticket(session, assignee="root").assignee == "root"


def test_other_edits_dont_ask_whether_the_assignee_still_may_see_it(session):
    bob = make_person(session, "bob")
    ticket = make_ticket(session, assignee="bob")
    bob.disable(ANN)

    ticket.edit(ANN, title="Other", assignee="bob")

    assert (ticket.title, ticket.assignee) == ("Other", "bob")


def test_a_ticket_outlives_its_assignee(session):
    bob = make_person(session, "bob")
    ticket = make_ticket(session, project=PROJECT, assignee="bob")
    session.commit()

    session.execute(delete(User).where(User.id == bob.id))
    session.commit()

    assert ticket.assignee_id is None
