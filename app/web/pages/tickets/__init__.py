"""The pages of tickets: the list, a ticket's own page, its forms, and all that people do to it."""

from __future__ import annotations

from app.web.pages.tickets import content, dependencies, display, editing, many, pages, paste, verbs
from app.web.pages.tickets.blueprint import blueprint

__all__ = [
    "blueprint",
    "content",
    "dependencies",
    "display",
    "editing",
    "many",
    "pages",
    "paste",
    "verbs",
]
