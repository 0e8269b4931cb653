"""The command palette and the keys, by keyboard alone."""

import re

import pytest
from playwright.sync_api import expect

from tests.factories import make_ticket, make_worker

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def harbour(board):
    with board() as session:
        make_ticket(session, ticket_id="WEB-12", title="The harbour")
        make_worker(session, worker_id="harbour-1")


@pytest.fixture
def palette(page):
    return page.get_by_role("dialog", name="Command palette")


@pytest.mark.parametrize("typed", ["harbour", "web-12"])
def test_it_goes_to_a_ticket(page, palette, typed):
    page.goto("/workers")
    page.keyboard.press("Control+k")
    page.keyboard.type(typed)
    expect(palette.get_by_role("option", selected=True)).to_contain_text("The harbour")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("The harbour")


def test_it_goes_to_a_page_and_does_what_the_page_offers(page, palette):
    page.goto("/tickets/WEB-12")
    page.keyboard.press("Control+k")
    page.keyboard.type("hold")
    expect(palette.get_by_role("option", selected=True)).to_contain_text("Hold")
    page.keyboard.press("Enter")
    expect(palette).to_be_hidden()
    expect(page.get_by_role("button", name="Put on hold")).to_be_visible()

    page.goto("/")
    page.keyboard.press("Control+k")
    page.keyboard.type("inbox")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Inbox")


def test_arrows_choose_and_escape_gives_the_focus_back(page, palette):
    page.goto("/tickets/WEB-12")
    page.locator("#content").focus()
    page.keyboard.type("half a thought")
    page.keyboard.press("Control+k")
    first = palette.get_by_role("option").first
    expect(first).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowDown")
    expect(palette.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(palette.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(page.locator("#content")).to_be_focused()
    expect(page.locator("#content")).to_have_value("half a thought")
    page.locator("#content").fill("")


def test_the_slash_opens_it_where_there_is_no_box(page, palette):
    page.goto("/workers/harbour-1")
    page.keyboard.press("/")
    expect(palette).to_be_visible()


def test_without_scripts_the_link_leads_to_the_search_page(plain_page):
    plain_page.goto("/")
    plain_page.get_by_role("link", name="Search").click()
    plain_page.get_by_role("searchbox").fill("harbour")
    plain_page.get_by_role("button", name="Search").click()
    expect(plain_page.get_by_role("link", name="The harbour")).to_be_visible()


def test_a_key_opens_the_verb_of_the_ticket_that_is_shown(page):
    page.goto("/tickets/WEB-12")
    dialog = page.locator("dialog[open]")
    keys = {"h": "Put on hold", "a": "Complete", "p": "Priority", "l": "Labels"}
    for key, what in keys.items():
        page.keyboard.press(key)
        expect(dialog).to_contain_text(what)
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)


def test_a_key_goes_to_the_comment_without_being_typed(page):
    page.goto("/tickets/WEB-12")
    page.keyboard.press("m")
    expect(page.locator("#content")).to_be_focused()
    expect(page.locator("#content")).to_have_value("")
    page.keyboard.type("happy")
    expect(page.locator("#content")).to_have_value("happy")
    page.locator("#content").fill("")


def test_the_help_tells_every_key_that_works(page):
    page.goto("/")
    page.keyboard.press("?")
    help_dialog = page.get_by_role("dialog", name="Keyboard")
    for what in ("Go anywhere, do anything", "Dashboard", "Next row", "Approve, complete by hand"):
        expect(help_dialog.get_by_text(what)).to_be_visible()


def test_in_a_list_a_key_does_something_to_the_marked_row_only(page, board):
    with board() as session:
        make_ticket(session, ["approval"], ticket_id="WEB-13", title="Release")
    page.goto("/inbox")
    page.keyboard.press("a")
    page.wait_for_timeout(300)
    expect(page).to_have_url(re.compile("/inbox$"))
    page.keyboard.press("j")
    page.keyboard.press("a")
    expect(page).to_have_url(re.compile("/tickets/WEB-13/complete$"))
