"""What a message says about itself: its revision of the protocol, its method, its parameters.

Since 2026-07-28 every request carries its revision, and headers repeat what is in the body.
Before, a handshake agreed on one, which a header then names; 2025-03-26 had no such header.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from mcp_types import CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from werkzeug.datastructures import Headers

from app.mcp.faults import (
    HEADER_MISMATCH,
    INVALID_PARAMS,
    INVALID_REQUEST,
    UNSUPPORTED_PROTOCOL_VERSION,
    Unreadable,
)
from app.values import immutable

WITHOUT_HEADER = "2025-03-26"
"""The revision of who names none."""

BATCHED = ("2025-03-26",)
"""The one revision that knew several messages in one request."""

HANDSHAKEN = ("2025-11-25", "2025-06-18", "2025-03-26")
SPOKEN = (*reversed(MODERN_PROTOCOL_VERSIONS), *HANDSHAKEN)
"""The revisions that are understood here, newest first."""

VERSION_HEADER, METHOD_HEADER, NAME_HEADER = "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name"
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}
"""Methods whose header `Mcp-Name` repeats one of the parameters."""

ENCODED = re.compile(r"=\?base64\?(?P<payload>.*)\?=")


@immutable
class Message:
    """A request that is owed an answer, or a notification, which is owed none."""

    method: str
    params: dict[str, Any] | None
    id: str | int | None
    is_notification: bool
    version: str

    @property
    def is_modern(self) -> bool:
        """Whether it stands for itself, without a handshake before."""
        return self.version in MODERN_PROTOCOL_VERSIONS


def read(found: Any, headers: Headers) -> Message | None:
    """The message; None: it answers a question that was never put. Raises `Unreadable`."""
    if not isinstance(found, dict) or found.get("jsonrpc") != "2.0":
        raise Unreadable(INVALID_REQUEST, "The body must be one JSON-RPC 2.0 message.")
    if "method" not in found and ("result" in found or "error" in found):
        _legacy_version(headers)
        return None
    method, params = found.get("method"), found.get("params")
    if not isinstance(method, str) or not (params is None or isinstance(params, dict)):
        raise Unreadable(INVALID_REQUEST, "A message has a `method`, and `params` are an object.")
    is_notification = "id" not in found
    if not is_notification and id_of(found) is None:
        raise Unreadable(INVALID_REQUEST, "An `id` is a string or a whole number.")
    version = _version(method, params or {}, headers, is_notification=is_notification)
    return Message(method, params, id_of(found), is_notification, version)


def id_of(found: Any) -> str | int | None:
    """The request's id, if it has one that can be repeated."""
    given = found.get("id") if isinstance(found, dict) else None
    is_usable = isinstance(given, str | int) and not isinstance(given, bool)
    return given if is_usable else None


def _version(
    method: str, params: Mapping[str, Any], headers: Headers, *, is_notification: bool
) -> str:
    meta = params.get("_meta")
    says_itself = isinstance(meta, dict) and PROTOCOL_VERSION_META_KEY in meta
    if says_itself or headers.get(VERSION_HEADER) in MODERN_PROTOCOL_VERSIONS:
        if is_notification:
            return _known(headers.get(VERSION_HEADER, ""), SPOKEN)
        _require_same(method, params, meta, headers)
        return _known(headers[VERSION_HEADER], MODERN_PROTOCOL_VERSIONS)
    # The handshake finds out which revision both speak; until then a header means nothing.
    return HANDSHAKEN[0] if method == "initialize" else _legacy_version(headers)


def _legacy_version(headers: Headers) -> str:
    return _known(headers.get(VERSION_HEADER, WITHOUT_HEADER), HANDSHAKEN)


def _known(version: str, among: tuple[str, ...]) -> str:
    if version not in among:
        raise Unreadable(
            UNSUPPORTED_PROTOCOL_VERSION,
            "Unsupported protocol version",
            {"supported": list(SPOKEN), "requested": version[:100]},
        )
    return version


def _require_same(method: str, params: Mapping[str, Any], meta: Any, headers: Headers) -> None:
    """Raise `Unreadable` unless the request says who asks, and its headers agree with it."""
    needed = (PROTOCOL_VERSION_META_KEY, CLIENT_CAPABILITIES_META_KEY)
    if missing := [key for key in needed if not isinstance(meta, dict) or key not in meta]:
        raise Unreadable(INVALID_PARAMS, f"params._meta lacks {' and '.join(missing)}.")
    pairs = {VERSION_HEADER: meta[PROTOCOL_VERSION_META_KEY], METHOD_HEADER: method}
    for name, said in pairs.items():
        if headers.get(name) != said:
            raise Unreadable(HEADER_MISMATCH, f"The header {name} doesn't say what the body says.")
    key = NAMED_BY.get(method)
    if key and key in params and _decoded(headers.get(NAME_HEADER)) != params[key]:
        raise Unreadable(HEADER_MISMATCH, f"The header {NAME_HEADER} doesn't say params.{key}.")


def _decoded(value: str | None) -> str | None:
    """A header's value; what no header could hold travels as =?base64?…?=."""
    found = ENCODED.fullmatch(value) if value is not None else None
    if found is None:
        return value
    try:
        return base64.b64decode(found["payload"], validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
