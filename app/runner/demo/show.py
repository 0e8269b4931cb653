"""Lets the demo happen, and tells what happens, until someone has seen enough."""

from __future__ import annotations

import json
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import httpx

from app.runner.agent import Agent
from app.runner.demo.processes import DemoError, DemoProcesses
from app.runner.demo.scene import PERSON, PROJECT, bring_more, new_password, set_up

SCRIPT = Path(__file__).with_name("agent.py")
START_SECONDS = 30
UNLUCKY = "unlucky"
DIES_AFTER_SECONDS = 3
LOOK_EVERY_SECONDS = 1
NEW_TICKET_EVERY_SECONDS = 8

CREWS = {"anna": {"implementation": 2}, "ben": {"review": 1, "documentation": 1}}
"""The runners by name, and how many agents of which type each lets work at once."""

TELLING = {
    "ticket_stage_completed": "{stage} done",
    "ticket_stage_returned": "{stage} sends it back {reason}",
    "ticket_stage_failed": "{stage} failed: {reason}",
    "ticket_attention_requested": "{stage} asks a person: {reason}",
    "ticket_closed": "closed",
    "worker_stopped": "{worker_id} is gone",
}


class Interrupted(Exception):
    """Someone has seen enough."""


def play(port: int, say: Callable[[str], None]) -> None:
    """The whole demo. Raises `DemoError`; returns when it is interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    with tempfile.TemporaryDirectory(prefix="callboard-demo-") as folder:
        processes = DemoProcesses(Path(folder), port)
        try:
            _Show(processes, Path(folder), say).go_on()
        except Interrupted:
            say("Ending all that was started …")
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


class _Show:
    """One demo, from the empty folder on."""

    def __init__(self, processes: DemoProcesses, folder: Path, say: Callable[[str], None]) -> None:
        self._processes = processes
        self._folder = folder
        self._say = say
        self._told = 0
        self._unlucky: Agent | None = None
        self._dies_at = 0.0
        self._brought = 0
        self._brings_at = time.monotonic()

    def go_on(self) -> None:
        """Set the scene, then tell what happens."""
        self._say("Making a board in a scratch folder …")
        self._processes.run("db", "upgrade")
        plan = self._processes.run("token", "create", "demo", "--scope", "plan")
        work = self._processes.run("token", "create", "crew", "--scope", "work")
        password = new_password()
        self._processes.run(
            *("user", "create", PERSON, "--role", "admin", "--password-stdin"), stdin=password
        )
        server = self._processes.serve()
        with httpx.Client(
            base_url=f"{self._processes.url}/api/v1/",
            headers={"Authorization": f"Bearer {plan}"},
            trust_env=False,
        ) as http:
            self._wait_for(server, http)
            set_up(http, str(self._folder))
            self._start_unlucky(work)
            self._say(
                f"\n    {self._processes.url}\n\nLook at it in a browser: sign in as {PERSON}, "
                f"with the password {password}\nCtrl-C ends the demo.\n"
            )
            crew_comes = False
            while not server.has_ended:
                self._tell(http)
                crew_comes = crew_comes or self._start_crew_once_unlucky_works(http, work)
                if crew_comes:
                    self._bring_more(http)
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
        agent = [sys.executable, "-I", str(SCRIPT), "--slow"]
        options = ["--project", PROJECT, "--type", "implementation"]
        self._unlucky = self._processes.start_runner(UNLUCKY, token, *options, "--", *agent)

    def _start_crew_once_unlucky_works(self, http: httpx.Client, token: str) -> bool:
        """The unlucky one takes the most urgent ticket first; the others come when it has."""
        workers = http.get("workers", params={"status": "active"}).json()["items"]
        if not workers:
            return False
        for name, types in CREWS.items():
            config = self._folder / f"{name}.toml"
            config.write_text(_crew_file(types), "utf-8")
            self._processes.start_runner(name, token, "--config", str(config))
        self._dies_at = time.monotonic() + DIES_AFTER_SECONDS
        return True

    def _bring_more(self, http: httpx.Client) -> None:
        """The crew never runs out of work, so that there is something to see until the end."""
        if time.monotonic() > self._brings_at:
            self._brings_at = time.monotonic() + NEW_TICKET_EVERY_SECONDS
            self._brought += bring_more(http, self._brought)

    def _tell(self, http: httpx.Client) -> None:
        if self._unlucky and self._dies_at and time.monotonic() > self._dies_at:
            self._unlucky.kill()
            self._unlucky = None
            self._say(f"(The demo kills the runner “{UNLUCKY}”. Its lease ends in ten seconds.)")
        page = http.get("events", params={"after": self._told, "limit": 200}).json()
        self._told = page["next_after"]
        for event in page["items"]:
            if event["event_type"] in TELLING:
                self._say(_line(event))


def _crew_file(types: dict[str, int]) -> str:
    command = json.dumps([sys.executable, "-I", str(SCRIPT)])
    return "".join(
        f'[[workers]]\nproject = "{PROJECT}"\ntype = "{name}"\nconcurrency = {times}\n'
        f"command = {command}\n\n"
        for name, times in types.items()
    )


def _line(event: dict[str, Any]) -> str:
    moment = time.strftime("%H:%M:%S")
    reason = (event["reason"] or "").partition("\n")[0]
    what = TELLING[event["event_type"]].format_map({**event, "reason": reason})
    return f"{moment}  {event['ticket_id'] or '':<8}{what}"
