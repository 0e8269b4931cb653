"""The machine formats of agents' programs: which part of one JSON object is the agent's own word.

| program | option | its words |
|---|---|---|
| claude | `--output-format json`, `stream-json` | `result` of `type: result` |
| codex | `--json` | `item.text` of `type: agent_message` |
| gemini | `--output-format json` | `response` |
| gemini | `--output-format stream-json` | `content` of `role: assistant`, in pieces |
| opencode | `--format json` | `part.text` of `type: text` |

Everything else in them (the prompt, what tools printed) was written by others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of a message; it goes on with the next piece."""

    text: str


def is_event(found: dict[str, Any]) -> bool:
    """Whether it is an object of a machine format, which says what it is."""
    return isinstance(found.get("type"), str)


def message_in(found: dict[str, Any]) -> str | dict[str, Any] | Delta | None:
    """The agent's words in an object of a machine format: text, or an object with an outcome."""
    match found:
        case {"outcome": _}:
            return None
        case {"type": "item.completed", "item": {"type": "agent_message", "text": str(text)}}:
            return text
        case {"type": "text", "part": {"type": "text", "text": str(text)}}:
            return text
        case {"type": "message", "role": "assistant", "content": str(text)}:
            return Delta(text) if found.get("delta") else text
        case {"type": str(kind)} if kind != "result":
            return None
        case {"structured_output": {"outcome": _}}:
            return dict(found["structured_output"])
        case {"result": {"outcome": _}}:
            return dict(found["result"])
        case {"result": str(text)} | {"response": str(text)}:
            return text
    return None
