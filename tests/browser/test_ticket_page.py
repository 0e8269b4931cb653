"""A ticket's own page in use: one stage's part of its story, what is copied, and what is found."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import wait_for_poll
from tests.factories import ANN, make_ticket, run_stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_ticket_is_read_stage_by_stage_and_linked_without_losing_the_place(
    page_of_fast_polls, board
):
    page = page_of_fast_polls
    with board() as session:
        ticket = make_ticket(session, title="The cart", description="All of it.")
        make_ticket(session, title="Checkout step")
        run_stage(session, ticket).complete("Built.")
        ticket.say("Look at WEB-2 first.", ANN)
    page.goto("/tickets/WEB-1")
    story = page.locator("#ticket-story")
    page.locator("#comment textarea").fill("Half a sentence")

    # A stage is chosen by the keyboard; what is half written stays, and so does the focus.
    stage = page.get_by_role("link", name="implementation", exact=True)
    stage.focus()
    page.keyboard.press("Enter")
    expect(story).to_contain_text("Only stage 1")
    expect(story).to_contain_text("Built.")
    expect(story).not_to_contain_text("All of it.")
    expect(page).to_have_url(re.compile(r"/tickets/WEB-1\?stage=1$"))
    expect(stage).to_be_focused()
    with board() as session:
        make_ticket(session)
        session.get_one(type(ticket), "WEB-1").edit(ANN, priority=0)
    wait_for_poll(page)
    expect(page.locator("#ticket-facts")).to_contain_text("urgent")
    expect(stage).to_be_focused()
    expect(story).to_contain_text("Only stage 1")

    # A field that is changed in a dialog leaves the page at its stage.
    page.get_by_role("link", name="Change the labels").click()
    # For a moment the form is a plain one, which leads to the whole page.
    form = page.locator("#dialog-change form:not(.htmx-added)")
    form.get_by_label("Labels").fill("ui")
    page.keyboard.press("Enter")
    expect(page.locator("#ticket-facts")).to_contain_text("ui")
    expect(story).to_contain_text("Only stage 1")
    page.get_by_role("link", name="review", exact=True).click()
    expect(story.get_by_role("link", name="WEB-2 (ready)")).to_be_visible()
    story.get_by_role("link", name="Show all").click()
    expect(story).to_contain_text("All of it.")
    expect(page).to_have_url(re.compile(r"/tickets/WEB-1$"))
    expect(page.locator("#comment textarea")).to_have_value("Half a sentence")


def test_ids_are_copied_and_other_tickets_found_by_their_titles(page_of_fast_polls, board):
    page = page_of_fast_polls
    with board() as session:
        make_ticket(session, title="The cart")
        make_ticket(session, title="Checkout step")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/tickets/WEB-1")
    for name, copied in (("Copy the id", "WEB-1"), ("Copy the link", page.url)):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()") == copied

    page.get_by_role("link", name="Add…").click()
    other = page.locator("#dialog-depend").get_by_label("The other ticket")
    other.press_sequentially("check")
    found = page.locator("#dependency-other-found option")
    expect(found).to_have_count(1)
    expect(found).to_have_text("Checkout step (ready)")
    other.fill(found.get_attribute("value"))
    page.keyboard.press("Enter")
    expect(page.get_by_text("WEB-1 waits for WEB-2.")).to_be_visible()
