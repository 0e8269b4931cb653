"""What no answer may hold, whatever was asked."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.db.base import db
from app.observability.request_id import HEADER as REQUEST_ID
from app.observability.request_id import SANE
from app.web.http.headers import SECURITY_HEADERS
from tests.pages import elements
from tests.web.probing.hostile import ATTRIBUTE, COOKIE, MADE, TAG
from tests.web.probing.probes import Probe

ROOT = Path(__file__).parents[3]

LEAKS = (
    *("traceback (most recent", "sqlalchemy.", "sqlite3.", "psycopg", "[sql:", "site-packages"),
    *("jinja2.", "werkzeug.", 'file "/', "file &#34;/", "/app/web/", "insert into ", "root:x:0:"),
    *("no such column", "syntax error", "<class '", "&lt;class &#39;", "secret_key"),
    f"{ROOT}/".lower(),
)
"""Each looked for by itself: one expression of them all takes ten times as long."""
SELECTS = re.compile(r"\bselect .{1,200} from ")
SUSPICIOUS = re.compile(rf"<{TAG}|[\"']\s*{ATTRIBUTE}", re.IGNORECASE)
RUNS = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")

BOOKKEEPING = {"last_seen_at", "last_used_at", "used_at"}
"""Columns that say when someone was here last."""


def holds_raw(html: str) -> bool:
    """Whether what a request said became a tag, or an attribute of one."""
    return any(
        tag.startswith(TAG) or any(name.startswith(ATTRIBUTE) for name in attributes)
        for tag, attributes in elements(html)
    )


def faults(probe: Probe, answer: TestResponse) -> list[str]:
    """What is wrong with an answer."""
    text = answer.get_data().decode("utf-8", "replace")
    return [
        *_of_status(probe, answer, text),
        *_of_headers(answer),
        *_of_body(answer, text),
        *_of_kind(probe, answer, text),
        *_of_redirect(answer),
    ]


def _of_status(probe: Probe, answer: TestResponse, text: str) -> list[str]:
    found = []
    if not 200 <= answer.status_code < 500:
        found.append(f"status {answer.status_code}")
    if probe.method == "HEAD" and text:
        found.append("a body for HEAD")
    # werkzeug answers for methods that a route takes; no other may get through.
    is_strange = probe.place == "method" and probe.method not in ("HEAD", "OPTIONS")
    if is_strange and answer.status_code < 400:
        found.append(f"method {probe.method} is answered with {answer.status_code}")
    return found


def _of_headers(answer: TestResponse) -> list[str]:
    found = [f"no {name}" for name in SECURITY_HEADERS if name not in answer.headers]
    if "unsafe" in answer.headers.get("Content-Security-Policy", ""):
        found.append("a weak policy")
    if not SANE.fullmatch(answer.headers.get(REQUEST_ID, "")):
        found.append("no number")
    for name, value in answer.headers:
        is_own = name not in ("Location", "Link")  # their values are quoted
        if "\r" in value or "\n" in value or name == "X-Zap" or (is_own and COOKIE in value):
            found.append(f"header {name}: {value}")
    cookies = answer.headers.getlist("Set-Cookie")
    found += [f"cookie {text}" for text in cookies if not text.startswith("callboard=")]
    return found


def _of_body(answer: TestResponse, text: str) -> list[str]:
    found = [f"leaks {word}" for word in leaks_in(text)]
    if MADE in text:
        found.append("a template was run")
    if answer.mimetype in RUNS and SUSPICIOUS.search(text) and holds_raw(text):
        found.append("raw text")
    if text and answer.status_code not in (204, 304) and not answer.mimetype:
        found.append("no content type")
    return found


def leaks_in(text: str) -> list[str]:
    """What an answer tells of the program behind it."""
    lowered = text.lower()
    found = [word for word in LEAKS if word in lowered]
    return found + [match[0][:80] for match in [SELECTS.search(lowered)] if match]


def _of_kind(probe: Probe, answer: TestResponse, text: str) -> list[str]:
    """Programs get JSON, which no browser takes for a page."""
    # Where the server's library redirects to the right spelling, it says so in HTML of its own.
    is_door = probe.path == "/mcp" or probe.path.startswith("/api/v1/")
    is_for_programs = is_door and answer.status_code != 308
    kinds = ["application/json", "application/problem+json"]
    if any("host" in name.lower() for name in probe.headers):
        kinds.append("text/plain")  # under a name that it doesn't have, the board has no interfaces
    if is_for_programs and text and answer.mimetype not in kinds:
        return [f"a program is told in {answer.mimetype}"]
    return []


def _of_redirect(answer: TestResponse) -> list[str]:
    """Redirects lead to own pages; a browser reads backslashes as slashes, and skips tabs."""
    address = re.sub(r"[\t\r\n]", "", answer.headers.get("Location", "/")).replace("\\", "/")
    # Where an address is only written otherwise, the server's library tells the whole of it.
    address = address.removeprefix("http://localhost")
    parts = urlsplit(address)
    if parts.scheme or parts.netloc or not address.startswith("/") or address.startswith("//"):
        return [f"leads to {address}"]
    return []


def contents(session: Session) -> dict[str, str]:
    """All rows of all tables, as one number a table."""
    found = {}
    for table in db.metadata.sorted_tables:
        columns = [column for column in table.columns if column.name not in BOOKKEEPING]
        rows = session.execute(select(*columns).order_by(*table.primary_key)).all()
        found[table.name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    session.rollback()
    return found
