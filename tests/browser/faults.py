"""What may be wrong with any page, whatever it shows: found by axe, and by measuring."""

from __future__ import annotations

from pathlib import Path

import axe_playwright_python
from playwright.sync_api import Page, ViewportSize

WIDE: ViewportSize = {"width": 1280, "height": 900}
NARROW: ViewportSize = {"width": 360, "height": 800}

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")

OF_COLOURS = ("color-contrast", "link-in-text-block")
OF_PLACES = ("target-size", "scrollable-region-focusable")

FIND = """async ([where, options]) => {
  const asked = { resultTypes: ["violations"], ...options };
  const { violations } = await axe.run(where ?? document, asked);
  return violations.map(({ id, nodes }) => {
    const [{ html, failureSummary }] = nodes;
    return `${id} (${nodes.length}): ${html.slice(0, 200)} ${failureSummary.slice(0, 200)}`;
  });
}"""
"""Each fault with the first of its places. What is found to be in order isn't told, which takes
longer than to find it."""

TEXTS = """(seen) => {
  const grounds = new Map();
  const groundOf = (element) => {
    if (!element) return "";
    if (grounds.has(element)) return grounds.get(element);
    const { backgroundColor, backgroundImage, opacity } = getComputedStyle(element);
    const own = opacity === "1" ? [] : [`opacity ${opacity}`];
    const isClear = backgroundColor === "rgba(0, 0, 0, 0)" && backgroundImage === "none";
    if (!isClear) own.push(backgroundColor, backgroundImage);
    const isOpaque = !backgroundColor.includes("/") && !backgroundColor.startsWith("rgba");
    const found = isOpaque ? own.join() : own.join() + groundOf(element.parentElement);
    grounds.set(element, found);
    return found;
  };
  const look = (element) => {
    const { color, fontSize, fontWeight } = getComputedStyle(element);
    const beside = element.parentElement && getComputedStyle(element.parentElement).color;
    const name = element.matches("a, input, select, textarea") && element.tagName;
    return [name, color, beside, fontSize, fontWeight, groundOf(element)].join();
  };
  const saysSomething = (element) => element.matches("input, select, textarea")
    || [...element.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
  const known = new Set(seen);
  window.texts = new Map();
  for (const element of document.body.querySelectorAll("*")) {
    if (!saysSomething(element) || !element.checkVisibility()) continue;
    const how = look(element);
    if (!known.has(how) && !texts.has(how)) texts.set(how, element);
  }
  return [...texts.keys()];
}"""
"""How texts of the page look that weren't seen before; keeps one of each."""

OVERFLOW = """() => {
  const root = document.documentElement;
  const found = root.scrollWidth > root.clientWidth ? [`the page: ${root.scrollWidth} px`] : [];
  const end = Math.max(document.body.getBoundingClientRect().bottom + scrollY, root.clientHeight);
  if (root.scrollHeight > end + 1) found.push(`nothing at its end: ${root.scrollHeight - end} px`);
  const cut = (element) => {
    for (let each = element.parentElement; each; each = each.parentElement) {
      const { overflowX } = getComputedStyle(each);
      if (overflowX === "auto" || overflowX === "scroll") return false;
      if (overflowX !== "visible") {
        const box = each.getBoundingClientRect();
        return element.getBoundingClientRect().right > box.right + 1;
      }
    }
    return element.getBoundingClientRect().right > root.clientWidth + 1;
  };
  const held = "main :is(a, button, select, input, textarea, .pill, .id, td, th, summary)";
  for (const element of document.querySelectorAll(held)) {
    if (!element.checkVisibility() || element.closest(".unseen")) continue;
    if (getComputedStyle(element.parentElement).textOverflow === "ellipsis") continue;
    if (cut(element)) found.push(element.outerHTML.replace(/\\s+/g, " ").slice(0, 160));
  }
  return found;
}"""
"""What is wider than its page, or goes on below its end, or is cut off by the card that it stands
in."""


class Inspector:
    """Looks for faults in pages, one after the other."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self._looks: set[str] = set()
        page.add_init_script(AXE)
        page.emulate_media(reduced_motion="reduce")

    def look(self, within: str | None = None) -> list[str]:
        """What is wrong with the page that is shown, or with a part of it: in both schemes, on a
        desk and on a phone.

        What a change of colours or of the width doesn't touch is asked once.
        """
        self.page.emulate_media(color_scheme="light")
        self.page.set_viewport_size(WIDE)
        found = [
            *self._axe(within, skip=OF_COLOURS),
            *self._colours(),
            *self.page.evaluate(OVERFLOW),
        ]
        self.page.emulate_media(color_scheme="dark")
        found += [f"dark: {fault}" for fault in self._colours()]
        self.page.set_viewport_size(NARROW)
        narrow = [
            *self._axe(within, only=OF_PLACES),
            *self._colours(),
            *self.page.evaluate(OVERFLOW),
        ]
        self.page.emulate_media(color_scheme="light")
        return found + [f"narrow: {fault}" for fault in [*narrow, *self._colours()]]

    def _axe(
        self, within: str | None, skip: tuple[str, ...] = (), only: tuple[str, ...] = ()
    ) -> list[str]:
        options: dict[str, object] = {"rules": {rule: {"enabled": False} for rule in skip}}
        if only:
            options = {"runOnly": {"type": "rule", "values": only}}
        found: list[str] = self.page.evaluate(FIND, [within, options])
        return found

    def _colours(self) -> list[str]:
        """What is wrong with colours, of texts that don't look like one that was seen before: to
        look through a page for all of them takes longer than everything else."""
        looks = self.page.evaluate(TEXTS, list(self._looks))
        self._looks.update(looks)
        ask = f"(options) => ({FIND})([[...texts.values()], options])"
        options = {"runOnly": {"type": "rule", "values": OF_COLOURS}}
        found: list[str] = self.page.evaluate(ask, options) if looks else []
        return found
