"""What the application writes into its log while a test does something."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from app.observability import logs


@contextmanager
def log_lines(level: str = "INFO") -> Iterator[list[dict[str, Any]]]:
    """The records that are written inside, as `CALLBOARD_LOG_FORMAT=json` writes them; filled when
    the block ends."""
    found: list[dict[str, Any]] = []
    with written("json", level) as stream:
        yield found
    found.extend(json.loads(line) for line in stream.getvalue().splitlines())


@contextmanager
def written(style: str, level: str = "INFO") -> Iterator[io.StringIO]:
    """The same, as text."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.formatter(style))
    app, root = logging.getLogger("app"), logging.getLogger()
    before = app.level, app.propagate
    # Not on to pytest: it can't hand half a character on to the process that reports.
    app.setLevel(level)
    app.propagate = False
    for logger in (app, root):
        logger.addHandler(handler)
    try:
        yield stream
    finally:
        for logger in (app, root):
            logger.removeHandler(handler)
        app.setLevel(before[0])
        app.propagate = before[1]


def requests_in(lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The lines that tell of a request each."""
    return [line for line in lines if line["logger"] == "app.request" and "path" in line]
