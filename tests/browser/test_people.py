"""The story of a team's accounts, in a real browser: set up, invited, joined, changed, signed out
everywhere."""

from __future__ import annotations

import pytest
from playwright.sync_api import ConsoleMessage, Request, expect

from app.actor import Actor
from app.models import Invitation, Ticket, User, UserSession
from tests.browser.conftest import new_context, wait_for_poll
from tests.factories import make_project, make_ticket

pytestmark = [pytest.mark.browser, pytest.mark.slow]

GOOD, BETTER = "four quiet otters sing", "five loud badgers dance"
ROOT = Actor.operator("root")
SIGNED_OUT = (
    "Failed to load resource: the server responded with a status of 401",
    "Response Status",
)


@pytest.fixture
def visit(browser, server):
    """`visit()`: a page in a browser of its own, of a stranger; breaches of the policy fail."""
    contexts, complaints = [], []

    def open_page(**options):
        context = new_context(browser, server, **options)
        contexts.append(context)

        def note(message: ConsoleMessage) -> None:
            if "Content Security" in message.text:
                complaints.append(message.text)

        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert not complaints, complaints


def join(page, link, name, password, button="Join"):
    page.goto(link)
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="Dashboard")).to_be_visible()


def sign_in(page, name, password):
    page.get_by_role("textbox", name="Name", exact=True).fill(name)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in").click()


def test_a_team_comes_together(board, visit):
    with board() as session:
        link = "/join/" + Invitation.for_setup(session, ROOT)
    ada = visit()
    ada.goto("/tickets")
    expect(ada.get_by_role("heading", name="Welcome to Callboard")).to_be_visible()
    join(ada, link, "ada", GOOD, button="Set up the board")

    ada.get_by_role("link", name="People").click()
    ada.get_by_role("link", name="Invite someone").click()
    ada.get_by_label("For whom").fill("Bob")
    ada.get_by_label("Viewer").check()
    ada.get_by_role("button", name="Make the link").click()
    link = ada.get_by_label("Invitation link").input_value()

    bob = visit()
    join(bob, link, "bob", BETTER)
    expect(bob.get_by_role("link", name="New ticket")).to_have_count(0)
    expect(bob.get_by_role("link", name="People")).to_have_count(0)
    bob.keyboard.press("c")
    expect(bob).to_have_url(bob.url)

    ada.goto("/people")
    ada.get_by_role("link", name="bob").click()
    ada.get_by_label("Lead").check()
    ada.get_by_role("button", name="Save").click()
    bob.goto("/projects")
    expect(bob.get_by_role("link", name="Create the first project")).to_be_visible()

    elsewhere = visit()
    elsewhere.goto("/projects")
    sign_in(elsewhere, "bob", BETTER)
    expect(elsewhere.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
    bob.goto("/account")
    bob.get_by_role("button", name="Sign out everywhere").click()
    bob.get_by_role("dialog").get_by_role("button", name="Sign out everywhere").click()
    expect(bob.get_by_role("heading", name="Sign in")).to_be_visible()
    elsewhere.reload()
    expect(elsewhere.get_by_role("heading", name="Sign in")).to_be_visible()

    ada.get_by_role("link", name="Audit").click()
    expect(ada.get_by_text("bob was signed out at 2 places")).to_be_visible()
    expect(ada.get_by_text("bob joined as viewer")).to_be_visible()


def test_a_link_that_lets_someone_in_works_over_plain_http_too(board, visit, server):
    """Outside of this machine browsers say less over plain HTTP: no Sec-Fetch-Site, only Origin."""
    with board() as session:
        link = "/join/" + Invitation.for_setup(session, ROOT)
    address = f"http://board.test:{server.port}"
    page = visit()
    asked: list[Request] = []

    def note(request: Request) -> None:
        asked.append(request)

    page.on("request", note)
    join(page, address + link, "ada", GOOD, button="Set up the board")
    headers = next(request for request in asked if request.method == "POST").all_headers()
    assert "sec-fetch-site" not in headers
    assert headers["origin"] == address
    assert headers["referer"] == f"{address}/", "the address that lets someone in is told to nobody"


def test_who_is_signed_out_keeps_what_they_typed_and_goes_on_after_signing_in(
    page_of_fast_polls, board, server, complaints
):
    page = page_of_fast_polls
    with board() as session:
        User.named(session, "ann").set_password(GOOD, ROOT)
        ticket = make_ticket(session).ticket_id
    page.goto(f"/tickets/{ticket}")
    page.locator("#content").fill("A long thought")
    with board() as session:
        UserSession.end_all(session, User.named(session, "ann"), ROOT)
    note = page.get_by_text("You are signed out. Nothing that you typed is lost")
    page.get_by_role("heading", level=1).click()
    wait_for_poll(page)
    expect(note).to_be_visible()
    with page.context.expect_page() as opened:
        note.get_by_role("link", name="sign in").click()
    sign_in(opened.value, "ann", GOOD)
    expect(opened.value.get_by_role("heading", name="Dashboard")).to_be_visible()
    opened.value.close()
    page.get_by_role("heading", level=1).click()
    wait_for_poll(page)
    expect(note).to_be_hidden()
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.get_by_text("A long thought")).to_be_visible()
    complaints[:] = [text for text in complaints if not text.startswith(SIGNED_OUT)]


def test_a_form_that_was_sent_while_signed_out_is_sent_again_without_scripts(plain_page, board):
    page = plain_page
    with board() as session:
        User.named(session, "ann").set_password(GOOD, ROOT)
        make_project(session)
    page.goto("/tickets/new?project=acme/web")
    page.get_by_label("Title").fill("Old news")
    page.get_by_label("Stage 1", exact=True).select_option("review")
    with board() as session:
        UserSession.end_all(session, User.named(session, "ann"), ROOT)
    page.get_by_role("button", name="Create ticket").last.click()
    expect(page.get_by_role("heading", name="You are signed out")).to_be_visible()
    expect(page.get_by_text("Old news")).to_be_visible()
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="sign in in another tab").click()
    sign_in(opened.value, "ann", GOOD)
    expect(opened.value.get_by_role("heading", name="Dashboard")).to_be_visible()
    page.get_by_role("button", name="Send again").click()
    expect(page.get_by_role("heading", name="Old news")).to_be_visible()
    with board() as session:
        assert session.query(Ticket).count() == 1
