"""The query's box: completed by keyboard and by mouse, explained by a popover."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.conftest import OpenSession
from tests.factories import make_project, make_ticket

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def labelled(board: OpenSession) -> None:
    with board() as session:
        make_project(session)
        make_ticket(session, ticket_id="WEB-1", title="The harbour", labels=["ui"])
        make_ticket(session, ticket_id="WEB-2", title="A boat", labels=["two words"])


@pytest.fixture
def box(page: Page) -> Locator:
    page.goto("/tickets")
    found = page.get_by_role("combobox", name="Query")
    found.focus()
    return found


def suggestions(page: Page) -> Locator:
    """What the box may be completed to; drop-downs have options too."""
    return page.locator("#suggestions:not([aria-busy])").get_by_role("option")


def test_a_field_and_its_value_are_taken_by_keyboard(page: Page, box: Locator) -> None:
    page.keyboard.type("lab")
    expect(suggestions(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    expect(suggestions(page).and_(page.get_by_role("option", selected=True))).to_contain_text(
        "label:"
    )
    page.keyboard.press("Enter")
    expect(box).to_have_value("label:")
    expect(suggestions(page).filter(has_text="two words")).to_be_visible()
    page.keyboard.type("tw")
    expect(suggestions(page)).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(box).to_have_value('label:"two words" ')
    expect(box).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?q=label:%22two\+words%22$"))
    expect(page.get_by_role("link", name="A boat")).to_be_visible()
    expect(page.get_by_role("link", name="The harbour")).to_have_count(0)


def test_a_word_in_the_midst_is_completed_behind_characters_of_any_size(
    page: Page, box: Locator
) -> None:
    page.keyboard.type("\U0001f6a2 is:re label:ui")
    for _ in " label:ui":
        page.keyboard.press("ArrowLeft")
    page.keyboard.type("a")
    suggestions(page).filter(has_text="ready").click()
    expect(box).to_have_value("\U0001f6a2 is:ready label:ui")


def test_escape_closes_the_suggestions_and_nothing_else(page: Page, box: Locator) -> None:
    page.keyboard.type("is:")
    expect(suggestions(page).first).to_be_visible()
    expect(box).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("Escape")
    expect(suggestions(page)).to_have_count(0)
    expect(box).to_have_attribute("aria-expanded", "false")
    expect(box).to_be_focused()
    expect(box).to_have_value("is:")


def test_a_choice_edits_the_query(page: Page, box: Locator) -> None:
    box.fill("-label:ui")
    page.get_by_role("search").get_by_label("Priority").select_option("medium")
    expect(page).to_have_url(re.compile(r"\?q=-label:ui\+priority:medium$"))
    expect(page.get_by_role("link", name="A boat")).to_be_visible()


def test_a_popover_lists_the_fields(page: Page, box: Locator) -> None:
    page.get_by_role("button", name="How to ask").click()
    helped = page.get_by_role("dialog", name="How to ask")
    expect(helped).to_contain_text("assignee:")
    page.keyboard.press("Escape")
    expect(helped).to_be_hidden()
    assert box
