"""A runner's settings: from options, or from a file for several worker types at once."""

from __future__ import annotations

import os
import re
import shutil
import socket
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from app.runner.rest import FIRST_SECONDS

MEGABYTE = 1_000_000


class ConfigError(Exception):
    """A setting is wrong; the message is one line that names it."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CrewConfig(_Strict):
    """Slots of one worker type, all with the same command."""

    project: str = Field(min_length=1)
    type: str = Field(min_length=1)
    command: Annotated[tuple[str, ...], Field(min_length=1)]
    concurrency: int = Field(1, ge=1, le=64)
    cwd: Path | None = None
    timeout: float = Field(3_600, ge=0)
    plain: bool = False
    pass_token: bool = False

    @field_validator("command", mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if isinstance(value, str):
            raise ValueError('is a list of words, such as ["claude", "-p"]')
        return value

    @field_validator("cwd")
    @classmethod
    def _absolute(cls, value: Path | None) -> Path | None:
        return value.expanduser().absolute() if value else None


class RunnerConfig(_Strict):
    """A runner. The token isn't here: it comes from the environment, not from a file."""

    url: str = Field(pattern=r"^https?://[^/\s]+(/[^?#\s]*)?$")
    workers: Annotated[tuple[CrewConfig, ...], Field(min_length=1)]
    name: str = Field(default_factory=lambda: socket.gethostname().partition(".")[0])
    grace: float = Field(30, ge=0, le=86_400)
    rest: float = Field(FIRST_SECONDS, ge=0.1, le=86_400)
    log_dir: Path = Field(default_factory=lambda: _state_folder() / "callboard" / "runs")
    log_limit_mb: float = Field(10, gt=0, le=10_000)
    once: bool = False
    drain: bool = False

    @field_validator("name")
    @classmethod
    def _fit_for_ids(cls, value: str) -> str:
        return re.sub(r"[^A-Za-z0-9._-]+", "-", value).strip("-._")[:40] or "runner"

    @field_validator("log_dir")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # The prompt is in it, and agents run elsewhere.
        return value.expanduser().absolute()

    def shared_places(self) -> list[tuple[str, int]]:
        """The folders that several slots work in at once, and how many do."""
        places = Counter[str]()
        for crew in self.workers:
            place = str(crew.cwd.resolve()) if crew.cwd else f"that of {crew.project}"
            places[place] += crew.concurrency
        return [(place, slots) for place, slots in places.items() if slots > 1]

    @property
    def log_limit(self) -> int:
        """The largest log of one run, in bytes."""
        return int(self.log_limit_mb * MEGABYTE)


def read_config(file: Path | None, options: Mapping[str, Any]) -> RunnerConfig:
    """The runner's configuration. Options that are given (not None) go before the file's."""
    content = _read(file) if file else {}
    given = {name: value for name, value in options.items() if value is not None}
    try:
        config = RunnerConfig.model_validate({**content, **given})
    except ValidationError as error:
        raise ConfigError("; ".join(_explain(each) for each in error.errors())) from None
    for crew in config.workers:
        _require_command(crew)
    return config


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(f"{file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file} isn't valid TOML: {error}") from None


def _explain(error: Any) -> str:
    where = ".".join(str(part + 1) if isinstance(part, int) else part for part in error["loc"])
    if error["type"] == "extra_forbidden":
        return f"there is no setting {where}"
    if error["loc"] == ("url",):
        return "url is the board's address, such as https://board.example.org"
    return f"{where}: {error['msg'].removeprefix('Value error, ')}"


def _require_command(crew: CrewConfig) -> None:
    """A command that isn't there is found out now, and not at the expense of a ticket."""
    command = crew.command[0]
    if crew.cwd and not crew.cwd.is_dir():
        raise ConfigError(f"{crew.cwd} isn't a folder")
    # One with a slash that isn't absolute is looked up in the project's folder, later.
    if (os.sep not in command or Path(command).is_absolute()) and not shutil.which(command):
        raise ConfigError(f"the command {command} can't be found, or isn't executable")


def _state_folder() -> Path:
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")
