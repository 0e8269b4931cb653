"""The demo's agent: it does no work, and reports what the sample says about its ticket.

A script that is run by its path. Its arguments are the demo's folder and how many seconds it takes
for a step. `reports.json` in the folder holds the reports by the ticket's title, `reported/` how
many of them each ticket has used.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time
from pathlib import Path

STEPS = ("reading the ticket and its comments", "working on it", "checking the result")
NOTE = "\n\n*(This is the demo's agent: nothing was really done.)*"


def main() -> None:
    """Print some progress, then a report."""
    folder, seconds = Path(sys.argv[1]), float(sys.argv[2])
    prompt = sys.stdin.read()
    ticket_id = os.environ["CALLBOARD_TICKET_ID"]
    for step in STEPS:
        print(f"{ticket_id}: {step} …", flush=True)  # noqa: T201 - the runner reads its output
        time.sleep(seconds)
    print(json.dumps(report(folder, ticket_id, prompt)))  # noqa: T201 - the runner reads its output


def report(folder: Path, ticket_id: str, prompt: str) -> dict[str, str]:
    """The ticket's next report; when all are used, the stage is done."""
    # A killed run reports nothing, so that the next one takes its place.
    with (folder / "reported" / ticket_id).open("ab") as used:
        number = used.tell()
        used.write(b".")
    title = re.search(r"^Title: (.+?)(?: \(\d+\))?$", prompt, re.MULTILINE)
    reports = json.loads((folder / "reports.json").read_text("utf-8"))
    found: list[dict[str, str]] = reports.get(title[1], []) if title else []
    chosen = found[number] if number < len(found) else {"outcome": "next_stage", "comment": "Done."}
    return {key: text + NOTE * (key in {"comment", "reason"}) for key, text in chosen.items()}


if __name__ == "__main__":
    main()
