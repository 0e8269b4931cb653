"""How tests are dealt to the processes of a run: hooks that `conftest.py` takes over."""

from __future__ import annotations

import os

import pytest

WIDELY_SHARED = ("", "tests", "tests/web")
"""Where fixtures are made that most tests of a process share anyway."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are cores: many tests wait, for a server, a browser, a lease."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each process start with its share of the tests that take long, so that none ends the run
    alone with them, and let those that share a server or a filled database follow each other in
    one process. A process begins with one part of the list, all of a size, and takes from the end
    of others' parts when it has done its own."""
    groups: dict[str, list[pytest.Item]] = {}
    quick: list[pytest.Item] = []
    for item in items:
        place = _place_of(item)
        (quick if place is None else groups.setdefault(place, [])).append(item)
    shares: list[list[pytest.Item]] = [[] for _ in range(_number_of_processes(config))]
    for group in sorted(groups.values(), key=len, reverse=True):
        min(shares, key=len).extend(group)
    left = len(items)
    items.clear()
    for number, share in enumerate(shares):
        size = max(0, left // (len(shares) - number) - len(share))
        items += share + quick[:size]
        del quick[:size]
        left -= len(share) + size
    items += quick


def _place_of(item: pytest.Item) -> str | None:
    """Where is made what it shares with others of one module or package; its module, if it takes
    long."""
    definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    shared = {
        used[-1].baseid
        for used in definitions.values()
        if used and used[-1].scope in ("module", "package", "session")
    }
    shared -= {*WIDELY_SHARED}
    if shared:
        return min(shared, key=len)
    return item.nodeid.partition("::")[0] if item.get_closest_marker("slow") else None


def _number_of_processes(config: pytest.Config) -> int:
    """Of pytest-xdist; 1 without it."""
    number: int = getattr(config, "workerinput", {"workercount": 1})["workercount"]
    return number
