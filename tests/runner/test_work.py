"""`callboard work`: agents get what they need, and the board hears what they say."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from app.models import Project
from tests.processes import Agents, Runners, until
from tests.runner.stage import Stage

pytestmark = pytest.mark.slow

DONE = '{"outcome": "next_stage", "comment": "Built it."}'


def test_a_stage_is_done_and_handed_on(stage: Stage, runners: Runners, agents: Agents) -> None:
    ticket = stage.ticket(title="Rounded buttons")
    runner = runners.start("--once", command=agents.says(DONE))
    assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]
    assert stage.comments(ticket) == ["Built it."]
    assert stage.look(ticket).current_stage == "review"
    assert [worker.status for worker in stage.workers()] == ["finished"]


def test_agent_gets_prompt_place_and_environment(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    ticket = stage.ticket(title="Rounded buttons")
    command = agents.script('cat > "$HERE/stdin"; cp "$1" "$HERE/file"; env > env; pwd > cwd')
    runner = runners.start("--once", "--plain", command=[*command, "{prompt_file}"])
    assert runner.wait() == 0, runner.log
    prompt = (tmp_path / "stdin").read_text("utf-8")
    assert "You do implementation." in prompt
    assert "Title: Rounded buttons" in prompt
    assert (tmp_path / "file").read_text("utf-8") == prompt
    assert (tmp_path / "cwd").read_text("utf-8").strip() == str(tmp_path)
    environment = dict(
        line.split("=", 1) for line in (tmp_path / "env").read_text("utf-8").splitlines()
    )
    [run], [worker] = stage.runs(ticket), stage.workers()
    ours = {name: value for name, value in environment.items() if name.startswith("CALLBOARD_")}
    assert Path(ours.pop("CALLBOARD_PROMPT_FILE")).parent == tmp_path / "runs"
    assert ours == {
        "CALLBOARD_URL": stage.server.url,
        "CALLBOARD_PROJECT": stage.project,
        "CALLBOARD_TICKET_ID": ticket,
        "CALLBOARD_RUN_ID": str(run.run_id),
        "CALLBOARD_WORKER_ID": worker.worker_id,
        "CALLBOARD_WORKER_TYPE": "implementation",
        "CALLBOARD_STAGE": "1",
        "CALLBOARD_STAGES": "2",
        "CALLBOARD_ATTEMPT": "1",
    }


def test_environment_names_the_agents_folder_not_the_runners(
    stage: Stage, runners: Runners, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    options = ["--url", stage.server.url, "--project", stage.project, "--type", "implementation"]
    # Not by a shell: it would set PWD right before anyone could see it.
    runner = runners.start_with(
        *options, "--once", "--plain", "--", "env", PWD="/srv/runner", OLDPWD="/srv"
    )
    assert runner.wait() == 0, runner.log
    [comment] = stage.comments(ticket)
    assert f"PWD={tmp_path}" in comment.splitlines()
    assert "/srv" not in comment


def test_token_is_passed_only_when_asked_for(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    stage.ticket()
    command = agents.says(DONE, before="echo $CALLBOARD_TOKEN$CALLBOARD_SECRET_KEY > token")
    assert runners.start("--once", "--pass-token", command=command).wait() == 0
    assert (tmp_path / "token").read_text("utf-8") == f"{stage.token}\n"


@pytest.mark.parametrize(
    ("says", "outcome", "state", "place"),
    [
        ({"outcome": "next_stage", "comment": "Why not."}, "completed", "closed", None),
        ({"outcome": "prev_stage", "reason": "Why not."}, "returned", "open", "implementation"),
        (
            {"outcome": "prev_stage", "reason": "Why not.", "to_stage": "implementation"},
            "returned",
            "open",
            "implementation",
        ),
        ({"outcome": "attention", "reason": "Why not."}, "attention", "on_hold", "review"),
    ],
)
def test_each_outcome_moves_the_ticket(
    says: dict[str, str],
    outcome: str,
    state: str,
    place: str | None,
    stage: Stage,
    runners: Runners,
    agents: Agents,
) -> None:
    ticket = stage.ticket()
    assert runners.start("--once", command=agents.says(DONE)).wait() == 0
    review = agents.says(json.dumps(says))
    assert runners.start("--once", command=review, worker_type="review").wait() == 0
    assert stage.outcomes(ticket) == ["completed", outcome]
    assert stage.comments(ticket) == ["Built it.", "Why not."]
    now = stage.look(ticket)
    assert (now.state, now.current_stage) == (state, place)


def test_failed_stage_rests_and_counts_as_an_attempt(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket = stage.ticket()
    command = agents.says('{"outcome": "failed", "reason": "The tests hang."}')
    assert runners.start("--once", command=command).wait() == 0
    assert stage.outcomes(ticket) == ["failed"]
    assert stage.look(ticket).failed_attempts == 1
    assert stage.runs(ticket)[0].reason == "The tests hang."


def test_agents_that_say_nothing_clear(stage: Stage, runners: Runners, agents: Agents) -> None:
    crashed, silent = stage.ticket(), stage.ticket()
    command = agents.script("echo Segmentation fault >&2; exit 139")
    assert runners.start("--once", command=command).wait() == 0
    [run] = stage.runs(crashed)
    assert run.outcome == "failed"
    assert run.reason
    assert "exit code 139" in run.reason
    assert "Segmentation fault" in run.reason
    assert runners.start("--once", command=agents.script("echo I am done")).wait() == 0
    [run] = stage.runs(silent)
    assert run.outcome == "attention"
    assert run.reason
    assert "I am done" in run.reason


def test_plain_output_is_the_comment(stage: Stage, runners: Runners, agents: Agents) -> None:
    ticket = stage.ticket()
    assert runners.start("--once", "--plain", command=agents.script("echo I am done")).wait() == 0
    assert stage.outcomes(ticket) == ["completed"]
    assert stage.comments(ticket) == ["I am done"]


def test_megabytes_of_strange_output_are_no_problem(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    noise = 'head -c 3000000 /dev/urandom; printf "\\033[1m"'
    runner = runners.start("--once", "--log-limit-mb", "1", command=agents.says(DONE, noise))
    assert runner.wait() == 0, runner.log
    assert stage.comments(ticket) == ["Built it."]
    [log] = (tmp_path / "runs").glob("*.log")
    assert 900_000 < log.stat().st_size < 1_100_000
    assert b"bytes left out" in log.read_bytes()
    assert [file.stat().st_mode & 0o077 for file in (log, log.parent)] == [0, 0]


def test_a_comment_that_is_too_long_is_shortened(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket = stage.ticket()
    start, long, end = '{"outcome": "next_stage", "comment": "', "x" * 500_000, '"}'
    command = agents.says(start + long + end)
    assert runners.start("--once", command=command).wait() == 0
    [comment] = stage.comments(ticket)
    assert len(comment) == 131_072
    assert comment.endswith("(shortened)")


def test_last_lines_stand_on_the_workers_page(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket = stage.ticket()
    command = agents.script('echo reading the code; while [ ! -e "$HERE/go" ]; do sleep 0.1; done')
    runners.start(command=command)
    stage.wait_for_outcome(ticket, None)
    until(lambda: "reading the code" in (stage.workers()[0].output_tail or ""))


def test_drain_ends_when_the_queue_is_empty(stage: Stage, runners: Runners, agents: Agents) -> None:
    tickets = [stage.ticket() for _ in range(5)]
    runner = runners.start("--drain", "--concurrency", "2", command=agents.says(DONE))
    assert runner.wait() == 0, runner.log
    assert [stage.outcomes(ticket) for ticket in tickets] == [["completed"]] * 5
    assert len(stage.workers()) == 2


def test_one_file_sets_several_worker_types_to_work(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    crews = "".join(
        f'[[workers]]\nproject = "{stage.project}"\ntype = "{role}"\n'
        f"command = {json.dumps(agents.says(DONE))}\n"
        for role in ("implementation", "review")
    )
    (tmp_path / "runner.toml").write_text(f'url = "{stage.server.url}"\n{crews}', "utf-8")
    runners.start_with("--config", str(tmp_path / "runner.toml"))
    until(lambda: stage.look(ticket).state == "closed")
    assert sorted(worker.worker_type for worker in stage.workers()) == ["implementation", "review"]


def test_command_that_isnt_there_is_found_out_first(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket = stage.ticket()
    runner = runners.start(command=["no-such-agent"])
    assert runner.wait() == 2
    assert runner.log == (
        "callboard work: the command no-such-agent can't be found, or isn't executable\n"
    )
    assert stage.runs(ticket) == []


def test_command_that_cant_start_gives_the_stage_back(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    ticket = stage.ticket()
    runner = runners.start(command=["./agent-of-the-project"])
    assert runner.wait() == 1
    [run] = stage.runs(ticket)
    assert run.outcome == "released"
    assert run.reason
    assert "./agent-of-the-project: No such file or directory" in run.reason
    [worker] = stage.workers()
    assert worker.status == "finished"


def test_a_project_that_isnt_on_this_machine_is_told(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    with stage.session() as session:
        Project.get(session, stage.project).path = str(tmp_path / "elsewhere")
    runner = runners.start(command=agents.says(DONE))
    assert runner.wait() == 1
    assert "elsewhere isn't a folder on this machine; name one with --cwd" in runner.log
    assert stage.outcomes(ticket) == ["released"]
    runner = runners.start("--once", "--cwd", str(tmp_path), command=agents.says(DONE))
    assert runner.wait() == 0, runner.log


def test_token_on_the_command_line_is_warned_of(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    runner = runners.start("--token", stage.token, "--drain", command=agents.says(DONE))
    assert runner.wait() == 0
    assert "use CALLBOARD_TOKEN" in runner.log
    assert stage.token not in runner.log


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--type", "codder"], "has no worker type codder. It has implementation, review."),
        (["--project", "acme/none"], "There is no project acme/none"),
        (["--token", "cb_wrong"], "This token isn't known here"),
    ],
)
def test_what_the_board_refuses_ends_the_runner(
    options: list[str], message: str, stage: Stage, runners: Runners, agents: Agents
) -> None:
    runner = runners.start(*options, command=agents.says(DONE))
    assert runner.wait() == 1
    assert message in runner.log
    assert "cb_" not in runner.log


def test_what_all_slots_are_refused_is_said_once(
    stage: Stage, runners: Runners, agents: Agents
) -> None:
    options = ["--type", "codder", "--concurrency", "3"]
    runner = runners.start(*options, command=agents.says(DONE))
    assert runner.wait() == 1
    assert runner.log.count("has no worker type codder") == 1


def test_slots_in_one_folder_are_warned_of(stage: Stage, runners: Runners, agents: Agents) -> None:
    runner = runners.start("--drain", "--concurrency", "2", command=agents.says(DONE))
    assert runner.wait() == 0
    assert runner.log.count("2 slots work in one folder") == 1
    runner = runners.start("--drain", command=agents.says(DONE))
    assert runner.wait() == 0
    assert "in one folder" not in runner.log


def test_relative_log_folder_is_the_runners(
    stage: Stage, runners: Runners, agents: Agents, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    command = agents.script('cat "$1" > /dev/null && cat "$HERE/said"')
    (tmp_path / "said").write_text(DONE, "utf-8")
    logs = os.path.relpath(tmp_path / "logs")
    runner = runners.start("--once", "--log-dir", logs, command=[*command, "{prompt_file}"])
    assert runner.wait() == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]
    assert list((tmp_path / "logs").glob("*.prompt.md"))
