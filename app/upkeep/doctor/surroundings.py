"""The settings, and the folder and files of this installation."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

from sqlalchemy.engine import make_url

from app.settings.board import ENV_PREFIX, SECRET_KEY_FILE, Settings
from app.upkeep.databases import file_of, is_sqlite
from app.upkeep.doctor.finding import Finding

LITTLE_SPACE = 1_000_000_000
TOO_LITTLE_SPACE = 100_000_000
OTHERS = stat.S_IRWXG | stat.S_IRWXO
PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600


def look_around(settings: Settings, *, fix: bool) -> Iterator[Finding]:
    """All there is to say before the database is asked."""
    yield from _check_bind(settings)
    yield from _check_proxy(settings)
    yield _check_folder(settings.instance_path, fix=fix)
    yield from _check_files(settings, fix=fix)
    yield _check_space(_data_folder(settings))


def _check_bind(settings: Settings) -> Iterator[Finding]:
    """As far as the environment tells: gunicorn's own options may say otherwise."""
    if settings.proxy_hops:
        return
    binds = os.environ.get("CALLBOARD_BIND", "").split(",")
    if public := [bind.strip() for bind in binds if _is_public(bind.strip())]:
        yield Finding.warning(
            "bind",
            f"{', '.join(public)} is open to other machines, and no proxy stands in front "
            f"({ENV_PREFIX}PROXY_HOPS is 0). See docs/deploy.md.",
        )


def _is_public(bind: str) -> bool:
    if not bind or bind.startswith(("unix:", "fd://")):
        return False
    host, _, port = bind.rpartition(":")
    host = (host if port.isdecimal() else bind).strip("[]")
    try:
        return not host or not ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _check_proxy(settings: Settings) -> Iterator[Finding]:
    if not settings.proxy_hops:
        yield Finding.ok("proxy", "none is set; addresses and hosts are taken as they come")
        return
    found = list(_proxy_warnings(settings))
    yield from found
    if not found:
        yield Finding.ok("proxy", "cookies are sent over HTTPS only, and host names are checked")


def _proxy_warnings(settings: Settings) -> Iterator[Finding]:
    if not settings.secure_cookies:
        yield Finding.warning(
            "proxy",
            f"cookies travel without HTTPS. Set {ENV_PREFIX}SECURE_COOKIES=true, "
            "if the proxy speaks HTTPS.",
        )
    if not settings.trusted_hosts:
        yield Finding.warning(
            "proxy",
            f"any host name is believed. Set {ENV_PREFIX}TRUSTED_HOSTS to the board's own.",
        )


def _check_folder(folder: Path, *, fix: bool) -> Finding:
    subject = "instance folder"
    if not folder.is_dir():
        return Finding.problem(subject, f"{folder} isn't there. callboard db upgrade makes it.")
    if not os.access(folder, os.W_OK | os.X_OK):
        return Finding.problem(
            subject, f"{folder} can't be written to. Give it to the user that runs the board."
        )
    return _check_mode(subject, folder, PRIVATE_FOLDER, fix=fix)


def _check_files(settings: Settings, *, fix: bool) -> Iterator[Finding]:
    key = settings.instance_path / SECRET_KEY_FILE
    if settings.secret_key:
        yield Finding.ok("secret key", "it is in the environment")
    elif key.exists():
        yield _check_mode("secret key", key, PRIVATE_FILE, fix=fix)
    url = make_url(settings.url)
    if is_sqlite(url) and file_of(url).exists():
        yield _check_mode("database file", file_of(url), PRIVATE_FILE, fix=fix)


def _check_mode(subject: str, path: Path, private: int, *, fix: bool) -> Finding:
    mode = stat.S_IMODE(path.stat().st_mode)
    if not mode & OTHERS:
        return Finding.ok(subject, f"only its owner may open {path}")
    if not fix:
        return Finding.warning(
            subject, f"others may open {path} (mode {mode:o}). --fix makes it private."
        )
    try:
        path.chmod(private)
    except OSError as error:
        return Finding.warning(subject, f"{path} can't be made private: {error.strerror}")
    return Finding("fixed", subject, f"others could open {path}. It is private now.")


def _check_space(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding.warning("disk", f"{folder} isn't there, so its space isn't known")
    free = shutil.disk_usage(folder).free
    text = f"{free / 1e9:,.1f} GB are free in {folder}"
    if free < TOO_LITTLE_SPACE:
        return Finding.problem("disk", f"{text}. Make room before the database can't be written.")
    if free < LITTLE_SPACE:
        return Finding.warning("disk", f"{text}. Make room.")
    return Finding.ok("disk", text)


def _data_folder(settings: Settings) -> Path:
    url = make_url(settings.url)
    return file_of(url).parent if is_sqlite(url) else settings.instance_path
