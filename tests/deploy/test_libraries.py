"""What gunicorn's master loads for its workers: libraries that a fork may share, and no more."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.processes import ROOT

LOADED = """
import json, runpy, sys, threading
runpy.run_path("deploy/gunicorn.conf.py")
print(json.dumps([list(sys.modules), threading.active_count()]))
"""


def test_the_master_holds_libraries_but_none_of_the_boards_code():
    """A reload brings new code only while the master has none."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED], cwd=ROOT, capture_output=True, text=True, check=True
    )

    modules, threads = json.loads(done.stdout)
    assert {"flask", "pydantic", "sqlalchemy.orm"} <= set(modules)
    assert [name for name in modules if name.partition(".")[0] == "app"] == []
    assert threads == 1, "a fork would not take the others along"
