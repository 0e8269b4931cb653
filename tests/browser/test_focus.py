"""The focus is seen wherever it is, and nothing that opens, closes or is drawn anew loses it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from app.models import Ticket
from tests.browser.conftest import wait_for_poll
from tests.browser.faults import Inspector
from tests.browser.person import STOP
from tests.conftest import OpenSession
from tests.factories import ANN, GATE, make_ticket, make_worker, run_stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HAS_FOCUS = "document.activeElement !== document.body"


@pytest.fixture
def tickets(board: OpenSession) -> None:
    """One that runs, one that asks, one at a gate."""
    with board() as session:
        run_stage(session, make_ticket(session, ticket_id="WEB-1", title="Runs"))
        asks = make_ticket(session, ticket_id="WEB-2", title="Asks")
        run_stage(session, asks, make_worker(session)).ask_attention("Which one?")
        make_ticket(session, [GATE], ticket_id="WEB-3", title="Waits")


def seen(page: Page) -> str:
    """What has the focus, which must be seen."""
    _, is_seen, html = page.locator("body").evaluate(STOP)
    assert is_seen, f"nobody sees that the focus is here: {html}"
    found: str = html
    return found


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize("address", ["/", "/board", "/tickets/WEB-2"])
def test_the_tab_key_goes_all_round_and_is_seen_everywhere(page: Page, address: str) -> None:
    page.goto(address)
    stops: list[str] = []
    while len(stops) < 200:
        page.keyboard.press("Tab")
        if not page.evaluate(HAS_FOCUS):
            break
        stops.append(seen(page))
    assert 20 < len(stops) < 200, "the tab key is caught"


@pytest.mark.usefixtures("tickets")
def test_what_was_opened_gives_the_focus_back(page: Page) -> None:
    """Palette, help, a menu, a verb's dialog, a popover; each is looked at while it is open."""
    page.goto("/tickets/WEB-2")
    inspector = Inspector(page)
    page.reload()
    answer = page.get_by_role("main").get_by_role("link", name="Answer…").first
    for key, what in (("Control+k", "Command palette"), ("?", "Keyboard")):
        answer.focus()
        page.keyboard.press(key)
        dialog = page.get_by_role("dialog", name=what)
        expect(dialog).to_be_visible()
        seen(page)
        assert inspector.look() == []
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(answer).to_be_focused()

    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    expect(dialog.locator(":focus")).to_have_count(1)
    seen(page)
    assert inspector.look() == []
    page.keyboard.press("Escape")
    expect(answer).to_be_focused()

    more = page.locator("summary", has_text="More")
    more.focus()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".menu-body :focus")).to_have_count(1)
    seen(page)
    assert inspector.look(".page-actions .menu-body") == []  # it may cover what is below
    page.keyboard.press("Escape")
    expect(more).to_be_focused()

    page.goto("/tickets")
    helper = page.get_by_role("button", name="How to ask")
    helper.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog", name="How to ask")).to_be_visible()
    assert inspector.look() == []
    page.keyboard.press("Escape")
    expect(helper).to_be_focused()


@pytest.mark.usefixtures("tickets")
@pytest.mark.parametrize("address", ["/", "/inbox", "/tickets", "/board"])
def test_a_refresh_takes_the_focus_from_nothing_that_is_still_there(
    page_of_fast_polls: Page, board: OpenSession, address: str
) -> None:
    page = page_of_fast_polls
    page.goto(address)
    link = page.get_by_role("main").get_by_role("link", name="Waits").first
    # By the mouse: a region where somebody goes by keyboard waits for them.
    link.evaluate("(link) => link.focus({ focusVisible: false })")
    with board() as session:
        make_ticket(session, [GATE], ticket_id="WEB-4", title="New")
        session.get_one(Ticket, "WEB-1").say("Still here.", ANN)
    wait_for_poll(page)
    expect(page.get_by_role("main").get_by_text("WEB-4").first).to_be_visible()
    expect(link).to_be_focused()


@pytest.mark.usefixtures("tickets")
def test_what_was_done_leaves_the_focus_where_one_reads_on(page: Page) -> None:
    page.goto("/tickets?sort=title")
    page.get_by_role("checkbox", name="Select WEB-3").focus()
    page.keyboard.press("Space")
    hold = page.get_by_role("form", name="Selected tickets").get_by_role("button", name="Hold")
    hold.focus()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("button", name="Put 1 ticket on hold").press("Enter")
    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    seen(page)
