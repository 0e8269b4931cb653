"""What gunicorn's master loads for its workers: what a fork may share, and no more."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys

import httpx

from tests.processes import PATIENCE, ROOT, free_port, until

LOADED = """
import json, os, runpy, sys, threading
runpy.run_path("deploy/gunicorn.conf.py")
opened = [os.readlink(f"/proc/self/fd/{each}") for each in os.listdir("/proc/self/fd")[3:-1]]
print(json.dumps([list(sys.modules), threading.active_count(), opened]))
"""


def test_the_master_holds_what_is_defined_and_nothing_that_is_open():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )

    modules, threads, opened = json.loads(done.stdout)
    assert {"flask", "pydantic", "sqlalchemy.orm", "app.models", "app.operations"} <= set(modules)
    assert {"app.wsgi", "app.web", "app.observability.metrics"}.isdisjoint(modules)
    assert threads == 1, "a fork would not take the others along"
    assert [path for path in opened if not path.startswith("pipe:")] == []


def test_a_reload_brings_new_code(tmp_path, database):
    (tmp_path / "instance").mkdir()
    shutil.copy(database, tmp_path / "instance" / "callboard.db")
    for folder in ("app", "deploy"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    for name in ("migrations", "static", "templates"):
        (tmp_path / name).symlink_to(ROOT / name)
    callers = tmp_path / "app" / "callers.py"
    address = f"127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "gunicorn", "--config", "deploy/gunicorn.conf.py"]
    environment = os.environ | {"CALLBOARD_INSTANCE_PATH": str(tmp_path / "instance")}
    master = subprocess.Popen(
        [*command, "--bind", address, "app.wsgi:app"], cwd=tmp_path, env=environment
    )

    def says(words):
        try:
            return words in httpx.get(f"http://{address}/api/v1/tickets").json()["detail"]
        except httpx.TransportError:
            return False

    try:
        until(lambda: says("This needs a token"))
        callers.write_text(callers.read_text("utf-8").replace("This needs a token", "No token"))
        master.send_signal(signal.SIGHUP)
        until(lambda: says("No token"))
        callers.write_text("this is no Python")
        master.send_signal(signal.SIGHUP)
        assert master.wait(PATIENCE), "no worker can start"
    finally:
        master.kill()
        master.wait()
