"""People are named in texts: completed by keyboard and by mouse, on pages and in dialogs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from app.actor import Actor
from app.models import User
from tests.browser.faults import Inspector
from tests.conftest import OpenSession
from tests.factories import ANN, make_ticket

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def people(board: OpenSession) -> None:
    with board() as session:
        for name in ("andrea", "bob"):
            User.create(session, name=name, role="member", actor=Actor.system())
        make_ticket(session, ticket_id="WEB-1").hold(ANN, "")


def offered(page: Page) -> Locator:
    return page.get_by_role("listbox", name="People").get_by_role("option")


def chosen(page: Page) -> Locator:
    return page.get_by_role("listbox", name="People").get_by_role("option", selected=True)


def test_the_open_list_is_in_order_on_any_screen(page: Page) -> None:
    inspector = Inspector(page)
    page.goto("/tickets/WEB-1")
    page.get_by_role("textbox", name="Comment", exact=True).focus()
    page.keyboard.type("@")
    expect(offered(page)).to_have_count(3)
    assert inspector.look() == []


def test_a_name_is_taken_by_keyboard(page: Page) -> None:
    page.goto("/tickets/WEB-1")
    box = page.get_by_role("textbox", name="Comment", exact=True)
    box.focus()
    page.keyboard.type("Ask me@a.example, \U0001f6a2 (@")
    expect(offered(page)).to_have_count(3)
    page.keyboard.type("an")
    expect(offered(page)).to_have_count(2)
    expect(chosen(page)).to_have_text("@andrea")
    expect(box).to_have_attribute("aria-activedescendant", chosen(page).get_attribute("id") or "")
    page.keyboard.press("ArrowDown")
    expect(chosen(page)).to_have_text("@ann")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    expect(offered(page)).to_have_count(0)
    expect(box).to_have_value("Ask me@a.example, \U0001f6a2 (@andrea ")
    page.keyboard.type("or @b")
    expect(chosen(page)).to_have_text("@bob")
    page.keyboard.press("Tab")
    page.keyboard.type("?")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowUp")
    expect(box).to_have_value("Ask me@a.example, \U0001f6a2 (@andrea or @bob ?\n")
    expect(box).to_be_focused()


def test_escape_and_the_cursor_leave_the_text_as_it_is(page: Page) -> None:
    page.goto("/tickets/WEB-1/edit")
    box = page.get_by_role("textbox", name="Description")
    box.fill("@bo is here")
    for _ in " is here":
        page.keyboard.press("ArrowLeft")
    for key in ("Escape", "ArrowLeft", "Home"):
        page.keyboard.press("b")
        page.keyboard.press("Backspace")
        expect(chosen(page)).to_have_text("@bob")
        page.keyboard.press(key)
        expect(offered(page)).to_have_count(0)
        page.keyboard.press("End")
        for _ in " is here":
            page.keyboard.press("ArrowLeft")
    expect(box).to_have_value("@bo is here")
    # What is whole needs no list.
    page.keyboard.type("b")
    page.keyboard.press("Enter")
    expect(box).to_have_value("@bob\n is here")


def test_in_a_dialog_escape_closes_the_list_first_and_a_click_takes_a_name(page: Page) -> None:
    page.goto("/tickets/WEB-1")
    page.get_by_role("link", name="Resume").first.click()
    dialog = page.get_by_role("dialog")
    box = dialog.get_by_role("textbox")
    box.focus()
    page.keyboard.type("@a")
    expect(offered(page)).to_have_count(2)
    page.keyboard.press("Escape")
    expect(offered(page)).to_have_count(0)
    expect(dialog).to_be_visible()
    page.keyboard.type("nd")
    offered(page).get_by_text("@andrea").click()
    expect(box).to_have_value("@andrea ")
    expect(box).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_without_scripts_a_text_is_a_plain_one(plain_page: Page) -> None:
    plain_page.goto("/tickets/WEB-1")
    plain_page.get_by_role("textbox", name="Comment", exact=True).fill("@bob look")
    expect(plain_page.get_by_role("listbox")).to_have_count(0)
    plain_page.get_by_role("button", name="Comment", exact=True).click()
    expect(plain_page.locator("#ticket-story").get_by_text("@bob")).to_be_visible()
