"""A newcomer's way through the board: from nothing to a closed ticket, with and without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.factories import make_ticket

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(params=["page", "plain_page"], ids=["with scripts", "without scripts"])
def visitor(request: pytest.FixtureRequest) -> Page:
    """Someone at the board, whose browser runs scripts or doesn't."""
    return request.getfixturevalue(request.param)


def test_a_ticket_goes_from_an_empty_board_to_closed(visitor: Page) -> None:
    create_project(visitor, "acme/web", starter_set=False)
    for role in ("implementation", "review"):
        add_worker_type(visitor, "acme/web", role)
    add_worker_type(visitor, "acme/web", "approval", performed_by="person")

    create_ticket(
        visitor, "acme/web", "Keep the cart", plan=["implementation", "review", "approval"]
    )
    expect(current_stage(visitor)).to_contain_text("implementation")

    finish_stage(visitor, "The cart is a signed cookie now.")
    expect(current_stage(visitor)).to_contain_text("review")

    send_back(visitor, to="implementation", reason="Merging twice doubles the quantities.")
    expect(current_stage(visitor)).to_contain_text("implementation")

    finish_stage(visitor, "Merged once.")
    finish_stage(visitor, "Good.")
    expect(current_stage(visitor)).to_contain_text("approval")

    finish_stage(visitor, "", button="Approve")
    expect(visitor.locator(".page-title")).to_contain_text("completed")
    for said in ("signed cookie", "doubles the quantities", "Merged once."):
        expect(visitor.locator(".timeline")).to_contain_text(said)

    visitor.goto("/tickets?state=closed")
    expect(ticket_row(visitor, "WEB-1")).to_contain_text("completed")


def create_project(page: Page, name: str, *, starter_set: bool) -> None:
    page.goto("/")
    page.get_by_role("link", name="New project").first.click()
    page.get_by_label("Repository name").fill(name)
    page.get_by_label("Path").fill(f"/src/{name}")
    page.get_by_label("Begin with the starter set").set_checked(starter_set)
    page.get_by_role("button", name="Create project").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def add_worker_type(page: Page, project: str, name: str, performed_by: str = "agent") -> None:
    page.goto(f"/projects/{project}/-/worker-types")
    page.get_by_role("link", name="New worker type").first.click()
    page.get_by_label("Name").first.fill(name)
    page.get_by_label(re.compile(f"^An? {performed_by}")).first.check()
    page.get_by_role("button", name="Create worker type").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(name)


def create_ticket(page: Page, project: str, title: str, plan: list[str]) -> None:
    page.goto(f"/projects/{project}")
    page.get_by_role("link", name="New ticket").first.click()
    page.get_by_label("Title").fill(title)
    choose_plan(page, plan)
    page.get_by_role("button", name="Create ticket").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(title)


def choose_plan(page: Page, plan: list[str]) -> None:
    for number, worker_type in enumerate(plan, 1):
        stage = page.get_by_role("combobox", name=f"Stage {number}", exact=True)
        if not stage.count():
            page.get_by_role("button", name="Add a stage").click()
        stage.select_option(worker_type)


def finish_stage(page: Page, comment: str, button: str = "Complete") -> None:
    form = open_form(page, button)
    form.get_by_label("Comment").fill(comment)
    form.get_by_role("button", name=button).click()


def send_back(page: Page, to: str, reason: str) -> None:
    form = open_form(page, "Send back")
    form.get_by_label("Back to").select_option(stage_of(form, to))
    form.get_by_label("What should be different?").fill(reason)
    form.get_by_role("button", name="Send back").click()


def stage_of(form: Locator, worker_type: str) -> str:
    """The number of the stage that the list names with its worker type."""
    option = form.get_by_label("Back to").locator("option", has_text=worker_type).first
    return option.get_attribute("value") or ""


def open_form(page: Page, verb: str) -> Locator:
    """A verb's form: in a dialog where scripts run, on a page of its own where they don't."""
    actions = page.locator("#ticket-actions")
    link = actions.locator("a", has_text=re.compile(rf"^\s*{verb}.*…"))
    if not link.is_visible():
        actions.get_by_text("More", exact=True).click()
    link.click()
    expect(page.get_by_role("heading", name=re.compile(f"^{verb}")).first).to_be_visible()
    dialog = page.locator("dialog[open]")
    return dialog if dialog.count() else page.locator("main")


def current_stage(page: Page) -> Locator:
    return page.locator(".plan li:not(.done, .returned)").first


def ticket_row(page: Page, ticket_id: str) -> Locator:
    return page.get_by_role("row").filter(has_text=ticket_id)


def test_a_task_is_ticked_where_it_stands(page, board):
    with board() as session:
        make_ticket(session, ticket_id="WEB-9", description="- [ ] card\n- [ ] debit")
    page.goto("/tickets/WEB-9")
    page.get_by_role("checkbox").nth(1).check()
    expect(page.get_by_text("Task 2 is done.")).to_be_visible()
    expect(page.get_by_role("checkbox").nth(1)).to_be_checked()
    expect(page.get_by_role("checkbox").nth(0)).to_be_enabled()
