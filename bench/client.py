"""A client of HTTP that costs next to nothing, so that what is measured is the server."""

from __future__ import annotations

import json
import re
import socket
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CLOSES = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
COOKIE = re.compile(rb"\r\nset-cookie: *([^=\r\n]+)=([^;\r\n]*)", re.IGNORECASE)
TIMEOUT_SECONDS = 120


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Client:
    """One keep-alive connection, with cookies; `token` goes with each request."""

    def __init__(self, port: int, token: str = "") -> None:
        self.port, self.token = port, token
        self.cookies: dict[str, str] = {}
        self.host = f"127.0.0.1:{port}"
        """Where it says that it has found the server."""
        self._socket: socket.socket | None = None

    def get(self, path: str, headers: str = "") -> Answer:
        return self.send("GET", path, headers=headers)

    def post_form(self, path: str, fields: dict[str, str] | list[tuple[str, str]]) -> Answer:
        origin = f"Origin: http://127.0.0.1:{self.port}\r\n"
        kind = "Content-Type: application/x-www-form-urlencoded\r\n"
        return self.send("POST", path, urlencode(fields).encode(), origin + kind)

    def post_json(self, path: str, body: object) -> Answer:
        kind = "Content-Type: application/json\r\n"
        return self.send("POST", path, json.dumps(body).encode(), kind)

    def send(self, method: str, path: str, body: bytes = b"", headers: str = "") -> Answer:
        """Send a request; a connection that the server has closed meanwhile is opened anew."""
        if self.cookies:
            pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
            headers += f"Cookie: {pairs}\r\n"
        if self.token:
            headers += f"Authorization: Bearer {self.token}\r\n"
        if body or method == "POST":
            headers += f"Content-Length: {len(body)}\r\n"
        head = f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n{headers}\r\n"
        is_fresh = self._socket is None
        try:
            return self._exchange(head.encode() + body)
        except ConnectionError:
            self.close()
            if is_fresh:
                raise
            return self._exchange(head.encode() + body)

    def close(self) -> None:
        if self._socket:
            self._socket.close()
            self._socket = None

    def _exchange(self, request: bytes) -> Answer:
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self.port), TIMEOUT_SECONDS)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(request)
        data = self._more()
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        head, body = data[:end], data[end + 4 :]
        status = int(head[9:12])
        if length := LENGTH.search(head):
            while len(body) < int(length[1]):
                body += self._more()
        elif CHUNKED.search(head):
            while not body.endswith(b"0\r\n\r\n"):
                body += self._more()
        for name, value in COOKIE.findall(head):
            self.cookies[name.decode()] = value.decode()
        if CLOSES.search(head):
            self.close()
        return Answer(status, body)

    def _more(self) -> bytes:
        assert self._socket is not None
        part = self._socket.recv(262_144)
        if not part:
            raise ConnectionResetError("the server has closed the connection")
        return part


class Forms(HTMLParser):
    """What the forms of a page would send as they stand: `forms[action]` are pairs."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: dict[str, list[tuple[str, str]]] = {}
        self._fields: list[tuple[str, str]] | None = None
        self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._fields = self.forms.setdefault(given.get("action", ""), [])
        if self._fields is None or "disabled" in given:
            return
        name = given.get("name", "")
        if tag == "input" and name:
            is_choice = given.get("type") in ("radio", "checkbox")
            if given.get("type") != "submit" and (not is_choice or "checked" in given):
                self._fields.append((name, given.get("value", "")))
        elif tag == "textarea" and name:
            self._fields.append((name, ""))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and "selected" in given:
            self._fields.append((self._select, given.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._fields = None
        elif tag == "select":
            self._select = ""


def filled_in(page: str, action: str, **values: str) -> list[tuple[str, str]]:
    """The fields of a page's form, some of them filled in."""
    forms = Forms(page).forms
    fields = forms.get(action) or forms[""]  # a form without an action goes to its own page
    return [pair for pair in fields if pair[0] not in values] + list(values.items())
