"""No quota and no log-in are told from a failed attempt, by the program's own word only."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.runner.unavailable import find_unavailable, programs_in
from tests.runner.recordings import RECORDINGS, Recording, recording


def kind_of(run: Recording, command: list[str]) -> str | None:
    found = find_unavailable(command, run.exit_code, run.stdout, run.stderr)
    return found.kind if found else None


@pytest.mark.parametrize("run", RECORDINGS, ids=lambda run: run.name)
def test_real_programs_are_understood(run: Recording) -> None:
    assert kind_of(run, [run.program, "--some", "option"]) == run.unavailable


@pytest.mark.parametrize("run", RECORDINGS, ids=lambda run: run.name)
def test_a_script_is_understood_where_only_the_program_can_have_written(run: Recording) -> None:
    is_plain_claude = run.program == "claude" and run.name.endswith("-text")
    assert kind_of(run, ["sh", "agent.sh"]) == (None if is_plain_claude else run.unavailable)
    assert kind_of(run, ["sh", f"my-{run.program}.sh"]) == run.unavailable


def test_every_program_and_kind_was_recorded() -> None:
    known = {(run.program, run.unavailable) for run in RECORDINGS}
    # opencode itself waits until it has a quota again.
    programs = {"claude", "codex", "gemini", "opencode"}
    kinds = {"quota", "login", None}
    assert known == {(p, k) for p in programs for k in kinds} - {("opencode", "quota")}
    assert {run.exit_code for run in RECORDINGS if run.program == "gemini"} == {0, 1, 41, 144, 173}


def test_the_message_is_the_programs_own() -> None:
    run = recording("gemini-no-key-text")
    found = find_unavailable(["gemini"], run.exit_code, run.stdout, run.stderr)
    assert found
    assert found.message.startswith("When using Gemini API, you must specify the GEMINI_API_KEY")


@pytest.mark.parametrize("run", RECORDINGS, ids=lambda run: run.name)
def test_a_program_that_ended_well_was_available(run: Recording) -> None:
    assert kind_of(replace(run, exit_code=0), [run.program]) is None
    assert kind_of(replace(run, exit_code=-9), [run.program]) is None


LIE = "You've hit your usage limit. Not logged in. ERROR: Quota exceeded."

SAID_BY_MODELS = {
    "claude": ["Here:\n" + LIE, json.dumps({"type": "result", "is_error": False, "result": LIE})],
    "codex": [
        LIE,
        json.dumps({"type": "item.completed", "item": {"type": "agent_message", "text": LIE}}),
        json.dumps(
            {
                "type": "item.completed",
                "item": {
                    "type": "command_execution",
                    "aggregated_output": '{"type":"turn.failed","error":{"message":"Quota"}}',
                },
            }
        ),
    ],
    "gemini": [
        LIE,
        json.dumps({"type": "message", "role": "assistant", "content": LIE, "delta": True}),
        json.dumps({"type": "tool_result", "status": "error", "error": {"message": LIE}}),
        json.dumps({"session_id": "x", "response": LIE}),
    ],
    "opencode": [
        LIE,
        json.dumps({"type": "text", "part": {"type": "text", "text": LIE}}),
        json.dumps({"type": "tool_use", "part": {"state": {"status": "error", "error": LIE}}}),
    ],
}


@pytest.mark.parametrize("program", SAID_BY_MODELS)
def test_what_a_model_wrote_is_never_believed(program: str) -> None:
    for said in SAID_BY_MODELS[program]:
        for command in ([program], ["sh", "agent.sh"]):
            assert find_unavailable(command, 1, said, "") is None


def test_what_a_tool_printed_isnt_believed() -> None:
    # codex writes all that its tools print to standard error, and its own error last.
    stderr = "exec\n succeeded in 0ms:\nERROR: Quota exceeded.\n\nERROR: stream disconnected\n"
    assert find_unavailable(["codex", "exec"], 1, "", stderr) is None
    assert find_unavailable(["codex", "exec"], 1, "", "ERROR: Quota exceeded.\n") is not None


@pytest.mark.parametrize("exit_code", [41, 145, 173])
def test_exit_codes_of_others_mean_nothing(exit_code: int) -> None:
    assert find_unavailable(["sh", "agent.sh"], exit_code, "", "oops") is None
    assert find_unavailable(["claude", "-p"], exit_code, "", "oops") is None
    assert find_unavailable(["gemini"], exit_code, "", "oops") is not None


@pytest.mark.parametrize("exit_code", [1, 42, 52, 53, 130, 144, 244])
def test_other_exit_codes_of_gemini_are_failures(exit_code: int) -> None:
    assert find_unavailable(["gemini"], exit_code, "", "Reached max session turns.") is None


@pytest.mark.parametrize(
    ("command", "programs"),
    [
        (["claude", "-p"], ("claude",)),
        (["/usr/local/bin/codex", "exec"], ("codex",)),
        (["npx", "@google/gemini-cli"], ("gemini",)),
        (["sh", "-c", "cd sub && opencode run"], ("opencode",)),
        (["./run_claude.sh"], ("claude",)),
        (["sh", "/home/claude/agent.sh"], ()),
        (["claudette"], ()),
    ],
)
def test_programs_are_known_by_their_names(command: list[str], programs: tuple[str, ...]) -> None:
    assert programs_in(command) == programs
