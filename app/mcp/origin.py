"""Whether a browser's page may speak to this interface: other sites' pages may not.

A site can point its own name at this machine (DNS rebinding); then Origin and Host agree, and yet
a stranger asks. So a name counts only if the operator trusts it, or if it can't be pointed
anywhere.
"""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from werkzeug.sansio.utils import host_is_trusted

LOCAL_NAMES = {"localhost"}


def is_own_origin(origin: str | None, host: str, trusted_hosts: list[str]) -> bool:
    """Whether a request with that `Origin` is ours to answer. Programs send none."""
    if origin is None:
        return True
    try:
        parts = urlsplit(origin)
        name, port = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not name:
        return False
    # An empty list would trust every host.
    if trusted_hosts and host_is_trusted(name, trusted_hosts):
        return True
    return _is_fixed(name) and host.lower() in _hosts(parts.scheme, name, port)


def _is_fixed(name: str) -> bool:
    """Whether nobody else can say where the name leads."""
    try:
        ip_address(name)
    except ValueError:
        return name in LOCAL_NAMES
    return True


def _hosts(scheme: str, name: str, port: int | None) -> set[str]:
    """How the header `Host` may name the same place."""
    shown = f"[{name}]" if ":" in name else name
    usual = {"http": 80, "https": 443}[scheme]
    hosts = {f"{shown}:{port or usual}"}
    return hosts | {shown} if (port or usual) == usual else hosts
