"""What an agent finds in its environment: the runner's own, less its secrets, and its stage."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from app.runner.assignment import Assignment

PREFIX = "CALLBOARD_"
TOKEN = "CALLBOARD_TOKEN"  # noqa: S105 - its name

FOLDERS = ("PWD", "OLDPWD")
"""The runner's own folder, as its shell named it. Programs believe PWD more than where they are."""


def agent_environment(
    own: Mapping[str, str],
    assignment: Assignment,
    *,
    worker_id: str,
    url: str,
    cwd: Path,
    prompt: Path,
    token: str | None,
) -> dict[str, str]:
    """The environment of one agent. The token is in it only when it is given."""
    run = assignment.run
    # A machine that also serves the board has its database's password and its key in there.
    environment = {
        name: value
        for name, value in own.items()
        if not name.startswith(PREFIX) and name not in FOLDERS
    }
    environment |= {
        "PWD": str(cwd),
        "CALLBOARD_URL": url,
        "CALLBOARD_PROJECT": assignment.project.repository_name,
        "CALLBOARD_TICKET_ID": assignment.ticket.ticket_id,
        "CALLBOARD_RUN_ID": str(run.run_id),
        "CALLBOARD_WORKER_ID": worker_id,
        "CALLBOARD_WORKER_TYPE": run.worker_type,
        "CALLBOARD_STAGE": str(run.stage_number),
        "CALLBOARD_STAGES": str(len(assignment.stages)),
        "CALLBOARD_ATTEMPT": str(run.attempt),
        "CALLBOARD_PROMPT_FILE": str(prompt),
    }
    if token:
        environment[TOKEN] = token
    return environment
