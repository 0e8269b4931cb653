"""A file is chosen, packed by the page, looked at and imported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from app.models import Ticket
from tests.browser.faults import Inspector
from tests.conftest import OpenSession
from tests.exchange.conftest import SMALL_FILE, record
from tests.factories import make_project

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def project(board: OpenSession) -> None:
    with board() as session:
        make_project(session)


def test_a_chosen_file_is_imported_and_kept_meanwhile(page: Page, board: OpenSession) -> None:
    page.goto("/projects/acme/web/-/settings")
    page.get_by_role("link", name="Import…").click()
    page.get_by_label("Beads file").set_input_files(SMALL_FILE)
    expect(page.get_by_text("beads-small.jsonl, 5 kB")).to_be_visible()
    page.get_by_role("button", name="Look at it first").click()
    page.get_by_role("button", name="Change the file or the plan").click()
    expect(page.get_by_text("beads-small.jsonl is kept.")).to_be_visible()
    page.get_by_role("button", name="Look at it first").click()
    page.get_by_role("button", name="Import").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("tickets are imported")
    page.get_by_role("link", name="See the tickets").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Tickets")
    with board() as session:
        assert session.query(Ticket).count() > 5


def test_a_file_that_is_chosen_before_the_script_has_come_is_kept_too(
    page: Page, board: OpenSession
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/importing.js**", hold)
    with page.expect_request("**/importing.js**"):
        page.goto("/import?project=acme/web", wait_until="commit")
    page.get_by_label("Beads file").set_input_files(SMALL_FILE)
    expect(page.get_by_text("beads-small.jsonl, 5 kB")).to_be_hidden()
    held[0].continue_()
    expect(page.get_by_text("beads-small.jsonl, 5 kB")).to_be_visible()


def test_each_step_is_in_order_on_any_screen(page: Page, tmp_path: Path) -> None:
    odd = tmp_path / "odd.jsonl"
    some = [record(f"b-{number}", title="word " * 30) for number in range(60)]
    odd.write_text("\n".join(map(json.dumps, [*some, record("b-x", status="odd"), "no record"])))
    inspector = Inspector(page)
    page.goto("/import")
    assert inspector.look() == []
    page.get_by_label("Name of the project").fill("acme/books")
    page.get_by_label("Beads file").set_input_files(odd)
    expect(page.get_by_text("odd.jsonl, ")).to_be_visible()
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("Line 62: isn't a JSON object")).to_be_visible()
    assert inspector.look() == []
    page.get_by_role("button", name="Import 61 tickets").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("61 tickets are imported")
    assert inspector.look() == []


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(
    page: Page, tmp_path: Path, complaints: list[str]
) -> None:
    large = tmp_path / "large.jsonl"
    large.write_bytes(b"x" * 5_000_001)
    page.goto("/import?project=acme/web")
    page.get_by_label("Beads file").set_input_files(large)
    expect(page.get_by_text("large.jsonl has 5.0 MB: too large for a form.")).to_be_visible()
    page.get_by_role("button", name="Look at it first").click()
    expect(page.get_by_text("Choose a file, or paste its lines.").first).to_be_visible()
    assert complaints.pop().endswith("422 (UNPROCESSABLE ENTITY)")


def test_without_scripts_the_lines_are_pasted(plain_page: Page, board: OpenSession) -> None:
    plain_page.goto("/import?project=acme/web")
    expect(plain_page.get_by_label("Beads file")).to_be_hidden()
    plain_page.get_by_text("Paste its lines instead").click()
    plain_page.get_by_label("Lines of the file").fill(json.dumps(record("b-1")))
    plain_page.get_by_role("button", name="Look at it first").click()
    plain_page.get_by_role("button", name="Import 1 ticket").click()
    expect(plain_page.get_by_role("heading", level=1)).to_have_text("1 ticket is imported")
    with board() as session:
        assert session.get(Ticket, "b-1")
