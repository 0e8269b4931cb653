"""One slot of a runner: a worker on the board, which does one stage after the other."""

from __future__ import annotations

import logging

from app.runner.assignment import Assignment
from app.runner.client import Identity, Refused
from app.runner.config import CrewConfig
from app.runner.errand import CannotWork, Errand, Manner
from app.runner.halt import Halt
from app.runner.patience import GaveUp, Patience, patiently
from app.runner.pulse import Pulse

log = logging.getLogger(__name__)

IDLE_PAUSES = (1.0, 5.0)
"""Seconds between two looks at an empty queue: the first pause, and the longest."""


class Slot:
    """Takes stages of one worker type, one at a time, until there is a reason to end."""

    def __init__(self, manner: Manner, crew: CrewConfig, identity: Identity) -> None:
        self.error = ""
        self.halt = Halt()
        self._manner = manner
        self._board = manner.board
        self._crew = crew
        self._identity = identity
        self._name = identity.worker_id
        self._pulse = Pulse(manner.board, self._name, self.halt, manner.grace)
        self._is_registered = False

    def work(self) -> None:
        """Register, work, and say goodbye: a thread's whole life."""
        reason = ""
        try:
            self._register()
            self._pulse.start()
            reason = self._take_stages()
        except GaveUp:
            reason = self.halt.reason
        except (CannotWork, Refused) as error:
            self.error = reason = str(error)
            log.error("%s: %s", self._name, error)
        except Exception as error:
            self.error = reason = f"{type(error).__name__}: {error}"
            log.exception("%s: this is a mistake in the runner", self._name)
        finally:
            self._pulse.end()
            self._say_goodbye(reason)

    def _register(self) -> None:
        patiently(lambda: self._board.register(self._identity), self.halt, self._name)
        self._is_registered = True
        log.info("%s: registered at %s", self._name, self._board.url)

    def _take_stages(self) -> str:
        """Do stages until told otherwise; says why it ended."""
        idle = Patience(*IDLE_PAUSES)
        while not self.halt.is_asked:
            assignment = self._claim()
            if assignment is not None:
                idle.reset()
                self._do(assignment)
                if self._manner.once:
                    return "it was to do one stage"
            elif self._manner.drain:
                return "its queue is empty"
            else:
                self.halt.pause(idle.pause())
        return self.halt.reason

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
        return patiently(lambda: self._board.claim(self._name), self.halt, self._name)

    def _do(self, assignment: Assignment) -> None:
        run, ticket = assignment.run, assignment.ticket
        what = f"{ticket.ticket_id}, {assignment.stage_name}, run {run.run_id}"
        log.info("%s: %s", self._name, what)
        Errand(self._manner, self._crew, self._name, self.halt, self._pulse, assignment).do()

    def _say_goodbye(self, reason: str) -> None:
        """Tell the board, which takes back what is still held; not at any price."""
        log.info("%s: stops: %s", self._name, reason)
        if not self._is_registered:
            return
        self.halt.ask(reason, grace=min(self._manner.grace, 5))
        try:
            reason = reason[:1_000]
            patiently(lambda: self._board.stopped(self._name, reason), self.halt, self._name)
        except (GaveUp, Refused) as error:
            log.warning("%s: the board wasn't told: %s", self._name, error)
