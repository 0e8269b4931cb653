"""The whole way: from signing in on an empty board to a closed ticket that counts, with a crew of
real runners at work; by mouse, by keyboard alone, and without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.actor import Actor
from app.models import ApiToken, Ticket, User
from tests.browser.conftest import Server, new_context
from tests.browser.person import Hands, Keyboard, Mouse, Person
from tests.conftest import OpenSession
from tests.factories import make_ticket
from tests.processes import Agents, Runners, until

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PASSWORD = "four quiet otters sing"
ROOT = Actor.operator("root")

ASKS_THEN_WORKS = """
cat > /dev/null
echo . >> "$HERE/turns"
case $(wc -l < "$HERE/turns") in
  1) echo '{"outcome": "attention", "reason": "Which cart?"}' ;;
  2) echo '{"outcome": "next_stage", "comment": "The cart is a signed cookie now."}' ;;
  *) echo '{"outcome": "next_stage", "comment": "Merged once."}' ;;
esac
"""


@pytest.fixture(params=["by mouse", "by keyboard", "without scripts"])
def ann(
    request: pytest.FixtureRequest, browser: Browser, server: Server, board: OpenSession
) -> Iterator[Person]:
    """Somebody who has an account, and a browser that doesn't know it yet."""
    with board() as session:
        user = User.create(session, name="ann", role="admin", actor=ROOT)
        user.set_password(PASSWORD, ROOT)
    has_scripts = request.param != "without scripts"
    context = new_context(browser, server, java_script_enabled=has_scripts)
    page = context.new_page()
    hands: Hands = Keyboard(page) if request.param == "by keyboard" else Mouse()
    yield Person(page, hands)
    context.close()


def test_a_ticket_goes_from_an_empty_board_to_the_statistics(
    ann: Person, server: Server, board: OpenSession, tmp_path: Path
) -> None:
    ann.signs_in("ann", PASSWORD)
    ann.creates_a_project("acme/web")
    ann.adds_a_worker_type("implementation")
    ann.adds_a_worker_type("approval", performed_by="person")
    ann.creates_a_ticket("Keep the cart", plan=["implementation", "approval"])

    with board() as session:
        _, token = ApiToken.issue(session, name="crew", scopes=["work"], actor=ROOT)
    with Runners(server.url, "acme/web", token, tmp_path) as runners:
        runners.start(command=Agents(tmp_path).script(ASKS_THEN_WORKS))
        wait_for_crew(board, ann, state="on_hold", position=0)
        ann.sees("Which cart?")
        ann.answers("The visitor's.")
        wait_for_crew(board, ann, state="open", position=1)
        ann.sends_back("Merging twice doubles the quantities.")
        ann.sees("sent it back to implementation")
        wait_for_crew(board, ann, state="open", position=1)
        ann.approves("Well done.")

    ann.sees("completed", "The visitor's.", "signed cookie", "doubles the quantities")
    ann.searches_for("quantities")
    ann.sees("Keep the cart")
    ann.looks_at("Statistics")
    ann.sees("implementation")


def wait_for_crew(board: OpenSession, person: Person, *, state: str, position: int) -> None:
    """Wait until the crew has brought the only ticket there; then look again."""

    def is_there() -> bool:
        with board() as session:
            ticket = session.scalars(select(Ticket)).one()
            return (ticket.state, ticket.completed_stages) == (state, position)

    until(is_there)
    person.page.reload()


def test_a_task_is_ticked_where_it_stands(page: Page, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="WEB-9", description="- [ ] card\n- [ ] debit")
    page.goto("/tickets/WEB-9")
    page.get_by_role("checkbox").nth(1).check()
    expect(page.get_by_text("Task 2 is done.")).to_be_visible()
    expect(page.get_by_role("checkbox").nth(1)).to_be_checked()
    expect(page.get_by_role("checkbox").nth(0)).to_be_enabled()
