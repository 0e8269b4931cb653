"""How gunicorn serves Callboard: `gunicorn -c deploy/gunicorn.conf.py wsgi:app`.

Anything here can be overridden without an edit: GUNICORN_CMD_ARGS="--threads 8 --access-logfile -".
"""

import os
from typing import Any

bind = os.environ.get("CALLBOARD_BIND", "127.0.0.1:8000")
proc_name = "callboard"

# SQLite has one writer: more workers than this wait instead of working.
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4

# A request that takes longer than this is lost anyway; a stopped worker may finish what it holds.
timeout = 60
graceful_timeout = 20
keepalive = 5

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


def when_ready(server: Any) -> None:
    for listener in server.LISTENERS:
        print(f"Callboard is at {listener} (Ctrl-C stops it)", flush=True)  # noqa: T201
