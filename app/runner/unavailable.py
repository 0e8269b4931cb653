"""Whether the program that does an agent's work couldn't work at all: no quota, or no log-in.

That is nobody's failed attempt: the stage is given back, and the slot rests. A text that could make
it seem so would keep a slot from working for ever. So only the program's own error channel counts,
each in its place: error events of machine formats, the last lines of standard error, exit codes;
never what the model wrote, nor what a tool printed.

The wordings were recorded from claude 2.1, codex 0.169, gemini 0.61 and opencode 1.18.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from app.runner.plaintext import first_part, plain

Kind = Literal["quota", "login"]

KIND_OF_STATUS: dict[int, Kind] = {401: "login", 403: "login", 402: "quota", 429: "quota"}
"""What a model's server means by a status."""

MESSAGE_LONGEST = 500

QUOTA = re.compile(
    r"""
    (API\ Error:\ )?Request\ rejected\ \(429\)
    | API\ Error:\ 429\b
    | Credit\ balance\ (is\ )?too\ low
    | You['’]ve\ (hit|reached)\ your\ .{0,60}(limit|cap)\b
    | You['’]re\ out\ of\ .{0,40}usage
    | (Claude\ )?(AI\ )?usage\ limit\ reached
    | Quota\ exceeded
    | exceeded\ retry\ limit,\ last\ status:\ 429\b
    | unexpected\ status\ (402|429)\b
    | You\ exceeded\ your\ current\ quota
    | (\[API\ Error:\ )?You\ have\ exhausted\ your\ .{0,60}(quota|capacity)
    | (\[API\ Error:\ )?.{0,60}RESOURCE_EXHAUSTED
    | Insufficient\ (balance|credits|quota)
    """,
    re.VERBOSE | re.IGNORECASE,
)
LOGIN = re.compile(
    r"""
    Not\ logged\ in\b
    | Invalid\ API\ key\b
    | invalid\ x-api-key
    | Please\ run\ /login
    | OAuth\ token\ .{0,80}/login
    | (Failed\ to\ authenticate|Your\ session\ has\ expired)\b
    | API\ Error:\ (401|403)\b
    | unexpected\ status\ (401|403)\b
    | exceeded\ retry\ limit,\ last\ status:\ (401|403)\b
    | Missing\ environment\ variable:
    | Your\ access\ token\ could\ not\ be\ refreshed
    | Incorrect\ API\ key\ provided
    | .{0,60}API\ key\ is\ missing
    | .{0,200}API\ key\ not\ valid
    | When\ using\ (Gemini|Vertex).{0,20},\ you\ must\ specify
    | Please\ set\ an\ Auth\ method
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""How programs begin to say it, where they say it."""


@dataclass(frozen=True, slots=True)
class Unavailable:
    """Why the program couldn't work."""

    kind: Kind
    message: str


def find_unavailable(
    command: Sequence[str], exit_code: int | None, stdout: str, stderr: str
) -> Unavailable | None:
    """Why the command's program couldn't work; None when it could, or failed in another way.

    A command that names no program may be a script around any of them. Then neither its exit code
    nor plain text on its standard output says anything: they can be anyone's.
    """
    if not exit_code or exit_code < 0:
        return None
    named = programs_in(command)
    for program in named or DETECTORS:
        code = exit_code if named else None
        if found := DETECTORS[program](code, plain(stdout), plain(stderr)):
            return found
    return None


def programs_in(command: Sequence[str]) -> tuple[str, ...]:
    """The programs of agents that a command names, such as `claude` or `my-gemini.sh`."""
    names = " ".join(Path(word).name for words in command for word in words.split())
    return tuple(each for each in DETECTORS if re.search(rf"(?<![^\W_]){each}(?![^\W_])", names))


def _claude(exit_code: int | None, stdout: str, _stderr: str) -> Unavailable | None:
    for event in _events(stdout):
        if event.get("type") == "result" and event.get("is_error"):
            return _by_status(event.get("api_error_status"), event.get("result"))
    # Its text output is the answer, or, with exit code 1, its error in one line: never both.
    said = stdout.strip()
    return _by_words(said) if exit_code == 1 and "\n" not in said else None


def _codex(_exit_code: int | None, stdout: str, stderr: str) -> Unavailable | None:
    for event in _events(stdout):
        match event:
            case {"type": "turn.failed", "error": {"message": str(message)}}:
                return _by_words(message)
    # Above it stands all that the model said and tools printed.
    start, _, message = _last_line(stderr).partition("ERROR: ")
    return _by_words(message) if not start else None


def _gemini(exit_code: int | None, stdout: str, stderr: str) -> Unavailable | None:
    message = _gemini_message(stdout, stderr)
    if exit_code == GEMINI_NO_LOGIN:
        return Unavailable("login", _short(message or _last_line(stderr)))
    # In machine formats it exits with the server's status, of which the system keeps eight bits.
    status = next((each for each in KIND_OF_STATUS if each % 256 == exit_code), None)
    return _by_status(status, message)


GEMINI_NO_LOGIN = 41
GEMINI_ADVICE = "Update your environment and try again"
GEMINI_ERROR = re.compile(
    r"^Error when talking to Gemini API .*?\.json \w*Error: (.*)$", re.MULTILINE
)
GEMINI_END = "An unexpected critical error occurred"


def _gemini_message(stdout: str, stderr: str) -> str | None:
    """What it says went wrong, in the last place where it says so."""
    for event in _events(stdout):
        match event:
            case {"type": "result", "status": "error", "error": {"message": str(message)}}:
                return message
    start = stderr.rfind("\n{\n") + 1
    match _parsed(stderr[start:]):
        case {"session_id": _, "error": {"message": str(message), "code": _}}:
            return message
    last = _last_line(stderr)
    if last.startswith(GEMINI_ADVICE):
        return _last_line(stderr.rstrip().removesuffix(last))
    if last.startswith(GEMINI_END):
        return next(reversed(GEMINI_ERROR.findall(stderr)), None)
    return None


def _opencode(_exit_code: int | None, stdout: str, stderr: str) -> Unavailable | None:
    for event in _events(stdout):
        match event:
            case {"type": "error", "error": {"data": {"message": str(message)} as data}}:
                return _by_status(data.get("statusCode"), message)
    start, _, message = _last_line(stderr).partition("Error: ")
    return _by_words(message) if not start else None


DETECTORS: dict[str, Callable[[int | None, str, str], Unavailable | None]] = {
    "claude": _claude,
    "codex": _codex,
    "gemini": _gemini,
    "opencode": _opencode,
}


def _events(stdout: str) -> Iterator[dict[str, Any]]:
    """The events of a machine format, the last one first."""
    for line in reversed(stdout.splitlines()):
        event = _parsed(line) if line.startswith("{") else None
        if event is not None:
            yield event


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _last_line(text: str) -> str:
    return text.rstrip().rpartition("\n")[2]


def _by_status(status: object, message: object) -> Unavailable | None:
    said = message if isinstance(message, str) else ""
    kind = KIND_OF_STATUS.get(status) if isinstance(status, int) else None
    return Unavailable(kind, _short(said)) if kind else _by_words(said)


def _by_words(message: str | None) -> Unavailable | None:
    if message and QUOTA.match(message):
        return Unavailable("quota", _short(message))
    if message and LOGIN.match(message):
        return Unavailable("login", _short(message))
    return None


def _short(message: str) -> str:
    return first_part(" ".join(message.split()), MESSAGE_LONGEST)
