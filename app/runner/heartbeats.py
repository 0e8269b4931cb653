"""A slot's heartbeats, in a thread of their own: they keep leases, and bring the board's word."""

from __future__ import annotations

import contextlib
import logging
import threading
import time

from app.runner.assignment import Assignment
from app.runner.client import Away, Beat, Board, Refused, RunOver
from app.runner.output import Output
from app.runner.retrying import Backoff
from app.runner.shutdown import ShutdownRequest

log = logging.getLogger(__name__)

SLOWEST_SECONDS = 15.0
"""A long lease needs fewer heartbeats, but people want to see what goes on."""

FASTEST_SECONDS = 1.0
SHARE_OF_LEASE = 1 / 3


class HeldRun:
    """A run that is held, as long as its lease lives."""

    def __init__(self, assignment: Assignment, output: Output, wake: threading.Event) -> None:
        self.run_id = assignment.run.run_id
        self.output = output
        self.taken_away = ""
        self._wake = wake
        self._told = ""
        self.renew(assignment.lease_seconds)

    def news(self) -> str | None:
        """The end of the agent's output, if it isn't what it was the last time."""
        tail = self.output.tail
        before, self._told = self._told, tail
        return tail if tail != before else None

    def renew(self, seconds: float) -> None:
        """The board said, just now, that the lease lives so long."""
        self.ends_at = time.monotonic() + seconds

    def lose(self, why: str) -> None:
        """The board said that the run is over."""
        self.taken_away = why
        self._wake.set()

    @property
    def seconds_left(self) -> float:
        """How long the lease lives at most: the board counted from before its answer came here."""
        return self.ends_at - time.monotonic()

    @property
    def lost_because(self) -> str:
        """Why the run is surely lost; empty while it may still be ours."""
        if self.taken_away:
            return self.taken_away
        return "the board was away for longer than the lease" if self.seconds_left <= 0 else ""


class Heartbeats:
    """Sends heartbeats for one worker until it is ended."""

    def __init__(
        self, board: Board, worker_id: str, shutdown: ShutdownRequest, grace: float
    ) -> None:
        self._board = board
        self._worker_id = worker_id
        self._shutdown = shutdown
        self._grace = grace
        self._held: HeldRun | None = None
        self._pace = FASTEST_SECONDS
        self._ended = threading.Event()
        self._backoff = Backoff(FASTEST_SECONDS, SLOWEST_SECONDS)
        self._thread = threading.Thread(
            target=self._beat_on, name=f"{worker_id}-heartbeats", daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def end(self) -> None:
        """Stop sending."""
        self._ended.set()

    def hold(self, held: HeldRun) -> None:
        """Keep this run's lease from now on."""
        self._held = held

    def beat_once_more(self, held: HeldRun) -> None:
        """The agent has ended: show the end of its output, if the board is there."""
        with contextlib.suppress(Away):
            self._beat(held)

    def let_go(self) -> None:
        """The run is over, or about to be reported."""
        self._held = None

    def _beat_on(self) -> None:
        pause = self._pace
        while not self._ended.wait(pause):
            held = self._held
            try:
                beat = self._beat(held)
            except Away as error:
                pause = min(self._backoff.pause(), self._pace)
                log.warning("%s: the board is away (%s)", self._worker_id, error)
            else:
                self._backoff.reset()
                self._pace = _pace(beat) if beat else FASTEST_SECONDS
                pause = self._pace

    def _beat(self, held: HeldRun | None) -> Beat | None:
        try:
            run_id, news = (held.run_id, held.news()) if held else (None, None)
            beat = self._board.heartbeat(self._worker_id, run_id, news)
        except RunOver as error:
            if held:
                held.lose(str(error))
            return None
        except Refused as error:
            # The slot hears the same at its next claim or report, and decides.
            log.warning("%s: the heartbeat was refused: %s", self._worker_id, error)
            return None
        if held and beat.lease_seconds is not None:
            held.renew(beat.lease_seconds)
        if beat.instruction == "stop" and not self._shutdown.is_asked:
            self._shutdown.ask("someone asked it to stop", self._grace)
        return beat


def _pace(beat: Beat) -> float:
    return min(max(beat.next_heartbeat_seconds * SHARE_OF_LEASE, FASTEST_SECONDS), SLOWEST_SECONDS)
