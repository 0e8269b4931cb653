"""Picking tickets in the list and acting on them: with the mouse, by keyboard, without scripts."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect

from app.models import Ticket
from tests.conftest import OpenSession
from tests.factories import ANN, make_ticket

pytestmark = pytest.mark.browser

IDS = ["T-1", "T-2", "T-3", "T-4"]


@pytest.fixture(autouse=True)
def tickets(board: OpenSession) -> None:
    with board() as session:
        for ticket_id in IDS:
            make_ticket(session, ticket_id=ticket_id, title=f"Ticket {ticket_id}")


def box(page: Page, ticket_id: str) -> Locator:
    return page.get_by_role("checkbox", name=f"Select {ticket_id}")


def bar(page: Page) -> Locator:
    return page.get_by_role("form", name="Selected tickets")


def states(board: OpenSession) -> list[str]:
    with board() as session:
        return [session.get_one(Ticket, ticket_id).state for ticket_id in IDS]


def test_a_stretch_is_held_and_brought_back(page: Page, board: OpenSession) -> None:
    page.goto("/tickets?sort=title")
    expect(bar(page)).to_be_hidden()
    box(page, "T-1").click()
    box(page, "T-3").click(modifiers=["Shift"])
    expect(bar(page)).to_contain_text("3 selected")
    bar(page).get_by_role("button", name="Hold").click()
    page.get_by_role("dialog").get_by_role("button", name="Put 3 tickets on hold").click()

    expect(page.get_by_text("3 tickets put on hold.")).to_be_visible()
    expect(bar(page)).to_be_hidden()
    expect(page.locator("#row-T-2")).to_contain_text("on hold")
    assert states(board) == ["on_hold", "on_hold", "on_hold", "open"]

    expect(page.get_by_role("button", name="Undo")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_text("3 tickets put back as before.")).to_be_visible()
    expect(page.locator("#row-T-2")).to_contain_text("ready")
    assert states(board) == ["open"] * 4


def test_what_they_become_a_part_of_is_found_by_its_title(page: Page, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="T-9", title="The whole harbour")
    page.goto("/tickets?sort=title")
    box(page, "T-1").click()
    box(page, "T-2").click()
    bar(page).get_by_text("More").click()
    bar(page).get_by_role("button", name="Part of").click()
    dialog = page.get_by_role("dialog")
    parent = dialog.get_by_label("Part of")
    expect(parent).to_be_focused()
    parent.press_sequentially("harb")
    found = dialog.locator("datalist option")
    expect(found).to_have_text("The whole harbour (ready)")
    parent.fill(found.get_attribute("value") or "")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Put 2 tickets under T-9").click()
    expect(page.get_by_text("2 tickets put under T-9.")).to_be_visible()


def test_all_of_it_is_done_by_keyboard(page: Page, board: OpenSession) -> None:
    page.goto("/tickets?sort=title")
    for key in ("j", "x", "j", "x"):
        page.keyboard.press(key)
    expect(bar(page)).to_contain_text("2 selected")
    bar(page).get_by_role("button", name="Label").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox", name="Labels")).to_be_focused()
    page.keyboard.type("cart")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Label 2 tickets with cart")).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.get_by_text("2 tickets labelled cart.")).to_be_visible()
    expect(page.locator("#row-T-2")).to_contain_text("cart")


def test_what_is_refused_is_read_before_the_dialog_closes(page: Page, board: OpenSession) -> None:
    page.goto("/tickets?sort=title")
    page.get_by_role("checkbox", name="Select all").click()
    bar(page).get_by_role("button", name="Hold").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Put 4 tickets on hold")
    with board() as session:
        session.get_one(Ticket, "T-4").stop(ANN)
    dialog.get_by_role("button", name="Put 4 tickets on hold").click()

    expect(dialog).to_contain_text("3 tickets put on hold")
    expect(dialog).to_contain_text("1 can’t: T-4: is closed.")
    dialog.get_by_role("link", name="Close").click()
    expect(dialog).to_be_hidden()
    expect(bar(page)).to_be_hidden()


def test_another_project_is_chosen_without_losing_what_was_typed(
    page: Page, board: OpenSession
) -> None:
    with board() as session:
        make_ticket(session, project="acme/api")
    page.goto("/tickets/new?project=acme/web")
    page.get_by_label("Title").fill("Kept")
    page.get_by_label("Project", exact=True).select_option("acme/api")
    expect(page.get_by_role("navigation", name="Breadcrumb")).to_contain_text("acme/api")
    expect(page.get_by_label("Title")).to_have_value("Kept")


def test_without_scripts_each_step_is_a_page(plain_page: Page, board: OpenSession) -> None:
    plain_page.goto("/tickets?sort=title")
    box(plain_page, "T-1").check()
    box(plain_page, "T-2").check()
    bar(plain_page).get_by_role("button", name="Hold").click()
    plain_page.get_by_role("button", name="Put 2 tickets on hold").click()
    expect(plain_page.get_by_role("heading", name="2 tickets put on hold")).to_be_visible()
    assert states(board) == ["on_hold", "on_hold", "open", "open"]
    plain_page.get_by_role("button", name="Undo").click()
    expect(plain_page.get_by_role("heading", name="2 tickets put back")).to_be_visible()
    assert states(board) == ["open"] * 4
