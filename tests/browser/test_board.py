"""The board by mouse, by touch, by keyboard, by menu, and without scripts."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from app.models import Ticket, WorkerType
from app.queries.board import CARDS_AT_FIRST, CARDS_AT_ONCE
from app.queries.board.cards import CARDS_IN_ALL
from tests.browser.conftest import new_context, wait_for_poll
from tests.conftest import OpenSession
from tests.factories import (
    ANN,
    GATE,
    PROJECT,
    claim,
    make_project,
    make_ticket,
    make_worker,
    run_stage,
)

HOME = f"/projects/{PROJECT}"
PLAN = ["implementation", "review", GATE]
ROLES = ("planning", "implementation", "review", "testing", "documentation", "deployment")


def column(page: Page, name: str) -> Locator:
    """The cards of a column."""
    return page.get_by_role("region", name=name, exact=True).get_by_role("list")


def card(page: Page, ticket_id: str) -> Locator:
    """One card."""
    return page.locator(f"#card-{ticket_id}")


def order(page: Page, name: str) -> list[str]:
    """The ids in a column from the top."""
    return column(page, name).locator(".ticket-card .id").all_text_contents()


def expect_order(page: Page, name: str, ids: list[str]) -> None:
    """The column comes to hold exactly these cards, from the top."""
    expect(column(page, name).locator(".ticket-card .id")).to_have_text(ids)


def queue(board: OpenSession, count: int = 3) -> list[str]:
    """Tickets that wait for implementation, the first first; one more stands at review."""
    with board() as session:
        ids = [make_ticket(session, PLAN).ticket_id for _ in range(count)]
        make_ticket(session, PLAN).move_to(1)
    return ids


def drag(page: Page, what: Locator, to: Locator, *, below: bool = False) -> None:
    """By the mouse, as a hand does: in steps, from where it has come to rest."""
    start = None
    while start is None or start != what.bounding_box():
        start = what.bounding_box()
        page.wait_for_timeout(100)
    end = to.bounding_box()
    assert end
    page.mouse.move(start["x"] + 30, start["y"] + 8)
    page.mouse.down()
    page.mouse.move(start["x"] + 40, start["y"] + 20, steps=4)
    y = end["y"] + end["height"] - 6 if below else end["y"] + 6
    x = end["x"] + min(60, end["width"] / 2)
    page.mouse.move(x, y, steps=12)
    page.mouse.move(x + 2, y, steps=2)
    page.mouse.up()


def toast(page: Page) -> Locator:
    """What the board says."""
    return page.locator("[data-toast]").last


def test_a_card_is_dragged_to_the_top_and_claimed_next(page, board):
    first, second, third = queue(board)
    page.goto(HOME)
    drag(page, card(page, third), card(page, first))
    expect(toast(page)).to_contain_text("is moved in the queue")
    expect_order(page, "implementation", [third, first, second])
    with board() as session:
        assert run_stage(session, Ticket.lock(session, third))


def test_a_card_dragged_to_the_next_column_asks_and_completes(page, board):
    first, *_ = queue(board)
    page.goto(HOME)
    drag(page, card(page, first), column(page, "review"))
    dialog = page.get_by_role("dialog", name=f"Complete by hand: {first}")
    dialog.get_by_label("Comment").fill("Done on the train.")
    dialog.get_by_role("button", name="Complete").click()
    expect(toast(page)).to_contain_text("implementation is completed")
    expect(column(page, "review").locator(f"#card-{first}")).to_be_visible()


def test_a_card_dragged_back_asks_why_and_goes_back_when_nobody_says(page, board, complaints):
    first, second, _ = queue(board)
    with board() as session:
        Ticket.lock(session, first).move_to(1)
    page.goto(HOME)
    before = order(page, "review")
    drag(page, card(page, first), column(page, "implementation"))
    dialog = page.get_by_role("dialog", name=f"Send back: {first}")
    dialog.get_by_role("button", name="Send back").click()
    expect(dialog.get_by_role("alert")).to_contain_text("can't be empty")
    page.keyboard.press("Escape")
    expect_order(page, "review", before)
    drag(page, card(page, first), card(page, second))
    dialog.get_by_label("What should be different?").fill("It is red.")
    dialog.get_by_role("button", name="Send back").click()
    expect(toast(page)).to_contain_text("is back at implementation")
    expect(column(page, "implementation").locator(f"#card-{first}")).to_be_visible()
    complaints.clear()  # a form that comes back is an error to the console


def test_over_a_gate_it_is_approved_and_put_on_hold_it_is_held(page, board):
    with board() as session:
        ticket_id = make_ticket(session, [GATE, "review"]).ticket_id
        held = make_ticket(session, ["review"]).ticket_id
    page.goto(HOME)
    drag(page, card(page, ticket_id), column(page, "review"))
    page.get_by_role("dialog").get_by_role("button", name="Approve").click()
    expect(toast(page)).to_contain_text("approved")
    # Drawn anew, the other card stands elsewhere.
    columns = page.get_by_role("navigation", name="Columns")
    expect(columns).to_contain_text(re.compile(r"review\s*2"))
    drag(page, card(page, held), column(page, "On hold"))
    page.get_by_role("dialog").get_by_role("button", name="Put on hold").click()
    expect(column(page, "On hold").locator(f"#card-{held}")).to_be_visible()


def test_a_refused_card_goes_back_and_says_why(page, board, complaints):
    first, second, third = queue(board)
    with board() as session:
        Ticket.lock(session, second).hold(ANN)
        runs = Ticket.lock(session, first)
        session.flush()
        run_stage(session, runs)
    page.goto(HOME)
    drag(page, card(page, first), column(page, "review"))
    expect(toast(page)).to_contain_text("is working on")
    expect_order(page, "implementation", [first, third])
    drag(page, card(page, second), column(page, "review"))
    expect(toast(page)).to_contain_text("Resume it first")
    expect_order(page, "On hold", [second])
    complaints.clear()  # a refusal is an error to the console


def test_a_move_that_lost_a_race_goes_back(page, board, complaints):
    first, second, third = queue(board)
    page.goto(HOME)
    with board() as session:
        Ticket.lock(session, first).hold(ANN)
    drag(page, card(page, third), card(page, first))
    expect(toast(page)).to_contain_text(f"{first} isn't in the queue")
    expect_order(page, "implementation", [second, third])
    complaints.clear()


def test_a_card_is_moved_by_the_keyboard(page, board):
    first, second, third = queue(board)
    page.goto(HOME)
    card(page, first).get_by_role("link").first.focus()
    for key in ("ArrowDown", "ArrowDown", " ", "ArrowUp", "ArrowUp"):
        page.keyboard.press(key)
    expect(page.locator("[data-board-said]")).to_have_text("implementation, place 1 of 3")
    page.keyboard.press(" ")
    expect_order(page, "implementation", [third, first, second])
    expect(card(page, third).get_by_role("link").first).to_be_focused()
    page.wait_for_load_state("networkidle")  # the board as it is after the move
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    expect_order(page, "implementation", [third, first, second])
    page.keyboard.press(" ")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name=f"Complete by hand: {third}")).to_be_visible()
    page.keyboard.press("Escape")
    expect_order(page, "implementation", [third, first, second])


def test_the_menu_moves_and_gives_the_focus_back(page, board):
    first, second, third = queue(board)
    page.goto(HOME)
    card(page, third).get_by_role("link").first.focus()
    page.keyboard.press("m")
    expect(page.get_by_role("button", name="To the top")).to_be_focused()
    page.keyboard.press("Escape")
    expect(card(page, third).get_by_role("link").first).to_be_focused()
    card(page, third).get_by_role("link", name="Move").click()
    page.get_by_role("button", name="To the top").click()
    expect_order(page, "implementation", [third, first, second])
    expect(card(page, third).get_by_role("link", name="Move")).to_be_focused()
    card(page, second).get_by_role("link", name="Move").click()
    page.get_by_role("link", name="Hold…").click()
    page.get_by_role("dialog").get_by_role("button", name="Put on hold").click()
    expect_order(page, "On hold", [second])


def test_by_touch_a_card_is_held_then_dragged(browser, server, board):
    first, second, third = queue(board)
    size = {"width": 390, "height": 844}
    context = new_context(browser, server, viewport=size, has_touch=True)
    server.let_in(context)
    page = context.new_page()
    page.goto(HOME)
    start, end = card(page, third).bounding_box(), card(page, first).bounding_box()
    devices = context.new_cdp_session(page)

    def touch(kind: str, y: float) -> None:
        points = [] if kind == "touchEnd" else [{"x": start["x"] + 60, "y": y}]
        devices.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    touch("touchStart", start["y"] + 20)
    expect(card(page, third)).to_have_class(re.compile("sortable-chosen"))
    for step in range(1, 11):
        touch("touchMove", start["y"] + 20 + (end["y"] + 4 - start["y"] - 20) * step / 10)
    touch("touchEnd", 0)
    expect_order(page, "implementation", [third, first, second])
    context.close()


def test_a_drag_and_an_open_menu_hold_the_refresh(page_of_fast_polls, board):
    page = page_of_fast_polls
    first, _, third = queue(board)
    page.goto(HOME)
    box = card(page, third).bounding_box()
    page.mouse.move(box["x"] + 30, box["y"] + 8)
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 8, steps=6)  # sideways: it stays where it stood
    with board() as session:
        Ticket.lock(session, first).hold(ANN)
    wait_for_poll(page)
    expect(card(page, first)).to_be_visible()
    expect(column(page, "implementation").locator(f"#card-{first}")).to_be_visible()
    page.mouse.up()
    expect(page.locator(".sortable-fallback")).to_have_count(0)
    wait_for_poll(page)
    expect_order(page, "On hold", [first])


def test_cards_load_as_one_scrolls_and_stay_loaded(page_of_fast_polls, board):
    page = page_of_fast_polls
    ids = queue(board, CARDS_AT_FIRST + CARDS_AT_ONCE + 30)
    page.goto(HOME)
    cards = column(page, "implementation").locator(".ticket-card")
    expect(cards).to_have_count(CARDS_AT_FIRST)
    for loaded in (CARDS_AT_FIRST + CARDS_AT_ONCE, len(ids)):
        cards.last.scroll_into_view_if_needed()
        expect(cards).to_have_count(loaded)
    with board() as session:
        Ticket.lock(session, ids[0]).hold(ANN)
    wait_for_poll(page)
    expect(cards).to_have_count(len(ids) - 1)


def test_where_few_cards_are_shown_the_others_are_asked_for(page_of_fast_polls, board):
    page = page_of_fast_polls
    stages = ("planning", "implementation", "review", "testing", "documentation")
    with board() as session:
        make_project(session, roles=ROLES)
        for priority in range(4):
            for stage in stages:
                for _ in range(CARDS_AT_FIRST):
                    make_ticket(session, [stage], priority=priority)
        for _ in range(CARDS_AT_FIRST - 1):
            claim(session, make_worker(session, "testing"))
    page.goto("/board?lanes=priority")
    cards = column(page, "urgent, planning").locator(".ticket-card")
    at_first = CARDS_IN_ALL // (4 * len(stages))
    expect(cards).to_have_count(at_first)
    cards.last.scroll_into_view_if_needed()
    more = column(page, "urgent, planning").get_by_role("link", name="2 more", exact=True)
    more.click()
    expect(cards).to_have_count(CARDS_AT_FIRST)
    expect(cards.nth(at_first).get_by_role("link").first).to_be_focused()
    held = cards.first.get_attribute("data-ticket")
    with board() as session:
        Ticket.lock(session, held).hold(ANN)
    with page.expect_request(re.compile(r"/board\?.*\bv=")) as poll:
        wait_for_poll(page)
    # That more run elsewhere than are shown at first needn't be said.
    asked = parse_qs(urlsplit(poll.value.url).query)
    assert [name for name in asked if name.startswith("shown.")] == ["shown.stage-planning|0"]
    expect(cards).to_have_count(CARDS_AT_FIRST - 1)
    # Where it is now is one cell more.
    others = column(page, "high, planning").locator(".ticket-card")
    expect(others).to_have_count(CARDS_IN_ALL // (4 * len(stages) + 1))


def test_a_ticket_is_added_at_the_foot_of_a_column(page, board):
    queue(board, 1)
    page.goto(HOME)
    box = page.get_by_role("textbox", name="Add a ticket at review")
    box.fill("Look at the logs")
    box.press("Enter")
    expect(column(page, "review").get_by_text("Look at the logs")).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_value("")
    box.fill("And at the clock")
    box.press("Enter")
    expect(column(page, "review").get_by_text("And at the clock")).to_be_visible()


@pytest.mark.parametrize("width", [1280, 360])
def test_every_column_can_be_reached(page, board, width):
    with board() as session:
        make_project(session, roles=ROLES)
        for role in (*ROLES, GATE):
            make_ticket(session, [role])
        make_ticket(session).hold(ANN)
        session.flush()
        assert session.query(WorkerType).count() == len(ROLES) + 1
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(HOME)
    columns = page.get_by_role("navigation", name="Columns")
    columns.get_by_role("link", name="On hold").click()
    expect(column(page, "On hold").locator(".ticket-card")).to_be_in_viewport()
    columns.get_by_role("link", name="planning").click()
    expect(column(page, "planning").locator(".ticket-card")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_without_scripts_the_menu_is_a_page_and_adding_a_form(plain_page, board):
    first, second, third = queue(board)
    page = plain_page
    page.goto(HOME)
    card(page, third).get_by_role("link", name="Move").click()
    page.get_by_role("button", name="To the top").click()
    assert order(page, "implementation") == [third, first, second]
    card(page, first).get_by_role("link", name="Move").click()
    page.get_by_role("link", name="Hold…").click()
    page.get_by_role("button", name="Put on hold").click()
    page.goto(HOME)
    assert order(page, "On hold") == [first]
    box = page.get_by_role("textbox", name="Add a ticket at review")
    box.fill("Look at the logs")
    box.press("Enter")
    expect(column(page, "review").get_by_text("Look at the logs")).to_be_visible()


def test_a_card_goes_to_another_priority_but_not_to_another_project(page_of_fast_polls, board):
    page = page_of_fast_polls
    with board() as session:
        urgent = make_ticket(session, PLAN, priority=0).ticket_id
        low = make_ticket(session, PLAN, priority=3).ticket_id
        other = make_ticket(session, PLAN, project="acme/api").ticket_id
    page.goto("/board?lanes=priority&q=project:acme/web")
    drag(page, card(page, low), card(page, urgent))
    expect(toast(page)).to_contain_text(f"The priority of {low} is urgent now")
    expect_order(page, "urgent, implementation", [urgent, low])
    drag(page, card(page, low), column(page, "high, review"))
    expect(toast(page)).to_contain_text("One thing at a time")
    expect_order(page, "urgent, implementation", [urgent, low])
    page.wait_for_load_state("networkidle")

    card(page, low).get_by_role("link").first.focus()
    page.keyboard.press(" ")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[data-board-said]")).to_have_text("high, implementation, place 1 of 1")
    with board() as session:
        Ticket.lock(session, urgent).hold(ANN)
    wait_for_poll(page)
    page.wait_for_load_state("networkidle")
    expect(column(page, "urgent, implementation").locator(f"#card-{urgent}")).to_be_visible()
    expect(column(page, "high, implementation").locator(f"#card-{low}")).to_have_class(
        re.compile("is-lifted")
    )
    page.keyboard.press(" ")
    expect(toast(page)).to_contain_text("is high now")
    expect_order(page, "urgent, On hold", [urgent])
    with board() as session:
        assert session.get_one(Ticket, low).priority == 1

    page.goto("/board?lanes=project")
    drag(page, card(page, other), column(page, "acme/web, implementation"))
    expect(toast(page)).to_contain_text("A ticket stays in its project")
    expect_order(page, "acme/api, implementation", [other])
