"""The list of tickets: its filters, orders, pages, counts and empty states."""

from __future__ import annotations

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

from app import clock
from app.db import full_text
from app.models import Ticket
from tests.conftest import OpenSession, SignIn
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
from tests.pages import between, parsed, words
from tests.statements import counting_queries


def listed(client: FlaskClient, query: str = "") -> list[str]:
    """The ids that the list shows, in order."""
    page = client.get(f"/tickets?{query}").text
    return [part.split('"', 1)[0] for part in page.split('id="row-')[1:]]


def row(page: str, ticket_id: str) -> str:
    return between(page, f'id="row-{ticket_id}"', "</tr>")


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
    text = row(client.get("/tickets").text, ticket_id)
    assert f'href="/tickets/{ticket_id}?list=' in text
    for part in ("Keep the cart", ticket_id, PROJECT, ">bug<", ">cart<", "urgent"):
        assert part in text
    assert "running 18 min" in words(text)
    assert "implementation · 1/2" in text


@pytest.mark.both_databases
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
    said = ["retries in", "ready", "on hold", "waiting for a person", f"blocked by {names[1]}"]
    said += ["blocked by 2", "stopped"]
    page = client.get("/tickets?state=all").text
    for ticket_id, word in zip(names, said, strict=True):
        assert word in words(row(page, ticket_id))


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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
    chip = between(page, ">label:bug<", "</span>")
    assert 'href="/tickets?q=priority:urgent"' in chip
    assert 'href="/tickets?q=">Clear filters' in page


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
def test_ids_sort_by_their_number(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ids = [make_ticket(session).ticket_id for _ in range(11)]
    assert listed(client, "sort=id") == ids


@pytest.mark.both_databases
def test_pages_keep_the_filters(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ids = [make_ticket(session, priority=1).ticket_id for _ in range(53)]
        make_ticket(session, priority=2)
    assert listed(client, "priority=1&sort=id") == ids[:50]
    assert listed(client, "priority=1&sort=id&page=2") == ids[50:]
    page = client.get("/tickets?priority=1&sort=id").text
    assert "1 to 50 of 53" in page
    assert 'href="/tickets?q=priority:high+sort:id&amp;page=2"' in page
    beyond = client.get("/tickets?priority=1&page=9").text
    assert "This page is empty" in beyond
    assert "First page" in beyond


@pytest.mark.both_databases
def test_pages_go_as_far_as_tickets_are_counted(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        rows = [
            {
                "ticket_id": f"MANY-{number:04}",
                "project_id": PROJECT,
                "title": "One of many",
                "execution_plan": ["implementation"],
            }
            for number in range(1_030)
        ]
        session.execute(insert(Ticket), rows)
    for sort in ("id", "state"):
        assert listed(client, f"sort={sort}&page=20")[-1] == "MANY-0999"
        assert listed(client, f"sort=-{sort}&page=20")[-1] == "MANY-0030"
    page = client.get("/tickets?sort=id&page=20").text
    assert "951 to 1000 of 1,000+" in words(page)
    assert "sort the other way round" in words(page)
    assert 'rel="next"' not in page
    assert "other way round" not in client.get("/tickets?sort=id&page=19").text
    assert "This page is empty" in client.get("/tickets?sort=id&page=21").text


def test_a_second_look_at_the_same_list_reads_no_ticket(
    app: Flask, client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ids = [make_ticket(session).ticket_id for _ in range(2)]
    with time_machine.travel(clock.now(), tick=False):
        first = client.get("/tickets").text
        with counting_queries(app, kept_too=True) as sent:
            assert client.get("/tickets").text == first
        assert not [statement for statement in sent if "FROM tickets" in statement]
        with board() as session:
            Ticket.lock(session, ids[0]).hold(ANN)
        assert listed(client, "state=on_hold") == [ids[0]]
        assert "on hold" in client.get("/tickets").text


def test_a_list_that_depends_on_who_asks_is_drawn_for_each(
    client: FlaskClient, board: OpenSession, sign_in: SignIn
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, title="Made by nobody here").ticket_id
    ann, ben = sign_in("member", "ann"), sign_in("member", "ben")
    with board() as session:
        Ticket.lock(session, ticket_id).created_by = "ann"
    with time_machine.travel(clock.now(), tick=False):
        assert listed(ann, "q=is:mine") == [ticket_id]
        assert listed(ben, "q=is:mine") == []


MEANING_NOTHING = (
    ("state=lost", "lost", "is can't be lost", "closed"),
    ("priority=9", "9", "priority can't be 9", None),
    ("q=lable:bug", "lable", "There is no field lable", "label:bug"),
    ("q=is:redy cart", "redy", "is can't be redy", "is:ready+cart"),
    ('q=cart "an open quote', '"an open quote', "This quote isn't closed", None),
    ("q=label:", "label:", "label: needs a value", None),
    ("sort=titel", "titel", "sort can't be titel", "sort:title"),
    ("q=updated:soon", "soon", "soon is no time", None),
)
"""What is asked for, the word that is marked, what is said of it, and what was meant."""


def test_a_query_that_means_nothing_is_told_at_its_word(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug"])
    for asked, marked, said, meant in MEANING_NOTHING:
        answer = client.get(f"/tickets?{asked}")
        assert answer.status_code == 400, asked
        assert "Nothing was looked for" in answer.text, asked
        told = parsed(between(answer.text, "<main", "<section"))
        mistake = told.select_one("#mistake")
        assert mistake, asked
        assert [mark.text for mark in mistake.select("mark")] == [marked]
        assert said in words(str(mistake))
        links = [str(link["href"]) for link in mistake.select("a")]
        assert [meant in link for link in links] == ([True] if meant else []), asked
        box = told.select_one('input[name="q"]')
        typed = asked.removeprefix("q=") if asked.startswith("q=") else marked
        assert box
        assert typed in str(box["value"]), "what was typed is kept"


UNKNOWN_NAMES = (
    ("project=acme/wep", "There is no project acme/wep", "project:acme/web"),
    ("stage=reviev", "There is no stage reviev", "stage:review"),
    ("label=bugg", "There is no label bugg", "label:bug"),
    ("q=assignee:nan", "There is no assignee nan", None),
)


def test_a_name_that_nothing_bears_is_told_beside_the_list(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug"])
    for asked, said, meant in UNKNOWN_NAMES:
        answer = client.get(f"/tickets?{asked}")
        assert answer.status_code == 400, asked
        assert said in words(between(answer.text, "<main", "</main>"))
        assert meant is None or f'href="/tickets?q={meant}"' in answer.text, asked
        assert "No ticket matches" in answer.text or "None of them" in answer.text, asked


def test_what_excludes_a_name_or_asks_for_none_needs_no_such_name(client: FlaskClient) -> None:
    for asked in ("-label:gone", "label:none", "assignee:none", "assignee:ANN,me", "-project:a/b"):
        assert client.get("/tickets", query_string={"q": asked}).status_code == 200


def test_an_unknown_page_is_told_and_the_list_still_shown(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        kept = make_ticket(session, labels=["bug"]).ticket_id
        make_ticket(session)
    page = client.get("/tickets?page=0&label=bug")
    assert page.status_code == 400
    assert "There is no page “0”" in page.text
    assert listed(client, "page=0&label=bug") == [kept], "the other filters are kept"


def test_nothing_found_says_where_there_is_something(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, title="Old story").stop(ANN)
    page = client.get("/tickets?q=story").text
    assert "1 ticket matches otherwise" in page
    assert 'href="/tickets?q=story+is:all"' in page
    assert "No ticket matches" in client.get("/tickets?q=zebra").text


def test_text_from_people_is_never_markup(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="<script>alert(1)</script>", labels=['"><b>'])
    page = client.get("/tickets?q=<script>").text
    assert "<script>alert" not in page
    assert '"><b>' not in page


@pytest.mark.both_databases
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
    app.extensions["callboard.regions"].clear()
    with counting_queries(app) as few:
        client.get("/tickets")
    add_some(12)
    with counting_queries(app) as many:
        client.get("/tickets")
    assert len(listed(client)) == 26
    assert len(many) == len(few)
    assert len(few) <= 11, "one of them may look for overdue leases"


FIRST_SORTS = ("title", "id", "stage", "state", "priority", "-updated", "-created")
"""The way that each column sorts when it is chosen."""


def test_a_column_first_sorts_the_way_people_look_for(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)

    def head(sort: str) -> str:
        return between(client.get(f"/tickets?sort={sort}").text, "<thead>", "</thead>")

    def link(sort: str) -> str:
        # What lists begin with needs no word.
        return f'href="/tickets?q={"" if sort == "-updated" else f"sort:{sort}"}"'

    by_title, by_priority = head("title"), head("priority")
    for first in FIRST_SORTS:
        assert link(first) in (by_priority if first == "title" else by_title)
        turned = first.removeprefix("-") if first.startswith("-") else f"-{first}"
        assert link(turned) in head(first)


def test_urgent_tickets_come_first_when_priority_is_chosen(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        low, urgent = (make_ticket(session, priority=n).ticket_id for n in (3, 0))
    heads = between(client.get("/tickets").text, "<thead>", "</thead>")
    address = heads.split(">Priority<")[0].rsplit('href="', 1)[1].split('"', 1)[0]
    assert listed(client, address.partition("?")[2]) == [urgent, low]


@pytest.mark.both_databases
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
    left = {"bug": "security", "security": "bug"}
    for label, other in left.items():
        link = between(chips, f">label:{label}<", "</a>")
        assert f'href="/tickets?q=priority:medium+label:{other}"' in link
    heads = between(page, "<thead>", "</thead>")
    assert 'href="/tickets?q=priority:medium+label:bug+label:security+sort:title"' in heads


def sent_by_form(page: str, **chosen: str) -> dict[str, list[str]]:
    """What the filter form sends, with some of its fields set."""
    form = parsed(between(page, 'class="filters"', "</form>"))
    found: dict[str, list[str]] = {}
    for each in form.select("input, select"):
        option = each.select_one("option[selected]") if each.name == "select" else each
        found[str(each["name"])] = [str(option.get("value", ""))] if option else [""]
    return found | {name: [value] for name, value in chosen.items()}


EDITED = (
    ("", {"state": "ready"}, "is:ready"),
    ("is:ready cart", {"state": ""}, "cart"),
    ("cart -is:blocked", {"state": "ready"}, "cart -is:blocked is:ready"),
    ("label:bug", {"label": "ui"}, "label:bug label:ui"),
    ("label:bug", {"label": "none"}, 'label:bug label:"none"'),
    ("priority:0 cart", {"priority": "low"}, "priority:low cart"),
    ("priority:<2", {"priority": ""}, ""),
    ("stage:review,implementation", {"assignee": "me"}, "{} assignee:me"),
    ("is:ready", {"q": "is:closed cart"}, "is:closed cart"),
    ("is:ready", {"q": ""}, ""),
    ("is:ready", {"q": "", "stage": "review"}, "stage:review"),
    ("sort:title,-updated", {"project": "acme/web"}, "{} project:acme/web"),
)
"""A query, what is chosen beside it, and the query that comes of it."""


def test_the_drop_downs_edit_the_query(client: FlaskClient, board: OpenSession) -> None:
    """Without a script too: the form brings what they showed, and what differs was chosen."""
    with board() as session:
        make_project(session, "acme/api")
        make_ticket(session, labels=["bug", "none"])
        make_ticket(session, labels=["ui"])
    for before, chosen, after in EDITED:
        page = client.get("/tickets", query_string={"q": before}).text
        answer = client.get("/tickets", query_string=sent_by_form(page, **chosen))
        assert answer.status_code == 303, before
        asked = parse_qs(urlsplit(answer.location).query, keep_blank_values=True)
        assert asked == {"q": [after.format(before)]}


def test_a_form_that_was_not_understood_loses_nothing(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    wrong = client.get("/tickets?q=lable:ui").text
    answer = client.get("/tickets", query_string=sent_by_form(wrong, state="ready"))
    assert parse_qs(urlsplit(answer.location).query) == {"q": ["lable:ui is:ready"]}


def test_the_filter_form_adds_a_label_to_those_that_are_chosen(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, labels=["bug", "security"])
    form = between(client.get("/tickets?label=bug").text, 'class="filters"', "</form>")
    select = between(form, 'aria-label="Label"', "</select>")
    assert 'value="security"' in select
    assert 'value="bug"' not in select


def test_a_query_with_too_many_terms_is_told(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session)
    page = client.get("/tickets?" + "&".join(f"label=l{number}" for number in range(50)))
    assert page.status_code == 400
    assert "A query has at most 40 terms" in page.text


@pytest.mark.both_databases
def test_tickets_are_sorted_by_one_thing_after_the_other(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        low_b, high_a, low_a = (
            make_ticket(session, title=title, priority=priority).ticket_id
            for title, priority in (("b", 3), ("a", 1), ("a", 3))
        )
    assert listed(client, "q=sort:priority,title") == [high_a, low_a, low_b]
    assert listed(client, "q=sort:-priority+sort:-title") == [low_b, low_a, high_a]
    assert listed(client, "q=sort:title,-id") == [low_a, high_a, low_b]


@pytest.mark.both_databases
def test_the_whole_language_narrows_the_list(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        mine = make_ticket(session, labels=["ui"], title="Cart")
        mine.edit(ANN, assignee="ann")
        other = make_ticket(session, labels=["bug"], title="Cart").ticket_id
        stopped = make_ticket(session)
        stopped.stop(ANN)
        mine_id, stopped_id = mine.ticket_id, stopped.ticket_id
    assert listed(client, "q=assignee:me") == [mine_id]
    assert set(listed(client, "q=label:ui,bug+cart")) == {mine_id, other}
    assert listed(client, "q=-label:ui") == [other]
    assert set(listed(client, "q=label:none+is:all,open")) == {stopped_id}
    assert listed(client, f"q=id:{stopped_id.lower()}") == [stopped_id], "an id needs no state"
    assert listed(client, "q=closed:today+is:closed") == [stopped_id]
    page = client.get("/tickets?q=cart+-label:ui").text
    assert ">1 open<" in page
    assert ">0 closed<" in page


def test_what_may_be_typed_is_suggested(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, labels=["ui", "urgent ui"])

    def suggested(typed: str, at: str = "") -> list[tuple[str, str, str]]:
        asked = {"q": typed, "at": at} if at else {"q": typed}
        page = client.get("/tickets/-/suggestions", query_string=asked).text
        found = parsed(page).select('li[role="option"]')
        return [(str(e["data-text"]), str(e["data-start"]), str(e["data-end"])) for e in found]

    assert ("label:", "0", "2") in suggested("la")
    assert suggested("is:ready label:u") == [("ui", "15", "16"), ('"urgent ui"', "15", "16")]
    assert suggested("label:u is:ready", "7")[0] == ("ui", "6", "7")
    assert suggested("x", "no number") == []
    assert suggested("x", "-3")
    assert suggested("\0label:") == []


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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


@pytest.mark.both_databases
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
        make_ticket(session)  # with an event, unlike those
    assert sidebar_counts(client) == {"/tickets": "1,000+", f"/projects/{PROJECT}": "1,000+"}


def sidebar_counts(client: FlaskClient) -> dict[str, str]:
    """The numbers beside the sidebar's links."""
    side = between(client.get("/tickets").text, 'class="side-column"', "</nav>")
    return dict(
        re.findall(r'href="(/[^"]*)"[^<]*<span>[^<]*</span><span class="count">([^<]*)<', side)
    )
