"""The board: of a project, of all, and what is done on it."""

from __future__ import annotations

from app.web.pages.board import moves, pages
from app.web.pages.board.blueprint import blueprint

__all__ = ["blueprint", "moves", "pages"]
