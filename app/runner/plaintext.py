"""What programs write to terminals, made into text that can be read, and stored, anywhere."""

from __future__ import annotations

import re

_ESCAPE = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|[\]PX^_][^\x07\x1b\n]{0,2000}(?:\x07|\x1b\\)"  # titles, links
    r"|[ -/]?[0-Za-z\]=>]?)"
)
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def plain(text: str) -> str:
    """Without escape sequences and control characters; of an overwritten line, what remained."""
    lines = _ESCAPE.sub("", text).replace("\r\n", "\n").split("\n")
    return _CONTROL.sub("", "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines))


def last_part(text: str, longest: int) -> str:
    """The end of a text, from the start of a line if there is one; says when something is left
    out."""
    text = text.strip()
    if len(text) <= longest:
        return text
    end = text[-(longest - 2) :]
    _, line_end, from_line = end.partition("\n")
    return "…\n" + (from_line if line_end and len(from_line) > longest // 2 else end)


def first_part(text: str, longest: int, remark: str = "… (shortened)") -> str:
    """The start of a text, with a remark when something is left out."""
    text = text.strip()
    return text if len(text) <= longest else text[: longest - len(remark) - 1] + " " + remark


def fenced(text: str) -> str:
    """The text as a Markdown code block that nothing in it can end."""
    longest = max((len(run) for run in re.findall(r"`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}text\n{text}\n{fence}"
