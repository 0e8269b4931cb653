"""A coordinator and two workers who know the board by MCP only: from a new project to a closed
ticket, one send-back and one question to a person on the way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

Call = Callable[..., Awaitable[dict[str, Any]]]
"""`await call("get_ticket", ticket_id="WEB-1")`: what the tool answers; it fails on an error."""


async def plan(call: Call, project: str) -> str:
    """Make a project, its roles, and two tickets; the second waits for the first."""
    await call("create_project", repository_name=project, path="/src/web")
    for role in ("implementation", "review"):
        prompt = f"You do {role}."
        await call("create_worker_type", project_id=project, worker_type=role, system_prompt=prompt)
    made = await call(
        "create_tickets",
        project_id=project,
        execution_plan=["implementation", "review"],
        tickets=[
            {"key": "cart", "title": "Keep the cart", "description": "Across log-ins."},
            {"key": "mail", "title": "Mail the cart", "blocked_by": ["cart"]},
        ],
    )
    cart, mail = (each["ticket_id"] for each in made["tickets"])
    blocked = await call("list_tickets", project=project, state="blocked")
    assert [(each["ticket_id"], each["waits_for"]) for each in blocked["items"]] == [(mail, [cart])]
    return str(cart)


async def work(call: Call, project: str, cart: str) -> None:
    """Do the stages of the first ticket as two workers."""
    await register(call, project, "impl-1", "implementation")
    await register(call, project, "rev-1", "review")
    first = await claim(call, "impl-1")
    assert first["ticket"]["ticket_id"] == cart
    assert first["system_prompt"] == "You do implementation."
    told = await call("heartbeat", worker_id="impl-1", run_id=first["run"]["run_id"])
    assert told["instruction"] == "continue"
    await call(
        "complete_stage", run_id=first["run"]["run_id"], comment="It is kept in the session."
    )
    review = await claim(call, "rev-1")
    assert [each["content"] for each in review["comments"]] == ["It is kept in the session."]
    await call("return_stage", run_id=review["run"]["run_id"], to_stage=1, reason="No test.")
    again = await claim(call, "impl-1")
    await call("request_attention", run_id=again["run"]["run_id"], reason="Which browser?")


async def answer(call: Call, project: str, cart: str) -> None:
    """Find the question among the events, and answer it."""
    asked = await call("list_events", project=project, needs_attention=True, processed=False)
    assert [(e["event_type"], e["reason"]) for e in asked["items"]] == [
        ("ticket_attention_requested", "Which browser?")
    ]
    await call("resume_ticket", ticket_id=cart, answer="All of them.")
    left = await call("list_events", project=project, needs_attention=True, processed=False)
    assert left["items"] == []


async def finish(call: Call, project: str, cart: str) -> None:
    """Do what is left, and see the ticket closed and the other one ready."""
    for worker, comment in (("impl-1", "Tested in all."), ("rev-1", "Good.")):
        held = await claim(call, worker)
        await call("complete_stage", run_id=held["run"]["run_id"], comment=comment)
    ticket = (await call("get_ticket", ticket_id=cart))["ticket"]
    assert (ticket["situation"], ticket["completed_stages"]) == ("completed", 2)
    ready = await call("list_tickets", project=project, state="ready")
    assert [each["title"] for each in ready["items"]] == ["Mail the cart"]
    for worker in ("impl-1", "rev-1"):
        assert (await call("finish_worker", worker_id=worker))["status"] == "finished"


async def register(call: Call, project: str, worker_id: str, worker_type: str) -> None:
    """Put a worker on the board."""
    await call("register_worker", worker_id=worker_id, project_id=project, worker_type=worker_type)


async def claim(call: Call, worker_id: str) -> dict[str, Any]:
    """What the worker gets; there is something."""
    claimed = await call("claim_stage", worker_id=worker_id)
    assert claimed["assignment"], claimed["next_step"]
    return dict(claimed["assignment"])
