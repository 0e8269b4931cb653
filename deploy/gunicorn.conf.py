"""How gunicorn serves Callboard: `callboard serve` names this file to it.

Anything here can be overridden without an edit: GUNICORN_CMD_ARGS="--threads 8 --access-logfile -".
"""

import atexit
import gc
import json
import logging
import os
import re
import selectors
import shutil
import socket
import struct
import sys
import tempfile
import time
from collections import deque
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from ctypes import CDLL
from functools import partial
from importlib import import_module, invalidate_caches
from ipaddress import ip_address
from pathlib import Path
from pkgutil import walk_packages
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http2 import negotiation
from gunicorn.workers.gthread import ThreadWorker

bind = os.environ.get("CALLBOARD_BIND", "127.0.0.1:8000")
proc_name = "callboard"

# SQLite has one writer: more workers than this wait instead of working.
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4

# A request that takes longer than this is lost anyway; a stopped worker may finish what it holds.
timeout = 60
graceful_timeout = 20

# Proxies keep no connection (see nginx/proxy.conf); this is for clients that come directly.
keepalive = 5

# Not preloaded: each worker builds the application by itself, with connections of its own. The old
# workers finish what they hold; who comes before the new ones are up waits in the backlog.
preload_app = False

# The C library gives each thread a heap of its own, and none gives back what one large page took:
# four of them held 180 MiB where one holds 90. Threads of Python rarely allocate at once.
M_ARENA_MAX = -8  # from malloc.h
with suppress(AttributeError):  # not every C library has it
    CDLL(None).mallopt(M_ARENA_MAX, 1)

# Only for the board's own database: what SQLAlchemy has for the other takes a fortieth of a start.
IS_POSTGRESQL = os.environ.get("CALLBOARD_DATABASE_URL", "").startswith("postgres")
DATABASE = "postgresql" if IS_POSTGRESQL else "sqlite"

# Libraries are, and so they are in memory once, and a new worker is up sooner: a new version of one
# takes a restart. None of these starts a thread or opens anything that a fork would share.
LIBRARIES = (
    *("argon2", "flask", "flask_login", "flask_sqlalchemy", "flask_wtf.csrf", "lark"),
    *("markdown_it", "nh3"),
    *("pydantic.json_schema", "pydantic.type_adapter", "pydantic.types"),
    *(f"sqlalchemy.dialects.{DATABASE}", "sqlalchemy.ext.hybrid", "sqlalchemy.orm", "structlog"),
    *("werkzeug.middleware.proxy_fix", "wtforms"),
)

# So is what the board only defines; what opens something (the application) isn't.
DEFINITIONS = ("app.api", "app.factory", "app.operations", "app.rendering")
PACKAGES = ("app.forms", "app.queries", "app.web.pages")
"""Of these all modules."""


def load_shared() -> None:
    """Load what all workers have alike.

    gunicorn reads this file again for each SIGHUP, which is to bring new code of the board: what
    the master has of the old is forgotten first.
    """
    gc.unfreeze()
    # What is loaded stays: to look for garbage among it would take a tenth of the time.
    gc.disable()
    for name in LIBRARIES:
        import_module(name)
    forget_board()
    try:
        load_board()
    except Exception:  # noqa: BLE001 - each worker meets the same, and says so in the log
        forget_board()
    # A collection would write to every page that the workers share. So would they themselves to
    # what one gives back now, and each page that one writes to is its own from then on.
    gc.freeze()
    gc.enable()


def load_board() -> None:
    if IS_POSTGRESQL:
        import_module("psycopg")  # which operators of SQLite don't have
    for name in DEFINITIONS:
        import_module(name)
    for package in PACKAGES:
        inside = walk_packages(import_module(package).__path__, f"{package}.")
        for module in inside:
            import_module(module.name)
    import_module("sqlalchemy.orm").configure_mappers()
    import_module("app.queries.language.grammar").parser()


def forget_board() -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "app"]:
        del sys.modules[name]
    invalidate_caches()


load_shared()

# What the proxy says of a client is for the app to judge (CALLBOARD_PROXY_HOPS), and only for it:
# gunicorn would obey headers called SCRIPT_NAME and PATH_INFO, which some proxies let through.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The longest address: beyond it gunicorn answers by itself, and not in the board's own words.
limit_request_line = 8190

# The heartbeat file must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108 - gunicorn makes its own file there

# gunicorn would open a control socket in the home folder, which a service account may not have.
control_socket_disable = True

# The proxy keeps the access log, and the app writes its own structured one.
accesslog = None
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")


class LogLine(logging.Formatter):
    """gunicorn's own lines in the app's two formats (CALLBOARD_LOG_FORMAT).

    The master doesn't ask the app to write them: it may have no code of the board, if that is
    broken. In the workers the app does (app/observability/logs.py).
    """

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        when = self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z"
        text = super().format(record)  # with its traceback, if there is one
        if os.environ.get("CALLBOARD_LOG_FORMAT") == "json":
            level = record.levelname.lower()
            record_as_json = {
                "timestamp": when,
                "level": level,
                "logger": record.name,
                "event": text,
            }
            return json.dumps(record_as_json)
        indented = text.replace("\n", "\n    ")
        return f"{when} {record.levelname:<7} {record.name}: {indented}"


class Log(Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(LogLine())


logger_class = Log


ARRIVAL_SECONDS = float(os.environ.get("CALLBOARD_ARRIVAL_SECONDS") or 30)
"""How long a whole request may take to arrive."""

FIRST_BYTE_SECONDS = min(5, ARRIVAL_SECONDS)

THREAD_READ_SECONDS, THREAD_WRITE_SECONDS = 10, 30
"""How long a thread waits for a client who doesn't go on: sending, or taking the answer."""

LINGER_SECONDS, LINGER_BYTES = 2, 65_536
"""How long, and for how much, a client is listened to who was answered for the last time."""

READ_AT_ONCE = 65_536
ONE_REQUEST_BYTES = int(os.environ.get("CALLBOARD_MAX_BODY_BYTES") or 2_000_000) + READ_AT_ONCE
ALL_REQUESTS_BYTES = 32 * ONE_REQUEST_BYTES

HEAD_END = b"\r\n\r\n"
LENGTH = re.compile(
    rb"^content-length[ \t]*:[ \t]*(\d{1,18})[ \t]*\r?$", re.IGNORECASE | re.MULTILINE
)
CHUNKED = re.compile(rb"^transfer-encoding[ \t]*:", re.IGNORECASE | re.MULTILINE)
CLOSES = re.compile(rb"^connection[ \t]*:[ \t]*close[ \t]*\r?$", re.IGNORECASE | re.MULTILINE)
EXPECTS = re.compile(rb"^expect[ \t]*:[ \t]*100-continue", re.IGNORECASE | re.MULTILINE)
EMPTY_LINES = re.compile(rb"[\r\n]*")
HEALTH = re.compile(rb"[\r\n]*(GET|HEAD) /healthz[ ?]")


class Arrival:
    """What has come of one request. It decides only when a thread gets the request: gunicorn reads
    the same bytes again, and is the one that understands them."""

    def __init__(self, read_ahead: bytes) -> None:
        self.data = bytearray(read_ahead)
        self.began = time.monotonic()
        self.is_over = False
        self._searched = 0
        self._body_at: int | None = None
        self._end: int | None = None
        self._chunk_at: int | None = None

    def add(self, part: bytes) -> None:
        """Nothing: the client has closed, or will send no more."""
        self.data += part
        self.is_over = not part

    @property
    def is_whole(self) -> bool:
        if self.is_over:
            return True
        if self._body_at is None:
            self._read_head()
        if self._chunk_at is not None:
            self._walk_chunks()
        return self._end is not None and len(self.data) >= self._end

    @property
    def is_too_large(self) -> bool:
        return max(len(self.data), self._end or 0) > ONE_REQUEST_BYTES

    @property
    def waits_for_word(self) -> bool:
        """Whether the client sends no body before it is told to."""
        if self._body_at is None or len(self.data) > self._body_at:
            return False
        return EXPECTS.search(self.data, 0, self._body_at) is not None

    @property
    def is_last(self) -> bool:
        """Whether the client has sent all that it will send: this request, as it says itself."""
        if self.is_over or self._body_at is None or len(self.data) != self._end:
            return False
        return CLOSES.search(self.data, 0, self._body_at) is not None

    def _read_head(self) -> None:
        before = EMPTY_LINES.match(self.data)
        at = self._find(HEAD_END, before.end() if before else 0)
        if at < 0:
            return
        self._body_at = at + len(HEAD_END)
        if CHUNKED.search(self.data, 0, self._body_at):
            self._chunk_at = self._body_at
        else:
            lengths = [int(found[1]) for found in LENGTH.finditer(self.data, 0, self._body_at)]
            self._end = self._body_at + max(lengths, default=0)

    def _walk_chunks(self) -> None:
        while self._chunk_at is not None and self._chunk_at < len(self.data):
            line_end = self._find(b"\r\n", self._chunk_at)
            if line_end < 0:
                return
            try:
                size = int(self.data[self._chunk_at : line_end].partition(b";")[0], 16)
            except ValueError:
                size = -1
            if size > 0:
                self._chunk_at = line_end + 2 + size + 2
                continue
            if size == 0 and self.data.find(HEAD_END, line_end) < 0:
                return
            # The last chunk, or none that gunicorn will accept.
            self._chunk_at, self._end = None, len(self.data)

    def _find(self, end: bytes, start: int) -> int:
        """Where it is; what was searched in vain isn't searched again with each byte that comes."""
        at = self.data.find(end, max(start, self._searched - len(end)))
        self._searched = len(self.data) if at < 0 else 0
        return at


class Worker(ThreadWorker):
    """Threads are for requests that have arrived: who sends slowly, or nothing, holds none.

    `/healthz` has a thread of its own, so that it answers while all others are at work; so have
    requests that are too large to be kept until they are whole.
    """

    def init_process(self) -> None:
        self.health_pool = ThreadPoolExecutor(max_workers=1)
        self.large_pool = ThreadPoolExecutor(max_workers=1)
        self.kept_bytes = 0
        self.next_look = 0.0
        self.closed: deque[Any] = deque()
        self.leaving_conns: deque[Any] = deque()
        super().init_process()

    def enqueue_req(self, conn: Any) -> None:
        """A new connection, or one that was kept, has a request, or will have one."""
        if self.cfg.is_ssl or negotiation.prior_knowledge_allowed(self.cfg, conn.client):
            super().enqueue_req(conn)
            return
        conn.sock.setblocking(False)
        conn.arrival = Arrival(conn.parser.unreader.take_buffered() if conn.parser else b"")
        self.kept_bytes += len(conn.arrival.data)
        conn.timeout = conn.arrival.began + FIRST_BYTE_SECONDS
        if not self.take_in(conn):
            self.pending_conns.append(conn)
            on_readable = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, on_readable)

    def on_pending_socket_readable(self, conn: Any, client: Any) -> None:
        if self.take_in(conn):
            self.poller.unregister(client)
            self.pending_conns.remove(conn)

    def take_in(self, conn: Any) -> bool:
        """Read what is there; True: a thread has the request now."""
        arrival = conn.arrival
        try:
            part = conn.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            part = None
        except OSError:
            part = b""
        if part is not None:
            arrival.add(part)
            self.kept_bytes += len(part)
            conn.timeout = arrival.began + ARRIVAL_SECONDS
        if arrival.is_whole:
            is_health = HEALTH.match(arrival.data)
            self.hand_over(conn, self.health_pool if is_health else self.tpool)
            return True
        is_much = len(arrival.data) > READ_AT_ONCE and self.kept_bytes > ALL_REQUESTS_BYTES
        if arrival.is_too_large or is_much:
            self.hand_over(conn, self.large_pool)
            return True
        if part and arrival.waits_for_word:
            send_now(conn.sock, b"HTTP/1.1 100 Continue\r\n\r\n")
        return False

    def hand_over(self, conn: Any, pool: Executor) -> None:
        """Let a thread answer; it finds in the parser what has come so far."""
        if not conn.initialized:
            for option, seconds in (
                (socket.SO_RCVTIMEO, THREAD_READ_SECONDS),
                (socket.SO_SNDTIMEO, THREAD_WRITE_SECONDS),
            ):
                conn.sock.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", seconds, 0))
            conn.init()
        conn.parser.unreader.unread(bytes(conn.arrival.data))
        end = self.close_now if conn.arrival.is_last else self.close_or_keep
        self.forget(conn)
        pool.submit(self.handle, conn).add_done_callback(partial(end, conn))

    def close_or_keep(self, conn: Any, done: Future[Any]) -> None:
        self.method_queue.defer(self.finish_request, conn, done)

    def close_now(self, conn: Any, done: Future[Any]) -> None:
        """The same where the client sends no more: to wake the main thread takes longer than to
        close."""
        if done.cancelled() or done.exception() or done.result():
            self.close_or_keep(conn, done)
            return
        conn.close()
        self.closed.append(conn)
        if not (self.alive and self._accepting):
            self.method_queue.defer(self.count_closed)

    def count_closed(self) -> None:
        while self.closed:
            self.closed.pop()
            self.nr_conns -= 1

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep the connection, or close it: what the client still sends is read first, because to
        close over it would take the end of the answer back. gunicorn would wait for that here."""
        if fs.cancelled() or fs.exception() or fs.result():
            super().finish_request(conn, fs)
            return
        conn.timeout = time.monotonic() + LINGER_SECONDS
        conn.may_send = LINGER_BYTES
        with suppress(OSError):
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
        if self.has_left(conn):
            self.end(conn)
        else:
            self.leaving_conns.append(conn)
            on_readable = partial(self.on_leaving_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, on_readable)

    def on_leaving_socket_readable(self, conn: Any, client: Any) -> None:
        if self.has_left(conn):
            self.leaving_conns.remove(conn)
            self.poller.unregister(client)
            self.end(conn)

    def has_left(self, conn: Any) -> bool:
        try:
            part = conn.sock.recv(READ_AT_ONCE)
        except BlockingIOError:
            return False
        except OSError:
            return True
        conn.may_send -= len(part)
        return not part or conn.may_send <= 0

    def end(self, conn: Any) -> None:
        self.nr_conns -= 1
        conn.close()

    def forget(self, conn: Any) -> None:
        self.kept_bytes -= len(conn.arrival.data)
        conn.arrival = None

    def murder_pending(self) -> None:
        """Close the connections whose request didn't arrive in time, or whose client stays."""
        self.count_closed()
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 0.5
        for conn in [conn for conn in self.pending_conns if conn.timeout <= now]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            if conn.arrival.data:
                send_now(conn.sock, b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n")
            self.forget(conn)
            self.end(conn)
        for conn in [conn for conn in self.leaving_conns if conn.timeout <= now]:
            self.leaving_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self.end(conn)


def send_now(sock: Any, text: bytes) -> None:
    """Send a few bytes if the client takes them at once."""
    try:
        sock.send(text)
    except OSError:
        return


worker_class = Worker


def metrics_folder() -> str:
    """Where all workers count requests (app/observability/metrics.py); gone with the master."""
    given = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    start = f"callboard-metrics-{os.getpid()}-"
    # The one of this very master is kept when it reloads. One that it has inherited from the master
    # which it replaces (SIGUSR2) isn't: that one takes its folder with it.
    name = Path(given).name
    if given and (name.startswith(start) or not name.startswith("callboard-metrics-")):
        return given
    folder = tempfile.mkdtemp(prefix=start, dir=worker_tmp_dir)
    atexit.register(remove_metrics, folder, os.getpid())
    return folder


def remove_metrics(folder: str, owner: int) -> None:
    # Workers are forked, and would run this too.
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)


os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder()


def is_public(listener: Any) -> bool:
    """Whether others than this machine can reach a socket."""
    if listener.sock.family == socket.AF_UNIX:
        return False
    return not ip_address(listener.sock.getsockname()[0].partition("%")[0]).is_loopback


def when_ready(server: Any) -> None:
    for listener in server.LISTENERS:
        if listener.sock.family != socket.AF_UNIX and hasattr(socket, "TCP_DEFER_ACCEPT"):
            # Clients speak first: a worker wakes once, when there is something to read.
            listener.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, 1)
        print(f"Callboard is at {listener} (Ctrl-C stops it)", flush=True)  # noqa: T201 - for a terminal
    if os.environ.get("CALLBOARD_PROXY_HOPS", "").strip() in ("", "0"):
        for listener in filter(is_public, server.LISTENERS):
            server.log.warning(
                "Callboard is open to other machines at %s, and no proxy stands in front "
                "(CALLBOARD_PROXY_HOPS is 0): see docs/deploy.md",
                listener,
            )
