"""One slot of a runner: a worker on the board, which does one stage after the other."""

from __future__ import annotations

import logging
import time

from app.runner.assignment import Assignment
from app.runner.client import Identity, Refused
from app.runner.config import CrewConfig
from app.runner.execution import CannotWork, RunExecution, RunnerOptions
from app.runner.heartbeats import Heartbeats
from app.runner.retrying import Backoff, GaveUp, retry_while_away
from app.runner.shutdown import ShutdownRequest

log = logging.getLogger(__name__)

IDLE_PAUSES = (1.0, 5.0)
"""Seconds between two looks at an empty queue: the first pause, and the longest."""

REASON_LONGEST = 1_000
"""Characters that the board takes."""


class Slot:
    """Takes stages of one worker type, one at a time, until there is a reason to end."""

    def __init__(self, options: RunnerOptions, crew: CrewConfig, identity: Identity) -> None:
        self.error = ""
        self.shutdown = ShutdownRequest()
        self._options = options
        self._board = options.board
        self._crew = crew
        self._identity = identity
        self._name = identity.worker_id
        self._rest = options.rests.of(crew.command)
        self._is_registered = False

    def work(self) -> None:
        """Take stages; rest while the program can't work, and come back: a thread's whole life."""
        while self._stay():
            while self._rest.seconds_left and not self.shutdown.is_asked:
                self.shutdown.pause(self._rest.seconds_left)

    def _stay(self) -> bool:
        """Register, take stages, report the end; whether to come back after a rest."""
        reason = ""
        # Found out once: a short rest may be over before the board has been told of it.
        is_resting = False
        heartbeats = Heartbeats(self._board, self._name, self.shutdown, self._options.grace)
        try:
            self._register()
            heartbeats.start()
            reason, is_resting = self._take_stages(heartbeats)
        except GaveUp:
            reason = self.shutdown.reason
        except (CannotWork, Refused) as error:
            self.error = reason = str(error)
            if self._options.is_news(reason):
                log.error("%s: %s", self._name, error)
        except Exception as error:
            self.error = reason = f"{type(error).__name__}: {error}"
            log.exception("%s: this is a mistake in the runner", self._name)
        finally:
            heartbeats.end()
            self._report_stopped(reason, is_resting)
        return is_resting and not self.shutdown.is_asked

    def _register(self) -> None:
        retry_while_away(lambda: self._board.register(self._identity), self.shutdown, self._name)
        self._is_registered = True
        log.info("%s: registered at %s", self._name, self._board.url)

    def _take_stages(self, heartbeats: Heartbeats) -> tuple[str, bool]:
        """Do stages until asked to stop; why it ended, and whether it is only to rest."""
        idle = Backoff(*IDLE_PAUSES)
        can_work = True
        while not self.shutdown.is_asked:
            if not can_work or self._rest.seconds_left:
                return self._why_rest(), True
            assignment = self._claim()
            if assignment is not None:
                idle.reset()
                can_work = self._do(assignment, heartbeats)
                if self._options.once and can_work:
                    return "it was to do one stage", False
            elif self._options.drain:
                return "its queue is empty", False
            else:
                self.shutdown.pause(idle.pause())
        return self.shutdown.reason, False

    def _why_rest(self) -> str:
        if self._options.once or self._options.drain:
            # Whoever started it waits for its end, and may start it again.
            raise CannotWork(self._rest.reason)
        log.warning("%s: rests for %.0f s", self._name, self._rest.seconds_left)
        return f"{self._rest.reason}\n\nIt tries again by itself."

    def _claim(self) -> Assignment | None:
        try:
            return self._next_stage()
        except Refused as error:
            if error.is_about_token:
                raise
            # It was given up, or its project was made anew: once more, as a new worker.
            log.warning("%s: the claim was refused: %s", self._name, error)
        self._register()
        return self._next_stage()

    def _next_stage(self) -> Assignment | None:
        return retry_while_away(lambda: self._board.claim(self._name), self.shutdown, self._name)

    def _do(self, assignment: Assignment, heartbeats: Heartbeats) -> bool:
        """Whether the program could work at all."""
        run, ticket = assignment.run, assignment.ticket
        what = f"{ticket.ticket_id}, {assignment.stage_name}, run {run.run_id}"
        log.info("%s: %s", self._name, what)
        began_at = time.monotonic()
        report = RunExecution(
            self._options, self._crew, self._name, self.shutdown, heartbeats, assignment
        ).do()
        if report is None:
            return True
        if report.unavailable:
            self._rest.begin(report.unavailable, began_at)
            return False
        if report.verb not in ("fail", "release"):
            self._rest.end(began_at)
        return True

    def _report_stopped(self, reason: str, is_resting: bool) -> None:
        """Tell the board, which takes back what is still held; not at any price."""
        if not self.error:
            log.info("%s: stops: %s", self._name, reason)
        if not self._is_registered:
            return
        needs_attention = (is_resting or self._rest.seconds_left > 0) and self._rest.take_telling()
        if not is_resting:
            self.shutdown.ask(reason, grace=min(self._options.grace, 5))
        reason = reason[:REASON_LONGEST]
        try:
            retry_while_away(
                lambda: self._board.stopped(self._name, reason, needs_attention=needs_attention),
                self.shutdown,
                self._name,
            )
        except (GaveUp, Refused) as error:
            log.warning("%s: the stop wasn't reported: %s", self._name, error)
