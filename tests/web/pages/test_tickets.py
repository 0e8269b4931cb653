"""The list of tickets: its filters, orders, pages, counts and empty states."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import clock
from app.db import full_text
from app.models import Ticket
from tests.conftest import OpenSession
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    claim,
    make_project,
    make_role,
    make_ticket,
    make_worker,
    run_stage,
)
from tests.pages import between
from tests.statements import counting_queries

pytestmark = pytest.mark.both_databases


def listed(client: FlaskClient, query: str = "") -> list[str]:
    """The ids that the list shows, in order."""
    page = client.get(f"/tickets?{query}").text
    return [part.split('"', 1)[0] for part in page.split('id="row-')[1:]]


def row(client: FlaskClient, ticket_id: str) -> str:
    return between(client.get("/tickets?state=all").text, f'id="row-{ticket_id}"', "</tr>")


def test_an_empty_board_leads_to_the_first_project(client: FlaskClient) -> None:
    page = client.get("/tickets")
    assert page.status_code == 200
    assert "No tickets yet" in page.text
    assert 'href="/projects/new"' in page.text


def test_a_project_without_tickets_leads_to_the_first_ticket(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
    page = client.get("/tickets").text
    assert "No tickets yet" in page
    assert between(page, 'class="empty"', "</div>").count('href="/tickets/new"') == 1


def test_a_row_says_what_and_where_and_how_long(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, "acme/api")
        with clock.at(clock.now() - timedelta(minutes=18)):
            ticket = make_ticket(session, title="Keep the cart", priority=0, labels=["bug", "cart"])
            run = run_stage(session, ticket)
        run.lease_expires_at = clock.now() + timedelta(minutes=5)
        ticket_id = ticket.ticket_id
    text = row(client, ticket_id)
    assert f'href="/tickets/{ticket_id}"' in text
    for words in ("Keep the cart", ticket_id, PROJECT, ">bug<", ">cart<", "urgent"):
        assert words in text
    assert "running 18 min" in text
    assert "implementation · 1/2" in text


def test_each_situation_has_its_words(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        failed = make_ticket(session)
        run_stage(session, failed).fail("no network")
        ready, held, gate, blocked, twice = (make_ticket(session) for _ in range(5))
        held.hold(ANN)
        gate.amend_plan([GATE], ANN)
        blocked.block_by(ready.ticket_id, ANN)
        twice.block_by(ready.ticket_id, ANN)
        twice.block_by(held.ticket_id, ANN)
        stopped = make_ticket(session)
        stopped.stop(ANN)
        names = [t.ticket_id for t in (failed, ready, held, gate, blocked, twice, stopped)]
    words = ["retries in", "ready", "on hold", "waiting for a person", f"blocked by {names[1]}"]
    words += ["blocked by 2", "stopped"]
    for ticket_id, word in zip(names, words, strict=True):
        assert word in row(client, ticket_id)


def test_the_list_shows_open_tickets_unless_asked_otherwise(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        opened, held, closed = (make_ticket(session) for _ in range(3))
        held.hold(ANN)
        closed.stop(ANN)
        opened_id, held_id, closed_id = opened.ticket_id, held.ticket_id, closed.ticket_id
    assert set(listed(client)) == {opened_id, held_id}
    assert set(listed(client, "state=open")) == {opened_id, held_id}
    assert listed(client, "state=closed") == [closed_id]
    assert listed(client, "state=stopped") == [closed_id]
    assert listed(client, "state=on_hold") == [held_id]
    assert listed(client, "state=ready") == [opened_id]
    assert set(listed(client, "state=all")) == {opened_id, held_id, closed_id}
    page = client.get("/tickets").text
    assert ">2 open<" in page
    assert ">1 closed<" in page


def test_filters_narrow_and_combine(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        make_project(session, "acme/api")
        here = make_ticket(session, priority=0, labels=["bug"], title="Cart").ticket_id
        low = make_ticket(session, priority=3, plan=["review"], labels=["bug"]).ticket_id
        there = make_ticket(session, project="acme/api", priority=0).ticket_id
    assert set(listed(client, "project=acme/web")) == {here, low}
    assert listed(client, "stage=review") == [low]
    assert set(listed(client, "priority=0")) == {here, there}
    assert set(listed(client, "label=bug")) == {here, low}
    assert listed(client, "label=bug&priority=0&project=acme/web&stage=implementation") == [here]
    page = client.get("/tickets?label=bug&priority=0").text
    chip = between(page, ">label: bug<", "</span>")
    assert 'href="/tickets?priority=0"' in chip
    assert 'href="/tickets">Clear filters' in page


def test_search_looks_into_id_title_description_and_comments(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        by_id = make_ticket(session, ticket_id="ODD-77").ticket_id
        by_title = make_ticket(session, title="Retry UPLOADS").ticket_id
        by_text = make_ticket(session, description="the whole story").ticket_id
        percent = make_ticket(session, title="100% of it_all").ticket_id
        said = make_ticket(session)
        said.say("Nobody *reproduces* it.", ANN)
        by_comment = said.ticket_id
    assert listed(client, "q=odd-77") == [by_id]
    assert listed(client, "q=uploads") == [by_title]
    assert listed(client, "q=Whole+Story") == [by_text]
    assert listed(client, "q=of+100%25") == [percent], "in any order"
    assert listed(client, "q=it_all") == [percent]
    assert listed(client, "q=repro*") == listed(client, "q=reproduces") == [by_comment]
    assert listed(client, "q=repro") == [], "words are found whole"
    assert listed(client, "q=%25%25") == []
    assert listed(client, "q=%5C") == []


def test_every_column_sorts_both_ways(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        ids = [
            make_ticket(session, title=title, priority=n, plan=[plan]).ticket_id
            for n, (title, plan) in enumerate([("b", "review"), ("C", "implementation")])
        ]
        session.get_one(Ticket, ids[0]).hold(ANN)
    for key in ("id", "title", "priority", "created"):
        assert listed(client, f"sort={key}") == ids
        assert listed(client, f"sort=-{key}") == ids[::-1]
    assert listed(client, "sort=stage") == ids[::-1]
    assert listed(client, "sort=state") == ids, "what is on hold comes before what is ready"
    assert listed(client, "sort=updated") == ids[::-1]
    assert listed(client) == ids


def test_ids_sort_by_their_number(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ids = [make_ticket(session).ticket_id for _ in range(11)]
    assert listed(client, "sort=id") == ids


def test_pages_keep_the_filters(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ids = [make_ticket(session, priority=1).ticket_id for _ in range(53)]
        make_ticket(session, priority=2)
    assert listed(client, "priority=1&sort=id") == ids[:50]
    assert listed(client, "priority=1&sort=id&page=2") == ids[50:]
    page = client.get("/tickets?priority=1&sort=id").text
    assert "1 to 50 of 53" in page
    assert 'href="/tickets?priority=1&amp;sort=id&amp;page=2"' in page
    beyond = client.get("/tickets?priority=1&page=9").text
    assert "This page is empty" in beyond
    assert "First page" in beyond


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("state=lost", "There is no state “lost”"),
        ("project=acme/none", "There is no project “acme/none”"),
        ("stage=magic", "There is no stage “magic”"),
        ("priority=9", "There is no priority “9”"),
        ("sort=colour", "can’t be sorted by “colour”"),
        ("page=0", "There is no page “0”"),
        ("q=" + "x" * 201, "A search has at most 200 characters"),
    ],
)
def test_an_unknown_filter_is_told_and_the_list_still_shown(
    client: FlaskClient, board: OpenSession, query: str, words: str
) -> None:
    with board() as session:
        kept = make_ticket(session, labels=["bug"]).ticket_id
        make_ticket(session)
    page = client.get(f"/tickets?{query}&label=bug")
    assert page.status_code == 400
    assert words.replace("’", "&#39;") in page.text or words.replace("’", "'") in page.text
    if not query.startswith("q="):
        assert listed(client, f"{query}&label=bug") == [kept], "the other filters are kept"


def test_nothing_found_says_where_there_is_something(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, title="Old story").stop(ANN)
    page = client.get("/tickets?q=story").text
    assert "1 ticket matches otherwise" in page
    assert 'href="/tickets?q=story&amp;state=all"' in page
    assert "No ticket matches" in client.get("/tickets?q=zebra").text


def test_text_from_people_is_never_markup(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="<script>alert(1)</script>", labels=['"><b>'])
    page = client.get("/tickets?q=<script>").text
    assert "<script>alert" not in page
    assert '"><b>' not in page


@pytest.mark.parametrize("address", ["/tickets?q=%ff", "/tickets?label=%00", "/tickets/%00"])
def test_a_broken_address_is_a_bad_request(client: FlaskClient, address: str) -> None:
    assert client.get(address).status_code == 400


def test_the_number_of_queries_does_not_grow_with_the_rows(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    def add_some(count: int) -> None:
        with board() as session:
            for _ in range(count):
                first = make_ticket(session, labels=["a", "b"])
                make_ticket(session).block_by(first.ticket_id, ANN)
                run = claim(session, make_worker(session))
                assert run.ticket_id
            if count == 1:
                make_role(session, "testing")

    add_some(1)
    client.get("/tickets")
    with counting_queries(app) as few:
        client.get("/tickets")
    add_some(12)
    with counting_queries(app) as many:
        client.get("/tickets")
    assert len(listed(client)) == 26
    assert len(many) == len(few)
    assert len(few) <= 9, "one of them may look for overdue leases"


@pytest.mark.parametrize(
    ("sort", "first"),
    [
        ("title", "title"),
        ("id", "id"),
        ("stage", "stage"),
        ("state", "state"),
        ("priority", "priority"),
        ("updated", "-updated"),
        ("created", "-created"),
    ],
)
def test_a_column_first_sorts_the_way_people_look_for(
    client: FlaskClient, board: OpenSession, sort: str, first: str
) -> None:
    with board() as session:
        make_ticket(session)
    by_another = "title" if sort == "updated" else "updated"
    unsorted = between(client.get(f"/tickets?sort={by_another}").text, "<thead>", "</thead>")
    assert f'href="/tickets?sort={first}"' in unsorted
    turned = first.removeprefix("-") if first.startswith("-") else f"-{first}"
    current = between(client.get(f"/tickets?sort={first}").text, "<thead>", "</thead>")
    assert f'href="/tickets?sort={turned}"' in current


def test_urgent_tickets_come_first_when_priority_is_chosen(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        low, urgent = (make_ticket(session, priority=n).ticket_id for n in (3, 0))
    heads = between(client.get("/tickets").text, "<thead>", "</thead>")
    address = heads.split(">Priority<")[0].rsplit('href="', 1)[1].split('"', 1)[0]
    assert listed(client, address.partition("?")[2]) == [urgent, low]


def test_several_labels_are_all_needed_and_each_can_be_removed(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)
        both = make_ticket(session, labels=["bug", "security", "ui"]).ticket_id
        make_ticket(session, labels=["bug"])
        make_ticket(session, labels=["security"])
    assert listed(client, "label=bug&label=security") == [both]
    assert listed(client, "label=bug&label=&label=bug&label=+security+") == [both]
    page = client.get("/tickets?label=bug&label=security&priority=2").text
    chips = between(page, 'class="chips"', "Clear filters")
    assert 'href="/tickets?label=security&amp;priority=2"' in between(chips, ">label: bug<", "</a>")
    assert 'href="/tickets?label=bug&amp;priority=2"' in between(chips, ">label: security<", "</a>")
    heads = between(page, "<thead>", "</thead>")
    assert 'href="/tickets?label=bug&amp;label=security&amp;priority=2&amp;sort=title"' in heads


def test_the_filter_form_adds_a_label_to_those_that_are_chosen(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug", "security"])
    form = between(client.get("/tickets?label=bug").text, 'class="filters"', "</form>")
    assert '<input type="hidden" name="label" value="bug">' in form
    select = between(form, 'aria-label="Label"', "</select>")
    assert 'value="security"' in select
    assert 'value="bug"' not in select


def test_more_labels_than_a_ticket_can_have_are_told(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    page = client.get("/tickets?" + "&".join(f"label=l{number}" for number in range(500)))
    assert page.status_code == 400
    assert "A ticket has at most 20 labels" in page.text


def test_a_search_for_common_words_says_that_only_the_newest_were_looked_at(
    client: FlaskClient, board: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    with board() as session:
        for _ in range(3):
            make_ticket(session, title="Harbour")
    assert "only the newest" not in client.get("/tickets?q=harbour").text
    monkeypatch.setattr(full_text, "NEWEST_MAX", 2)
    assert "only the newest" in client.get("/tickets?q=harbour").text
    assert listed(client, "q=harbour&sort=id") == ["WEB-2", "WEB-3"]


def test_a_list_that_is_asked_for_again_goes_with_the_time(
    client: FlaskClient, board: OpenSession
) -> None:
    """What is built once for a filter reads the time whenever it is sent."""
    with board() as session:
        ticket = make_ticket(session)
        run_stage(session, ticket).fail("the network is down")
        ticket_id = ticket.ticket_id
    assert (listed(client, "state=backoff"), listed(client, "state=ready")) == ([ticket_id], [])
    with time_machine.travel(clock.now() + timedelta(hours=3)):
        assert (listed(client, "state=backoff"), listed(client, "state=ready")) == ([], [ticket_id])


def test_the_sidebar_counts_open_tickets_up_to_a_thousand(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
        make_project(session, "acme/quiet")
    assert sidebar_counts(client) == {"/tickets": "1", f"/projects/{PROJECT}": "1"}
    with board() as session:
        rows = [
            {"ticket_id": f"MANY-{n}", "project_id": PROJECT, "title": "x", "execution_plan": ["a"]}
            for n in range(1_100)
        ]
        session.execute(insert(Ticket), rows)
    assert sidebar_counts(client) == {"/tickets": "1,000+", f"/projects/{PROJECT}": "1,000+"}


def sidebar_counts(client: FlaskClient) -> dict[str, str]:
    """The numbers beside the sidebar's links."""
    side = between(client.get("/tickets").text, 'class="side-column"', "</nav>")
    return dict(
        re.findall(r'href="(/[^"]*)"[^<]*<span>[^<]*</span><span class="count">([^<]*)<', side)
    )
