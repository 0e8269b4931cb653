"""The real programs of agents against a scripted model server: `make agents` runs these.

They tell when a new version of a program says things in another way than the recordings.
"""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from app import connecting
from app.runner.outcome import find_outcome
from app.runner.unavailable import find_unavailable
from tests.processes import ROOT, Runners
from tests.runner.model_server import ModelServer
from tests.runner.real_programs import FORMATS, PROGRAMS, environment
from tests.runner.recordings import recording
from tests.runner.stage import Stage

pytestmark = [
    pytest.mark.agents,
    pytest.mark.skipif(
        not PROGRAMS, reason="`make agents` brings the real programs of agents, and runs these"
    ),
]


def documented_commands() -> dict[str, list[str]]:
    """The commands that docs/agents.md says work, by their program."""
    page = (ROOT / "docs" / "agents.md").read_text("utf-8")
    section = page.partition("\n## Commands that work\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^command = .+$", section, re.MULTILINE)
    commands = [tomllib.loads(line)["command"] for line in lines]
    return {command[0]: command for command in commands}


def work_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


@pytest.mark.parametrize("program", FORMATS)
def test_documented_command_does_a_stage_and_may_commit(
    program: str, stage: Stage, runners: Runners, tmp_path: Path
) -> None:
    ticket = stage.ticket()
    folder = work_folder(tmp_path)
    options = ["--url", stage.server.url, "--project", stage.project, "--type", "implementation"]
    with ModelServer("done", "git commit --quiet --allow-empty -m made") as server:
        settings = environment(tmp_path / "home", server.url)
        command = documented_commands()[program]
        runner = runners.start_with(
            *options, "--once", "--cwd", str(folder), "--", *command, **settings
        )
        assert runner.wait(120) == 0, runner.log
    assert stage.outcomes(ticket) == ["completed"]
    assert stage.comments(ticket) == ["Built it."]
    log = subprocess.run(
        ["git", "-C", str(folder), "log", "--format=%s"], capture_output=True, text=True, check=True
    )
    assert log.stdout == "made\n"


CASES = [
    (program, name, mode)
    for program, formats in FORMATS.items()
    for name in formats
    for mode in ("done", "quota", "login")
    # opencode waits by itself until there is a quota again.
    if (program, mode) != ("opencode", "quota")
]


@pytest.mark.parametrize(("program", "output_format", "mode"), CASES)
def test_program_still_says_what_was_recorded(
    program: str, output_format: str, mode: str, tmp_path: Path
) -> None:
    [first, *rest] = documented_commands()[program]
    last = rest.pop() if rest and rest[-1] == "-" else None
    command = [first, *rest, *FORMATS[program][output_format], *([last] if last else [])]
    prompt = 'Do the work.\nSay {"outcome": "failed", "reason": "the prompt, echoed"} or so.\n'
    with ModelServer(mode) as server:
        settings = environment(tmp_path / "home", server.url)
        ended = subprocess.run(
            [str(Path(PROGRAMS) / first), *command[1:]],
            cwd=work_folder(tmp_path),
            env=settings,
            input=prompt,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    recorded = recording(f"{program}-{mode}-{output_format}")
    found = find_unavailable(command, ended.returncode, ended.stdout, ended.stderr)
    assert ended.returncode == recorded.exit_code, ended.stderr
    assert find_outcome(ended.stdout) == find_outcome(recorded.stdout), ended.stdout
    assert (found.kind if found else None) == recorded.unavailable, ended.stderr


WITH_MCP = {
    "claude": ["claude", "-p", "--mcp-config", ".mcp.json", "--allowedTools", "mcp__callboard"],
    "codex": ["codex", "exec", "-"],
    "gemini": ["gemini", "--allowed-mcp-server-names", "callboard"],
    "opencode": ["opencode", "run"],
}
"""How docs/mcp.md says that each program calls tools without asking."""

BELONGS_INTO = {
    "claude": "work/.mcp.json",
    "codex": "home/.codex/config.toml",
    "gemini": "work/.gemini/settings.json",
    "opencode": "work/opencode.json",
}


@pytest.mark.parametrize("program", FORMATS)
def test_program_calls_a_tool_of_the_board_as_it_is_configured_to(
    program: str, stage: Stage, tmp_path: Path
) -> None:
    ticket = stage.ticket(title="The mast leans to port")
    folder = work_folder(tmp_path)
    with ModelServer("done", tool=("get_ticket", {"ticket_id": ticket})) as server:
        settings = environment(tmp_path / "home", server.url)
        file = tmp_path / BELONGS_INTO[program]
        file.parent.mkdir(exist_ok=True)
        configuration = connecting.PROGRAMS[program].configured(
            "callboard", f"{stage.server.url}/mcp", None
        )
        trusted = json.dumps({str(folder): "TRUST_FOLDER"})
        (tmp_path / "home/.gemini/trustedFolders.json").write_text(trusted, "utf-8")
        with file.open("a", encoding="utf-8") as written:
            written.write(f"\n{configuration}\n")
        [first, *rest] = WITH_MCP[program]
        ended = subprocess.run(
            [str(Path(PROGRAMS) / first), *rest],
            cwd=folder,
            env={**settings, connecting.VARIABLE: stage.token},
            input="Look at the ticket.",
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ended.returncode == 0, ended.stderr
    assert any("The mast leans to port" in each for each in server.heard), server.heard[-1]
