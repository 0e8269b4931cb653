"""Every page and filter, as one person sees them one after the other."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from bench.client import Answer, Client
from bench.fill.content import (
    ABSENT_WORD,
    COMMON_WORD,
    CROWDED_TICKET,
    GATE,
    LABELS,
    RARE_LABEL,
    RARE_WORD,
    project_name,
)
from bench.inside import Inside
from bench.processes import FLOOR
from bench.run import Run, signed_in

PROJECT = project_name(3)
CROWDED_PARENT = "P00-80"


@dataclass(frozen=True, slots=True)
class Page:
    """A page by its address. `is_main`: also in the quick bench."""

    name: str
    path: str
    is_main: bool = False

    @property
    def is_of_programs(self) -> bool:
        """Whether programs ask for it, with a token; nothing is drawn for them."""
        return self.path.startswith("/api/")


def listed(name: str, query: str, is_main: bool = False) -> Page:
    return Page(f"list: {name}", f"/tickets?{query}", is_main)


PAGES = (
    Page("dashboard", "/", True),
    Page("list", "/tickets", True),
    listed("all", "state=all", True),
    listed("ready", "state=ready"),
    listed("running", "state=running"),
    listed("waiting", "state=waiting"),
    listed("blocked", "state=blocked", True),
    listed("on hold", "state=on_hold"),
    listed("backoff", "state=backoff"),
    listed("completed", "state=completed"),
    listed("stopped", "state=stopped"),
    listed("closed", "state=closed"),
    listed("of a project", f"project={PROJECT}", True),
    listed("closed of a project", f"project={PROJECT}&state=closed"),
    listed("of a stage", "stage=review"),
    listed("urgent", "priority=0"),
    listed("of a label", f"label={LABELS[7]}"),
    listed("of two labels", f"label={LABELS[7]}&label={LABELS[8]}"),
    listed("of a rare label", f"label={RARE_LABEL}&state=all"),
    listed("of project, stage and priority", f"project={PROJECT}&stage=review&priority=1"),
    listed("by id", "sort=id"),
    listed("by title", "sort=title", True),
    listed("by stage", "sort=stage"),
    listed("by state", "sort=state"),
    listed("by priority", "sort=priority"),
    listed("by creation", "sort=-created"),
    listed("oldest change first", "sort=updated"),
    listed("all by title", "sort=title&state=all"),
    listed("all by id, downwards", "sort=-id&state=all"),
    listed("page 20", "page=20"),
    listed("all, page 20", "state=all&page=20"),
    listed("all by title, page 20", "sort=title&state=all&page=20"),
    listed("by priority and time, all", "state=all&sort=priority,-updated"),
    listed("by stage, all", "state=all&sort=stage"),
    listed("closed of a project by stage", f"project={PROJECT}&state=closed&sort=stage"),
    listed("stopped by stage", "state=stopped&sort=stage"),
    listed("ready of a stage", "state=ready&stage=review"),
    listed("mine", "q=is:mine"),
    listed("starved", "q=is:starved"),
    listed("of a parent", f"state=all&q=parent:{CROWDED_PARENT}"),
    listed("with parts", "q=has:children"),
    listed("changed this week", "q=updated:<7d"),
    listed("closed this week", "q=is:closed+closed:<7d"),
    listed("without a label", f"q=-label:{LABELS[7]}"),
    listed("all of a label by title", f"state=all&sort=title&label={LABELS[7]}"),
    listed("without a common word", f"state=all&q=-{COMMON_WORD}"),
    Page("search: rare word", f"/tickets?state=all&q={RARE_WORD}", True),
    Page("search: common word", f"/tickets?state=all&q={COMMON_WORD}", True),
    Page("search: absent word", f"/tickets?state=all&q={ABSENT_WORD}", True),
    Page("search: an id", f"/tickets?state=all&q={CROWDED_TICKET}"),
    Page("search: common word, by title", f"/tickets?state=all&sort=title&q={COMMON_WORD}"),
    Page("search everything: rare word", f"/search?q={RARE_WORD}"),
    Page("search everything: common word", f"/search?q={COMMON_WORD}"),
    Page("palette: three letters", f"/search/palette?q={COMMON_WORD[:3]}"),
    Page("palette: beginning of an id", f"/search/palette?q={CROWDED_TICKET[:3]}"),
    Page("suggestions: labels", "/tickets/-/suggestions?q=label:l"),
    Page("suggestions: ids", f"/tickets/-/suggestions?q=id:{CROWDED_TICKET[:3]}"),
    Page("ticket with 20 comments", f"/tickets/{CROWDED_TICKET}", True),
    Page("ticket with 5 comments", "/tickets/P04-12"),
    Page("ticket, in full", f"/tickets/{CROWDED_TICKET}?all=1"),
    Page("ticket: brief", f"/tickets/{CROWDED_TICKET}/brief"),
    Page("ticket: edit", f"/tickets/{CROWDED_TICKET}/edit"),
    Page("ticket: move", f"/tickets/{CROWDED_TICKET}/move"),
    Page("ticket: labels", f"/tickets/{CROWDED_TICKET}/labels"),
    Page("ticket: dependencies", f"/tickets/{CROWDED_TICKET}/dependencies"),
    Page("ticket: parent", f"/tickets/{CROWDED_TICKET}/parent"),
    Page("ticket: description's history", f"/tickets/{CROWDED_TICKET}/description/history"),
    Page("ticket: new", f"/tickets/new?project={PROJECT}"),
    Page("tickets: new list", f"/tickets/new/list?project={PROJECT}"),
    Page("board", "/board"),
    Page("board: by priority", "/board?lanes=priority"),
    Page("board: by project", "/board?lanes=project"),
    Page("board: of a label", f"/board?q=label:{LABELS[7]}"),
    Page("board: changed this week", "/board?q=updated:<7d"),
    Page("board: of a word", f"/board?q={COMMON_WORD}"),
    Page("statistics", "/statistics"),
    Page("statistics: of a project", f"/projects/{PROJECT}/-/statistics"),
    Page("views", "/views"),
    Page("projects", "/projects"),
    Page("project: board", f"/projects/{PROJECT}", True),
    Page("project: members", f"/projects/{PROJECT}/-/members"),
    Page("project: settings", f"/projects/{PROJECT}/-/settings"),
    Page("project: worker types", f"/projects/{PROJECT}/-/worker-types"),
    Page("project: plans", f"/projects/{PROJECT}/-/plans"),
    Page("worker type", "/worker-types/3"),
    Page("worker type: edit", "/worker-types/3/edit"),
    Page("workers", "/workers", True),
    Page("workers: all", "/workers?status=all"),
    Page("workers: of a project", f"/workers?project={PROJECT}"),
    Page("worker", "/workers/past-03-review-0"),
    Page("inbox", "/inbox", True),
    Page("inbox, page 20", "/inbox?page=20"),
    Page("events", "/events?processed=any", True),
    Page("events: unprocessed", "/events?processed=no"),
    Page("events: of a type", "/events?processed=any&type=ticket_stage_returned"),
    Page("events: of a project", f"/events?processed=any&project={PROJECT}"),
    Page("events: unprocessed of a type", "/events?processed=no&type=ticket_stage_completed"),
    Page(
        "events: of a type and project",
        f"/events?processed=any&type=ticket_created&project={PROJECT}",
    ),
    Page("events: page 50", "/events?processed=any&page=50"),
    Page("event", "/events/7"),
    Page("people", "/people"),
    Page("audit", "/audit"),
    Page("account", "/account"),
    Page("tokens", "/tokens"),
    Page("API: list", "/api/v1/tickets", True),
    Page("API: list of a parent", f"/api/v1/tickets?state=all&parent_id={CROWDED_PARENT}"),
    Page("API: list of a label", f"/api/v1/tickets?label={LABELS[7]}"),
    Page("API: search", f"/api/v1/tickets?q={RARE_WORD}"),
    Page("API: blocked", "/api/v1/tickets?state=blocked"),
    Page("API: waiting", f"/api/v1/tickets?stage={GATE}"),
    Page("API: ticket", f"/api/v1/tickets/{CROWDED_TICKET}"),
    Page("API: timeline", f"/api/v1/tickets/{CROWDED_TICKET}/timeline"),
    Page("API: queues", f"/api/v1/queues?project={PROJECT}"),
    Page("API: queues of all projects", "/api/v1/queues"),
    Page("API: projects", "/api/v1/projects"),
    Page("API: worker types", "/api/v1/worker-types"),
    Page("API: workers", "/api/v1/workers"),
    Page("API: dependencies", "/api/v1/dependencies"),
    Page("API: comments", f"/api/v1/tickets/{CROWDED_TICKET}/comments"),
    Page("API: statistics", f"/api/v1/statistics?project={PROJECT}"),
    Page("API: events", "/api/v1/events?after=latest"),
    Page("API: events that ask", "/api/v1/events?needs_attention=true"),
    Page("API: runs", f"/api/v1/runs?ticket_id={CROWDED_TICKET}"),
    Page("API: runs of a project", f"/api/v1/runs?project={PROJECT}"),
    Page("health", "/healthz"),
    Page("readiness", "/readyz"),
    Page("metrics", "/metrics"),
)
FLOOR_PAGES = (
    Page("list", "/tickets"),
    Page("ticket with 20 comments", f"/tickets/{CROWDED_TICKET}"),
)
POLLED = (
    Page("dashboard", "/"),
    Page("list", "/tickets"),
    Page("ticket", f"/tickets/{CROWDED_TICKET}"),
    Page("board", f"/projects/{PROJECT}"),
)


def measure_pages(run: Run) -> None:
    """Waits, processor time and size of each page, the statements that it sends, and the memory
    of a worker in the end; then the same of pages that nobody was just shown."""
    pages = [page for page in PAGES if page.is_main or not run.is_quick]
    with run.serving() as server:
        browser, program = signed_in(server), server.client()
        program.token = run.board.token
        inside = Inside(run.board, browser.cookies)
        figures = {}
        for page in pages:
            client = program if page.is_of_programs else browser
            figures[page] = run.timed(server, partial(client.get, page.path))
            figures[page]["statements"] = inside.statements_of(page.path)
        inside.close()
        run.note("process/worker after use", mib=server.memory())
        for page in pages:
            if not page.is_of_programs:
                anew = run.timed(server, Newcomer(browser, page.path))
                figures[page] |= {f"anew_{name}": anew[name] for name in ("p50_ms", "cpu_ms")}
            run.note(f"page/{page.name}", **figures[page])


class Newcomer:
    """Whoever finds the board at an address of their own: nothing that was drawn serves them."""

    def __init__(self, browser: Client, path: str) -> None:
        self.browser, self.path, self.number = browser, path, 0

    def __call__(self) -> Answer:
        usual, self.number = self.browser.host, self.number + 1
        self.browser.host = f"board-{self.number}.test"
        answer = self.browser.get(self.path)
        self.browser.host = usual
        return answer


def measure_floor(run: Run) -> None:
    """The same stack, bare."""
    with run.serving(FLOOR) as server:
        client = server.client()
        for page in FLOOR_PAGES:
            figures = run.timed(server, lambda: client.get(page.path))  # noqa: B023 - called here
            run.note(f"floor/{page.name}", **figures)
        run.note("floor/worker after use", mib=server.memory())


def measure_polls(run: Run) -> None:
    """What an open page costs while nothing changes."""
    with run.serving() as server:
        browser = signed_in(server)
        for page in POLLED:
            run.note(f"poll/{page.name}", **run.timed(server, Poll(browser, page.path), status=204))


class Poll:
    """An open page that asks whether anything has changed."""

    def __init__(self, browser: Client, path: str) -> None:
        self.browser, self.path = browser, region_of(browser.get(path).text)

    def __call__(self) -> Answer:
        answer = self.browser.get(self.path, "HX-Request: true\r\n")
        if answer.status == 200:
            # Once a minute a region is drawn anew, whatever has happened.
            self.path = region_of(answer.text)
            answer = self.browser.get(self.path, "HX-Request: true\r\n")
        return answer


def region_of(page: str) -> str:
    """The address that an open page asks."""
    start = page.index('hx-get="', page.index("data-live")) + len('hx-get="')
    return page[start : page.index('"', start)].replace("&amp;", "&")
