"""How long something lasts, as people type it."""

from __future__ import annotations

import re
from datetime import timedelta

import click

UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


class Lifetime(click.ParamType[timedelta]):
    """How long something lasts: 12h, 90d, 4w."""

    name = "time"

    def convert(
        self, value: str | timedelta, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        """Read it, or explain."""
        if isinstance(value, timedelta):
            return value
        found = re.fullmatch(r"([0-9]{1,5})([hdw])", value)
        if not found:
            self.fail(f"{value} isn't a time such as 12h, 90d or 4w.", param, ctx)
        return int(found[1]) * UNITS[found[2]]
