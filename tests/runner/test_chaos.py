"""Whatever is killed, every stage is done exactly once, and nothing is lost.

Four runners with two slots each, 30 tickets of three stages. `CHAOS_SEED` chooses other moments,
`CHAOS_TICKETS` gives more work to do between them.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from app import clock
from app.models import Comment, Event, StageRun, Ticket
from tests import factories
from tests.factories import ANN
from tests.processes import Agents, Runners
from tests.runner.chaos import KINDS, Chaos
from tests.runner.stage import Stage
from tests.serving import BoardServer

SEED = int(os.environ.get("CHAOS_SEED", "7"))
TICKETS = int(os.environ.get("CHAOS_TICKETS", "30"))
PLAN = ("implementation", "testing", "review")
CREWS = ((0, 0), (1, 1), (2, 2), (0, 1))
"""The stages that the slots of each runner take."""

DEADLINE_SECONDS = 600
"""For a machine that does much else besides."""

AGENT = """
set -eu
mark() {
    read now _ < /proc/uptime
    echo "$1 $CALLBOARD_TICKET_ID $CALLBOARD_RUN_ID $now $CALLBOARD_ATTEMPT $$" >> "$HERE/ledger"
}
mark begin
sleep 0.3
mark end
echo "{\\"outcome\\": \\"next_stage\\", \\"comment\\": \\"run $CALLBOARD_RUN_ID\\"}"
"""


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def stage(
    request: pytest.FixtureRequest,
    new_database: Callable[[str], str],
    make_app: Callable[..., Any],
    tmp_path: Path,
) -> Iterator[Stage]:
    """A board of its own on each database, with tickets."""
    folder = tmp_path / "server"
    folder.mkdir()
    app = make_app(new_database(request.param))
    with BoardServer(app, folder, workers=2, CALLBOARD_SWEEP_SECONDS="0.5") as server:
        stage = Stage(server, "acme/web", tmp_path, roles=PLAN, max_attempts=100)
        with stage.session() as session:
            for _ in range(TICKETS):
                factories.make_ticket(session, PLAN)
        yield stage


@pytest.fixture
def configs(stage: Stage, agents: Agents, tmp_path: Path) -> list[Path]:
    """A file for each runner."""
    command = json.dumps(agents.script(AGENT))
    made = []
    for number, crew in enumerate(CREWS):
        file = tmp_path / f"runner-{number}.toml"
        workers = "".join(
            f'[[workers]]\nproject = "{stage.project}"\ntype = "{PLAN[place]}"\n'
            f"command = {command}\nconcurrency = {times}\n"
            for place, times in Counter(crew).items()
        )
        file.write_text(f'url = "{stage.server.url}"\nname = "r{number}"\n{workers}', "utf-8")
        made.append(file)
    return made


@pytest.mark.slow
def test_every_stage_is_done_exactly_once_in_chaos(
    stage: Stage,
    runners: Runners,
    configs: list[Path],
    tmp_path: Path,
    request: pytest.FixtureRequest,
    capsys: pytest.CaptureFixture[str],
) -> None:
    began = time.monotonic()
    ledger = tmp_path / "ledger"
    chaos = Chaos(SEED, stage.server, runners, configs, ledger)
    chaos.reign(lambda: progress(stage))
    while progress(stage) < 1 and time.monotonic() - began < DEADLINE_SECONDS:
        end_backoffs(stage)
        time.sleep(0.5)
    took = time.monotonic() - began
    truth = look(stage, ledger)
    name = request.node.callspec.id
    with capsys.disabled():
        sys.stdout.write(
            f"\nchaos on {name}, seed {SEED}: {truth.figures}; killed {dict(chaos.killed)}; "
            f"{took:.0f} s\n"
        )
    assert truth.open == []
    assert truth.done_times == {1: TICKETS * len(PLAN)}, "each stage once"
    assert truth.comments_astray == []
    assert truth.events == TICKETS * len(PLAN)
    assert truth.overlaps == []
    assert chaos.end() == [0, 0, 0, 0]
    assert chaos.killed == KINDS


@dataclass
class Truth:
    """What came of it."""

    open: list[str]
    done_times: dict[int, int]
    """How many stages were completed how often."""
    comments_astray: list[str]
    events: int
    overlaps: list[str]
    figures: str


def progress(stage: Stage) -> float:
    """How much of the work is done, from 0 to 1."""
    with stage.session() as session:
        done = session.scalars(select(func.sum(Ticket.completed_stages))).one() or 0
        return done / (TICKETS * len(PLAN))


def end_backoffs(stage: Stage) -> None:
    """Let nobody wait out the half minute after a failed attempt."""
    with stage.session() as session:
        waiting = select(Ticket.ticket_id).where(Ticket.ready_at > clock.now())
        for ticket_id in session.scalars(waiting).all():
            ticket = Ticket.lock(session, ticket_id)
            if ticket.is_in_backoff and not ticket.claimed_by:
                ticket.retry_now(ANN)


def look(stage: Stage, ledger: Path) -> Truth:
    """What runs, comments and events of the board say, and the ledger that the agents kept."""
    with stage.session() as session:
        open_ones = session.scalars(select(Ticket.ticket_id).where(Ticket.state != "closed"))
        runs = session.execute(
            select(StageRun.run_id, StageRun.ticket_id, StageRun.stage_number, StageRun.outcome)
        ).all()
        comments = session.execute(
            select(Comment.ticket_id, Comment.stage_number, Comment.run_id, Comment.content)
        ).all()
        completions = select(func.count()).where(Event.event_type == "ticket_stage_completed")
        events = session.scalars(completions.select_from(Event)).one()
        still_open = list(open_ones)
    done = Counter((run.ticket_id, run.stage_number) for run in runs if run.outcome == "completed")
    said = Counter(
        (c.ticket_id, c.stage_number, c.run_id) for c in comments if c.content == f"run {c.run_id}"
    )
    due = Counter(
        (run.ticket_id, run.stage_number, run.run_id) for run in runs if run.outcome == "completed"
    )
    begun = sum(line.startswith("begin") for line in ledger.read_text("utf-8").splitlines())
    outcomes = dict(Counter(str(run.outcome) for run in runs))
    return Truth(
        open=still_open,
        done_times=dict(Counter(done.values())),
        comments_astray=[str(each) for each in (said - due) + (due - said)],
        events=events,
        overlaps=overlaps(ledger),
        figures=f"{len(runs)} runs {outcomes}, {begun} agents, {len(comments)} comments",
    )


def overlaps(ledger: Path) -> list[str]:
    """Tickets on which an agent still worked after the next one had begun, by the machine's uptime:
    a shell reads it without a process of its own."""
    begins: dict[str, dict[int, float]] = defaultdict(dict)
    ends: dict[str, dict[int, float]] = defaultdict(dict)
    for line in ledger.read_text("utf-8").splitlines():
        word, ticket_id, run_id, moment, *_ = line.split()
        (begins if word == "begin" else ends)[ticket_id][int(run_id)] = float(moment)
    return [
        f"{ticket_id}: run {earlier} ended after run {later} had begun"
        for ticket_id, runs in begins.items()
        for earlier, ended in ends[ticket_id].items()
        for later, began in runs.items()
        if earlier < later and began < ended
    ]
