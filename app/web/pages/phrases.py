"""Events as pages say them: the descriptions of `app/events/`, with links to what may be seen."""

from __future__ import annotations

import re
from functools import partial

from flask import request

from app.events import Event, Html, describe, name, sentence
from app.queries.events.list import EventRow
from app.rendering import draw_reference

MARKS = re.compile(r"```\w*|[`*]+|^\s{0,3}(?:#{1,6}|>|[-+])\s+", re.MULTILINE)
"""What Markdown adds to the words."""


def event_sentence(event: EventRow) -> str:
    """What happened, as one sentence without what somebody wrote."""
    known = {"tickets": event.title is not None, "workers": event.knows_worker, "projects": True}
    links = frozenset(kind for kind, is_there in known.items() if is_there)
    return sentence(event, Html(root=request.script_root, links=links))


def ticket_sentence(event: Event) -> str:
    """The same on the page of its own ticket, which needn't be named."""
    draw = partial(draw_reference, "ticket")
    links = frozenset({"tickets"})
    return sentence(
        event, Html(root=request.script_root, links=links, within_ticket=True, draw_other=draw)
    )


def deed(event: Event) -> str:
    """The same behind the name of who did it."""
    return sentence(event, Html(within_ticket=True, names_actor=False))


def tone(event: Event) -> str:
    """The colour of its dot."""
    return describe(event).tone


def pill_text(event: EventRow) -> str:
    """The event's type in a word or two."""
    waiting = describe(event).waiting if event.standing == "waits" else ""
    return waiting or name(event).lower()


def plain(markdown: str | None) -> str:
    """Markdown as one line of plain words, for places too small for more."""
    return " ".join(MARKS.sub("", markdown or "").split())
