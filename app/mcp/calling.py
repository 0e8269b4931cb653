"""How a tool is called: checked, in one transaction, with every refusal worded so that a model
knows what to do next."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

from flask import current_app
from mcp_types import CallToolResult, TextContent
from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError

from app.callers import Caller
from app.db.errors import DatabaseFailure, failure_of
from app.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    InvalidEntries,
    NotFound,
    RunNotCurrent,
)
from app.mcp.faults import INTERNAL_ERROR, INVALID_PARAMS, Fault
from app.mcp.refusals import log_crash
from app.mcp.tools import OfferedTool, tools
from app.operations.operation import carry_out
from app.schemas.base import ResponseBody
from app.schemas.problems import FieldProblem, problems_of

log = logging.getLogger(__name__)

ADVICE: Mapping[type[DomainError], str] = {
    RunNotCurrent: "That run isn't yours any more: someone else may be at the ticket. Stop working "
    "on it, report nothing more about it, and call claim_stage for your next stage.",
    Forbidden: "Don't try it again with this token. Keep to the project that it is for, and "
    "to workers and runs of your own, or tell the person you work for that you lack the right.",
    NotFound: "Nothing was changed. Look the id up in the list that it is from (list_projects, "
    "list_worker_types, list_tickets …), then call again with one that exists.",
    Conflict: "Nothing was changed. Read how it stands now (get_ticket, queue_status), and decide "
    "anew.",
    Invalid: "Nothing was changed. Correct the arguments, then call again.",
}
"""What to do about each kind of refusal; the more special kinds come first."""

REPLACED: Mapping[str, str] = {
    "list_ready_tickets": 'call list_tickets with `state` "ready" and the other arguments as '
    "they are.",
    "list_blocked_tickets": 'call list_tickets with `state` "blocked" and the other arguments as '
    "they are; `waits_for` says what is in the way of each.",
    "get_dependency_graph": "call get_ticket for what one ticket waits for (`blocked_by`) and "
    "what waits for it (`blocks`); or list_tickets, where `waits_for` says for a whole project "
    "what each ticket still waits for.",
}
"""Tools that there were, and what to call instead: agents have the old names in their prompts."""

BUSY = (
    "The database didn't come free in time. Nothing was changed.\n\n"
    "What to do: wait two seconds, then call again with the same arguments."
)
MET = (
    "Someone else changed the same thing at this very moment. Nothing was changed.\n\n"
    "What to do: read how it stands now, then decide whether to call again."
)


def call(caller: Caller, name: str, arguments: Mapping[str, Any]) -> CallToolResult:
    """What a tool answers. Raises `Fault` if there is no such tool, or if it breaks."""
    if name in REPLACED:
        return _refusal(_replaced(name))
    tool = tools().get(name)
    if tool is None:
        raise Fault(
            INVALID_PARAMS, f"Unknown tool: {name[:100]}. tools/list names those there are."
        )
    if not tool.operation.is_allowed(caller.allowed):
        return _refusal(_lacks(caller, tool))
    try:
        return _carry_out(caller, tool, arguments)
    except ValidationError as error:
        return _refusal(_wrong_arguments(name, problems_of(error)))
    except DomainError as error:
        return _refusal(_told(error))
    except IntegrityError as error:
        log.warning("two changes met: %s", error.orig)
        return _refusal(MET)
    except Exception as error:
        if failure := failure_of(error):
            log.warning("the database couldn't be used: %s (%s)", failure.kind, error)
            return _refusal(_failed(failure))
        raise Fault(INTERNAL_ERROR, log_crash(error)) from error


def _carry_out(caller: Caller, tool: OfferedTool, arguments: Mapping[str, Any]) -> CallToolResult:
    bound = tool.bound(caller, current_app.extensions["callboard.settings"], arguments)
    answer = carry_out(tool.operation, bound, tool.answer) or ResponseBody()
    return CallToolResult(
        content=[TextContent(type="text", text=answer.model_dump_json())],
        structured_content=answer.model_dump(mode="json"),
    )


def _replaced(name: str) -> str:
    return f"There is no tool {name} any more. Nothing was changed.\n\nWhat to do: {REPLACED[name]}"


def _lacks(caller: Caller, tool: OfferedTool) -> str:
    return (
        f"{tool.name} needs a token with the scope {' or '.join(tool.operation.scopes)}; the token "
        f"{caller.name} has {', '.join(sorted(caller.allowed))}.\n\nWhat to do: don't try it "
        "again. Use the tools that tools/list names, or tell the person you work for."
    )


def _wrong_arguments(name: str, problems: Iterable[FieldProblem]) -> str:
    return (
        f"The arguments aren't right.{_lines(problems)}\n\nWhat to do: nothing was changed. "
        f"Correct these, then call {name} again."
    )


def _told(error: DomainError) -> str:
    found = error.problems if isinstance(error, InvalidEntries) else []
    if error.field:
        found = [(error.field, error.message)]
    problems = [FieldProblem(field=field, message=message) for field, message in found]
    advice = next(text for kind, text in ADVICE.items() if isinstance(error, kind))
    return f"{error.message}{_lines(problems)}\n\nWhat to do: {advice}"


def _failed(failure: DatabaseFailure) -> str:
    if failure.kind == "busy":
        return BUSY
    return (
        f"{failure.reason} {failure.advice}\n\nWhat to do: wait {failure.retry_after} seconds, "
        "then call again with the same arguments. If it stays so, tell the person you work for."
    )


def _lines(problems: Iterable[FieldProblem]) -> str:
    return "".join(f"\n- {each.field or 'arguments'}: {each.message}" for each in problems)


def _refusal(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
