"""What every template may call: words for times and numbers, and addresses of static files."""

import hashlib
from collections.abc import Callable, MutableMapping
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from flask import Flask, current_app, g, request
from flask.templating import Environment
from markupsafe import Markup

from app import clock
from app.markdown import WORK_PER_PAGE, to_html
from app.markdown.references import filled_in, linked
from app.markdown.work import Work
from app.queries.tickets.references import NOTHING, References

DRAWINGS_KEPT = 1_000

MINUTE, HOUR, DAY = 60, 3600, 86400
DATE_AFTER = 30 * DAY
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


class Templates(Environment):
    """All templates have the same globals."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        """Whenever a template imports a macro, Jinja compares its globals with those of the page:
        of a plain dict that is one step, of the `ChainMap` that it makes, one for each name."""
        return super().make_globals(d) if d else self.globals


def register(app: Flask) -> None:
    """Give the templates of `app` their filters and `asset_url`."""

    def address(path: str) -> str:
        version = content_hash(Path(app.static_folder or "static") / path)
        return f"{app.static_url_path}/{quote(path)}?v={version}"

    def draw(partial: str, **values: object) -> Markup:
        return Markup(app.jinja_env.get_template(partial).render(values))  # noqa: S704 - is HTML

    # Once a process: outside debug a deployed file never changes under it.
    known = address if app.debug else cache(address)

    def asset_url(path: str) -> str:
        return request.script_root + known(path)

    app.jinja_env.globals["asset_url"] = asset_url
    # A partial that is made of these values and nothing else. It is kept: most of a page is the
    # same as when it was last shown to somebody.
    draw_once = draw if app.debug else lru_cache(DRAWINGS_KEPT)(draw)
    app.extensions["callboard.draw_once"] = draw_once
    app.jinja_env.filters.update(
        draw_once=draw_once,
        ago_text=ago_text,
        short_text=short_text,
        for_text=for_text,
        duration_text=duration_text,
        exact_time=exact_time,
        iso_time=iso_time,
        thousands=thousands,
        markdown=markdown,
        with_references=with_references,
    )


def markdown(text: str | None) -> Markup:
    """The text as HTML, as long as the page that is being made may still spend work on it."""
    if "markdown_work" not in g:
        g.markdown_work = Work(WORK_PER_PAGE)
    return filled_in(to_html(text, g.markdown_work), draw_reference)


def with_references(text: str | None) -> Markup:
    """A plain text as HTML, in which what it refers to can be followed."""
    return linked(text or "", draw_reference)


def know(known: References) -> None:
    """What the texts of the page that is being made refer to."""
    g.references = known


def draw_reference(kind: str, written: str) -> Markup | None:
    """A reference in a text; None: there is nothing of that name to be seen."""
    known: References = g.get("references", NOTHING)
    if kind == "person" and (called := known.people.get(written.lower())):
        return Markup('<span class="mention" title="{}">@{}</span>').format(called, written)
    if kind == "ticket" and (ticket := known.tickets.get(written)):
        named = {"ticket_id": written, "title": ticket.title, "situation": ticket.situation}
        draw: Callable[..., Markup] = current_app.extensions["callboard.draw_once"]
        return draw("tickets/_reference.html", root=request.script_root, **named)
    return None


def content_hash(file: Path) -> str:
    """Ten hex digits of a file's content: a changed file gets a new address."""
    return hashlib.sha256(file.read_bytes()).hexdigest()[:10]


def ago_text(moment: datetime) -> str:
    """How long ago, or how soon: "3 min ago", "in 4 min", "12 Mar 2024"."""
    seconds = (clock.now() - moment).total_seconds()
    if abs(seconds) >= DATE_AFTER:
        return date_text(moment)
    if abs(seconds) < 5:
        return "just now"
    return f"{coarse_text(seconds)} ago" if seconds > 0 else f"in {coarse_text(-seconds)}"


def short_text(moment: datetime) -> str:
    """The same without "ago", for columns whose heading says it."""
    seconds = abs((clock.now() - moment).total_seconds())
    return date_text(moment) if seconds >= DATE_AFTER else coarse_text(seconds)


def for_text(moment: datetime) -> str:
    """How long it has been, never a date: "ready 40 d"."""
    return coarse_text(max(0.0, (clock.now() - moment).total_seconds()))


def coarse_text(seconds: float) -> str:
    """One unit, rounded down: "40 s", "18 min", "5 h", "3 d"."""
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def duration_text(seconds: float | None) -> str:
    """How long something took, in at most two units: "40 s", "18 min", "3 h 12 m", "2 d 4 h"."""
    if seconds is None:
        return "–"
    whole = max(0, int(seconds))
    if whole < HOUR:
        return coarse_text(whole)
    if whole < DAY:
        return two_units(whole // HOUR, "h", whole % HOUR // MINUTE, "m")
    return two_units(whole // DAY, "d", whole % DAY // HOUR, "h")


def two_units(large: int, large_unit: str, little: int, little_unit: str) -> str:
    """The second unit only when there is something of it."""
    return f"{large:,} {large_unit}" + (f" {little} {little_unit}" if little else "")


def date_text(moment: datetime) -> str:
    """The day, in a form no country reads wrongly: "12 Mar 2024"."""
    day = moment.astimezone(UTC)
    return f"{day.day} {MONTHS[day.month - 1]} {day.year}"


def exact_time(moment: datetime, zone: tzinfo | None = None) -> str:
    """To the second, in UTC unless said: "2024-03-12 16:02:07 UTC"."""
    return moment.astimezone(zone or UTC).strftime("%Y-%m-%d %H:%M:%S %Z")


def iso_time(moment: datetime) -> str:
    """For `<time datetime>`: "2024-03-12T16:02:07+00:00"."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def thousands(number: int) -> str:
    """2013 as "2,013"."""
    return f"{number:,}"
