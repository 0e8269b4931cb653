"""The provider of OpenID Connect: where to send people, and what it says of them when they return.

The only module that needs the extra `oidc`; it is imported when the settings ask for it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final
from urllib.parse import urlsplit

from authlib.common.errors import AuthlibBaseError
from authlib.integrations.base_client import BaseApp
from authlib.integrations.base_client.sync_app import OAuth2Mixin
from authlib.integrations.base_client.sync_openid import OpenIDMixin
from authlib.integrations.requests_client import OAuth2Session
from joserfc.errors import JoseError
from requests import RequestException

from app.settings.board import Settings

TIMEOUT_SECONDS = 5
METADATA_SECONDS = 3_600
"""How long its addresses and keys are believed. A new key is fetched as soon as one is unknown."""
PAUSE_SECONDS = 5
"""After it couldn't be reached: a thread of the board is worth more than another try at once."""
LEEWAY_SECONDS = 60
"""How far its clock may differ from ours."""
SUBJECT_MAX = 255

ENDPOINTS: Final = ("authorization_endpoint", "token_endpoint", "jwks_uri")
KEPT: Final = (
    "issuer",
    *ENDPOINTS,
    "userinfo_endpoint",
    "id_token_signing_alg_values_supported",
    "token_endpoint_auth_methods_supported",
)
"""The library would take any other word of the metadata for an option of its own."""

ALGORITHMS: Final = frozenset(
    f"{kind}{size}" for kind in ("RS", "PS", "ES") for size in (256, 384, 512)
) | {"EdDSA", "Ed25519"}
"""Signatures by a key that only the provider has. `none` is in some providers' lists, too."""


class ProviderUnreachable(Exception):
    """It doesn't answer, or not in time, or with nonsense."""


class ProviderRefused(Exception):
    """What it says doesn't hold: someone tampers, or it is set up wrongly."""


class _Client(OAuth2Mixin, OpenIDMixin, BaseApp):  # type: ignore[misc]  # authlib has no types
    """Authlib's client, but it checks whose metadata it gets, and asks for it anew."""

    client_cls = OAuth2Session

    def __init__(self, settings: Settings) -> None:
        super().__init__(
            None,
            "provider",
            client_id=settings.oidc_client_id,
            client_secret=settings.oidc_client_secret,
            client_kwargs={
                "scope": settings.oidc_scopes,
                "code_challenge_method": "S256",
                "default_timeout": TIMEOUT_SECONDS,
            },
            user_agent="Callboard",
        )
        self.issuer = settings.oidc_issuer
        self._believed_until = self._down_until = 0.0
        self._lock = Lock()

    def load_server_metadata(self) -> dict[str, Any]:
        """What the provider says of itself."""
        with self._lock:
            if time.monotonic() >= self._believed_until:
                self._refresh()
            found: dict[str, Any] = self.server_metadata
            return found

    def _refresh(self) -> None:
        if time.monotonic() < self._down_until:
            raise ProviderUnreachable("it didn't answer a moment ago")
        try:
            self.server_metadata = self._fetch_metadata()
        except RequestException:
            # Also for those who wait for the lock: they needn't wait for the timeout one by one.
            self._down_until = time.monotonic() + PAUSE_SECONDS
            raise
        self._believed_until = time.monotonic() + METADATA_SECONDS

    def _fetch_metadata(self) -> dict[str, Any]:
        address = self.issuer.removesuffix("/") + "/.well-known/openid-configuration"
        with self._get_session() as session:
            answer = session.request("GET", address, withhold_token=True)
            answer.raise_for_status()
            said = answer.json()
        return self._require_sane(said)

    def _require_sane(self, said: Any) -> dict[str, Any]:
        if not isinstance(said, dict) or said.get("issuer") != self.issuer:
            named = said.get("issuer") if isinstance(said, dict) else None
            raise ProviderRefused(f"it calls itself {named!r}, not {self.issuer!r}")
        scheme = urlsplit(self.issuer).scheme
        for name in ENDPOINTS:
            if urlsplit(str(said.get(name))).scheme not in ("https", scheme):
                raise ProviderRefused(f"its {name} is no {scheme} address")
        kept = {name: said[name] for name in KEPT if name in said}
        named = said.get("id_token_signing_alg_values_supported") or ["RS256"]
        kept["id_token_signing_alg_values_supported"] = [a for a in named if a in ALGORITHMS]
        methods = kept.pop("token_endpoint_auth_methods_supported", None) or []
        if "client_secret_basic" not in methods and "client_secret_post" in methods:
            kept["token_endpoint_auth_method"] = "client_secret_post"  # noqa: S105 - a method, no secret
        return kept

    def _on_update_token(self, *_args: Any, **_kwargs: Any) -> None:
        """Nothing is kept: its tokens are used once, to learn who came."""


class Provider:
    """The provider that the settings name."""

    def __init__(self, settings: Settings) -> None:
        self.issuer = settings.oidc_issuer
        self.name = settings.oidc_name
        self._client_id = settings.oidc_client_id
        self._client = _Client(settings)

    def begin(self, redirect_uri: str) -> dict[str, str]:
        """Where to send someone (`url`), and the `state`, `nonce` and `code_verifier` to keep."""
        begun: dict[str, str] = self._asking("create_authorization_url", redirect_uri)
        return begun

    def claims(
        self, code: str, *, nonce: str, code_verifier: str, redirect_uri: str
    ) -> dict[str, Any]:
        """What it says of whoever came back with that code, in a token whose signature, issuer,
        audience, age and nonce were checked."""
        token = self._asking(
            "fetch_access_token", redirect_uri, code=code, code_verifier=code_verifier
        )
        said = self._asking(
            "parse_id_token",
            token,
            nonce=nonce,
            # The library knows an expected issuer only, and takes `azp` for `aud`.
            claims_options={
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self._client_id},
            },
            leeway=LEEWAY_SECONDS,
        )
        if not said or not 0 < len(said["sub"]) <= SUBJECT_MAX:
            raise ProviderRefused("it sent no token that says who came")
        return self._with_userinfo(said, token)

    def _with_userinfo(self, said: Mapping[str, Any], token: Any) -> dict[str, Any]:
        """Some providers tell names and e-mail addresses only there."""
        is_told = "preferred_username" in said or "email" in said
        if is_told or "userinfo_endpoint" not in self._client.server_metadata:
            return dict(said)
        more = self._asking("userinfo", token=token)
        if more.get("sub") != said["sub"]:
            raise ProviderRefused("it told of someone else than who came")
        return {**more, **said}

    def _asking(self, verb: str, *args: Any, **kwargs: Any) -> Any:
        """Ask it something; whatever may go wrong becomes one of two errors."""
        try:
            return getattr(self._client, verb)(*args, **kwargs)
        except RequestException as error:
            raise ProviderUnreachable(f"{type(error).__name__} while asking it") from error
        except (AuthlibBaseError, JoseError) as error:
            raise ProviderRefused(f"{type(error).__name__}: {error}") from error
        except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as error:
            raise ProviderUnreachable(f"it answered with nonsense ({error!r})") from error
