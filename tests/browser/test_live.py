"""Regions keep themselves up to date, and hold still while someone is busy in them."""

import re

import pytest
from playwright.sync_api import Response, expect
from sqlalchemy import select

from app import pipeline
from app.actor import Actor
from app.models import Event, PlanTemplate, Ticket
from tests.browser.conftest import wait_for_poll
from tests.factories import ANN, make_project, make_ticket, make_worker, run_stage

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOST = ("Failed to load resource: net::ERR_CONNECTION_REFUSED", "htmx:")
"""What the console says of a server that is gone."""


@pytest.fixture(autouse=True)
def started_board(board):
    with board() as session:
        make_ticket(session, title="The first ticket")


@pytest.fixture
def page(page_of_fast_polls):
    return page_of_fast_polls


def asks_nothing_at_its_poll(page):
    """Whether the page lets its next poll go by, and says so."""
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    wait_for_poll(page)
    expect(page.locator("[data-live-status]").first).to_contain_text("paused")
    wait_for_poll(page)
    # An answer of the server that comes after both polls: theirs would have begun before.
    page.evaluate("fetch('/healthz').then((answer) => answer.text())")
    return [url for url in asked if not url.endswith("/healthz")] == []


def ask_for_attention(session, title="Which one?"):
    ticket = make_ticket(session, title=title, priority=0)
    run = run_stage(session, ticket, make_worker(session))
    run.ask_attention(f"About {title}")
    session.flush()
    return ticket.ticket_id


def worker_gone(session, worker_id):
    make_worker(session, worker_id=worker_id).fail(Actor.system(), "no heartbeat")


def title_on(page, title):
    return page.locator("#main").get_by_text(title)


def test_the_dashboard_tells_what_another_process_did_again_and_again(page, board):
    page.goto("/")
    for title in ("Broken checkout", "Broken search"):
        with board() as session:
            ask_for_attention(session, title)
        wait_for_poll(page)
        expect(title_on(page, title).first).to_be_visible()
    expect(page).to_have_title("(2) Dashboard · Callboard")
    icon = page.locator("link[rel=icon]")
    assert "favicon-waiting.svg" in (icon.get_attribute("href") or "")


def test_a_page_without_a_region_learns_within_a_minute_that_something_waits(page, board):
    page.goto("/projects")
    expect(page).to_have_title("Projects · Callboard")
    icon = page.locator("link[rel=icon]")
    with board() as session:
        ticket_id = ask_for_attention(session)
    page.clock.fast_forward(60_000)
    expect(page).to_have_title("(1) Projects · Callboard")
    expect(icon).to_have_attribute("href", re.compile("favicon-waiting"))

    with board() as session:
        Ticket.lock(session, ticket_id).resume(ANN, "The first.")
    page.clock.fast_forward(60_000)
    expect(page).to_have_title("Projects · Callboard")
    expect(icon).to_have_attribute("href", re.compile(r"favicon\.svg"))


def test_nothing_new_is_answered_without_a_page(page):
    page.goto("/")
    polls: list[int] = []

    def note(answer: Response) -> None:
        if "/?v=" in answer.url:
            polls.append(answer.status)

    page.on("response", note)
    for _ in range(2):
        with page.expect_response(lambda answer: "/?v=" in answer.url):
            wait_for_poll(page)
    # One of the two may be the page as a new minute begins.
    assert 204 in polls
    assert set(polls) <= {200, 204}
    expect(page.locator("[data-live-status]")).to_contain_text("live")


def test_an_open_dialog_holds_the_page_still(page, board):
    page.goto("/")
    page.keyboard.press("?")
    with board() as session:
        ask_for_attention(session, "Broken checkout")
    assert asks_nothing_at_its_poll(page)
    expect(title_on(page, "Broken checkout")).to_have_count(0)

    page.keyboard.press("Escape")
    wait_for_poll(page)
    expect(title_on(page, "Broken checkout").first).to_be_visible()


def test_picked_rows_of_the_inbox_stay_until_they_are_done_with(page, board):
    with board() as session:
        worker_gone(session, "w-1")
    page.goto("/inbox")
    page.get_by_role("checkbox", name="Select w-1").check()
    with board() as session:
        ask_for_attention(session, "Broken search")
    assert asks_nothing_at_its_poll(page)
    expect(title_on(page, "Broken search")).to_have_count(0)
    expect(page.get_by_text("1 selected")).to_be_visible()

    page.get_by_role("button", name="Clear").click()
    wait_for_poll(page)
    expect(title_on(page, "Broken search").first).to_be_visible()


def test_the_keyboard_s_row_stays_marked_through_a_refresh(page, board):
    with board() as session:
        ask_for_attention(session, "Broken checkout")
    page.goto("/inbox")
    page.keyboard.press("j")
    marked = page.locator("[data-row].is-current")
    expect(marked).to_contain_text("Broken checkout")
    with board() as session:
        ask_for_attention(session, "Broken search")
    wait_for_poll(page)
    expect(title_on(page, "Broken search").first).to_be_visible()
    expect(marked).to_contain_text("Broken checkout")


def test_a_clicked_link_holds_nothing_up_but_the_keyboard_s_focus_does(page, context, board):
    page.goto("/")
    link = page.locator("#dashboard a").filter(has_text="ready").first
    link.click(modifiers=["ControlOrMeta"])
    with board() as session:
        ask_for_attention(session, "Broken checkout")
    page.bring_to_front()
    wait_for_poll(page)
    expect(title_on(page, "Broken checkout").first).to_be_visible()

    page.keyboard.press("Tab")
    expect(page.locator("#dashboard :focus-visible")).to_have_count(1)
    with board() as session:
        ask_for_attention(session, "Broken search")
    assert asks_nothing_at_its_poll(page)
    expect(title_on(page, "Broken search")).to_have_count(0)


def test_a_lost_server_is_told_and_its_return_too(page, server, board, complaints):
    page.goto("/")
    banner = page.locator("[data-offline]")
    expect(banner).to_be_hidden()
    server.stop()
    try:
        wait_for_poll(page)
        expect(banner).to_be_visible()
        expect(page.locator("[data-live-status]")).to_contain_text("no connection")
    finally:
        server.start()
        server.wait_until_ready()
    with board() as session:
        ask_for_attention(session, "Broken checkout")
    wait_for_poll(page)
    expect(banner).to_be_hidden()
    expect(title_on(page, "Broken checkout").first).to_be_visible()
    unexpected = [text for text in complaints if not text.startswith(LOST)]
    complaints.clear()
    assert not unexpected


def test_one_event_is_dealt_with_in_a_dialog_that_names_it(page, board):
    with board() as session:
        worker_gone(session, "w-1")
        worker_gone(session, "w-2")
    page.goto("/inbox")
    row = page.locator("[data-row]").filter(has_text="w-1")
    row.get_by_role("link", name="Done…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("w-1 implementation of acme/web")
    dialog.get_by_label("What was done").fill("Called the vendor")
    dialog.get_by_role("button", name="Mark as dealt with").click()
    expect(row).to_have_count(0)
    expect(page.get_by_text("1 event marked as dealt with.")).to_be_visible()

    with board() as session:
        done = session.scalars(select(Event).where(Event.processed_by.is_not(None))).all()
        assert [event.resolution_summary for event in done] == ["Called the vendor"]
        assert [event.worker_id for event in done] == ["w-1"]


def test_the_same_works_without_scripts(plain_page, board):
    with board() as session:
        worker_gone(session, "w-1")
    plain_page.goto("/inbox")
    plain_page.get_by_role("link", name="Done…").click()
    plain_page.get_by_label("Note").fill("Called the vendor")
    plain_page.get_by_role("button", name="Mark as dealt with").click()
    expect(plain_page.get_by_text("Nothing waits for anyone")).to_be_visible()


def test_a_worker_s_page_follows_its_heartbeats(page, board):
    with board() as session:
        make_project(session, "acme/api")
        make_worker(session, project="acme/api", worker_id="w-1")
        ticket = make_ticket(session, project="acme/api", title="Broken checkout")
        ticket_id = ticket.ticket_id
    page.goto("/workers/w-1")
    expect(title_on(page, "It waits for a ticket")).to_be_visible()
    with board() as session:
        assert pipeline.claim_next(session, "w-1").ticket_id == ticket_id
    wait_for_poll(page)
    expect(title_on(page, "Broken checkout").first).to_be_visible()


def test_the_list_of_tickets_follows_and_leaves_a_half_typed_filter_alone(page, board):
    page.goto("/tickets")
    box = page.get_by_role("combobox", name="Query")
    box.click()
    box.press_sequentially("chec")
    with board() as session:
        make_ticket(session, title="Broken checkout")
    wait_for_poll(page)
    expect(title_on(page, "Broken checkout")).to_be_visible()
    expect(page.get_by_role("link", name="2 open")).to_be_visible()
    expect(box).to_be_focused()
    expect(box).to_have_value("chec")


def test_the_picker_of_plan_templates_names_what_the_rows_hold(page, board):
    with board() as session:
        make_project(session, "acme/api")
        for name, plan in (("Bug", ["implementation"]), ("Full", ["implementation", "review"])):
            PlanTemplate.create(session, project_id="acme/api", name=name, plan=plan, actor=ANN)
    page.goto("/tickets/new?project=acme/api")
    picker = page.get_by_role("combobox", name="Plan template")
    chosen = picker.locator("option:checked")
    expect(chosen).to_contain_text("Bug")
    page.get_by_role("button", name="Add a stage").click()
    expect(chosen).to_contain_text("Bug")
    page.get_by_role("combobox", name="Stage 2").select_option("review")
    expect(chosen).to_contain_text("Full")
    page.get_by_role("button", name="Move up stage 2").click()
    expect(chosen).to_have_text("From a template…")
    picker.select_option(label="Bug: implementation")
    expect(page.get_by_role("combobox", name="Stage 1")).to_have_value("implementation")
    expect(page.get_by_role("combobox", name="Stage 2")).to_have_count(0)
    page.evaluate("delete document.querySelector('form[data-dirty]').dataset.dirty")
