"""What the process writes to standard error: one line a fact, from Callboard and its libraries.

Libraries and our own code write through Python's logging; structlog gives each record the request's
number and the actor, and writes it as readable text or as JSON. Text from strangers can't forge a
line: whatever isn't printable is escaped, and what is long is cut.
"""

from __future__ import annotations

import json
import logging.config
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

FORMATS = ("text", "json")

VALUE_MAX = 500
MESSAGE_MAX = 2_000
TRACEBACK_LINE_MAX = 500
TRACEBACK_LINES_MAX = 200

PLAIN = re.compile(r"[\w./:<>@+*~,;…-]+", re.ASCII)
"""A value that needs no quotes."""

LEADING = ("timestamp", "level", "logger", "event")

GUNICORN = "gunicorn.error"
GUNICORN_TELLS_ADDRESS = "Error handling request"
GUNICORN_QUOTES_REQUEST = re.compile(r"(Invalid request from ip=[^'\"]*)['\"].*", re.DOTALL)
WERKZEUG_REQUEST_LINE = '"%s" %s %s'


def configure(level: str, style: str = "text") -> None:
    """Log at this level, as `text` or `json`; libraries speak up from warnings on."""
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": {"()": formatter, "style": style}},
            "filters": {"no_addresses": {"()": lambda: _leave_addresses_out}},
            "handlers": {
                "stderr": {
                    "class": "logging.StreamHandler",
                    "formatter": "line",
                    "filters": ["no_addresses"],
                }
            },
            "root": {"level": "WARNING", "handlers": ["stderr"]},
            "loggers": {"app": {"level": level.upper()}},
        }
    )
    _join_gunicorn(style)


def formatter(style: str = "text") -> logging.Formatter:
    """What makes a line of a record."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_BEFORE,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,  # its frames, never the values in them
            _as_json if style == "json" else _as_text,
        ],
    )


def _drop_leftovers(_logger: Any, _name: str, event: EventDict) -> EventDict:
    """Other handlers leave what they made of a record on it."""
    for name in ("message", "asctime"):
        event.pop(name, None)
    return event


_BEFORE: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.ExtraAdder(),
    _drop_leftovers,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def _join_gunicorn(style: str) -> None:
    """Inside a gunicorn worker its own records look like ours, wherever it logs."""
    for handler in logging.getLogger(GUNICORN).handlers:
        handler.setFormatter(formatter(style))
        handler.addFilter(_leave_addresses_out)


def _leave_addresses_out(record: logging.LogRecord) -> bool:
    """Servers quote the address that was asked for, and one-time links are addresses."""
    if record.name == GUNICORN:
        message = record.getMessage()
        if message.startswith(GUNICORN_TELLS_ADDRESS):
            message = GUNICORN_TELLS_ADDRESS
        record.msg, record.args = GUNICORN_QUOTES_REQUEST.sub(r"\1…", message), ()
    # The development server tells of every request; the edge does so better.
    return not (record.name == "werkzeug" and WERKZEUG_REQUEST_LINE in str(record.msg))


def _as_json(_logger: Any, _name: str, event: EventDict) -> str:
    trace = event.pop("exception", None)
    fields = {name: event.pop(name) for name in LEADING if name in event}
    fields["event"] = cut(str(fields.get("event", "")), MESSAGE_MAX)
    fields |= {name: _json_value(value) for name, value in event.items()}
    if trace:
        fields["exception"] = "\n".join(_traceback_lines(trace))
    # ASCII only: no reader of logs needs to know of encodings, or of what terminals obey.
    return json.dumps(fields)


def _json_value(value: object) -> object:
    is_plain = value is None or isinstance(value, bool | int | float)
    return value if is_plain else cut(str(value), VALUE_MAX)


def _as_text(_logger: Any, _name: str, event: EventDict) -> str:
    trace = event.pop("exception", None)
    when, level, logger, message = (str(event.pop(name, "")) for name in LEADING)
    shown = _printable(cut(message, MESSAGE_MAX))
    # A message can't pretend to be the fields that follow it.
    shown = _quoted(shown) if "=" in shown else shown
    fields = "".join(f" {name}={_text_value(value)}" for name, value in event.items())
    line = f"{when} {level.upper():<7} {logger}: {shown}{fields}"
    # Indented, no line of a traceback can pass for a record.
    return "\n    ".join([line, *map(_printable, _traceback_lines(trace))]) if trace else line


def _text_value(value: object) -> str:
    text = cut(str(value), VALUE_MAX)
    return text if PLAIN.fullmatch(text) else _quoted(_printable(text))


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '\\"') + '"'


def _traceback_lines(trace: str) -> list[str]:
    lines = [cut(line, TRACEBACK_LINE_MAX) for line in re.split(r"\r\n|\r|\n", trace)]
    if len(lines) <= TRACEBACK_LINES_MAX:
        return lines
    half = TRACEBACK_LINES_MAX // 2
    return [*lines[:half], "…", *lines[-half:]]


def cut(text: str, longest: int) -> str:
    """The beginning of a text, and a sign that something is left out."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _printable(text: str) -> str:
    """With what terminals obey, and what hides or turns text round, shown as an escape."""
    text = text.replace("\\", "\\\\")
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
