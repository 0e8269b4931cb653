"""Times as pages show them, in the zone that the person chose: as long ago, and kept ticking by
times.js; exactly on hover, and on paper."""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import lru_cache

from flask import Flask, g
from markupsafe import Markup

from app.rendering import ago_text, exact_time, for_text, iso_time, short_text
from app.web.auth.identity import current_zone

MOMENTS_KEPT = 4_000
"""Lists show the same moments again and again; to write one out costs more than all else of it."""


def register(app: Flask) -> None:
    """Give templates `time_tag`, `since_tag`, and `exact_time` in the person's zone."""
    # Filters, because Jinja calls a function of its globals for three times as long.
    app.jinja_env.filters.update(time_tag=time_tag, since_tag=since_tag, exact_time=_exact_time)


def time_tag(moment: datetime, short: bool = False) -> Markup:
    """How long ago; `short`: without "ago"."""
    words, form = (short_text(moment), "short") if short else (ago_text(moment), "full")
    return _tag(moment, form, words)


def since_tag(moment: datetime) -> Markup:
    """How long it has been, never a date."""
    return _tag(moment, "since", for_text(moment))


def _tag(moment: datetime, form: str, words: str) -> Markup:
    exactly = _exactly(moment, _zone())
    return Markup(f'<time {exactly} data-ago="{form}">{words}</time>')  # noqa: S704 - made here


@lru_cache(MOMENTS_KEPT)
def _exactly(moment: datetime, zone: tzinfo) -> str:
    return f'datetime="{iso_time(moment)}" title="{exact_time(moment, zone)}"'


def _exact_time(moment: datetime) -> str:
    return exact_time(moment, _zone())


def _zone() -> tzinfo:
    zone: tzinfo | None = g.get("zone")
    if zone is None:
        zone = g.zone = current_zone() or UTC
    return zone
