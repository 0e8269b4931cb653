"""Whatever agents and people write: a real browser runs, loads and obeys none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import quote, urlencode, urlsplit

import pytest
from playwright.sync_api import BrowserContext, Page, Request, expect

from app.markdown import to_html
from tests.browser.conftest import Server
from tests.browser.hostile_board import HostileBoard, Hostility
from tests.conftest import OpenSession
from tests.factories import make_ticket
from tests.hostile_text import PAYLOADS, on_one_line, sayable
from tests.visibility.readings import addresses

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CANARY = """
  window.boom = window.alert = (...said) => console.error("it ran: " + said.join());
"""

STRANGE = r"""(inProseOnly) => {
  const own = new URL(location.href).origin;
  const tags = "iframe, frame, object, embed, applet, base, style, math, foreignObject, portal, "
    + "video, audio, marquee, template > img, meta[http-equiv], plaintext, xmp, listing";
  const ofProse = /^(href|rel|title|start|type|disabled|checked|aria-label)$/;
  const ofText = /^(hl-[a-z0-9]+|ref-(ticket|person))$/;
  const bearsName = /^(id|class|name|for|form|target|(data-)?hx-(?!get$).*)$/;
  const leads = /^(action|formaction|ping|hx-get|hx-post)$/;
  const found = [];
  const wrong = (element, why) => found.push(`${why}: ${element.outerHTML.slice(0, 200)}`);
  const isOwn = (address) => new URL(address, location.href).origin === own;
  if (!inProseOnly) for (const element of document.querySelectorAll(tags)) wrong(element, "a tag");
  for (const element of document.querySelectorAll(inProseOnly ? ".prose *" : "*")) {
    for (const { name, value } of element.attributes) {
      if (/^on|^style$|^srcdoc$/.test(name)) wrong(element, name);
      if (bearsName.test(name) && value.includes("pwn")) wrong(element, name);
      if (leads.test(name) && !isOwn(value || "/")) wrong(element, name);
      if (element.parentElement?.closest(".prose") && !ofProse.test(name)
          && !(name === "class" && ofText.test(value))) wrong(element, name);
    }
    if (element.matches("script") && !(element.src && isOwn(element.src))) wrong(element, "script");
    if (element.matches("link, img") && !isOwn(element.href ?? element.src)) wrong(element, "load");
    const scheme = element.matches("a[href], area[href]") ? element.protocol : "http:";
    if (!/^(https?|mailto):$/.test(scheme)) wrong(element, "link");
  }
  return found;
}"""
"""What no text may bring into a page."""

REFRESH = """() => new Promise((done) => {
  const regions = [...document.querySelectorAll("[data-live]")];
  for (const region of regions) {
    const address = region.getAttribute("hx-get").replace(/([?&]v=)[^&]*/, "$1none");
    region.setAttribute("hx-get", address);
  }
  if (!regions.length) return done(0);
  let left = regions.length;
  document.addEventListener("htmx:afterSettle", () => { left -= 1; left || done(regions.length); });
  document.dispatchEvent(new Event("visibilitychange"));
})"""
"""Let every live region fetch itself anew, and be swapped in."""

REFUSED = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")

BARE = "/bare"
"""A page of the board's own site that has no policy to save it."""

BESIDE = """(text) => Object.fromEntries(["a", "b", "q", "code"].map((name) => {
  const line = document.querySelector("main").appendChild(document.createElement("p"));
  line.appendChild(document.createElement(name)).textContent = text;
  const beside = line.appendChild(document.createTextNode(" beside"));
  const left = [1, 6].map((at) => {
    const letter = document.createRange();
    letter.setStart(beside, at);
    letter.setEnd(beside, at + 1);
    return letter.getBoundingClientRect().left;
  });
  return [name, left];
}))"""
"""Where the first and the last letter stand of a word that follows a text."""

LOADING = "<img src=https://evil.example/x onerror=boom()>"

READ_AGAIN = """(htmls) => htmls.flatMap((html, number) => {
  const place = document.createElement("div");
  place.className = "prose";
  document.body.replaceChildren(place);
  place.innerHTML = html;
  const first = place.innerHTML;
  place.innerHTML = first;
  return place.innerHTML === first ? [] : [`${number} changes when it is read again: ${first}`];
})"""


@pytest.fixture
def admin_page(page: Page, context: BrowserContext, server: Server) -> Iterator[Page]:
    """A page of an admin, who sees everything; whatever a text gets done fails the test."""
    server.let_in(context, "admin", "ada")
    page.add_init_script(CANARY)
    with undisturbed(page, server.url):
        yield page


@contextmanager
def undisturbed(page: Page, home: str) -> Iterator[None]:
    """Nothing may be loaded from elsewhere, be opened, be asked or be downloaded meanwhile."""
    disturbances: list[str] = []

    def look(request: Request) -> None:
        if urlsplit(request.url)[:2] != urlsplit(home)[:2]:
            disturbances.append(request.url)

    page.on("request", look)
    page.on("dialog", lambda dialog: disturbances.append(dialog.message))
    page.on("popup", lambda popup: disturbances.append(popup.url))
    page.on("download", lambda download: disturbances.append(download.url))
    page.on("frameattached", lambda frame: disturbances.append(frame.url))
    yield
    assert disturbances == []


@pytest.fixture
def hostile(board: OpenSession) -> HostileBoard:
    """A board full of it."""
    with board() as session:
        return Hostility(session).fill()


def test_no_page_does_what_a_text_says(
    admin_page: Page, server: Server, hostile: HostileBoard, complaints: list[str]
) -> None:
    strange = {}
    swapped = 0
    for address in pages_of(server, hostile):
        admin_page.goto(address)
        wanted = urlsplit(address)
        # The bare log leads to the inbox.
        path = "/inbox" if (wanted.path, wanted.query) == ("/events", "") else wanted.path
        assert urlsplit(admin_page.url).path == path
        found = admin_page.evaluate(STRANGE, False)
        if regions := admin_page.evaluate(REFRESH):
            swapped += regions
            found += admin_page.evaluate(STRANGE, False)
        if found:
            strange[address] = found
    assert strange == {}
    assert swapped >= 20
    forgive_refusals(complaints)


def pages_of(server: Server, board: HostileBoard) -> Iterator[str]:
    """Every page once, and those of rows in other states besides."""
    parts = {
        "name": "acme/web",
        "project_id": "acme/web",
        "ticket_id": board.tickets[0],
        "worker_id": board.workers[0],
        "worker_type_id": board.roles[0],
        "user_id": board.people[0],
        **dict.fromkeys(("event_id", "template_id", "token_id"), 1),
    }
    elsewhere = (
        "/static",
        "/bundles",
        "/board/cards",
        "/comments/",
        "/join",
        "/reset",
        "/setup",
        "/sign-in",
        "/healthz",
        "/readyz",
    )
    for address in addresses(server.app, parts):
        is_download = address.endswith(".csv")
        is_elsewhere = address.startswith((*elsewhere, "/metrics", "/account/"))
        if "?" not in address and not is_download and not is_elsewhere:
            yield address
    yield from ("/api/docs", f"/tickets/{board.told}?all=1", "/events?show=all&processed=any")
    yield from (f"/tickets?state=all&sort=title&page={number}" for number in range(1, 6))
    yield from (f"/tickets/{ticket_id}" for ticket_id in board.tickets[1:])
    yield from (f"/workers/{worker_id}" for worker_id in board.workers[1:])
    yield from (f"/worker-types/{role}?from=2&to=3" for role in board.roles)
    yield from ("/workers?status=all", "/projects/acme/p1", "/people/2")


def test_nor_does_a_preview(admin_page: Page, board: OpenSession) -> None:
    with board() as session:
        make_ticket(session, ticket_id="T-1")
    admin_page.goto("/tickets/T-1")
    box = admin_page.locator("#comment #content")
    for number in range(8):
        box.fill("\n\n".join([f"Chunk {number}.", *map(sayable, PAYLOADS[number::8])]))
        admin_page.get_by_role("button", name="Preview").click()
        expect(admin_page.locator("#preview")).to_contain_text(f"Chunk {number}.")
        assert admin_page.evaluate(STRANGE, True) == []
    box.fill("")
    admin_page.evaluate("delete document.querySelector('form[data-dirty]').dataset.dirty")


def test_nor_does_an_address_or_the_form_that_it_fills(
    admin_page: Page, board: OpenSession, complaints: list[str]
) -> None:
    with board() as session:
        make_ticket(session)
    asked = ("q", "state", "sort", "page", "label", "type", "actor", "title", "ticket", "parent")
    for payload in PAYLOADS[100:210:16]:
        text = on_one_line(payload, 300)
        query = urlencode({**dict.fromkeys(asked, text), "project": "acme/web"})
        for path in ("/tickets", "/workers", "/inbox", "/audit", "/tickets/new", f"/{text}"):
            admin_page.goto(f"{quote(path)}?{query}")
            assert admin_page.evaluate(STRANGE, False) == []
    forgive_refusals(complaints)


def forgive_refusals(complaints: list[str]) -> None:
    """Pages that say no are pages too; Chromium's console complains of each."""
    complaints[:] = [text for text in complaints if not REFUSED.match(text)]


def test_a_text_that_turns_letters_round_turns_none_beside_it(page: Page) -> None:
    page.goto("/")
    places = page.evaluate(BESIDE, "\u202eevil")
    assert places
    for name, (first, last) in places.items():
        assert first < last, f"the words after <{name}> are turned round"


def test_even_without_the_policy_the_html_of_a_text_does_nothing(
    page: Page, server: Server
) -> None:
    page.add_init_script(CANARY)
    page.route(f"**{BARE}", lambda route: route.fulfill(body=" ", content_type="text/html"))
    page.goto(BARE)
    htmls = [str(to_html(payload)) for payload in PAYLOADS]
    with undisturbed(page, server.url):
        assert page.evaluate(READ_AGAIN, htmls) == []
        page.evaluate(
            "(htmls) => { document.body.innerHTML = `<div class=prose>${htmls.join('')}</div>`; }",
            htmls,
        )
        page.wait_for_timeout(300)
        assert page.evaluate(STRANGE, True) == []


def test_what_runs_loads_or_obeys_would_be_noticed(
    page: Page, server: Server, complaints: list[str]
) -> None:
    page.add_init_script(CANARY)
    page.goto("/")
    page.evaluate(
        "() => { document.querySelector('main').innerHTML = `<div class=prose id=x>"
        "<img src=x onerror=boom()><a href='javascript:boom()'>x</a><b hx-get=/>x</b></div>`; }"
    )
    page.wait_for_timeout(300)
    assert any("Content Security Policy" in text for text in complaints)
    assert any(text.startswith("breach of the policy: script-src") for text in complaints)
    complaints.clear()
    assert len(page.evaluate(STRANGE, False)) >= 4

    page.route(f"**{BARE}", lambda route: route.fulfill(body=LOADING, content_type="text/html"))
    with pytest.raises(AssertionError, match=r"evil\.example"):
        visit_undisturbed(page, server.url)
    assert any(text.startswith("it ran") for text in complaints)
    complaints.clear()


def visit_undisturbed(page: Page, home: str) -> None:
    with undisturbed(page, home):
        page.goto(BARE)
        page.wait_for_timeout(300)
