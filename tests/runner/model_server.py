"""A model's server on the loopback that plays a script: the APIs of OpenAI, Anthropic and Gemini.

In the mode `done` it lets the agent run one command in its shell, then say `DONE`; in every other
mode it refuses each request, as the named servers do.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
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
    """Serves as long as it is entered. `command`: what the agent is to run in its shell."""

    def __init__(self, mode: str, command: str = f"echo '{FORGED}'") -> None:
        self._mode, self._command = mode, command

    def __enter__(self) -> Self:
        script = _Script(self._mode, self._command)

        class Handler(_Handler):
            play = script

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

    def __init__(self, mode: str, command: str) -> None:
        self.mode, self._command = mode, command

    def responses(self, body: Json) -> Iterable[Json]:
        """OpenAI's responses API, which codex speaks."""
        names = [tool.get("name") for tool in body.get("tools") or []]
        shell = next((name for name in names if name in ("exec_command", "shell_command")), None)
        yield {"type": "response.created", "response": {"id": "resp_1"}}
        item: Json = {"type": "message", "role": "assistant", "id": "msg_1"}
        if shell and not any(each["type"].endswith("_output") for each in body["input"]):
            key = "cmd" if shell == "exec_command" else "command"
            arguments = json.dumps({key: self._command})
            item = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": shell}
            item["arguments"] = arguments
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
        if body.get("tools") and not any(each["role"] == "tool" for each in body["messages"]):
            arguments = json.dumps({"command": self._command, "description": "look"})
            call: Json = {"index": 0, "id": "call_1", "type": "function"}
            call["function"] = {"name": "bash", "arguments": arguments}
            deltas, end = [{"role": "assistant", "tool_calls": [call]}], "tool_calls"
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
        has_shell = any(tool.get("name") == "Bash" for tool in body.get("tools") or [])
        if has_shell and '"tool_result"' not in json.dumps(body["messages"]):
            use = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {}}
            arguments = json.dumps({"command": self._command, "description": "Look"})
            block, deltas = use, [{"type": "input_json_delta", "partial_json": arguments}]
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
        tools = json.dumps(body.get("tools") or [])
        parts: list[Json] = [{"text": piece} for piece in PIECES]
        if "run_shell_command" not in tools:
            parts = [{"text": "{}"}]
        elif '"functionResponse"' not in json.dumps(body["contents"]):
            arguments = {"command": self._command, "description": "look"}
            parts = [{"functionCall": {"name": "run_shell_command", "args": arguments}}]
        for number, part in enumerate(parts, 1):
            candidate: Json = {"content": {"role": "model", "parts": [part]}, "index": 0}
            if number == len(parts):
                candidate["finishReason"] = "STOP"
            yield {"candidates": [candidate], "modelVersion": "gemini-2.5-pro"}
