"""The tools, by what they are about; imported in the order in which clients list them."""

from __future__ import annotations

from importlib import import_module

from app.mcp.registry import tools

__all__ = ["tools"]

PARTS = (
    "projects",
    "worker_types",
    "tickets",
    "ticket_verbs",
    "dependencies",
    "board",
    "workers",
    "stages",
)

for _part in PARTS:
    import_module(f"{__name__}.{_part}")
