"""Regions that keep themselves up to date.

A region asks every few seconds and names the version it shows. The answer is 204 when nothing has
changed, which costs one look at an index, else the region anew. What many see alike is drawn once
for a few seconds.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from flask import Flask, current_app, request
from markupsafe import Markup

from app import clock
from app.models.user import may
from app.values import immutable
from app.visibility import Visibility
from app.web.auth.identity import require_person

FULL_EVERY_SECONDS = 60
"""Time itself changes what a page says (a worker falls silent): a region this old is drawn anew."""

SHARED_SECONDS = 3.0
"""How long what was drawn serves others: heartbeats, which no version tells, show so much later."""
SHARED_KEPT = 64
"""A process keeps so many regions, each some tens of kilobytes."""

T = TypeVar("T")

Key = tuple[Hashable, ...]
"""Begins with the name of what is kept."""


def register(app: Flask) -> None:
    """Give the process a place for what it draws for many."""
    app.extensions["callboard.regions"] = SharedRegions()


def wants_region() -> bool:
    """Whether the request comes from a region of a page that is open."""
    return "HX-Request" in request.headers


def stamp(version: object) -> str:
    """A version that also changes with time."""
    return f"{version}.{int(clock.now().timestamp()) // FULL_EVERY_SECONDS}"


def is_unchanged(version: str) -> bool:
    """Whether the region that asks shows this version already."""
    return wants_region() and request.args.get("v") == version


def shared(
    name: str,
    version: str,
    draw: Callable[[Audience, str], T],
    keep: Callable[[T], bool] = lambda _: True,
) -> T:
    """What `draw` makes for this person, or made in the last seconds for one who sees the same.

    `keep`: whether the version tells of all that somebody could just have changed in it.
    """
    regions: SharedRegions = current_app.extensions["callboard.regions"]
    whom = audience()
    key = name, version, whom
    found: T | None = regions.get(key)
    if found is None:
        began = time.monotonic()
        found = draw(whom, version)
        if keep(found):
            regions.put(key, found, began)
    return found


def of_version(name: str, version: str, read: Callable[[], T]) -> T:
    """What `read` finds, or found for someone who may see the same while the version was this one:
    for what neither the time nor their address changes."""
    regions: SharedRegions = current_app.extensions["callboard.regions"]
    return regions.of_version((name, require_person().visibility), version, read)


@immutable
class Audience:
    """All that a shared region may depend on, besides its version and the time: people who agree
    in it see the same. `address`: where they found the board."""

    visibility: Visibility
    role: str
    time_zone: str | None
    address: str

    def may(self, role: str) -> bool:
        """Whether they may do what that role may."""
        return may(self.role, role)

    def draw(self, template: str, **shown: object) -> Markup:
        """A template for whom the audience is the `person`: it can't show who looks at it."""
        found = current_app.jinja_env.get_template(template)
        return Markup(found.render(person=self, **shown))  # noqa: S704 - templates escape

    def macro(self, template: str, name: str, **shown: object) -> Callable[..., Markup]:
        """A macro of such a template, for what is drawn many times over: what stands around it is
        worked out once."""
        found = current_app.jinja_env.get_template(template)
        macro: Callable[..., Markup] = getattr(found.make_module({"person": self, **shown}), name)
        return macro


def audience() -> Audience:
    """Whom this request draws for."""
    person = require_person()
    return Audience(person.visibility, person.role, person.time_zone, request.url_root)


class SharedRegions:
    """What was drawn in the last seconds, by its name, its version and whom it is for. Beside it
    what is as good as its version, of which the newest is kept."""

    def __init__(self) -> None:
        self._kept: dict[Key, tuple[float, Any]] = {}
        self._of_versions: dict[Key, tuple[str, Any]] = {}
        self._lock = threading.Lock()

    def get(self, key: Key) -> Any:
        """What was drawn lately under that key, or None."""
        until, region = self._kept.get(key, (0.0, None))
        return region if time.monotonic() < until else None

    def put(self, key: Key, region: object, began: float) -> None:
        """Keep a region; it is as old as what was read for it, so that counts from `began`."""
        with self._lock:
            self._kept.pop(key, None)
            self._kept[key] = began + SHARED_SECONDS, region
            while len(self._kept) > SHARED_KEPT or self._is_oldest_over():
                del self._kept[next(iter(self._kept))]

    def of_version(self, key: Key, version: str, read: Callable[[], T]) -> T:
        """What was read under that key, if it is of this version; else it is read now."""
        known_version, known = self._of_versions.get(key, ("", None))
        if known_version == version:
            found: T = known
            return found
        found = read()
        with self._lock:
            self._of_versions.pop(key, None)
            self._of_versions[key] = version, found
            while len(self._of_versions) > SHARED_KEPT:
                del self._of_versions[next(iter(self._of_versions))]
        return found

    def clear(self) -> None:
        """Draw and read everything anew."""
        with self._lock:
            self._kept.clear()
            self._of_versions.clear()

    def of(self, name: str) -> int:
        """How many are kept under that name."""
        return sum(key[0] == name for key in self._kept)

    def _is_oldest_over(self) -> bool:
        oldest = next(iter(self._kept.values()), None)
        return oldest is not None and oldest[0] <= time.monotonic()
