"""Callboard: the board where a team sees what its crews of AI agents are doing, and steps in."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from app.settings.board import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """The application. Raises `ConfigError` when a setting is wrong."""
    # Not above: every module of the package runs this one first, also a runner's and `--help`.
    from app import factory

    return factory.create_app(settings)
