"""A comment's author says it in other words, or takes it back."""

import pytest
from sqlalchemy import select

from app.actor import Actor
from app.errors import Conflict, Forbidden, Invalid
from app.models import Comment, CommentVersion
from app.queries.search.texts import match_texts
from app.queries.tickets.brief import newest_comments
from app.queries.tickets.comments import revisions
from app.visibility import Visibility
from tests.factories import ANN, make_ticket, run_stage
from tests.records import comments, events

BOB = Actor.person("bob")


def say(session, ticket, text="First words", actor=ANN):
    return Comment.get(session, ticket.say(text, actor))


def test_an_edit_keeps_what_was_said_before(session):
    ticket = make_ticket(session)
    comment = say(session, ticket)

    ticket.edit_comment(comment, "Second words\r\n", ANN)
    ticket.edit_comment(comment, "Second words", ANN)
    ticket.edit_comment(comment, "Third words", ANN)
    session.flush()

    assert comment.content == "Third words"
    assert comment.edited_at is not None
    assert [r.change.added for r in revisions(session, comment)] == [1, 1]
    texts = session.scalars(select(CommentVersion.content).order_by(CommentVersion.id)).all()
    assert texts == ["First words", "Second words"]
    assert [event.details for event in events(session, event_type="ticket_edited")] == [
        {"cause": "comment_edited", "comment": comment.id}
    ] * 2


def test_what_is_withdrawn_is_gone_with_all_that_it_said(session):
    ticket = make_ticket(session)
    comment = say(session, ticket)
    ticket.edit_comment(comment, "The key is hunter2", ANN)

    ticket.withdraw_comment(comment, ANN)
    session.flush()

    assert comment.content == ""
    assert comment.withdrawn_at is not None
    assert session.scalars(select(CommentVersion)).all() == []
    assert newest_comments(session, ticket.ticket_id) == ([], 0)
    for change in (lambda: ticket.withdraw_comment(comment, ANN), lambda: comment.revise("x", ANN)):
        with pytest.raises(Conflict, match="was withdrawn"):
            change()


def test_the_search_follows(session):
    ticket = make_ticket(session)
    comment = say(session, ticket, "zebra")
    session.flush()

    def finds(word):
        return match_texts(session, Visibility.everything(), word).ticket_ids

    assert finds("zebra")
    ticket.edit_comment(comment, "giraffe", ANN)
    session.flush()
    assert not finds("zebra")
    assert finds("giraffe")
    ticket.withdraw_comment(comment, ANN)
    session.flush()
    assert not finds("giraffe")


@pytest.mark.parametrize("other", [BOB, Actor.worker("ann"), Actor.token("ann")])
def test_nobody_else_changes_a_comment(session, other):
    ticket = make_ticket(session)
    comment = say(session, ticket)

    with pytest.raises(Forbidden, match="Only its author"):
        ticket.edit_comment(comment, "Not mine", other)
    with pytest.raises(Forbidden, match="Only its author"):
        ticket.withdraw_comment(comment, other)

    assert comment.content == "First words"


def test_a_worker_corrects_its_report_but_cant_take_it_back(session):
    ticket = make_ticket(session)
    run = run_stage(session, ticket)
    run.complete("All geen.")
    (report,) = comments(session, ticket)

    ticket.edit_comment(report, "All green.", run.doer)
    with pytest.raises(Conflict, match="Edit it instead"):
        ticket.withdraw_comment(report, run.doer)

    assert report.content == "All green."


def test_a_comment_isnt_emptied_by_an_edit(session):
    ticket = make_ticket(session)

    with pytest.raises(Invalid):
        ticket.edit_comment(say(session, ticket), "  ", ANN)
