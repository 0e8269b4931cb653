"""Moving a ticket into another project: only what nobody has worked on, and nothing holds."""

import pytest

from app.errors import Conflict, Invalid
from app.models import Project, User
from app.queries.search.results import find_everything
from app.queries.tickets.brief import newest_comments
from app.visibility import Visibility
from tests.factories import ANN, GATE, make_project, make_ticket, make_worker, run_stage
from tests.records import events

API = "acme/api"


@pytest.fixture(autouse=True)
def api(session):
    return make_project(session, API, roles=["implementation", "review"])


def test_a_ticket_keeps_its_id_its_words_and_its_plan(session):
    ticket = make_ticket(session, title="The cart", labels=["ui"], description="Lantern.")
    ticket.say("A beacon.", ANN)

    ticket.move_to_project(API, ANN)
    ticket.move_to_project(API, ANN)

    assert (ticket.ticket_id, ticket.project_id, ticket.version) == ("WEB-1", API, 2)
    assert len(newest_comments(session, "WEB-1")[0]) == 1
    told = [(event.project_id, event.details) for event in events(session)][-2:]
    assert told == [
        ("acme/web", {"cause": "left_project"}),
        (
            API,
            {"changed": ["project"], "from": {"project": "acme/web"}, "to": {"project": API}},
        ),
    ]
    run = run_stage(session, ticket, make_worker(session, project=API))
    assert run.worker_type == "implementation"


def test_its_words_are_found_in_the_new_project_only(session):
    ticket = make_ticket(session, description="Lantern.")
    ticket.say("A beacon.", ANN)
    session.commit()

    ticket.move_to_project(API, ANN)
    session.commit()

    for project, count in (("acme/web", 0), (API, 1)):
        for word in ("lantern", "beacon"):
            found = find_everything(session, Visibility(only=project), word)
            assert len(found.tickets) == count, (project, word)


def test_a_limited_project_isnt_named_to_those_of_the_new_one(session):
    ticket = make_ticket(session)
    Project.lock(session, "acme/web").limit_to_members(ANN)
    ticket.move_to_project(API, ANN)
    assert events(session)[-1].details == {"changed": ["project"]}


def test_what_was_worked_on_or_is_closed_stays(session):
    begun, closed = make_ticket(session), make_ticket(session)
    run_stage(session, begun).release()
    closed.stop(ANN)
    for ticket, why in ((begun, "was worked on"), (closed, "is closed")):
        with pytest.raises(Conflict, match=why):
            ticket.move_to_project(API, ANN)


@pytest.mark.parametrize("link", ["waits", "blocks", "related", "part", "whole"])
def test_what_is_linked_stays_until_the_link_is_gone(session, link):
    ticket, other = make_ticket(session), make_ticket(session)
    {
        "waits": lambda: ticket.block_by(other.ticket_id, ANN),
        "blocks": lambda: other.block_by(ticket.ticket_id, ANN),
        "related": lambda: other.relate_to(ticket.ticket_id, ANN),
        "part": lambda: ticket.edit(ANN, parent_id=other.ticket_id),
        "whole": lambda: other.edit(ANN, parent_id=ticket.ticket_id),
    }[link]()
    with pytest.raises(Conflict, match="is linked with other tickets"):
        ticket.move_to_project(API, ANN)
    assert ticket.project_id == "acme/web"


def test_the_other_project_needs_the_same_worker_types_and_must_take_tickets(session):
    make_project(session, "acme/docs", roles=["writing"], gates=[])
    ticket = make_ticket(session, plan=["review", GATE])
    with pytest.raises(Invalid, match=r"acme/docs has no worker type review, approval\."):
        ticket.move_to_project("acme/docs", ANN)
    Project.lock(session, API).archive(ANN)
    with pytest.raises(Conflict, match="is archived"):
        ticket.move_to_project(API, ANN)


def test_who_looks_after_it_must_see_the_other_project(session):
    User.create(session, name="bob", role="member", actor=ANN)
    ticket = make_ticket(session, assignee="bob")
    Project.lock(session, API).limit_to_members(ANN)
    with pytest.raises(Invalid, match="nobody named bob who can see acme/api"):
        ticket.move_to_project(API, ANN)
