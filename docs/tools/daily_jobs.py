"""Does ten daily jobs in a browser and counts what they take: `python -m docs.tools.daily_jobs`.

Each begins on the dashboard. Counted are clicks, keys pressed (but for words that are typed), and
pages loaded; what a page fetches for a part of itself isn't one. docs/daily-jobs.md keeps the
figures.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from playwright.sync_api import Locator, Page, expect
from sqlalchemy.orm import Session

from app.actor import Actor
from app.models import Ticket
from docs.tools.sample_board import PERSON, PROJECT, chromium, sample_board, sign_in

MANY = 20
LIST = "\n".join(f"Step {number}" for number in range(1, 11))


class Doer:
    """Does things on a page, and counts."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.begin()

        def count_load(_: Page) -> None:
            self.loads += 1

        page.on("load", count_load)

    def begin(self) -> None:
        """Start at the dashboard, from nothing."""
        self.page.goto("/", wait_until="networkidle")
        self.clicks = self.keys = self.loads = 0

    def click(self, what: Locator) -> None:
        what.click()
        self.clicks += 1

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)
        self.keys += 1

    def link(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name).first

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name).last

    def type(self, words: str) -> None:
        self.page.keyboard.type(words)

    def sees(self, text: str) -> None:
        expect(self.page.get_by_role("main")).to_contain_text(text)


def find_by_id(ann: Doer) -> None:
    ann.press("Control+k")
    ann.type("web-13")
    expect(ann.page.locator("#palette [aria-selected=true]")).to_contain_text("WEB-13")
    ann.press("Enter")
    ann.sees("Choose a method")


def find_by_words(ann: Doer) -> None:
    """Words that stand in a comment."""
    ann.press("Control+k")
    ann.type("awaiting_payment")
    expect(ann.page.locator("#palette [aria-selected=true]")).to_contain_text("payment")
    ann.press("Enter")
    ann.sees("Choose a method")


def change_priority_of_many(ann: Doer) -> None:
    ann.click(ann.link("Tickets"))
    ann.page.get_by_role("heading", name="Tickets", level=1).wait_for()
    ann.press("/")
    ann.type("label:tidy")
    ann.press("Enter")
    ann.sees(f"1 to {MANY} of {MANY}")
    ann.click(ann.page.get_by_role("checkbox", name="Select all"))
    bar = ann.page.get_by_role("form", name="Selected tickets")
    ann.click(bar.get_by_text("Priority"))
    ann.click(bar.get_by_role("button", name="high"))
    ann.click(ann.page.get_by_role("dialog").get_by_role("button", name=f"{MANY} tickets"))
    expect(ann.page.get_by_text(f"{MANY} tickets", exact=False).first).to_be_visible()


def approve(ann: Doer) -> None:
    ann.click(ann.link("Approve"))
    ann.click(ann.page.locator("dialog[open], main").last.get_by_role("button", name="Approve"))
    expect(ann.page.get_by_text("approved").first).to_be_visible()


def answer(ann: Doer) -> None:
    ann.click(ann.link("Answer"))
    box = ann.page.locator("dialog[open] textarea, main form textarea").first
    ann.click(box)
    ann.type("Keep them for ten years.")
    ann.click(ann.page.locator("dialog[open], main").last.get_by_role("button", name="Answer"))
    ann.sees("Keep them for ten years.")


def create(ann: Doer) -> None:
    ann.press("c")
    ann.page.get_by_label("Title").wait_for()
    ann.type("The cart forgets the voucher")
    ann.press("Enter")
    expect(ann.page.get_by_role("heading", level=1)).to_contain_text("voucher")


def create_ten(ann: Doer) -> None:
    ann.press("c")
    ann.click(ann.link("Paste a list"))
    ann.page.get_by_label("List").fill(LIST)  # pasted by one key
    ann.keys += 1
    ann.click(ann.button("Look at it first"))
    ann.click(ann.button("Create"))
    ann.sees("Step 10")


def see_why_it_waits(ann: Doer) -> None:
    ann.click(ann.link("Tickets"))
    ann.sees("blocked by WEB-")


def reorder(ann: Doer) -> None:
    ann.click(ann.link(PROJECT))
    card = ann.page.locator(".ticket-card", has_text="An empty wish list")
    ann.click(card.get_by_role("link", name="Move"))
    ann.click(ann.button("To the top"))
    expect(ann.page.get_by_text("is moved in the queue").first).to_be_visible()


def see_throughput(ann: Doer) -> None:
    ann.click(ann.link("Statistics"))
    ann.sees("Throughput")


JOBS: dict[str, Callable[[Doer], None]] = {
    "Find a ticket by its id": find_by_id,
    "Find a ticket by words of a comment": find_by_words,
    "Change the priority of twenty tickets": change_priority_of_many,
    "Approve what waits": approve,
    "Answer a question": answer,
    "Create a ticket": create,
    "Create ten tickets from a list": create_ten,
    "See why a ticket waits": see_why_it_waits,
    "Let a ticket be claimed next": reorder,
    "See the throughput of the last month": see_throughput,
}


def main() -> None:
    """Do them all, and print a row for each."""
    with sample_board(datetime.now(UTC)) as board, chromium() as browser:
        board.change(_add_twenty)
        context = browser.new_context(base_url=board.url)
        sign_in(context)
        ann = Doer(context.new_page())
        for name, do in JOBS.items():
            ann.begin()
            do(ann)
            ann.page.wait_for_load_state("networkidle")
            print(f"| {name} | {ann.clicks} | {ann.keys} | {ann.loads} |")
        context.close()


def _add_twenty(session: Session) -> None:
    for number in range(1, MANY + 1):
        Ticket.create(
            session,
            project_id=PROJECT,
            title=f"Tidy {number}",
            execution_plan=["documentation"],
            labels=["tidy"],
            actor=Actor.person(PERSON),
        )


if __name__ == "__main__":
    main()
