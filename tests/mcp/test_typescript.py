"""The TypeScript SDKs against a real server: the one of the handshake, and the current one."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent / "ts"
NPM, NODE = shutil.which("npm"), shutil.which("node")
INSTALL = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (NPM and NODE), reason="NO NPM: the TypeScript SDKs of MCP aren't tried; install node"
    ),
]


@pytest.fixture(scope="module")
def scripts(pytestconfig: pytest.Config) -> Path:
    """The script with both SDKs beside it, which stay there for later runs."""
    lock = sha256((SOURCE / "package-lock.json").read_bytes()).hexdigest()
    folder = pytestconfig.cache.mkdir(f"mcp-{lock[:16]}")
    shutil.copytree(
        SOURCE, folder, ignore=shutil.ignore_patterns("node_modules"), dirs_exist_ok=True
    )
    # npm writes this when all else is in its place.
    if not (folder / "node_modules" / ".package-lock.json").exists():
        done = subprocess.run(
            [NPM or "npm", *INSTALL],
            check=False,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        if done.returncode:
            pytest.skip(f"NO SDK: npm couldn't install the TypeScript SDKs: {done.stderr[-500:]}")
    return folder


@pytest.mark.parametrize(
    ("generation", "protocol"), [("sdk", "2025-11-25"), ("client", "2026-07-28")]
)
def test_a_ticket_is_brought_to_its_end(
    scripts: Path, address: tuple[str, str], generation: str, protocol: str
) -> None:
    url, secret = address
    done = subprocess.run(
        [NODE or "node", "crew.mjs", url, generation, f"acme/{generation}"],
        check=False,
        cwd=scripts,
        env={**os.environ, "CALLBOARD_TOKEN": secret},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["protocol"] == protocol
    assert told["situation"] == "completed"
    assert told["comments"] == ["It is kept.", "Good."]
    assert told["prompts"] == ["coordinator", "worker"]
