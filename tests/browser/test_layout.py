"""What pages look like on a phone, on a desk and on paper, beside what every page has to keep."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser import long_names
from tests.browser.faults import OVERFLOW
from tests.conftest import OpenSession
from tests.factories import make_ticket

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_menu_on_a_phone_stays_within_the_page(page: Page, board: OpenSession) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"/tickets/{ticket_id}")
    page.locator("summary", has_text="More").click()
    box = page.locator(".page-actions .menu-body").bounding_box()
    assert box is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 360
    assert page.evaluate(OVERFLOW) == []


def test_the_words_beside_a_stage_with_a_long_name_stay_on_their_line(
    page: Page, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = long_names.fill(session)["ticket_id"]
    page.set_viewport_size({"width": 360, "height": 800})
    page.goto(f"/tickets/{ticket_id}")
    words = page.locator(".plan > li > span")
    expect(words).to_have_count(3)
    for height in words.evaluate_all("(all) => all.map((each) => each.offsetHeight)"):
        assert height < 30, "a word stands letter below letter"


def test_escape_from_a_dialog_that_a_menu_opened_leads_back_to_the_menu(
    page: Page, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session).ticket_id
    page.goto(f"/tickets/{ticket_id}")
    more = page.locator("summary", has_text="More")
    more.click()
    page.locator(".menu-body [data-dialog]").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(more).to_be_focused()


@pytest.mark.parametrize("width", [360, 1280])
def test_a_message_without_scripts_stands_above_the_page(plain_page: Page, width: int) -> None:
    plain_page.set_viewport_size({"width": width, "height": 800})
    plain_page.goto("/projects/new")
    plain_page.get_by_label("Repository name").fill("acme/web")
    plain_page.get_by_label("Path").fill("/src/acme/web")
    plain_page.get_by_role("button", name="Create project").click()
    toast, heading = plain_page.locator("[data-toast]"), plain_page.get_by_role("heading", level=1)
    said, page_head = toast.bounding_box(), heading.bounding_box()
    assert said is not None
    assert page_head is not None
    assert said["y"] + said["height"] <= page_head["y"]
    assert abs(said["x"] - page_head["x"]) < 40, "not in the sidebar's column"


@pytest.mark.parametrize("width", [360, 1280])
def test_a_banner_pushes_the_page_down_and_covers_nothing(
    page: Page, board: OpenSession, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto("/")
    page.evaluate("document.querySelector('[data-signed-out]').hidden = false")
    brand = page.locator(".brand:visible").first.bounding_box()
    banner = page.locator("[data-signed-out]").bounding_box()
    assert brand is not None
    assert banner is not None
    assert banner["y"] == 0
    assert banner["y"] + banner["height"] <= brand["y"]
    foot = page.locator(".side-foot").bounding_box() if width > 860 else None
    assert foot is None or foot["y"] + foot["height"] <= 800


def test_paper_has_no_forms_and_says_when_instead_of_how_long_ago(
    page: Page, board: OpenSession
) -> None:
    with board() as session:
        ticket_id = make_ticket(session, labels=["bug"]).ticket_id
    page.emulate_media(color_scheme="dark")
    for address in (f"/tickets/{ticket_id}", "/tickets", "/events", "/board", "/statistics"):
        page.goto(address)
        page.emulate_media(media="print")
        paper, ink = page.evaluate(
            """(({ backgroundColor, color }) => [backgroundColor, color])
            (getComputedStyle(document.body))"""
        )
        assert (paper, ink) == ("rgb(255, 255, 255)", "oklch(0.24 0.012 265)")
        expect(
            page.locator(".side:visible, main nav.tabs:visible, main .csv:visible")
        ).to_have_count(0)
        expect(page.locator("main form:visible, main .btn:visible")).to_have_count(0)
        expect(page.locator("main .live-status:visible")).to_have_count(0)
        page.emulate_media(media="screen")
    for address in (f"/tickets/{ticket_id}", "/tickets", "/board"):
        page.goto(address)
        page.emulate_media(media="print")
        times = page.locator("main time[data-ago]").evaluate_all(
            """(all) => all.map((time) => [getComputedStyle(time).fontSize, time.title,
              getComputedStyle(time, "::after").content.replaceAll('"', "")])"""
        )
        # How long something has been so is told by since when.
        assert any(shown == f"since {title}" for _, title, shown in times), address
        for size, title, shown in times:
            assert (size, shown.removeprefix("since ")) == ("0px", title)
            assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d", title)
