"""One action on many tickets: as if each had been done by itself, and nothing half done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.db.base import db
from app.errors import DomainError, Invalid
from app.models import Event, Ticket, TicketLabel, User
from app.pipeline import actions as do
from app.pipeline.many import Outcome, act_on_many, foresee, matching_tickets
from app.queries.language.kinds import Reader
from app.queries.language.parsing import parse
from app.visibility import Visibility
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    ROLES,
    make_project,
    make_ticket,
    make_tickets,
    run_stage,
    undone,
)
from tests.statements import counting_queries

ALL = Visibility.everything()
OF_TIME = {"created_at", "updated_at", "closed_at", "ready_at", "backoff_until"}
EXAMPLES = 120

TICKETS = select(
    *(column for column in Ticket.__table__.columns if column.name not in OF_TIME)
).order_by(Ticket.ticket_id)
LABELS = select(TicketLabel.ticket_id, TicketLabel.label)
EVENTS = select(
    *(Event.event_type, Event.ticket_id, Event.run_id, Event.worker_id, Event.stage),
    *(Event.reason, Event.details, Event.actor, Event.needs_attention, Event.processed),
).order_by(Event.id)


def act(session: Session, ids: list[str], action: do.Action) -> Outcome:
    return act_on_many(session, ALL, ids, action, ANN)


def matching(session: Session, query: str, visible: Visibility = ALL) -> list[str]:
    return matching_tickets(session, visible, parse(query), Reader("ann"))


def a_board(session: Session) -> list[str]:
    """Tickets in every situation, with and without labels, parents and people."""
    make_project(session)
    make_project(session, "acme/api")
    User.create(session, name="bob", role="member", actor=ANN)
    running = make_ticket(session, priority=0, labels=["a", "b"])
    run_stage(session, running)
    failed = make_ticket(session, priority=0, labels=["b"])
    run_stage(session, failed).fail("broken")
    ready = make_ticket(session, parent_id=running.ticket_id)
    blocked = make_ticket(session, parent_id=ready.ticket_id, assignee="bob")
    blocked.start_blocked_by([ready.ticket_id], ANN)
    gate = make_ticket(session, [GATE], labels=[f"l{n}" for n in range(20)])
    held = make_ticket(session, priority=3)
    held.hold(ANN, "not yet")
    stopped = make_ticket(session)
    stopped.stop(ANN)
    done = make_ticket(session, ["review"])
    run_stage(session, done).complete("done")
    elsewhere = make_ticket(session, project="acme/api")
    session.commit()
    tickets = [running, failed, ready, blocked, gate, held, stopped, done, elsewhere]
    return [ticket.ticket_id for ticket in tickets]


def one_by_one(session: Session, ids: list[str], verb: Callable[[Ticket], None]) -> list[Any]:
    """What a person does who goes from ticket to ticket; the tickets that refuse, and why."""
    refused = []
    for ticket_id in dict.fromkeys(ids):
        try:
            with session.begin_nested():
                verb(Ticket.lock(session, ticket_id))
        except DomainError as error:
            refused.append((ticket_id, error.message))
    return refused


def everything(session: Session) -> dict[str, Any]:
    """All rows of tickets, and what events say, without times and numbers that go on."""
    session.flush()
    return {
        "tickets": [tuple(row) for row in session.execute(TICKETS)],
        "labels": sorted(tuple(row) for row in session.execute(LABELS)),
        "events": [tuple(row) for row in session.execute(EVENTS)],
    }


Verb = tuple[do.Action, Callable[[Ticket], None]]


def labels_of(ticket: Ticket) -> list[str]:
    return TicketLabel.of(ticket.session, ticket.ticket_id)


def verbs(ids: list[str]) -> st.SearchStrategy[Verb]:
    """Actions, each with what it is when it is done to one ticket."""
    some_labels = st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True).map(tuple)
    plans = st.lists(st.sampled_from([*ROLES, GATE, "none"]), min_size=1, max_size=3).map(tuple)
    parents = st.sampled_from([*ids, None, "NONE"])
    people = st.sampled_from(["bob", "nobody", None])
    projects = st.sampled_from(["acme/web", "acme/api", "no/such"])
    return st.one_of(
        st.just((do.Hold("why"), lambda t: t.hold(ANN, "why"))),
        st.just((do.Resume("so"), lambda t: t.resume(ANN, "so"))),
        st.just((do.Retry(), lambda t: t.retry_now(ANN))),
        st.just((do.Stop("why"), lambda t: t.stop(ANN, "why"))),
        st.just((do.Reopen("more"), lambda t: t.reopen(ANN, "more"))),
        st.just((do.MoveToTop(), lambda t: t.move_in_queue("top", ANN))),
        st.integers(0, 3).map(lambda n: (do.SetPriority(n), lambda t: t.edit(ANN, priority=n))),
        some_labels.map(
            lambda names: (
                do.AddLabels(names),
                lambda t: t.edit(ANN, labels=[*labels_of(t), *names]),
            )
        ),
        some_labels.map(
            lambda names: (
                do.RemoveLabels(names),
                lambda t: t.edit(ANN, labels=[x for x in labels_of(t) if x not in names]),
            )
        ),
        parents.map(lambda it: (do.SetParent(it), lambda t: t.edit(ANN, parent_id=it))),
        people.map(lambda it: (do.SetAssignee(it), lambda t: t.edit(ANN, assignee=it))),
        plans.map(lambda plan: (do.SetPlan(plan), lambda t: t.amend_plan(plan, ANN))),
        projects.map(lambda it: (do.MoveToProject(it), lambda t: t.move_to_project(it, ANN))),
    )


@pytest.mark.slow
def test_acting_on_many_is_acting_on_one_after_the_other(session):
    ids = a_board(session)

    @settings(max_examples=EXAMPLES, deadline=None)
    @given(st.lists(st.sampled_from(ids), min_size=1), verbs(ids))
    def compare(chosen: list[str], verb: Verb) -> None:
        action, to_one = verb
        with undone(session):
            foreseen = foresee(session, ALL, chosen, action)
            found = act(session, chosen, action)
            at_once = everything(session)
        with undone(session):
            named = list(dict.fromkeys(chosen))
            order = named[::-1] if action.is_last_first else named
            refused = one_by_one(session, order, to_one)
            assert everything(session) == at_once
        assert sorted(found.refused) == sorted(refused)
        assert {*found.done, *found.unchanged, *dict(found.refused)} == {*chosen}
        assert foreseen.unchanged == found.unchanged
        if action != do.Stop("why"):  # one that is closed may free another, but refuses none
            assert (foreseen.done, foreseen.refused) == (found.done, found.refused)

    compare()


def test_what_was_done_can_be_taken_back(session):
    ids = a_board(session)
    takers = [
        do.SetPriority(1),
        do.AddLabels(("a", "c")),
        do.RemoveLabels(("a", "b")),
        do.SetAssignee("bob"),
        do.SetAssignee(None),
        do.SetParent(ids[0]),
        do.SetPlan((*ROLES, GATE)),
    ]
    for action in takers:
        before = what_tickets_say(session)
        found = act(session, ids, action)
        assert found.done, action
        assert what_tickets_say(session) != before
        for step, of in found.undo:
            assert act(session, of, step).done == of
        assert what_tickets_say(session) == before, action


def what_tickets_say(session: Session) -> Any:
    """Without the version, which goes on."""
    rows = everything(session)
    number = [c.name for c in Ticket.__table__.columns if c.name not in OF_TIME].index("version")
    return [row[:number] + row[number + 1 :] for row in rows["tickets"]], rows["labels"]


def test_tickets_are_brought_back_to_where_they_stood(session):
    make_project(session)
    ready, held = make_ticket(session), make_ticket(session)
    held.hold(ANN)
    ids = [held.ticket_id, ready.ticket_id]

    for step, of in act(session, ids, do.Stop()).undo:
        assert act(session, of, step).done == of
    assert (ready.state, held.state) == ("open", "on_hold")

    for step, of in act(session, [held.ticket_id], do.Resume()).undo:
        act(session, of, step)
    assert held.state == "on_hold"
    for step, of in act(session, [ready.ticket_id], do.Hold()).undo:
        act(session, of, step)
    assert ready.state == "open"


def test_those_that_are_moved_to_the_top_stay_in_their_order(session):
    first, *others = (make_ticket(session).ticket_id for _ in range(4))

    found = act(session, others[1:], do.MoveToTop())

    assert found.done == others[1:]
    queue = select(Ticket.ticket_id).order_by(Ticket.queue_rank)
    assert list(session.scalars(queue)) == [*others[1:], first, others[0]]


def test_a_ticket_that_cant_be_seen_is_missing(session):
    make_ticket(session, project=PROJECT, ticket_id="SEEN")
    make_ticket(session, project="acme/secret", ticket_id="HIDDEN")
    visible = Visibility(hidden=frozenset({"acme/secret"}))
    wanted = ["HIDDEN", "NONE", "SEEN", "SEEN"]

    told = [("HIDDEN", "There is no ticket HIDDEN."), ("NONE", "There is no ticket NONE.")]
    for found in (
        foresee(session, visible, wanted, do.Hold()),
        act_on_many(session, visible, wanted, do.Hold(), ANN),
    ):
        assert (found.done, found.refused) == (["SEEN"], told)
    assert matching(session, "is:all", visible) == ["SEEN"]


def test_all_that_match_are_found_unless_they_are_too_many(session, monkeypatch):
    for number in range(4):
        make_ticket(session, labels=["ui"] if number else [])

    assert len(matching(session, "label:ui")) == 3
    assert len(matching(session, "Ticket")) == 4
    monkeypatch.setattr("app.pipeline.many.ACT_MAX", 3)
    with pytest.raises(Invalid, match="More than 3 tickets match"):
        matching(session, "")


PER_TICKET = {
    do.Hold(): 5,
    do.Stop(): 7,
    do.SetPriority(0): 5,
    do.AddLabels(("new",)): 7,
}


@pytest.mark.parametrize("action", PER_TICKET, ids=lambda action: action.name)
def test_a_ticket_more_costs_what_its_own_verb_costs(app: Flask, action):
    with app.app_context():
        session = db.session()
        ids = [ticket.ticket_id for ticket in make_tickets(session, 30)]
        session.commit()
        sent = []
        for some in (ids[:10], ids[10:]):
            with counting_queries(app) as statements:
                act(session, some, action)
                session.commit()
            sent.append(len(statements))
        with counting_queries(app) as foreseen:
            foresee(session, ALL, ids, action)
    assert sent[1] - sent[0] == 10 * PER_TICKET[action]
    assert len(foreseen) <= 3
