"""The files of each run: the prompt that its agent gets, and the log of what it wrote."""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.runner import prompt
from app.runner.assignment import Assignment
from app.runner.output import PRIVATE, Output

KEPT_RUNS = 200
"""Runs whose files stay; those of older ones are removed when another begins."""


class RunFiles:
    """A folder that only its owner can read, with the files of the newest runs."""

    def __init__(self, folder: Path, log_limit: int) -> None:
        self.folder = folder
        self._log_limit = log_limit

    def prepare(self) -> None:
        """Make the folder; raises `OSError`."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not os.access(self.folder, os.W_OK | os.X_OK):
            raise PermissionError(13, "can't be written to", str(self.folder))

    @contextmanager
    def opened(self, assignment: Assignment) -> Iterator[tuple[Path, Output]]:
        """The prompt's file, written, and the log, open until the run is over."""
        self._forget_oldest()
        stem = self._stem(assignment)
        prompt_file = stem.with_suffix(".prompt.md")
        prompt_file.touch(PRIVATE, exist_ok=False)
        prompt_file.write_text(prompt.compose(assignment), "utf-8")
        with Output(stem.with_suffix(".log"), self._log_limit) as output:
            yield prompt_file, output

    def _stem(self, assignment: Assignment) -> Path:
        # The id comes from the board, and must not lead out of the folder.
        ticket = re.sub(r"[^A-Za-z0-9_-]", "_", assignment.ticket.ticket_id)
        moment = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
        run = assignment.run
        return self.folder / f"{moment}-{ticket}-run{run.run_id}-{os.urandom(2).hex()}"

    def _forget_oldest(self) -> None:
        # Names begin with the time.
        runs = sorted({file.name.partition(".")[0] for file in self.folder.glob("*-run*.*")})
        for stem in runs[:-KEPT_RUNS]:
            for suffix in (".prompt.md", ".log"):
                with contextlib.suppress(FileNotFoundError):
                    (self.folder / f"{stem}{suffix}").unlink()
