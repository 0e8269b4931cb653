"""The demo's agent: it only plays work, and says so. A script of its own, run by its path.

What becomes of a ticket stands in its labels: `fails-once`, `sent-back`, `asks`.
"""

from __future__ import annotations

import json
import os
import re
import sys
import time

STEPS = {
    "implementation": ("reading the ticket", "looking for the right place", "changing it", "tests"),
    "review": ("reading what was done", "reading the change", "trying it"),
    "documentation": ("reading what was done", "writing it down"),
}
DID = {
    "implementation": "**Changed** the page as the ticket asks, and added a test for it.",
    "review": "Read the change and tried it: it does what the ticket asks.",
    "documentation": "Wrote a paragraph for the shop's handbook.",
}
HONEST = "\n\n*(This is the demo's agent: nothing was really done.)*"
SECONDS_A_STEP = 1.2


def main() -> None:
    """Do one stage, or seem to."""
    prompt = sys.stdin.read()
    role = os.environ["CALLBOARD_WORKER_TYPE"]
    pace = SECONDS_A_STEP * (10 if "--slow" in sys.argv else 1)
    for step in STEPS.get(role, ("working",)):
        print(f"{os.environ['CALLBOARD_TICKET_ID']}: {step} …", flush=True)  # noqa: T201
        time.sleep(pace)
    print(json.dumps(outcome(role, prompt)))  # noqa: T201


def outcome(role: str, prompt: str) -> dict[str, str]:
    """How the stage ends."""
    line = re.search(r"^Labels: (.+)$", prompt, re.MULTILINE)
    labels = line[1].split(", ") if line else []
    is_first_attempt = os.environ["CALLBOARD_ATTEMPT"] == "1"
    was_here = re.search(rf"^\[begin comment by .+\({role}\)", prompt, re.MULTILINE)
    if role == "implementation" and "fails-once" in labels and is_first_attempt:
        return {"outcome": "failed", "reason": "The tests hung and were ended." + HONEST}
    if role == "implementation" and "asks" in labels and not was_here:
        return {"outcome": "attention", "reason": "Which green: moss or mint?" + HONEST}
    if role == "review" and "sent-back" in labels and not was_here:
        reason = "Half a kilo can't be ordered: the field takes whole numbers only."
        return {"outcome": "prev_stage", "reason": reason + HONEST}
    return {"outcome": "next_stage", "comment": DID.get(role, "Did it.") + HONEST}


if __name__ == "__main__":
    main()
