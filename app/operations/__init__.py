"""What a program may ask for: one function each, for the JSON API and for MCP alike."""

from __future__ import annotations

from importlib import import_module

from app.operations.operation import Operation, Tool, operation, operations, routes

__all__ = ["Operation", "Tool", "operation", "operations", "routes"]

PARTS = (
    "tokens",
    "projects",
    "worker_types",
    "plan_templates",
    "tickets",
    "comments",
    "ticket_verbs",
    "many",
    "dependencies",
    "board",
    "statistics",
    "workers",
    "runs",
)
"""Modules with operations, in the order in which documents and lists tell of them."""

for _part in PARTS:
    import_module(f"{__name__}.{_part}")
