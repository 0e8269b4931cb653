"""The list of tickets by keyboard: along its tickets and back, several orders, and how it looks."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from app import clock
from app.models import User
from app.models.user import LIST_COLUMNS
from tests.conftest import OpenSession
from tests.factories import make_ticket

pytestmark = pytest.mark.browser


def test_one_walks_through_a_list_and_finds_the_row_again(page: Page, board: OpenSession) -> None:
    with board() as session:
        for number in range(1, 6):
            make_ticket(session, ticket_id=f"WEB-{number}", title=f"No {number}", priority=2)
    page.goto("/tickets?q=sort:title")
    for key in ("j", "j", "Enter"):
        page.keyboard.press(key)
    heading = page.get_by_role("heading", level=1)
    for key, title in (("", "No 2"), ("j", "No 3"), ("j", "No 4"), ("k", "No 3")):
        if key:
            page.keyboard.press(key)
        expect(heading).to_contain_text(title)
    page.get_by_role("textbox", name="Comment").fill("Seen.")
    page.get_by_role("button", name="Comment").click()
    expect(page.get_by_text("Seen.")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(heading).to_contain_text("No 4")
    page.get_by_role("link", name="List", exact=True).click()
    expect(page.locator("#row-WEB-4")).to_have_class("is-current")
    page.keyboard.press("k")
    expect(page.locator("#row-WEB-3")).to_have_class("is-current")

    heads = page.locator("thead")
    heads.get_by_role("link", name="State").click()
    heads.get_by_role("link", name="Updated").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile(r"sort:state,-updated"))
    expect(page.locator("thead .sort[aria-current]")).to_have_text(["State1", "Updated2"])
    heads.get_by_role("link", name="Updated").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile(r"sort:state,updated"))


def test_without_scripts_a_list_is_arranged_and_walked_through(
    plain_page: Page, board: OpenSession
) -> None:
    page = plain_page
    with board() as session:
        for number in range(1, 4):
            make_ticket(session, ticket_id=f"WEB-{number}", title=f"No {number}")
    page.goto("/tickets?q=sort:title")
    page.locator("summary", has_text="Display").click()
    page.get_by_label("Compact").check()
    page.get_by_label("Author").check()
    page.get_by_role("button", name="Keep for my lists").click()
    expect(page.get_by_role("columnheader", name="Author")).to_be_visible()
    expect(page.locator("table.compact")).to_be_visible()
    page.get_by_role("link", name="No 1").click()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("No 2")


@pytest.mark.parametrize("width", [1280, 1000])
def test_with_all_columns_the_head_stays_in_sight(
    page: Page, board: OpenSession, width: int
) -> None:
    with board() as session:
        ann = User.named(session, "ann")
        ann.arrange_lists(density="comfortable", size=50, columns=list(LIST_COLUMNS))
        with clock.at(clock.now() - timedelta(days=400)):
            for _ in range(30):
                make_ticket(session, title="A title of a few words, as they are", labels=["x"])
    page.set_viewport_size({"width": width, "height": 700})
    page.goto("/tickets")
    table, row = page.locator("table.many"), page.locator("tbody tr").last
    row.scroll_into_view_if_needed()
    page.mouse.move(width - 200, 400)
    page.mouse.wheel(0, 5_000)
    expect(row).to_be_in_viewport()
    expect(page.locator("thead th").nth(1)).to_be_in_viewport()
    room = table.evaluate("table => table.closest('.card').clientWidth - table.offsetWidth")
    assert (room >= 0) == (width == 1280), "all of them fit on a desk"
