"""What there is to do in the demo: a project, its worker types, and tickets for every situation."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import httpx

PERSON = "demo"
"""Who looks at the board."""

TEAS = """
amber assam birch brown cedar ceylon copper earl fennel ginger green honey jade jasmine keemun lemon
linden maple mint moss nettle oolong peach pearl plum puerh quince river rooibos rose sage sencha
silver smoke spring vanilla white winter yellow yunnan
"""
PASSWORD_WORDS = 4

PROJECT = "demo/teashop"
LEASE_SECONDS = 10
"""The shortest there is: what a lost worker held is free again soon."""

PLAN = ["implementation", "review", "documentation"]

ROLES: list[dict[str, Any]] = [
    {
        "worker_type": "implementation",
        "short_description": "Changes the shop's pages",
        "system_prompt": "You change the pages of a small shop that sells tea. Keep them simple.",
    },
    {
        "worker_type": "review",
        "short_description": "Judges the change and sends back what isn't right",
        "system_prompt": "You review changes to a small shop. Try what a customer would try.",
    },
    {
        "worker_type": "documentation",
        "short_description": "Keeps the shop's handbook true",
        "system_prompt": "You keep the handbook of a small shop. Write for those who sell.",
    },
    {
        "worker_type": "approval",
        "short_description": "A person decides",
        "performed_by": "person",
    },
]

TICKETS: list[dict[str, Any]] = [
    {
        "key": "server",
        "title": "Tell customers that the shop moved",
        "description": "The worker that takes this first **dies**: its ticket is recovered when "
        "the lease ends.",
        "labels": ["loses-its-worker"],
        "priority": 0,
    },
    {
        "key": "kilo",
        "title": "Let customers order tea by the kilo",
        "description": "The review **sends it back** once.",
        "labels": ["sent-back"],
        "priority": 1,
    },
    {
        "key": "pictures",
        "title": "Make the pictures load faster",
        "description": "The first attempt **fails**; the second follows after half a minute.",
        "labels": ["fails-once"],
        "priority": 1,
    },
    {
        "key": "button",
        "title": "Give the order button a fresh colour",
        "description": "The agent **asks a person**. Answer it, and the work goes on.",
        "labels": ["asks"],
    },
    {
        "key": "darjeeling",
        "title": "Raise the price of Darjeeling",
        "description": "A person must **approve** it: the last stage is a gate.",
        "execution_plan": ["implementation", "approval"],
    },
    {"key": "hours", "title": "Put the opening hours on the front page"},
    {
        "key": "holidays",
        "title": "Show other hours on holidays",
        "description": "Waits until the opening hours are there.",
        "blocked_by": ["hours"],
    },
    {"key": "typo", "title": "Correct “Earl Gray”", "priority": 3},
]

PAGE = 100
"""Far more tickets than are ever unfinished."""

CREW_HAS_ENOUGH = 4
"""No new ticket comes while the crew has so many to do."""

PERSON_HAS_ENOUGH = 4
"""While so many tickets need a person, sooner or later, new ones need nobody."""

MORE_TICKETS: list[dict[str, Any]] = [
    {"title": "Show how long each tea should steep"},
    {"title": "Let customers pay on delivery", "labels": ["sent-back"]},
    {
        "title": "Offer free delivery from 40 euro",
        "description": "A person must **approve** it: the last stage is a gate.",
        "execution_plan": ["implementation", "approval"],
    },
    {"title": "Sort teas by how much caffeine they have"},
    {"title": "Send a receipt by mail", "labels": ["fails-once"]},
    {"title": "Say which teas are out of stock", "priority": 1},
    {
        "title": "Choose a picture for the autumn blends",
        "description": "The agent **asks a person**. Answer it, and the work goes on.",
        "labels": ["asks"],
    },
    {"title": "Make the search find “Lapsang”", "priority": 3},
    {"title": "Print the harvest's year on each page", "labels": ["sent-back"]},
    {"title": "Remember what a customer ordered last"},
]
"""What the shop thinks of next, over and over."""


def next_ticket(made: int, unfinished: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """The ticket that comes after so many others, or None while there is enough to do."""
    for_person = sum(map(needs_a_person, unfinished))
    if len(unfinished) - for_person >= CREW_HAS_ENOUGH:
        return None
    ticket = MORE_TICKETS[made % len(MORE_TICKETS)]
    turn = made // len(MORE_TICKETS) + 1
    title = ticket["title"] if turn == 1 else f"{ticket['title']} ({turn})"
    if for_person >= PERSON_HAS_ENOUGH and needs_a_person(ticket):
        ticket = {}
    return {"project_id": PROJECT, "execution_plan": PLAN, **ticket, "title": title}


def needs_a_person(ticket: dict[str, Any]) -> bool:
    """Whether it waits for someone who looks at the board, now or later."""
    return (
        "asks" in ticket.get("labels", ())
        or "approval" in ticket.get("execution_plan", ())
        or ticket.get("state") == "on_hold"
    )


def new_password() -> str:
    """Words that are quickly typed. Enough for a scratch board that only this machine can reach."""
    return "-".join(secrets.choice(TEAS.split()) for _ in range(PASSWORD_WORDS))


def set_up(http: httpx.Client, path: str) -> None:
    """Make the project and all that is in it, through the API."""
    project = {
        "repository_name": PROJECT,
        "path": path,
        "short_description": "A small shop that sells tea, for you to look around in",
        "rules": "Prices stand in euro. Nothing blinks.",
    }
    _post(http, "projects", project)
    for role in ROLES:
        _post(http, "worker-types", {"project_id": PROJECT, "lease_seconds": LEASE_SECONDS, **role})
    tickets = {"project_id": PROJECT, "execution_plan": PLAN, "tickets": TICKETS}
    _post(http, "tickets/bulk", tickets)


def bring_more(http: httpx.Client, made: int) -> int:
    """Make the next ticket, unless there is enough to do or the board is busy; how many it made."""
    page = http.get("tickets", params={"limit": PAGE})
    ticket = next_ticket(made, page.json()["items"]) if page.is_success else None
    return int(ticket is not None and http.post("tickets", json=ticket).is_success)


def _post(http: httpx.Client, path: str, body: dict[str, Any]) -> None:
    http.post(path, json=body).raise_for_status()
