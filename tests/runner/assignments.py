"""Assignments as the board would give them."""

from __future__ import annotations

from typing import Any

from app.runner.assignment import Assignment

PLAN = ("design", "implementation", "review", "implementation", "review")


def make_assignment(stage: int = 3, **values: Any) -> Assignment:
    """A stage of a ticket of acme/web."""
    told = {
        "run": {"run_id": 7, "stage_number": stage, "worker_type": PLAN[stage - 1], "attempt": 1},
        "lease_seconds": 300,
        "ticket": {"ticket_id": "WEB-1", "title": "Rounded buttons", "description": "All of them."},
        "stages": [
            {
                "number": number,
                "worker_type": name,
                "short_description": None,
                "status": "yours" if number == stage else "done" if number < stage else "to_come",
            }
            for number, name in enumerate(PLAN, 1)
        ],
        "project": {"repository_name": "acme/web", "path": "/src/web"},
        "system_prompt": "You review.",
    }
    return Assignment.model_validate({**told, **values})
