"""Settings from the environment: each named `CALLBOARD_…`, checked, and explained when wrong."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError, field_validator

from app.settings import ConfigError
from app.settings.sign_on import SignOnSettings

PACKAGE = Path(__file__).resolve().parents[1]
ROOT = PACKAGE.parent if (PACKAGE.parent / "templates").is_dir() else PACKAGE
"""Where templates/, static/ and migrations/ are: beside the package in a checkout, inside it in a
wheel."""

ENV_PREFIX = "CALLBOARD_"
SECRET_KEY_FILE = "secret_key"  # noqa: S105 - the file's name, not the secret
SECRET_KEY_BYTES = 32


class Settings(SignOnSettings):
    """What an operator may set. The README's table is checked against these fields."""

    instance_path: Path = Field(
        default=ROOT / "instance" if ROOT != PACKAGE else Path("instance"),
        description="Folder of the database and the secret key.",
    )
    database_url: str = Field(
        default="",
        description="SQLAlchemy URL. SQLite in the instance folder unless set; "
        "postgresql://user:password@host/name for PostgreSQL.",
    )
    sqlite_synchronous: Literal["full", "normal"] = Field(
        default="full",
        description="When a change in SQLite is on the disk: `full`, before it is answered; "
        "`normal`, soon after, so that a power cut may take back the last changes.",
    )
    secret_key: str = Field(
        default="",
        description="Signs cookies; at least 16 characters. Made on the first start unless set.",
    )
    lease_seconds: int = Field(
        default=300,
        ge=10,
        le=86_400,
        description="How long a new worker type's claims live without a heartbeat.",
    )
    sweep_seconds: float = Field(
        default=3,
        ge=0,
        le=3_600,
        description="A process looks for overdue leases at most this often.",
    )
    max_body_bytes: int = Field(
        default=2_000_000,
        ge=100_000,
        le=100_000_000,
        description="Largest request that is accepted.",
    )
    trusted_hosts: list[str] = Field(
        default=[], description="Host names that requests may ask for, by comma; all unless set."
    )
    public_url: str = Field(
        default="",
        description="Address under which people reach the board, for links that are made here; "
        "unless set, that of the request.",
    )
    proxy_hops: int = Field(
        default=0, ge=0, le=10, description="Proxies in front whose X-Forwarded headers count."
    )
    secure_cookies: bool = Field(
        default=False, description="Send cookies over HTTPS only; set it behind a TLS proxy."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="How much is logged."
    )
    log_format: Literal["text", "json"] = Field(
        default="text", description="How it is written: readable lines, or one JSON object a line."
    )

    @field_validator("trusted_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        if isinstance(value, str):
            return [host.strip() for host in value.split(",") if host.strip()]
        return value

    @field_validator("public_url")
    @classmethod
    def _whole_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", value):
            raise ValueError("must be a whole address, such as https://board.example.org")
        return value.rstrip("/")

    @field_validator("secret_key")
    @classmethod
    def _long_enough(cls, value: str) -> str:
        if value and len(value) < 16:
            raise ValueError("must have at least 16 characters")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str) -> str:
        if not value:
            return value
        # Not above: without this setting it isn't needed, and takes long to import.
        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        try:
            url = make_url(value)
        except ArgumentError:
            raise ValueError(
                "is not a database URL, such as sqlite:////var/lib/callboard.db"
            ) from None
        if url.drivername in ("postgresql", "postgres"):
            url = url.set(drivername="postgresql+psycopg")
        if url.get_backend_name() not in ("sqlite", "postgresql"):
            raise ValueError("must start with sqlite:// or postgresql://")
        return url.render_as_string(hide_password=False)

    @property
    def url(self) -> str:
        """The database's URL: as set, or the SQLite file in the instance folder."""
        return self.database_url or f"sqlite:///{self.instance_path.resolve() / 'callboard.db'}"


def load_settings(**overrides: Any) -> Settings:
    """The settings of this process; raises `ConfigError` with one line a person can act on."""
    try:
        settings = Settings.model_validate(_from_environment() | overrides)
    except ValidationError as error:
        problems = [
            f"{ENV_PREFIX}{str(e['loc'][0]).upper()} {_explain(e['msg'])} (it is {_shown(e)})"
            for e in error.errors()
        ]
        raise ConfigError("; ".join(problems)) from None
    if settings.half_set:
        raise ConfigError(settings.half_set)
    return settings


def _from_environment() -> dict[str, str]:
    """What is set; an empty value counts as none."""
    named = {name: os.environ.get(ENV_PREFIX + name.upper()) for name in Settings.model_fields}
    return {name: value for name, value in named.items() if value}


def secret_key(settings: Settings) -> str:
    """The key as set, or the one kept in the instance folder; made there on the first start."""
    if settings.secret_key:
        return settings.secret_key
    file = settings.instance_path / SECRET_KEY_FILE
    try:
        settings.instance_path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_once(file, secrets.token_urlsafe(SECRET_KEY_BYTES))
    except OSError as error:
        raise ConfigError(
            f"{ENV_PREFIX}SECRET_KEY isn't set and can't be kept in {file}: {error.strerror}"
        ) from None
    try:
        key = file.read_text("ascii").strip()
    except OSError as error:
        raise ConfigError(f"the secret key in {file} can't be read: {error.strerror}") from None
    except UnicodeDecodeError:
        key = ""
    if len(key) < 16:
        raise ConfigError(f"{file} holds no usable key; delete it and a new one is made")
    return key


def _write_once(file: Path, text: str) -> None:
    """Write a new private file, whole or not at all; of two processes the first one wins."""
    if file.exists():
        return
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
        stream.write(text + "\n")
    try:
        os.link(draft, file)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _explain(message: str) -> str:
    text = message.removeprefix("Value error, ").removeprefix("Input ")
    return text[:1].lower() + text[1:]


def _shown(error: Any) -> str:
    # A key or a URL with a password must not end in a log.
    secret = error["loc"][0] in ("secret_key", "database_url", "oidc_client_secret")
    return "kept secret" if secret else repr(error["input"])
