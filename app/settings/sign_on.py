"""Settings of single sign-on: a provider of OpenID Connect, and a header of a trusted proxy."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator

Network = IPv4Network | IPv6Network

UNIX = "unix"
HEADER = re.compile(r"[A-Za-z][A-Za-z0-9-]*")
TAKEN_HEADERS = re.compile(
    r"authorization|cookie|host|forwarded|content-.*|x-forwarded-(for|host|port|prefix|proto)",
    re.IGNORECASE,
)
DOMAIN = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*")
THIS_MACHINE = {"127.0.0.1", "localhost", "::1"}


class SignOnSettings(BaseModel):
    """What an operator may set about signing in by single sign-on."""

    oidc_issuer: str = Field(
        default="",
        description="Address of an OpenID Connect provider; with it people can sign in there.",
    )
    oidc_client_id: str = Field(default="", description="Callboard's name at the provider.")
    oidc_client_secret: str = Field(default="", description="Callboard's password there.")
    oidc_name: str = Field(
        default="single sign-on",
        max_length=40,
        description="How the provider is called on the page to sign in.",
    )
    oidc_scopes: str = Field(
        default="openid profile email",
        description="What is asked of the provider; names and e-mail addresses name newcomers.",
    )
    oidc_domains: list[str] = Field(
        default=[],
        description="Newcomers need a verified e-mail address of one of these domains, by comma.",
    )
    auth_header: str = Field(
        default="",
        description="Header in which a proxy names who is signed in there, such as X-Remote-User.",
    )
    auth_header_from: list[str] = Field(
        default=[],
        description="Addresses and networks of the proxies that are believed, by comma; "
        "unix for whoever comes by the unix socket.",
    )
    sso_role: Literal["", "viewer", "member", "lead"] = Field(
        default="",
        description="Role of newcomers from single sign-on; unless set, only people who were "
        "invited or who connected an account can sign in that way.",
    )

    @field_validator("oidc_domains", "auth_header_from", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [part.strip().lower() for part in value.split(",") if part.strip()]
        return value

    @field_validator("oidc_issuer")
    @classmethod
    def _is_safe(cls, value: str) -> str:
        parts = urlsplit(value)
        is_safe = parts.scheme == "https" or parts.hostname in THIS_MACHINE
        if value and not (parts.hostname and is_safe and parts.scheme in ("http", "https")):
            raise ValueError("must start with https:// (http:// only for this very machine)")
        if parts.query or parts.fragment or value.endswith(".well-known/openid-configuration"):
            raise ValueError("must be the issuer itself, without /.well-known/… or a query")
        return value

    @field_validator("oidc_scopes")
    @classmethod
    def _is_openid(cls, value: str) -> str:
        if "openid" not in value.split():
            raise ValueError("must hold openid")
        return value

    @field_validator("oidc_domains")
    @classmethod
    def _are_domains(cls, value: list[str]) -> list[str]:
        if wrong := [name for name in value if not DOMAIN.fullmatch(name)]:
            raise ValueError(f"{wrong[0]} is no domain, such as example.org")
        return value

    @field_validator("auth_header")
    @classmethod
    def _is_free_header(cls, value: str) -> str:
        if value and not HEADER.fullmatch(value):
            raise ValueError("must be letters, digits and dashes: servers drop other headers")
        if TAKEN_HEADERS.fullmatch(value):
            raise ValueError("means something else already; choose one such as X-Remote-User")
        return value

    @field_validator("auth_header_from")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        for text in value:
            if text == UNIX:
                continue
            try:
                network = ip_network(text)
            except ValueError:
                raise ValueError(f"{text} is no address, no network, and not unix") from None
            if network.prefixlen == 0:
                raise ValueError(f"{text} is everybody; name the proxies only")
        return value

    @property
    def auth_header_networks(self) -> list[Network]:
        """The networks among those that are believed."""
        return [ip_network(text) for text in self.auth_header_from if text != UNIX]

    @property
    def half_set(self) -> str | None:
        """What is missing beside what is set, in one line that names it; None: all is well."""
        names = ("oidc_issuer", "oidc_client_id", "oidc_client_secret")
        missing = [name for name in names if not getattr(self, name)]
        if missing and len(missing) < len(names):
            return f"{_named(missing[0])} must be set, too: {_named('oidc_issuer')} needs it"
        if bool(self.auth_header) != bool(self.auth_header_from):
            missing = ["auth_header_from" if self.auth_header else "auth_header"]
            return f"{_named(missing[0])} must be set, too: the header counts from listed proxies"
        if self.oidc_domains and not (self.oidc_issuer and self.sso_role):
            return f"{_named('oidc_domains')} is about newcomers; set {_named('sso_role')}, too"
        return None


def _named(field: str) -> str:
    return f"CALLBOARD_{field.upper()}"
