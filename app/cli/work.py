"""`callboard work`: the process that lets agents do stages. It needs the board's address only."""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

log = logging.getLogger(__name__)

SETTINGS = ("url", "name", "grace", "rest", "log_dir", "log_limit_mb", "once", "drain")
CREW_SETTINGS = ("project", "type", "concurrency", "cwd", "timeout", "plain", "pass_token")
"""Options that belong to the runner, and those that belong to one worker type."""


@click.command()
@click.option("--url", envvar="CALLBOARD_URL", help="The board's address. [env: CALLBOARD_URL]")
@click.option(
    "--token",
    envvar="CALLBOARD_TOKEN",
    help="A token with the scope work. Better in the environment: ps shows options to everyone. "
    "[env: CALLBOARD_TOKEN]",
)
@click.option("--project", metavar="NAME", help="Whose tickets, such as acme/web.")
@click.option("--type", metavar="TYPE", help="Which worker type's stages, such as review.")
@click.option("--concurrency", type=int, metavar="N", help="Agents at once. [default: 1]")
@click.option(
    "--cwd",
    type=click.Path(path_type=Path),
    help="Where the command runs. [default: the project's path]",
)
@click.option(
    "--timeout",
    type=float,
    metavar="SECONDS",
    help="An agent that takes longer is ended; 0: never. [default: 3600]",
)
@click.option(
    "--plain", is_flag=True, default=None, help="Output without an outcome completes the stage."
)
@click.option(
    "--pass-token", is_flag=True, default=None, help="Give agents the token: CALLBOARD_TOKEN."
)
@click.option("--once", is_flag=True, default=None, help="Do one stage in each slot, then exit.")
@click.option("--drain", is_flag=True, default=None, help="Exit when the queue is empty.")
@click.option(
    "--grace",
    type=float,
    metavar="SECONDS",
    help="After SIGTERM: so long to finish or give back what runs. [default: 30]",
)
@click.option(
    "--rest",
    type=float,
    metavar="SECONDS",
    help="So long take no stage, at first, when the agent's program has no quota or no log-in. "
    "[default: 60]",
)
@click.option("--name", help="How the workers' ids begin. [default: the host's name]")
@click.option(
    "--log-dir",
    type=click.Path(path_type=Path),
    help="Prompts and output of the newest runs. [default: ~/.local/state/callboard/runs]",
)
@click.option(
    "--log-limit-mb", type=float, metavar="MB", help="Most that is kept of one run. [default: 10]"
)
@click.option(
    "--config",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A file for several worker types at once; see docs/agents.md.",
)
@click.argument("command", nargs=-1, type=click.UNPROCESSED)
def work(token: str | None, config: Path | None, command: tuple[str, ...], **options: Any) -> None:
    """Take stages of a worker type and let COMMAND do them.

    COMMAND comes after "--". It gets the prompt on standard input ({prompt_file} stands for its
    path) and says at the end of its output how the stage went. For example:

    callboard work --project acme/web --type review -- claude -p
    """
    from app.runner.config import ConfigError, read_config
    from app.runner.runner import Runner

    _set_up_logging()
    _warn_about_token_on_command_line()
    crew = {name: options[name] for name in CREW_SETTINGS if options[name] is not None}
    settings = {name: options[name] for name in SETTINGS}
    try:
        settings["workers"] = _one_crew(crew, command, config)
        runner = Runner(read_config(config, settings), _require(token))
        sys.exit(runner.run())
    except (ConfigError, OSError) as error:
        click.echo(f"callboard work: {error}", err=True)
        sys.exit(2)


def _one_crew(
    crew: dict[str, Any], command: tuple[str, ...], config: Path | None
) -> list[dict[str, Any]] | None:
    """The worker type that the options name; None when a file does."""
    if config:
        named = [f"--{name.replace('_', '-')}" for name in crew]
        if command:
            named.append("a command")
        if named:
            raise click.UsageError(f"{', '.join(named)}: with --config this stands in the file.")
        return None
    for name in ("project", "type"):
        if name not in crew:
            raise click.UsageError(f"--{name} is missing (or --config, for several types).")
    if not command:
        raise click.UsageError('The agent\'s command is missing: put it last, after "--".')
    return [{**crew, "command": command}]


def _require(token: str | None) -> str:
    if not token or not token.strip():
        raise click.UsageError(
            "There is no token: set CALLBOARD_TOKEN. "
            "The board's operator makes one: callboard token create NAME --scope work"
        )
    return token.strip()


def _warn_about_token_on_command_line() -> None:
    source = click.get_current_context().get_parameter_source("token")
    if source is ParameterSource.COMMANDLINE:
        log.warning("--token stands in the list of processes, for all to see; use CALLBOARD_TOKEN")


def _set_up_logging() -> None:
    logging.basicConfig(
        stream=sys.stderr, format="%(asctime)s %(message)s", datefmt="%H:%M:%S", level="INFO"
    )
    # httpx tells of every request.
    logging.getLogger("httpx").setLevel("WARNING")
