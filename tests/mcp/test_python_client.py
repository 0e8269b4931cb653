"""The official Python client against a real server: a ticket from creation through claim to
closed, in each of the client's modes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import anyio
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import TextResourceContents

from tests.mcp import crew

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("mode", "version"),
    [("auto", "2026-07-28"), ("legacy", "2025-11-25"), ("2026-07-28", "2026-07-28")],
)
def test_a_crew_brings_a_ticket_to_its_end(
    address: tuple[str, str], mode: str, version: str
) -> None:
    async def drive() -> None:
        async with http(address[1]) as outside:
            transport = streamable_http_client(address[0], http_client=outside)
            async with Client(transport, mode=mode) as client:
                assert client.protocol_version == version
                await client.list_tools()
                await do_all(client, f"acme/{mode}")

    run_apart(drive)


async def do_all(client: Client, project: str) -> None:
    async def call(name: str, **arguments: Any) -> dict[str, Any]:
        result = await client.call_tool(name, arguments)
        assert not result.is_error, (name, result.content)
        return dict(result.structured_content or {})

    cart = await crew.plan(call, project)
    await crew.work(call, project, cart)
    await crew.answer(call, project, cart)
    await crew.finish(call, project, cart)
    page = await client.read_resource(f"callboard://tickets/{cart}")
    [content] = page.contents
    assert isinstance(content, TextResourceContents)
    assert "Tested in all." in content.text
    refused = await client.call_tool("claim_stage", {"worker_id": "impl-1"})
    assert refused.is_error
    with pytest.raises(MCPError, match="Unknown tool"):
        await client.call_tool("no_such_tool", {})


def test_a_client_without_a_token_learns_nothing(address: tuple[str, str]) -> None:
    async def drive() -> None:
        async with http("cb_wrong") as outside:
            transport = streamable_http_client(address[0], http_client=outside)
            async with Client(transport, mode="legacy"):
                pass

    with pytest.raises(Exception, match=r"isn't known|error|Unauthorized"):
        run_apart(drive)


def run_apart(drive: Callable[[], Awaitable[None]]) -> None:
    """Run it in a thread of its own: the browser tests keep an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(anyio.run, drive).result()


def http(secret: str) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {secret}"}, timeout=30, verify=False
    )


def test_a_body_that_is_too_large_is_answered_while_it_is_sent(address: tuple[str, str]) -> None:
    headers = {"Authorization": f"Bearer {address[1]}", "Content-Type": "application/json"}
    for content in (b"x" * 5_000_000, iter([b"x" * 1_000_000] * 5)):
        answer = httpx2.post(address[0], content=content, headers=headers, timeout=30, verify=False)
        assert answer.status_code == 413
        assert "2,000,000 bytes" in answer.json()["error"]["message"]
