"""Mentions: whoever is named in a text finds it in their own inbox."""

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.models import Comment, Mention, Project, User
from app.pipeline.planning import Draft, create_tickets
from tests.factories import ANN, PROJECT, ROLES, make_project, make_ticket, run_stage


@pytest.fixture
def people(session):
    return {
        name: User.create(session, name=name, role="member", actor=ANN).id
        for name in ("ann", "bob", "eve")
    }


def told(session):
    """Who was told, where, and by whom, in order."""
    rows = session.execute(
        select(User.name, Mention.ticket_id, Mention.comment_id, Mention.author)
        .join(User, User.id == Mention.user_id)
        .order_by(Mention.id)
    )
    return [tuple(row) for row in rows]


@pytest.mark.usefixtures("people")
def test_people_are_told_once_for_each_text_that_names_them(session):
    ticket = make_ticket(session, description="For @bob, and @bob again; `@eve` is code. @nan?")
    number = ticket.say("@Eve: see @ann, a@bob.de and [@bob](https://x.example).", ANN)

    assert told(session) == [("bob", "WEB-1", None, "ann"), ("eve", "WEB-1", number, "ann")]


@pytest.mark.usefixtures("people")
def test_agents_and_many_tickets_at_once_mention_too(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.complete("Ask @ann.")
    made = create_tickets(
        session,
        PROJECT,
        [Draft(key, key, ROLES, description=f"@{key}") for key in ("bob", "nan", "eve")],
        Actor.token("planner"),
    )

    assert [(name, by) for name, _, _, by in told(session)] == [
        ("ann", run.worker_id),
        ("bob", "token planner"),
        ("eve", "token planner"),
    ]
    assert [where for _, where, _, _ in told(session)][1:] == [made[0].ticket_id, made[2].ticket_id]


@pytest.mark.usefixtures("people")
def test_an_edit_tells_only_whom_it_names_anew_and_what_is_withdrawn_nobody(session):
    ticket = make_ticket(session, description="@bob")
    comment = session.get_one(Comment, ticket.say("@bob", ANN))

    ticket.edit(ANN, description="@bob and @eve")
    ticket.edit(ANN, title="Other")
    ticket.edit_comment(comment, "@bob and @eve", ANN)
    assert [name for name, *_ in told(session)] == ["bob", "bob", "eve", "eve"]

    ticket.withdraw_comment(comment, ANN)
    assert told(session) == [("bob", "WEB-1", None, "ann"), ("eve", "WEB-1", None, "ann")]


@pytest.mark.usefixtures("people")
def test_who_cant_see_the_project_or_is_gone_is_nobody(session):
    ticket = make_ticket(session)
    Project.lock(session, PROJECT).limit_to_members(ANN)
    ticket.say("@bob", ANN)
    assert told(session) == []
    make_project(session, "acme/api")
    other = make_ticket(session, project="acme/api")
    User.named(session, "bob").disable(ANN)
    other.say("@bob @eve", ANN)
    assert [name for name, *_ in told(session)] == ["eve"]


def test_one_text_tells_a_bounded_number_of_people(session):
    names = [f"p{number}" for number in range(Mention.NAMED_MAX + 5)]
    for name in names:
        User.create(session, name=name, role="member", actor=ANN)
    make_ticket(session).say(" ".join(f"@{name}" for name in names), ANN)

    assert [name for name, *_ in told(session)] == sorted(names[: Mention.NAMED_MAX])


def test_what_was_seen_waits_no_longer(session, people):
    one, other = make_ticket(session), make_ticket(session)
    for ticket in (one, other, other):
        ticket.say("@bob @eve", ANN)

    def unseen(name):
        rows = select(Mention.id).where(Mention.user_id == people[name], Mention.seen_at.is_(None))
        return session.scalars(rows.order_by(Mention.id)).all()

    Mention.see(session, people["bob"], ticket_id=one.ticket_id)
    first, second = unseen("bob")
    Mention.see(session, people["eve"], ids=[first])
    Mention.see(session, people["bob"], ids=[first])
    assert unseen("bob") == [second]
    assert len(unseen("eve")) == 3
    Mention.see(session, people["bob"])
    assert unseen("bob") == []
