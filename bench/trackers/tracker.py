"""A tracker in an environment of its own: installed, filled and served once for each folder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench.client import Client, Forms
from bench.fill.content import COLUMNS, CROWDED_EVERY, RARE_WORD, Content
from bench.fill.databases import say
from bench.processes import Server, free_port, running

SCRIPTS = Path(__file__).parent
CROWDED = CROWDED_EVERY + 1
"""The number of the ticket that has twenty comments here as on the board."""
PASSWORD = "a-password-for-the-bench"


@dataclass(frozen=True, slots=True)
class Tracker:
    """What is installed, how it is served, and where its pages are. `fill` is a script of this
    folder that runs in the tracker's environment, as `python SCRIPT HOME < tickets`."""

    name: str
    packages: Sequence[str]
    fill: str
    app: str
    pages: Mapping[str, str]
    new_page: str
    new_action: str
    new_fields: Mapping[str, str]
    sign_in: Mapping[str, str] | None = None

    def home(self, folder: Path) -> Path:
        return folder / self.name / "home"

    def python(self, folder: Path) -> str:
        return str(folder / self.name / "venv" / "bin" / "python")

    def prepare(self, folder: Path, size: int) -> None:
        """Install it and fill it, unless that was done before for the same size."""
        card = folder / self.name / "filled.json"
        wanted = {"packages": list(self.packages), "size": size}
        if card.exists() and json.loads(card.read_text()) == wanted:
            return
        say(f"installing {', '.join(self.packages)} and making {size:,} tickets; once")
        shutil.rmtree(folder / self.name, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        _run([sys.executable, "-m", "venv", str(folder / self.name / "venv")])
        _run([self.python(folder), "-m", "pip", "install", "--quiet", *self.packages])
        script = [self.python(folder), str(SCRIPTS / self.fill), str(self.home(folder)), PASSWORD]
        _run(script, "".join(f"{json.dumps(ticket)}\n" for ticket in tickets(size)))
        card.write_text(json.dumps(wanted))

    @contextmanager
    def serving(self, folder: Path, *, workers: int = 2) -> Iterator[Server]:
        """Behind gunicorn, with as many processes as Callboard."""
        port, home = free_port(), self.home(folder)
        if (config := home / "config.ini").exists():  # Roundup compares a form's Origin with it
            text = re.sub("(?m)^web = .*", f"web = http://127.0.0.1:{port}/", config.read_text())
            config.write_text(text)
        command = [self.python(folder), "-m", "gunicorn", "--workers", str(workers),
                   "--threads", "8", "--bind", f"127.0.0.1:{port}",
                   self.app.replace("{home}", str(home))]  # fmt: skip
        # Gunicorn puts a socket into the home of its user.
        environment = {**os.environ, "TRAC_ENV": str(home), "HOME": str(home.parent)}
        with running(command, environment, port, workers, ready=self.pages["list"]) as server:
            yield server

    def browser(self, server: Server) -> Client:
        """Someone who may create tickets."""
        client = server.client()
        if self.sign_in:
            forms = Forms(client.get("/").text).forms.values()
            tokens = [pair for form in forms for pair in form if pair[0] == "@csrf"]
            answer = client.post_form("/", [*tokens[:1], *self.sign_in.items()])
            assert client.cookies, answer.text[:2000]
        return client


def tickets(size: int) -> Iterator[dict[str, object]]:
    """The board's tickets and comments, as the scripts read them."""
    names = COLUMNS["tickets"].split()
    spoken = COLUMNS["comments"].split()
    for rows in Content(size, datetime.now(UTC)).batches():
        said = defaultdict(list)
        for row in rows["comments"]:
            comment = dict(zip(spoken, row, strict=True))
            said[comment["ticket_id"]].append(comment["content"])
        for row in rows["tickets"]:
            ticket = dict(zip(names, row, strict=True))
            yield {
                "title": ticket["title"],
                "description": ticket["description"],
                "priority": ticket["priority"],
                "is_closed": ticket["state"] == "closed",
                "created_at": ticket["created_at"],
                "updated_at": ticket["updated_at"],
                "comments": said[ticket["ticket_id"]],
            }


def _run(command: Sequence[str], stdin: str = "") -> None:
    done = subprocess.run(command, check=False, input=stdin, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {(done.stdout + done.stderr)[-3000:]}")


ROUNDUP_COLUMNS = "@columns=title,id,activity,status,priority&@sort=-activity&@pagesize=50"

ROUNDUP = Tracker(
    name="roundup",
    packages=("roundup==2.6.0", "gunicorn"),
    fill="fill_roundup.py",
    app="roundup.cgi.wsgi_handler:RequestDispatcher('{home}')",
    pages={
        "list": f"/issue?{ROUNDUP_COLUMNS}&@filter=status&status=-1,1,2,3,4,5,6,7&@startwith=0",
        "ticket with 20 comments": f"/issue{CROWDED}",
        "search: rare word": f"/issue?{ROUNDUP_COLUMNS}&@search_text={RARE_WORD}&@startwith=0",
    },
    new_page="/issue?@template=item",
    new_action="issue",
    new_fields={
        "title": "A new ticket",
        "@note": "What should be true when it is done?",
        "priority": "3",
    },
    sign_in={
        "__login_name": "admin",
        "__login_password": PASSWORD,
        "@action": "Login",
    },
)

TRAC = Tracker(
    name="trac",
    packages=("Trac==1.6", "setuptools<81", "gunicorn"),
    fill="fill_trac.py",
    app="trac.web.main:dispatch_request",
    pages={
        "list": "/query?status=!closed&max=50&order=changetime&desc=1"
        "&col=id&col=summary&col=status&col=priority&col=changetime",
        "ticket with 20 comments": f"/ticket/{CROWDED}",
        "search: rare word": f"/search?q={RARE_WORD}&noquickjump=1&ticket=on",
    },
    new_page="/newticket",
    new_action="/newticket#ticket",
    new_fields={
        "field_summary": "A new ticket",
        "field_description": "What should be true when it is done?",
        "submit": "Create ticket",
    },
)

TRACKERS = (ROUNDUP, TRAC)
