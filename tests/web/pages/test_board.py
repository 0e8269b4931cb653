"""The board of a project and of all: what stands where, kept up to date, and what is narrowed."""

from __future__ import annotations

import html
import re
from datetime import timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from app import clock
from app.models import Project, Ticket, WorkerType
from app.queries.board import CARDS_AT_FIRST, CARDS_AT_ONCE
from app.queries.board.cards import CARDS_AT_LEAST
from app.queries.projects.plan_order import in_order_of
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
from tests.pages import between, parsed
from tests.statements import counting_queries

HOME = f"/projects/{PROJECT}"
REGION = {"HX-Request": "true"}


def head(page: str, column: str) -> str:
    """The head of a column: a stage's by its name, or waiting, on_hold, done."""
    key = column if column in ("waiting", "on_hold", "done") else f"stage-{column}"
    return between(page, f'id="{key}"', "</header>")


def cell(page: str, column: str, lane: str = "") -> str:
    """The cards of a column, or of one of its lanes."""
    key = column if column in ("waiting", "on_hold", "done") else f"stage-{column}"
    return between(page, f'id="cell-{key}{"|" + lane if lane else ""}"', "</section>")


def cards(page: str, column: str, lane: str = "") -> list[str]:
    """The ids of its cards, from the first to the last."""
    return re.findall(r'data-ticket="([^"]+)"', cell(page, column, lane))


def count(page: str, column: str) -> str:
    """The number in a column's head."""
    return between(head(page, column), '<span class="count">', "</span>")


def is_folded(page: str, column: str) -> bool:
    """Whether a column is only a strip."""
    return "Unfold it" in head(page, column)


def stages_of(page: str) -> list[str]:
    """The board's columns from left to right."""
    return re.findall(r'id="stage-([^"]+)"', page)


def poll_address(page: str) -> str:
    """Where the region asks for what is new."""
    return html.unescape(between(page, 'hx-get="', '"'))


def test_a_bare_project_leads_to_its_worker_types(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, roles=(), gates=())

    page = client.get(HOME).text

    assert "No worker types yet" in page
    assert f'href="{HOME}/-/worker-types"' in page
    assert "data-create" not in page


def test_a_project_without_tickets_leads_to_the_first(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session)

    page = client.get(HOME).text

    assert "No tickets yet" in page
    assert 'href="/tickets/new?project=acme%2Fweb"' in page
    assert is_folded(page, "review")


@pytest.mark.both_databases
def test_a_column_shows_what_runs_then_what_waits_then_what_is_blocked(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).complete()
        blocked = make_ticket(session, priority=0)
        urgent = make_ticket(session, title="Ask <before> buying", priority=1)
        blocked.block_by(urgent.ticket_id, ANN)
        runs = make_ticket(session, title="Runs", priority=0)
        run_stage(session, runs)
        waits, first = make_ticket(session), make_ticket(session)
        first.move_in_queue("top", ANN)
        ids = [t.ticket_id for t in (runs, urgent, first, waits, blocked)]

    page = client.get(HOME).text

    assert cards(page, "implementation") == ids
    assert count(page, "implementation") == "5"
    assert "2 alive" in head(page, "implementation")
    assert "oldest" in head(page, "implementation")
    first_column = cell(page, "implementation")
    for words in ("running", "urgent", "Ask &lt;before&gt;", f"blocked by {ids[1]}"):
        assert words in first_column
    assert count(page, "review") == "1"


def test_a_stage_whose_tickets_wait_for_nobody_alive_says_so(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)

    page = client.get(HOME).text

    assert '<span class="pill stop">none alive</span>' in head(page, "implementation")
    assert page.count("none alive") == 1


@pytest.mark.both_databases
def test_what_waits_for_a_person_is_one_column_whatever_the_gate(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, gates=(GATE, "release"))
        ids = [make_ticket(session, [gate, "review"]).ticket_id for gate in (GATE, "release")]

    page = client.get(HOME).text

    assert cards(page, "waiting") == ids
    assert '<span class="tag">release</span>' in cell(page, "waiting")
    assert "oldest" in head(page, "waiting")
    assert GATE not in stages_of(page)


def test_between_two_attempts_a_ticket_says_that_it_retries(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session)).fail("the build broke")

    page = client.get(HOME).text

    assert "retries in" in parsed(cell(page, "implementation")).text
    assert "oldest" not in head(page, "implementation")


@pytest.mark.both_databases
def test_of_many_the_first_are_shown_and_the_others_follow(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        ids = [make_ticket(session).ticket_id for _ in range(CARDS_AT_FIRST + CARDS_AT_ONCE + 22)]
        make_ticket(session, priority=3).block_by(ids[0], ANN)

    page = client.get(HOME).text

    assert cards(page, "implementation") == ids[:CARDS_AT_FIRST]
    assert ">73 more</a>" in page
    found: list[str] = []
    follow = cell(page, "implementation")
    for left in ("23 more", "blocked by"):
        more = html.unescape(between(follow, 'hx-get="', '"'))
        follow = client.get(more, headers=REGION).text
        assert left in follow
        found += re.findall(r'data-ticket="([^"]+)"', follow)
    assert found[:-1] == ids[CARDS_AT_FIRST:]
    assert "more</a>" not in follow
    asked = f"{HOME}?shown.stage-implementation=72"
    assert len(cards(client.get(asked, headers=REGION).text, "implementation")) == 72


def test_where_few_cards_are_shown_more_come_only_for_who_asks(
    client: FlaskClient, board: OpenSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.queries.board.cards.CARDS_IN_ALL", 0)
    with board() as session:
        for _ in range(CARDS_AT_LEAST + CARDS_AT_ONCE + 2):
            make_ticket(session)

    page = parsed(client.get("/board?lanes=project").text)
    (region,) = page.select("[data-board]")
    (more,) = page.select(".more")
    (follows,) = parsed(client.get(str(more["hx-get"]), headers=REGION).text).select(".more")

    assert region["data-cards"] == str(CARDS_AT_LEAST)
    assert len(page.select(".ticket-card")) == CARDS_AT_LEAST
    assert (more["hx-trigger"], more.text.strip()) == ("asked", "52 more")
    # Behind so many cards somebody has scrolled.
    assert (follows["hx-trigger"], follows.text.strip()) == ("asked, intersect once", "2 more")


@pytest.mark.both_databases
def test_what_is_on_hold_or_done_stands_in_columns_of_its_own(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        held, old, new, asking = (make_ticket(session) for _ in range(4))
        held.hold(ANN)
        with time_machine.travel(clock.now() - timedelta(days=30), tick=False):
            old.stop(ANN)
        new.stop(ANN)
        run_stage(session, asking).ask_attention("Which one?")
        ids = held.ticket_id, asking.ticket_id, new.ticket_id

    page = client.get(HOME).text

    assert set(cards(page, "on_hold")) == set(ids[:2])
    assert cell(page, "on_hold").count(">asks ") == 1
    assert cards(page, "done") == [ids[2]]
    assert count(page, "done") == "1 in 7 days"
    assert is_folded(page, "implementation")
    assert not is_folded(client.get(f"{HOME}?unfold=stage-implementation").text, "implementation")


def test_columns_stand_in_the_order_of_the_plans() -> None:
    names = ["review", "approval", "planning", "implementation", "unused"]
    plans = [
        ["planning", "implementation", "review", "implementation", "review"],
        ["implementation", "review", "approval"],
        ["review", "implementation"],
    ]

    assert in_order_of(plans, names) == [
        "planning",
        "implementation",
        "review",
        "approval",
        "unused",
    ]
    assert in_order_of([], names) == names


@pytest.mark.both_databases
def test_the_boards_columns_follow_open_tickets_and_templates(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session, roles=("testing", "review", "implementation"))
        make_ticket(session, ["implementation", "review", "testing"])

    page = client.get(HOME).text

    assert stages_of(page) == ["implementation", "review", "testing"]


def test_a_stage_whose_worker_type_is_gone_is_still_on_the_board(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
        role = WorkerType.named(session, PROJECT, "implementation")
        session.delete(role)

    lost = client.get(HOME).text

    assert "no such worker type" in head(lost, "implementation")
    assert len(cards(lost, "implementation")) == 1


def test_a_title_is_shown_as_text(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, title="<script>alert(1)</script>")

    page = client.get(HOME).text

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_rules_and_patterns_are_folded_below(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session, rules="Tests **first**.", patterns="<b>Look</b>")

    page = client.get(HOME).text

    assert "Tests <strong>first</strong>." in page
    assert "&lt;b&gt;Look" in page
    assert "No rules or patterns" not in page


@pytest.mark.both_databases
@pytest.mark.usefixtures("new_minute")
def test_the_region_answers_only_what_has_changed(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    address = poll_address(client.get(HOME).text)

    assert client.get(address, headers=REGION).status_code == 204
    with board() as session:
        Ticket.lock(session, ticket_id).hold(ANN)
    changed = client.get(address, headers=REGION)

    assert changed.status_code == 200
    assert changed.text.strip().startswith("<section")
    assert ticket_id in cards(changed.text, "on_hold")
    assert client.get(poll_address(changed.text), headers=REGION).status_code == 204


def test_a_new_worker_type_changes_the_board(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_project(session)
    address = poll_address(client.get(HOME).text)
    with board() as session:
        make_role(session, "testing")

    assert "testing" in client.get(address, headers=REGION).text


@pytest.mark.usefixtures("new_minute")
def test_an_unchanged_region_costs_a_look_and_no_drawing(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)
    address = poll_address(client.get(HOME).text)

    with counting_queries(client.application) as sent:
        assert client.get(address, headers=REGION).status_code == 204

    assert len([one for one in sent if one.startswith("SELECT")]) <= 5


def test_the_board_asks_the_same_number_of_questions_however_full_it_is(
    client: FlaskClient, board: OpenSession
) -> None:
    def fill(session: Session, rounds: int) -> None:
        for _ in range(rounds):
            held, blocked, blocker, gated, _ = (make_ticket(session) for _ in range(5))
            held.hold(ANN)
            blocked.block_by(blocker.ticket_id, ANN)
            gated.amend_plan([GATE], ANN)
            claim(session, make_worker(session))

    with board() as session:
        fill(session, 1)
    with counting_queries(client.application) as for_few:
        client.get(HOME)
    with board() as session:
        fill(session, 8)
        for number in range(10):
            make_role(session, f"role-{number}")
    with counting_queries(client.application) as for_many:
        client.get(HOME)

    assert len(for_many) == len(for_few)
    with counting_queries(client.application) as narrowed:
        client.get(f"{HOME}?q=-label:bug+priority:<3+updated:<7d+is:ready,blocked")
    assert len(narrowed) == len(for_many) + 1, "it is counted first how many these are"


def test_people_who_see_the_same_are_shown_cards_that_were_drawn_once(
    client: FlaskClient, sign_in: SignIn, board: OpenSession
) -> None:
    with board() as session:
        ids = [make_ticket(session).ticket_id for _ in range(3)]
    cem, ben, viewer = sign_in("member", "cem"), sign_in("member", "ben"), sign_in("viewer", "eve")

    first = cem.get(HOME).text
    with counting_queries(client.application, kept_too=True) as sent:
        second = ben.get(HOME).text

    assert cards(first, "implementation") == cards(second, "implementation") == ids
    assert not [one for one in sent if "tickets.title" in one]
    # What each of them sends is their own.
    for name in ("submission_id", "csrf_token"):
        theirs, own = (
            set(re.findall(rf'name="{name}" value="([^"]+)"', one)) for one in (first, second)
        )
        assert theirs
        assert own
        assert theirs.isdisjoint(own)
    assert "data-card-menu" in second
    assert "data-card-menu" not in viewer.get(HOME).text
    assert 'href="/board/tickets/' in ben.get(HOME, base_url="http://localhost/board/").text


def test_what_is_for_one_person_is_drawn_for_each(sign_in: SignIn, board: OpenSession) -> None:
    cem, ben = sign_in("member", "cem"), sign_in("member", "ben")
    with board() as session:
        ticket_id = make_ticket(session, assignee="cem").ticket_id

    found = [cards(one.get(f"{HOME}?q=assignee:me").text, "implementation") for one in (cem, ben)]

    assert found == [[ticket_id], []]


def test_an_archived_project_can_be_read_and_taken_back(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_project(session).archive(ANN)
    page = client.get(HOME).text
    assert "This project was archived" in page
    assert "data-create" not in page

    answer = client.post(f"{HOME}/-/unarchive")

    assert answer.location == HOME
    assert "This project was archived" not in client.get(HOME).text


@pytest.mark.both_databases
def test_all_projects_stand_on_one_board(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        here = make_ticket(session, priority=1).ticket_id
        there = make_ticket(session, project="acme/api", priority=0).ticket_id
        make_project(session, "acme/old")
        away = make_ticket(session, project="acme/old").ticket_id
        Project.get(session, "acme/old").archive(ANN)

    page = client.get("/board").text

    assert cards(page, "implementation") == [there, here]
    assert away not in page
    by_project = client.get("/board?lanes=project").text
    assert cards(by_project, "implementation", PROJECT) == [here]
    assert cards(by_project, "implementation", "acme/api") == [there]
    by_priority = client.get("/board?lanes=priority").text
    assert [cards(by_priority, "implementation", p) for p in "0123"] == [[there], [here], [], []]


@pytest.mark.both_databases
def test_whatever_narrows_a_list_narrows_the_board(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        bug = make_ticket(session, labels=["bug"], title="Login form").ticket_id
        held = make_ticket(session, labels=["bug"], priority=0)
        held.hold(ANN)
        make_ticket(session, labels=["idea"])
        id_of_held = held.ticket_id

    page = client.get(f"{HOME}?label=bug").text

    assert cards(page, "implementation") == [bug]
    assert cards(page, "on_hold") == [id_of_held]
    assert count(page, "implementation") == "1"
    assert cards(client.get(f"{HOME}?q=form+login").text, "implementation") == [bug]
    assert cards(client.get(f"{HOME}?state=on_hold").text, "on_hold") == [id_of_held]
    assert is_folded(client.get(f"{HOME}?priority=0").text, "implementation")
    assert "No ticket fits" in client.get(f"{HOME}?label=bug&label=idea").text
    queries = {"label:bug -is:on_hold": [bug], "is:closed": [], "-label:idea": [bug, id_of_held]}
    for query, ids in queries.items():
        found = client.get(HOME, query_string={"q": query}).text
        assert re.findall(r'data-ticket="([^"]+)"', found) == ids


def test_a_mistake_is_told_at_its_word_above_the_board(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session)

    wrong = client.get(f"{HOME}?q=is:redy&lanes=priority")
    assert wrong.status_code == 400
    told = parsed(wrong.text)
    assert [mark.text for mark in told.select(".query-told mark")] == ["redy"]
    (link,) = told.select('[role="alert"] a')
    assert link["href"] == f"{HOME}?q=is:ready&lanes=priority"
    assert "Nothing was looked for" in wrong.text
    unknown = client.get(f"{HOME}?q=stage:revue")
    assert unknown.status_code == 400
    assert "Did you mean" in unknown.text
    assert "There is no lanes" in client.get(f"{HOME}?lanes=project").text


def test_the_box_keeps_the_lanes(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, labels=["bug"])
    page = parsed(client.get("/board?q=label:bug&lanes=priority").text)
    (form,) = page.select('form[role="search"]')
    sent = {str(field["name"]): str(field["value"]) for field in form.select("input[name]")}

    assert sent == {"q": "label:bug", "lanes": "priority"}
    (chip,) = page.select('a[aria-label*="label:bug"]')
    assert chip["href"] == "/board?lanes=priority"


def test_a_column_leads_to_its_tickets_in_the_list(client: FlaskClient, board: OpenSession) -> None:
    with board() as session:
        for _ in range(CARDS_AT_FIRST + 1):
            make_ticket(session, labels=["bug"], priority=0).stop(ANN)

    page = parsed(client.get("/board?q=label:bug&lanes=priority").text)

    (more,) = page.select(".more a")
    assert more["href"] == "/tickets?q=label:bug+priority:urgent+is:closed+closed:%3C7d"
    listed = client.get(str(more["href"])).text
    assert listed.count('id="row-') == CARDS_AT_FIRST + 1


@pytest.mark.both_databases
def test_a_hidden_project_is_on_no_board(sign_in: SignIn, board: OpenSession) -> None:
    with board() as session:
        hidden = make_ticket(session, project="acme/secret").ticket_id
        Project.get(session, "acme/secret").limit_to_members(ANN)
        make_ticket(session)

    page = sign_in("member").get("/board?lanes=project").text

    assert hidden not in page
    assert "acme/secret" not in page


@pytest.mark.both_databases
def test_limits_are_shown_with_what_waits_because_of_them(
    client: FlaskClient, board: OpenSession
) -> None:
    with board() as session:
        run_stage(session, make_ticket(session))
        make_ticket(session)
        WorkerType.named(session, PROJECT, "implementation").max_running = 1
        Project.get(session, PROJECT).max_in_progress = 4

    page = client.get(HOME).text

    assert ">1/1</span>" in head(page, "implementation")
    assert "Tickets wait because" in head(page, "implementation")
    assert "1/4 tickets in progress" in page
    with board() as session:
        Project.get(session, PROJECT).max_in_progress = 1
    assert "no other is begun before one is closed" in client.get(HOME).text
