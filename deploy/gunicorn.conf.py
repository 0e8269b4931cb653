"""How gunicorn serves Callboard: `callboard serve` names this file to it.

Anything here can be overridden without an edit: GUNICORN_CMD_ARGS="--threads 8 --access-logfile -".
"""

import atexit
import json
import logging
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

bind = os.environ.get("CALLBOARD_BIND", "127.0.0.1:8000")
proc_name = "callboard"

# SQLite has one writer: more workers than this wait instead of working.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4

# A request that takes longer than this is lost anyway; a stopped worker may finish what it holds.
timeout = 60
graceful_timeout = 20

# Proxies keep no connection (see nginx/proxy.conf); this is for clients that come directly.
keepalive = 5

# Not preloaded: each worker loads the code by itself, so that SIGHUP brings new code.
# The old workers finish what they hold; who comes before the new ones are up waits in the backlog.
preload_app = False

# What the proxy says of a client is for the app to judge (CALLBOARD_PROXY_HOPS), and only for it:
# gunicorn would obey headers called SCRIPT_NAME and PATH_INFO, which some proxies let through.
forwarder_headers = ""
secure_scheme_headers: dict[str, str] = {}

# The longest address: beyond it gunicorn answers by itself, and not in the board's own words.
limit_request_line = 8190

# The heartbeat file must not wait for a slow disk.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108

# gunicorn would open a control socket in the home folder, which a service account may not have.
control_socket_disable = True

# The proxy keeps the access log, and the app writes its own structured one.
accesslog = None
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")


class LogLine(logging.Formatter):
    """gunicorn's own lines in the app's two formats (CALLBOARD_LOG_FORMAT).

    The master can't ask the app to write them: a reload brings new code only while the master has
    none. In the workers the app does (app/logs.py).
    """

    converter = time.gmtime

    def format(self, record: logging.LogRecord) -> str:
        when = self.formatTime(record, "%Y-%m-%dT%H:%M:%S") + f".{int(record.msecs):03}Z"
        text = super().format(record)  # with its traceback, if there is one
        if os.environ.get("CALLBOARD_LOG_FORMAT") == "json":
            level = record.levelname.lower()
            told = {"timestamp": when, "level": level, "logger": record.name, "event": text}
            return json.dumps(told)
        indented = text.replace("\n", "\n    ")
        return f"{when} {record.levelname:<7} {record.name}: {indented}"


class Log(Logger):
    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(LogLine())


logger_class = Log


def metrics_folder() -> str:
    """The folder where all workers count their requests (app/metrics.py); gone with the master."""
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


def when_ready(server: Any) -> None:
    for listener in server.LISTENERS:
        print(f"Callboard is at {listener} (Ctrl-C stops it)", flush=True)  # noqa: T201
