"""Errors of the protocol itself, as JSON-RPC tells them. What a tool refuses is no such error."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from mcp_types.jsonrpc import (
    HEADER_MISMATCH,
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    UNSUPPORTED_PROTOCOL_VERSION,
)

__all__ = [
    "HEADER_MISMATCH",
    "INTERNAL_ERROR",
    "INVALID_PARAMS",
    "INVALID_REQUEST",
    "METHOD_NOT_FOUND",
    "PARSE_ERROR",
    "RESOURCE_NOT_FOUND",
    "UNSUPPORTED_PROTOCOL_VERSION",
    "Fault",
    "Unreadable",
]

RESOURCE_NOT_FOUND = -32002
"""How revisions before 2026-07-28 say that a resource isn't there."""

STATUS: Mapping[int, int] = {
    PARSE_ERROR: HTTPStatus.BAD_REQUEST,
    INVALID_REQUEST: HTTPStatus.BAD_REQUEST,
    INVALID_PARAMS: HTTPStatus.BAD_REQUEST,
    HEADER_MISMATCH: HTTPStatus.BAD_REQUEST,
    UNSUPPORTED_PROTOCOL_VERSION: HTTPStatus.BAD_REQUEST,
    METHOD_NOT_FOUND: HTTPStatus.NOT_FOUND,
}
"""The status that tells of an error since 2026-07-28; of all others it is 200."""


class Fault(Exception):
    """A message can't be carried out. `data`: facts for the client, beside the sentence."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data

    @property
    def status(self) -> int:
        """The HTTP status since 2026-07-28."""
        return STATUS.get(self.code, HTTPStatus.OK)

    @property
    def error(self) -> dict[str, Any]:
        """The member `error` of the answer."""
        told = {"code": self.code, "message": self.message}
        return told if self.data is None else {**told, "data": self.data}


class Unreadable(Fault):
    """What came is no message at all: the HTTP status says so in every revision."""
