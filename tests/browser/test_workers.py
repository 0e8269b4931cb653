"""Ending a worker: a dialog that can be left again, and the same without scripts."""

import pytest
from playwright.sync_api import expect

from app.models import Worker
from tests.factories import make_ticket, make_worker, run_stage

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def busy_worker(board):
    with board() as session:
        run_stage(session, make_ticket(session), make_worker(session, worker_id="w-1"))


def status(board):
    with board() as session:
        return session.get(Worker, "w-1").status


def test_declaring_dead_can_be_thought_over(page, board):
    page.goto("/workers/w-1")
    page.get_by_role("link", name="Declare dead…").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("costs the stage an attempt")
    dialog.get_by_role("link", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert status(board) == "active"


def test_declaring_dead_is_done_from_the_dialog(page, board):
    page.goto("/workers/w-1")
    page.get_by_role("link", name="Declare dead…").click()
    page.get_by_role("dialog").get_by_role("button", name="Declare dead").click()
    expect(page.get_by_text("w-1 is declared dead.")).to_be_visible()
    assert status(board) == "failed"


def test_declaring_dead_works_without_scripts(plain_page, board):
    plain_page.goto("/workers/w-1")
    plain_page.get_by_role("link", name="Declare dead…").click()
    expect(plain_page.get_by_text("costs the stage an attempt")).to_be_visible()
    plain_page.get_by_role("button", name="Declare dead").click()
    expect(plain_page.get_by_text("It is gone:")).to_be_visible()
    assert status(board) == "failed"
