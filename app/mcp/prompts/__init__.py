"""The prompts: instructions for an agent that coordinates, or works. Their texts are files here."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from string import Template

from mcp_types import GetPromptResult, Prompt, PromptArgument, PromptMessage, TextContent
from pydantic import TypeAdapter, ValidationError

from app.callers import Caller
from app.mcp.faults import INVALID_PARAMS, Fault
from app.operations.operation import Scope
from app.schemas.base import ProjectName, RoleName, WorkerId
from app.values import immutable


@immutable
class Offer:
    """A prompt, and which token it is of use to. `kinds`: what each argument may be."""

    prompt: Prompt
    scope: Scope
    kinds: Mapping[str, TypeAdapter[str]]


PROJECT = PromptArgument(
    name="project", description="The project's name, such as acme/web.", required=True
)
OFFERS = {
    "coordinator": Offer(
        Prompt(
            name="coordinator",
            title="Coordinate a project",
            description="Plan a project's work as tickets, and keep it moving.",
            arguments=[
                PROJECT,
                PromptArgument(
                    name="goal", description="What is to be reached, in your own words."
                ),
            ],
        ),
        "plan",
        {"project": TypeAdapter(ProjectName), "goal": TypeAdapter(str)},
    ),
    "worker": Offer(
        Prompt(
            name="worker",
            title="Work on a project",
            description="Take the stages of one role, one after the other, and do them.",
            arguments=[
                PROJECT,
                PromptArgument(
                    name="worker_type", description="The role, such as review.", required=True
                ),
                PromptArgument(name="worker_id", description="Your id, if you have one already."),
            ],
        ),
        "work",
        {
            "project": TypeAdapter(ProjectName),
            "worker_type": TypeAdapter(RoleName),
            "worker_id": TypeAdapter(WorkerId),
        },
    ),
}
DEFAULTS = {
    "goal": "Find out from the person you work for what is to be reached.",
    "worker_id": "one that nobody else has: the role's name, a dash, and a few random characters",
}


def listed(caller: Caller) -> list[Prompt]:
    """The prompts that are of use with a token."""
    return [offer.prompt for offer in OFFERS.values() if offer.scope in caller.allowed]


def filled(caller: Caller, name: str, arguments: Mapping[str, str]) -> GetPromptResult:
    """A prompt's text with its arguments. Raises `Fault`."""
    offer = OFFERS.get(name)
    if offer is None or offer.scope not in caller.allowed:
        raise Fault(INVALID_PARAMS, f"Unknown prompt: {name[:100]}. prompts/list names yours.")
    if unknown := arguments.keys() - offer.kinds.keys():
        raise Fault(INVALID_PARAMS, f"The prompt {name} has no argument {min(unknown)[:100]}.")
    given = {each.name: _checked(offer, each, arguments) for each in offer.prompt.arguments or []}
    text = Template(_text(name)).substitute(given)
    message = PromptMessage(role="user", content=TextContent(type="text", text=text))
    return GetPromptResult(description=offer.prompt.description, messages=[message])


def _checked(offer: Offer, argument: PromptArgument, arguments: Mapping[str, str]) -> str:
    name = argument.name
    if not arguments.get(name):
        if argument.required:
            raise Fault(INVALID_PARAMS, f"The argument {name} is missing: {argument.description}")
        return DEFAULTS[name]
    try:
        return offer.kinds[name].validate_python(arguments[name])
    except ValidationError:
        raise Fault(
            INVALID_PARAMS, f"The argument {name} isn't right: {argument.description}"
        ) from None


@cache
def _text(name: str) -> str:
    return files(__name__).joinpath(f"{name}.md").read_text("utf-8")
