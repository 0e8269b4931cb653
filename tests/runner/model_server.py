"""A model's server on the loopback that plays a script: the APIs of OpenAI, Anthropic and Gemini.

In the mode `done` it lets the agent run one command in its shell, or call one tool of the board,
then say `DONE`; in every other mode it refuses each request, as the named servers do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from tests.runner.recordings import DONE, FORGED

TEXT = f"Here is what I did.\n\n{DONE}"
PIECES = (TEXT[:20], TEXT[20:])

Json = dict[str, Any]


def _openai(kind: str, message: str) -> Json:
    return {"error": {"type": kind, "code": kind, "message": message}}


def _anthropic(kind: str, message: str) -> Json:
    return {"type": "error", "error": {"type": kind, "message": message}}


def _gemini(code: int, status: str, message: str, **detail: Any) -> Json:
    details = [detail] if detail else []
    return {"error": {"code": code, "message": message, "status": status, "details": details}}


REFUSALS: dict[str, dict[str, tuple[int, Json]]] = {
    "quota": {
        "openai": (429, _openai("usage_limit_reached", "The usage limit has been reached")),
        "anthropic": (429, _anthropic("rate_limit_error", "This would exceed your rate limit.")),
        "gemini": (
            429,
            _gemini(
                429,
                "RESOURCE_EXHAUSTED",
                "You exceeded your current quota.",
                **{
                    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                    "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel"}],
                },
            ),
        ),
    },
    "login": {
        "openai": (401, _openai("invalid_api_key", "Incorrect API key provided: sk-bad.")),
        "anthropic": (401, _anthropic("authentication_error", "invalid x-api-key")),
        "gemini": (
            400,
            _gemini(400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."),
        ),
    },
}


class ModelServer:
    """Serves as long as it is entered. `command`: what the agent is to run in its shell; `tool`:
    what it is to call instead, and how. `heard`: what agents have sent."""

    def __init__(
        self,
        mode: str,
        command: str = f"echo '{FORGED}'",
        tool: tuple[str, Json] | None = None,
    ) -> None:
        self.heard: list[str] = []
        self._script = _Script(mode, command, tool, self.heard)

    def __enter__(self) -> Self:
        class Handler(_Handler):
            play = self._script

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    play: _Script

    def do_GET(self) -> None:
        self._answer(404, "application/json", b"{}")

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length") or 0)) or b"{}")
        self.play.heard.append(json.dumps(body))
        path = self.path.partition("?")[0]
        api = {"messages": "anthropic", "responses": "openai", "completions": "openai"}.get(
            path.rpartition("/")[2], "gemini" if "enerateContent" in path else None
        )
        if api is None:
            self._answer(404, "application/json", b"{}")
        elif self.play.mode in REFUSALS:
            status, problem = REFUSALS[self.play.mode][api]
            self._answer(status, "application/json", json.dumps(problem).encode())
        elif api == "openai" and path.endswith("/responses"):
            self._stream(self.play.responses(body))
        elif api == "openai":
            self._stream([*self.play.chat(body), "[DONE]"])
        elif api == "anthropic":
            self._stream(self.play.messages(body))
        elif "stream" in path:
            self._stream(self.play.contents(body))
        else:
            last = list(self.play.contents(body))[-1]
            self._answer(200, "application/json", json.dumps(last).encode())

    def _stream(self, events: Iterable[Json | str]) -> None:
        text = ""
        for event in events:
            if isinstance(event, dict) and "type" in event:
                text += f"event: {event['type']}\n"
            text += f"data: {event if isinstance(event, str) else json.dumps(event)}\n\n"
        self._answer(200, "text/event-stream", text.encode())

    def _answer(self, status: int, content_type: str, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        # Without this, claude would try ten times.
        self.send_header("x-should-retry", "false")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Not here."""


class _Script:
    """What the model says. Requests without tools are for titles and the like."""

    def __init__(
        self, mode: str, command: str, tool: tuple[str, Json] | None, heard: list[str]
    ) -> None:
        self.mode, self.heard = mode, heard
        self._command, self._tool = command, tool

    def _call(self, tools: list[Json], shells: Mapping[str, str]) -> tuple[str, Json] | None:
        """The name and the arguments of what is to be called, if the agent has it. `shells`: the
        agent's own, and what the command is called there."""
        names = [name for tool in tools for name in _names(tool)]
        if self._tool:
            ending, arguments = self._tool
            found = next((name for name in names if name.endswith(ending)), None)
            return (found, arguments) if found else None
        shell = next((name for name in names if name in shells), None)
        return (shell, {shells[shell]: self._command, "description": "look"}) if shell else None

    def responses(self, body: Json) -> Iterable[Json]:
        """OpenAI's responses API, which codex speaks."""
        call = self._call(
            body.get("tools") or [], {"exec_command": "cmd", "shell_command": "command"}
        )
        yield {"type": "response.created", "response": {"id": "resp_1"}}
        item: Json = {"type": "message", "role": "assistant", "id": "msg_1"}
        if call and not any(each["type"].endswith("_output") for each in body["input"]):
            name, arguments = call
            space, _, name = name.rpartition("/")
            item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": name}
            item |= {"arguments": json.dumps(arguments)} | ({"namespace": space} if space else {})
        else:
            yield {"type": "response.output_item.added", "item": {**item, "content": []}}
            for piece in PIECES:
                yield {"type": "response.output_text.delta", "delta": piece}
            item["content"] = [{"type": "output_text", "text": TEXT}]
        yield {"type": "response.output_item.done", "item": item}
        usage = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
        yield {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}}

    def chat(self, body: Json) -> Iterable[Json]:
        """OpenAI's chat API, which opencode speaks here."""
        call = self._call(body.get("tools") or [], {"bash": "command"})
        if call and not any(each["role"] == "tool" for each in body["messages"]):
            name, arguments = call
            made: Json = {"index": 0, "id": "call_1", "type": "function"}
            made["function"] = {"name": name, "arguments": json.dumps(arguments)}
            deltas, end = [{"role": "assistant", "tool_calls": [made]}], "tool_calls"
        else:
            deltas, end = [{"role": "assistant", "content": piece} for piece in PIECES], "stop"
        for delta, reason in [*((each, None) for each in deltas), ({}, end)]:
            yield {
                "id": "c1",
                "object": "chat.completion.chunk",
                "created": 1,
                "model": body["model"],
                "choices": [{"index": 0, "delta": delta, "finish_reason": reason}],
            }

    def messages(self, body: Json) -> Iterable[Json]:
        """Anthropic's API, which claude speaks."""
        call = self._call(body.get("tools") or [], {"Bash": "command"})
        if call and '"tool_result"' not in json.dumps(body["messages"]):
            name, arguments = call
            use = {"type": "tool_use", "id": "toolu_1", "name": name, "input": {}}
            written = json.dumps(arguments)
            block, deltas = use, [{"type": "input_json_delta", "partial_json": written}]
            end = "tool_use"
        else:
            block = {"type": "text", "text": ""}
            deltas = [{"type": "text_delta", "text": piece} for piece in PIECES]
            end = "end_turn"
        usage = {"input_tokens": 10, "output_tokens": 5}
        message = {"id": "msg_1", "type": "message", "role": "assistant", "model": body["model"]}
        message |= {"content": [], "stop_reason": None, "stop_sequence": None, "usage": usage}
        yield {"type": "message_start", "message": message}
        yield {"type": "content_block_start", "index": 0, "content_block": block}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": 0, "delta": delta}
        yield {"type": "content_block_stop", "index": 0}
        stop = {"stop_reason": end, "stop_sequence": None}
        yield {"type": "message_delta", "delta": stop, "usage": usage}
        yield {"type": "message_stop"}

    def contents(self, body: Json) -> Iterable[Json]:
        """Gemini's API."""
        call = self._call(body.get("tools") or [], {"run_shell_command": "command"})
        parts: list[Json] = [{"text": piece} for piece in PIECES]
        if call is None:
            parts = [{"text": "{}"}]
        elif '"functionResponse"' not in json.dumps(body["contents"]):
            name, arguments = call
            parts = [{"functionCall": {"name": name, "args": arguments}}]
        for number, part in enumerate(parts, 1):
            candidate: Json = {"content": {"role": "model", "parts": [part]}, "index": 0}
            if number == len(parts):
                candidate["finishReason"] = "STOP"
            yield {"candidates": [candidate], "modelVersion": "gemini-2.5-pro"}


def _names(tool: Json) -> list[str]:
    """What a tool is called, or each of those that stand together."""
    if "functionDeclarations" in tool:
        return [each["name"] for each in tool["functionDeclarations"]]
    if tool.get("type") == "namespace":
        return [f"{tool['name']}/{each['name']}" for each in tool["tools"]]
    function = tool.get("function", tool)
    return [function["name"]] if "name" in function else []
