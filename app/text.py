"""Checks of text that people and programs send: names, ids, titles, long texts.

Each returns the accepted value, or raises `Invalid` with a sentence for the sender.
"""

from __future__ import annotations

import re

from app.errors import Invalid

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
_REPOSITORY_SEGMENT = re.compile(r"[A-Za-z0-9._-]+")
_RESERVED_SEGMENTS = {"-", ".", ".."}


def require_name(value: str, field: str, longest: int) -> str:
    """An id or name that stands in URLs and commands. Case is kept."""
    value = value.strip()
    if not value:
        raise Invalid("This can't be empty.", field)
    if len(value) > longest:
        raise Invalid(f"At most {longest} characters; this has {len(value)}.", field)
    if not _NAME.fullmatch(value):
        raise Invalid(
            "Only letters, digits, dots, dashes and underscores, starting with a letter or digit.",
            field,
        )
    return value


def require_repository_name(value: str, longest: int) -> str:
    """A project's name: segments of letters, digits, `.`, `_`, `-`, joined by slashes."""
    field = "repository_name"
    value = value.strip()
    if not value:
        raise Invalid("A project needs a name, such as acme/web.", field)
    if len(value) > longest:
        raise Invalid(f"At most {longest} characters; this has {len(value)}.", field)
    for segment in value.split("/"):
        if segment in _RESERVED_SEGMENTS or not _REPOSITORY_SEGMENT.fullmatch(segment):
            raise Invalid(
                "Use letters, digits, dots, dashes and underscores, with single slashes between "
                "parts, such as acme/web. No part may be “-”, “.” or “..”.",
                field,
            )
    if value == "new":
        raise Invalid("“new” is the address of the form for new projects; choose another.", field)
    return value


def require_line(value: str, field: str, longest: int) -> str:
    """One line of text that may not be empty: white space is folded to single spaces."""
    line = " ".join(require_text(value, field, longest).split())
    if not line:
        raise Invalid("This can't be empty.", field)
    return line


def require_text(value: str, field: str, longest: int) -> str:
    """Text of any number of lines, possibly empty; line ends become `\\n`."""
    text = value.replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > longest:
        raise Invalid(f"At most {longest:,} characters; this has {len(text):,}.", field)
    if found := _CONTROL.search(text):
        raise Invalid(
            f"The text holds a control character (U+{ord(found.group()):04X}) at position "
            f"{found.start() + 1}; please remove it.",
            field,
        )
    return text


def without_control(value: str) -> tuple[str, int]:
    """The text with each character that `require_text` refuses replaced by U+FFFD; how many."""
    return _CONTROL.subn("\N{REPLACEMENT CHARACTER}", value)


def excerpt(value: str, longest: int) -> str:
    """The beginning of a text that was never checked, fit to be stored."""
    text, _ = without_control(value.strip())
    return text if len(text) <= longest else f"{text[: longest - 2].rstrip()} …"


def optional_line(value: str | None, field: str, longest: int) -> str | None:
    """One line, or None when nothing was given."""
    return require_line(value, field, longest) if value and value.strip() else None
