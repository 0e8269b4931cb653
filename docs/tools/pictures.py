"""Draws the pages of the sample project into docs/pictures: `make pictures`.

The board's clock and the browser's stand still, so that a page which nobody changed is drawn as
before.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, ViewportSize
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import clock
from app.actor import Actor
from app.models import SavedView, StageRun, Ticket, User, WorkerType
from docs.tools.sample_board import (
    PERSON,
    PROJECT,
    SampleBoard,
    chromium,
    fill_with_people,
    sample_board,
    sign_in,
)

FOLDER = Path(__file__).parents[1] / "pictures"
MOMENT = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)
"""A Thursday morning."""

DESK: ViewportSize = {"width": 1280, "height": 860}
PHONE: ViewportSize = {"width": 390, "height": 844}
QUALITY = 86
"""Of WebP: small, and letters stay sharp."""

SCHEMES: Sequence[Literal["light", "dark"]] = ("light", "dark")

VIEWS = (
    ("Waits for me", "is:mine is:waiting"),
    ("Urgent and open", "is:open priority:urgent,high sort:-updated"),
    ("Bugs that rest", "label:bug is:blocked,on_hold,backoff"),
)

ADDED = "What was typed stays when the provider refuses; a test says so."
"""What somebody adds to a ticket's description."""


@dataclass(frozen=True)
class Picture:
    """A page, and what is done on it before it is drawn."""

    name: str
    address: str
    before: Callable[[Page], None] | None = None
    is_dark_too: bool = False
    is_phone: bool = False


def _open_palette(page: Page) -> None:
    page.keyboard.press("Control+k")
    page.keyboard.type("check")
    page.get_by_role("dialog", name="Command palette").get_by_text("step 2").wait_for()


def _select_rows(page: Page) -> None:
    for number in (0, 2, 3):
        page.get_by_role("checkbox", name="Select ").nth(number + 1).check()


def _type_a_query(page: Page) -> None:
    box = page.get_by_role("combobox", name="Query")
    box.focus()
    page.keyboard.press("End")
    page.keyboard.type(" is:")
    page.locator("#suggestions").get_by_role("option").first.wait_for()


def _paste(page: Page) -> None:
    page.locator("textarea").first.fill(
        "Wish list\n  Show it when it is empty\n  Share it by a link\nGift cards\n  Sell them\n"
    )


FIRST = (Picture("first-run", "/"), Picture("no-tickets", "/tickets"))
"""Of a board on which nothing has happened yet."""

OUTSIDE = (Picture("sign-in", "/sign-in"),)
"""Of nobody who is signed in."""


def pictures(ticket_id: str, worker_id: str, role_id: int) -> tuple[Picture, ...]:
    """All of the sample project."""
    home = f"/projects/{PROJECT}"
    return (
        Picture("dashboard", "/", is_dark_too=True),
        Picture("board", home, is_dark_too=True),
        Picture("ticket", f"/tickets/{ticket_id}", is_dark_too=True),
        Picture("tickets", "/tickets?q=is:open+-label:docs+sort:priority", is_dark_too=True),
        Picture("query", "/tickets?q=label:bug", _type_a_query),
        Picture("many", "/tickets?q=is:open", _select_rows),
        Picture("search", "/search?q=checkout"),
        Picture("palette", "/tickets", _open_palette),
        Picture("views", "/views"),
        Picture("statistics", "/statistics?weeks=4", is_dark_too=True),
        Picture("inbox", "/inbox"),
        Picture("workers", "/workers"),
        Picture("new-ticket", f"/tickets/new?project={PROJECT}"),
        Picture("edit-ticket", f"/tickets/{ticket_id}/edit"),
        Picture("history", f"/tickets/{ticket_id}/description/history"),
        Picture("paste", f"/tickets/new/list?project={PROJECT}", _paste),
        Picture("all-projects", "/board?lanes=project"),
        Picture("projects", "/projects"),
        Picture("new-project", "/projects/new"),
        Picture("roles", f"{home}/-/worker-types"),
        Picture("role", f"/worker-types/{role_id}"),
        Picture("new-role", f"{home}/-/worker-types/new"),
        Picture("plans", f"{home}/-/plans"),
        Picture("settings", f"{home}/-/settings"),
        Picture("connect", f"/connect?project={PROJECT}"),
        Picture("worker", f"/workers/{worker_id}"),
        Picture("events", "/events?show=all&processed=any"),
        Picture("people", "/people"),
        Picture("invite", "/people/invite"),
        Picture("tokens", "/tokens"),
        Picture("new-token", "/tokens/new"),
        Picture("audit", "/audit"),
        Picture("account", "/account"),
        Picture("phone-dashboard", "/", is_phone=True),
        Picture("phone-ticket", f"/tickets/{ticket_id}", is_phone=True),
    )


def main() -> None:
    """Draw all of them anew."""
    with chromium() as browser:
        with sample_board(MOMENT, fill_with_people) as board:
            drawn = _draw_all(browser, board, OUTSIDE, is_inside=False)
            drawn += _draw_all(browser, board, FIRST)
        with sample_board(MOMENT) as board:
            drawn += _draw_all(browser, board, pictures(*board.change(_prepare)))
    for old in FOLDER.iterdir():
        if old.name not in drawn:
            old.unlink()


def _draw_all(
    browser: Browser, board: SampleBoard, wanted: Sequence[Picture], *, is_inside: bool = True
) -> list[str]:
    """The names of the files that were written."""
    context = browser.new_context(
        base_url=board.url, reduced_motion="reduce", timezone_id="UTC", locale="en-GB"
    )
    if is_inside:
        sign_in(context)
    page = context.new_page()
    page.clock.set_fixed_time(MOMENT)
    drawn = [name for picture in wanted for name in _draw(page, picture)]
    context.close()
    return drawn


def _prepare(session: Session) -> tuple[str, str, int]:
    """Some views, and an edit; a ticket, a worker and a worker type to look at."""
    maya = User.named(session, PERSON)
    maya.hide_first_steps()
    for name, query in VIEWS:
        SavedView.create(session, maya, name=name, query=query, pinned=True)
    titled = select(Ticket).where(Ticket.title == "Checkout, step 2: payment")
    ticket = session.scalars(titled).one()
    edited = ticket.description.replace("(later)", "(above 50 € only)")
    with clock.at(MOMENT - timedelta(minutes=4)):
        ticket.edit(Actor.person(PERSON), description=f"{edited}\n\n{ADDED}")
    busy = select(StageRun.worker_id).where(StageRun.finished_at.is_(None))
    worker_id = session.scalars(busy.order_by(StageRun.run_id)).first()
    roles = select(WorkerType.id).where(WorkerType.worker_type == "implementation")
    return ticket.ticket_id, worker_id or "", session.scalars(roles).one()


def _draw(page: Page, picture: Picture) -> list[str]:
    """The names of the files that were written."""
    page.set_viewport_size(PHONE if picture.is_phone else DESK)
    page.emulate_media(color_scheme="light")
    page.goto(picture.address, wait_until="networkidle")
    if picture.before:
        picture.before(page)
    page.wait_for_load_state("networkidle")
    names = []
    for scheme in SCHEMES if picture.is_dark_too else SCHEMES[:1]:
        page.emulate_media(color_scheme=scheme)
        name = f"{picture.name}{'-dark' if scheme == 'dark' else ''}.webp"
        asked = {"format": "webp", "quality": QUALITY}
        answer = page.context.new_cdp_session(page).send("Page.captureScreenshot", asked)
        (FOLDER / name).write_bytes(base64.b64decode(answer["data"]))
        names.append(name)
    return names


if __name__ == "__main__":
    main()
