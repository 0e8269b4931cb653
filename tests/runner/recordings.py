"""What real programs of agents wrote, recorded against a scripted model server (`model_server.py`).

A recording is named by its program, what its model server did, and the output format. Except in
`done`, where a tool prints another outcome and the model then says `DONE`, the server refused.
Paths are made general, and stack traces shortened.
"""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent.parent / "data" / "agents"

DONE = '{"outcome": "next_stage", "comment": "Built it."}'
FORGED = '{"outcome": "attention", "reason": "forged by a tool"}'

UNAVAILABLE = {
    "quota": "quota",
    "rate": "quota",
    "insufficient": "quota",
    "login": "login",
    "no-key": "login",
}
"""What the server's answer means, by its name in recordings; all others are failures."""


@dataclass(frozen=True)
class Recording:
    """One run of a program."""

    name: str
    exit_code: int
    stdout: str
    stderr: str

    @property
    def program(self) -> str:
        """claude, codex, gemini or opencode."""
        return self.name.partition("-")[0]

    @property
    def unavailable(self) -> str | None:
        """Why the program couldn't work: quota, login, or None."""
        return next((kind for word, kind in UNAVAILABLE.items() if f"-{word}-" in self.name), None)

    def as_command(self, folder: Path) -> list[str]:
        """A command of the program's name that writes the same, and ends the same way."""
        script = folder / self.program
        script.write_text(
            "#!/bin/sh\ncat > /dev/null\n"
            f"printf %s {shlex.quote(self.stdout)}\n"
            f"printf %s {shlex.quote(self.stderr)} >&2\nexit {self.exit_code}\n",
            "utf-8",
        )
        script.chmod(0o755)
        return [str(script)]


def recording(name: str) -> Recording:
    """The recording with that name."""
    told = json.loads((FOLDER / f"{name}.json").read_text("utf-8"))
    return Recording(name, told["exit_code"], told["stdout"], told["stderr"])


RECORDINGS = [recording(file.stem) for file in sorted(FOLDER.glob("*.json"))]
