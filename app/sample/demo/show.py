"""Runs the demo and prints what happens, until it is interrupted."""

from __future__ import annotations

import json
import secrets
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from app.events import EventFacts, Plain, sentence
from app.runner.agent import Agent
from app.sample.content import load_sample
from app.sample.demo.processes import DemoError, DemoProcesses
from app.sample.demo.scene import PROJECT, Tickets, set_up

PERSON = "demo"
"""The account to sign in with."""

SCRIPT = Path(__file__).with_name("agent.py")
PASSWORD_BYTES = 8
"""Enough for a scratch board that only this machine can reach."""

START_SECONDS = 30
UNLUCKY = "unlucky"
DIES_AFTER_SECONDS = 3
LOOK_EVERY_SECONDS = 1
NEW_TICKET_EVERY_SECONDS = 8
STEP_SECONDS = 1.2
UNLUCKY_STEP_SECONDS = 12
"""What agents take for a step: the unlucky one is still at work when its runner is killed."""

CREWS = {
    "anna": {"planning": 1, "design": 1, "research": 1, "implementation": 2},
    "ben": {"review": 1, "testing": 1, "documentation": 1, "deployment": 1},
}
"""The runners by name, and how many agents of each worker type it runs at once."""

TELLING = {
    "ticket_stage_completed",
    "ticket_stage_returned",
    "ticket_stage_failed",
    "ticket_attention_requested",
    "ticket_closed",
    "worker_stopped",
}


class Interrupted(Exception):
    """The demo is to end."""


def run_demo(port: int, speed: float, echo: Callable[[str], None]) -> None:
    """The whole demo. Raises `DemoError`; returns when it is interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with tempfile.TemporaryDirectory(prefix="callboard-demo-") as folder:
        processes = DemoProcesses(Path(folder), port)
        try:
            _Demo(processes, Path(folder), speed, echo).run()
        except Interrupted:
            echo("Ending all that was started …")
        except httpx.HTTPError as error:
            raise DemoError(
                f"the board doesn't answer: {error}\n{processes.log_of('server')}"
            ) from None
        finally:
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            processes.end()


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise Interrupted


class _Demo:
    """One demo, from the empty folder on."""

    def __init__(
        self,
        processes: DemoProcesses,
        folder: Path,
        speed: float,
        echo: Callable[[str], None],
    ) -> None:
        self._processes = processes
        self._folder = folder
        self._speed = speed
        self._echo = echo
        self._last_event = 0
        self._unlucky: Agent | None = None
        self._dies_at = 0.0
        self._next_ticket_at = 0.0

    def run(self) -> None:
        self._echo("Making a board in a scratch folder …")
        password = secrets.token_hex(PASSWORD_BYTES)
        plan, work = self._processes.run(
            ("db", "upgrade"),
            ("token", "create", "demo", "--scope", "plan"),
            ("token", "create", "crew", "--scope", "work"),
            ("user", "create", PERSON, "--role", "admin", "--password-stdin"),
            stdin=password,
        )
        server = self._processes.serve()
        with httpx.Client(
            base_url=f"{self._processes.url}/api/v1/",
            headers={"Authorization": f"Bearer {plan}"},
            trust_env=False,
        ) as http:
            self._wait_for(server, http)
            sample = load_sample()
            set_up(http, sample, self._folder)
            tickets = Tickets(http, sample)
            tickets.make_lost()
            self._start_unlucky(work)
            self._echo(
                f"\n    {self._processes.url}\n\nLook at it in a browser: sign in as {PERSON}, "
                f"with the password {password}\nCtrl-C ends the demo.\n"
            )
            is_crew_started = False
            while not server.has_ended:
                self._print_events(http)
                if is_crew_started:
                    self._make_next_ticket(tickets)
                elif self._is_claimed(http):
                    is_crew_started = True
                    self._dies_at = time.monotonic() + DIES_AFTER_SECONDS
                    tickets.make_first()
                    self._start_crew(work)
                time.sleep(LOOK_EVERY_SECONDS)
        raise DemoError(f"the server ended:\n{self._processes.log_of('server')}")

    def _wait_for(self, server: Agent, http: httpx.Client) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and not server.has_ended:
            try:
                if http.get(f"{self._processes.url}/healthz").is_success:
                    return
            except httpx.TransportError:
                time.sleep(0.1)
        raise DemoError(f"the server doesn't answer:\n{self._processes.log_of('server')}")

    def _start_unlucky(self, token: str) -> None:
        agent = self._agent(UNLUCKY_STEP_SECONDS)
        options = ["--project", PROJECT, "--type", "implementation"]
        self._unlucky = self._processes.start_runner(UNLUCKY, token, *options, "--", *agent)

    def _is_claimed(self, http: httpx.Client) -> bool:
        """Whether the unlucky worker has its ticket: it is the only one, until the crew starts."""
        return bool(http.get("workers", params={"status": "active"}).json()["items"])

    def _start_crew(self, token: str) -> None:
        for name, types in CREWS.items():
            config = self._folder / f"{name}.toml"
            config.write_text(self._crew_file(types), "utf-8")
            self._processes.start_runner(name, token, "--config", str(config))

    def _crew_file(self, types: dict[str, int]) -> str:
        command = json.dumps(self._agent(STEP_SECONDS / self._speed))
        return "".join(
            f'[[workers]]\nproject = "{PROJECT}"\ntype = "{name}"\nconcurrency = {slots}\n'
            f"command = {command}\n\n"
            for name, slots in types.items()
        )

    def _agent(self, seconds: float) -> list[str]:
        return [sys.executable, "-I", str(SCRIPT), str(self._folder), str(seconds)]

    def _make_next_ticket(self, tickets: Tickets) -> None:
        """The crew never runs out of work, so that there is something to see until the end."""
        if time.monotonic() > self._next_ticket_at:
            self._next_ticket_at = time.monotonic() + NEW_TICKET_EVERY_SECONDS / self._speed
            tickets.make_next()

    def _print_events(self, http: httpx.Client) -> None:
        if self._unlucky and self._dies_at and time.monotonic() > self._dies_at:
            self._unlucky.kill()
            self._unlucky = None
            self._echo(f"(The demo kills the runner “{UNLUCKY}”. Its lease ends in ten seconds.)")
        page = http.get("events", params={"after": self._last_event, "limit": 200}).json()
        self._last_event = page["next_after"]
        for event in page["items"]:
            if event["event_type"] in TELLING:
                self._echo(_line(event))


def _line(event: dict[str, Any]) -> str:
    moment = time.strftime("%H:%M:%S")
    what = sentence(EventFacts.of(event), Plain(within_ticket=True))
    reason = (event["reason"] or "").partition("\n")[0]
    return f"{moment}  {event['ticket_id'] or '':<8}{what}{': ' if reason else ''}{reason}"
