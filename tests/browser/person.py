"""What a person does at the board, in people's words: by mouse, or by keyboard alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from playwright.sync_api import Locator, Page, expect

MANY_STOPS = 200
"""More than any page has on the way from one end to the other."""

STOP = """(target) => {
  const here = document.activeElement;
  // A link that covers its whole card is outlined where it covers it.
  const isOutlined = [undefined, "::after"].some((part) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(here, part);
    return outlineStyle !== "none" && parseFloat(outlineWidth) >= 1;
  });
  const box = here.getBoundingClientRect();
  const isShown = box.width > 0 && box.bottom > 0 && box.top < innerHeight;
  const isSeen = here === document.body || (isOutlined && isShown && here.checkVisibility());
  return [here === target, isSeen, here.outerHTML.slice(0, 200)];
}"""
"""Whether the focus is there, whether one sees where it is, and what has it."""


class Hands(Protocol):
    """How someone presses and writes."""

    def press(self, what: Locator) -> None: ...
    def write(self, where: Locator, text: str) -> None: ...
    def choose(self, where: Locator, option: str) -> None: ...
    def check(self, what: Locator, checked: bool = True) -> None: ...


class Mouse:
    """The mouse, and the keyboard for words only."""

    def press(self, what: Locator) -> None:
        what.click()

    def write(self, where: Locator, text: str) -> None:
        where.click()
        where.fill(text)

    def choose(self, where: Locator, option: str) -> None:
        where.select_option(option)

    def check(self, what: Locator, checked: bool = True) -> None:
        what.set_checked(checked)


class Keyboard:
    """No mouse at all. Whatever the focus stops at on the way must show it."""

    def __init__(self, page: Page) -> None:
        self.keys = page.keyboard

    def press(self, what: Locator) -> None:
        self._reach(what)
        self.keys.press("Enter")

    def write(self, where: Locator, text: str) -> None:
        self._reach(where)
        self.keys.press("Control+a")
        self.keys.type(text)

    def choose(self, where: Locator, option: str) -> None:
        self._reach(where)
        self.keys.type(option)
        expect(where).to_have_value(option)

    def check(self, what: Locator, checked: bool = True) -> None:
        if what.is_checked() is checked:
            return
        if what.get_attribute("type") == "radio":
            group = what.page.locator(f"[name={what.get_attribute('name')}]:checked")
            self._reach(group)
            self.keys.press("ArrowDown")
        else:
            self._reach(what)
            self.keys.press(" ")
        expect(what).to_be_checked(checked=checked)

    def _reach(self, what: Locator) -> None:
        """Go there by the tab key, past the sidebar where the page offers that."""
        expect(what).to_be_visible()
        is_outside_main = what.locator("xpath=ancestor::*[@id='side']").count()
        for _ in range(MANY_STOPS):
            is_there, is_seen, html = what.evaluate(STOP)
            assert is_seen, f"nobody sees that the focus is here: {html}"
            if is_there:
                return
            if 'class="skip"' in html and not is_outside_main:
                self.keys.press("Enter")
            self.keys.press("Tab")
        raise AssertionError(f"the tab key leads past {what}")


class Person:
    """Someone at the board."""

    def __init__(self, page: Page, hands: Hands) -> None:
        self.page = page
        self.hands = hands

    def signs_in(self, name: str, password: str) -> None:
        self.page.goto("/")
        self.hands.write(self.page.get_by_label("Name"), name)
        self.hands.write(self.page.get_by_label("Password"), password)
        self._press_button("Sign in")
        self.sees_heading("Dashboard")

    def creates_a_project(self, name: str) -> None:
        self._follow("New project")
        self.hands.write(self.page.get_by_label("Repository name"), name)
        self.hands.write(self.page.get_by_label("Path"), "/tmp")
        self.hands.check(self.page.get_by_label("Begin with the starter set"), False)
        self._press_button("Create project")
        self.sees_heading(name)

    def adds_a_worker_type(self, name: str, performed_by: str = "agent") -> None:
        """To the project that is shown, or whose worker type is."""
        self._follow("Worker types")
        self._follow("New worker type")
        self.hands.write(self.page.get_by_label("Name").first, name)
        self.hands.check(self.page.get_by_label(re.compile(f"^An? {performed_by}")).first)
        self._press_button("Create worker type")
        self.sees_heading(name)

    def creates_a_ticket(self, title: str, plan: Sequence[str]) -> None:
        self._follow("New ticket")
        self.hands.write(self.page.get_by_label("Title"), title)
        for number, worker_type in enumerate(plan, 1):
            stage = self.page.get_by_role("combobox", name=f"Stage {number}", exact=True)
            if not stage.count():
                self._press_button("Add a stage")
            self.hands.choose(stage, worker_type)
        self._press_button("Create ticket")
        self.sees_heading(title)

    def answers(self, words: str) -> None:
        """The question of the ticket that is shown."""
        self._fills_the_form("Answer", words)

    def sends_back(self, reason: str) -> None:
        self._fills_the_form("Send back", reason)

    def approves(self, words: str) -> None:
        self._fills_the_form("Approve", words)

    def searches_for(self, words: str) -> None:
        """On the search page: by the palette where scripts run."""
        self._follow("Search")
        palette = self.page.locator("#palette[open]")
        if palette.count():
            self.page.keyboard.type(words)
            option = palette.get_by_role("option").filter(has_text="Search all texts")
            expect(option).to_be_visible()
            self.page.keyboard.press("ArrowUp")
            self.page.keyboard.press("Enter")
        else:
            self.hands.write(self.page.get_by_role("searchbox"), words)
            self._press_button("Search")
        self.sees_heading("Search")

    def looks_at(self, place: str) -> None:
        self._follow(place)
        self.sees_heading(place)

    def sees(self, *texts: str) -> None:
        for text in texts:
            expect(self.page.get_by_role("main")).to_contain_text(text)

    def sees_heading(self, text: str) -> None:
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(text)

    def _follow(self, name: str) -> None:
        self.hands.press(self.page.get_by_role("link", name=name).first)

    def _press_button(self, name: str) -> None:
        self.hands.press(self.page.get_by_role("button", name=name).last)

    def _fills_the_form(self, verb: str, words: str) -> None:
        """A verb's form: in a dialog where scripts run, on a page of its own where they don't."""
        actions = self.page.locator("#ticket-actions")
        link = self.page.locator("main a", has_text=re.compile(rf"^\s*{verb}.*…")).first
        if not link.is_visible():
            self.hands.press(actions.get_by_text("More", exact=True))
        self.hands.press(link)
        expect(self.page.get_by_role("heading", name=re.compile(f"^{verb}")).first).to_be_visible()
        dialog = self.page.locator("dialog[open]")
        form = dialog if dialog.count() else self.page.get_by_role("main")
        self.hands.write(form.get_by_role("textbox").first, words)
        self.hands.press(form.get_by_role("button", name=verb))
