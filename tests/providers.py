"""Providers of OpenID Connect on the loopback: an honest one, and one that lies when asked to."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.clients import plain_client
from tests.processes import PATIENCE, free_port, until

CLIENT = {
    "oidc_client_id": "callboard",
    "oidc_client_secret": "the secret that callboard and the provider share",
}
"""How the board is known at both."""


class HonestProvider:
    """`oidc-provider-mock`, a real provider, in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.settings = {"oidc_issuer": self.url, **CLIENT}
        self._browser = plain_client(self.url)
        self._log = folder / "provider.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(self.port)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [*command, "--require-nonce"], env=os.environ, stdout=log, stderr=log
            )
        until(self._answers)
        return self

    def __exit__(self, *_error: object) -> None:
        assert self._process
        self._process.terminate()
        self._process.wait(PATIENCE)
        self._browser.close()

    def knows(self, subject: str, **claims: Any) -> None:
        """Someone has an account there."""
        self._browser.put(f"/users/{subject}", json=claims).raise_for_status()

    def _answers(self) -> bool:
        try:
            return self._browser.get("/jwks").status_code == 200
        except httpx.TransportError:
            return False


class LyingProvider:
    """A provider that lets everyone in as whoever it likes, and whose every word can be changed."""

    def __init__(self, port: int = 0) -> None:
        self.key = self.signs_with = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
        self.server = _Server(("127.0.0.1", port), _Handler)
        self.server.provider = self
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.settings = {"oidc_issuer": self.url, **CLIENT}
        self._browser = plain_client()
        self.be_honest()

    def __enter__(self) -> Self:
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.server.shutdown()
        self.server.server_close()
        self._browser.close()

    def be_honest(self) -> None:
        """Forget every lie, and what was asked."""
        self.signs_with = self.key
        self.algorithm = "RS256"
        self.claims: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}
        self.token: dict[str, Any] = {}
        self.userinfo: dict[str, Any] = {}
        self.silent_seconds: dict[str, float] = {}
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, dict[str, str], dict[str, str]]] = []
        self.nonce = ""

    def sends_back(self, address: str) -> str:
        """Where it sends a browser that comes with that address: the path on the board."""
        answer = self._browser.get(address)
        assert answer.status_code == 302, answer.text
        parts = urlsplit(answer.headers["Location"])
        return f"{parts.path}?{parts.query}"

    def answer(self, path: str, query: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        """The answer to one request."""
        time.sleep(self.silent_seconds.get(path, 0))
        if path in self.answers:
            status, body = self.answers[path]
            return status, {}, body
        if path == "/authorize":
            self.nonce = query.get("nonce", "")
            back = urlencode({"code": "a-code", "state": query["state"]})
            return 302, {"Location": f"{query['redirect_uri']}?{back}"}, b""
        said = {
            "/.well-known/openid-configuration": self._metadata,
            "/jwks": lambda: {"keys": [self.key.as_dict(private=False)]},
            "/token": self._token,
            "/userinfo": lambda: {"sub": "s-1", **self.userinfo},
        }[path]()
        return 200, {"Content-Type": "application/json"}, json.dumps(said).encode()

    def _metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "jwks_uri": f"{self.url}/jwks",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "id_token_signing_alg_values_supported": ["RS256"],
            **self.metadata,
        }

    def _token(self) -> dict[str, Any]:
        said = {
            "access_token": "an-access-token",
            "token_type": "Bearer",
            "expires_in": 300,
            "id_token": self._id_token(),
        }
        return {name: value for name, value in (said | self.token).items() if value is not None}

    def _id_token(self) -> str:
        now = int(time.time())
        honest = {
            "iss": self.url,
            "sub": "s-1",
            "aud": CLIENT["oidc_client_id"],
            "nonce": self.nonce,
            "iat": now,
            "exp": now + 300,
            "email": "liar@example.org",
        }
        claims = {k: v for k, v in (honest | self.claims).items() if v is not None}
        header = {"alg": self.algorithm, "kid": self.signs_with.kid}
        if self.algorithm == "none":
            return f"{_base64(header)}.{_base64(claims)}."
        return jwt.encode(header, claims, self.signs_with)


def _base64(said: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(said).encode()).decode().rstrip("=")


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    provider: LyingProvider


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer(self._pairs(urlsplit(self.path).query))

    def do_POST(self) -> None:
        length = int(self.headers["Content-Length"])
        self._answer(self._pairs(self.rfile.read(length).decode()))

    def log_message(self, *_arguments: Any) -> None:
        """Quiet."""

    def _answer(self, query: dict[str, str]) -> None:
        provider = self.server.provider
        path = urlsplit(self.path).path
        provider.asked.append((path, query, dict(self.headers)))
        status, headers, body = provider.answer(path, query)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _pairs(self, text: str) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(text).items()}
