"""The systemd units: systemd itself finds no fault in them, and says how little they may do."""

from __future__ import annotations

import os
import re
import shutil
import subprocess

import pytest

from tests.processes import ROOT

UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSURE = 1.5
"""systemd's own figure, from 0 to 10; below 2 it calls a service OK."""


@pytest.fixture(scope="session")
def analyze():
    """`analyze("verify", …)`: systemd's own check of units."""
    found = shutil.which("systemd-analyze")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("CI must check the units: install Debian's systemd")
        pytest.skip("NO SYSTEMD: the units aren't checked; install Debian's systemd")

    def run(*arguments):
        return subprocess.run(
            [found, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
        )

    return run


def test_systemd_finds_no_fault_in_the_units(analyze, tmp_path):
    check(analyze, tmp_path, {unit.name: unit.read_text("utf-8") for unit in UNITS.iterdir()})


def test_systemd_finds_no_fault_in_the_runners_unit(analyze, tmp_path):
    guide = (ROOT / "docs" / "agents.md").read_text("utf-8")
    pattern = r"^```ini\n# \S+/(callboard-crew.service)\n(.*?)^```"
    (unit,) = re.findall(pattern, guide, re.MULTILINE | re.DOTALL)

    check(analyze, tmp_path, {unit[0]: unit[1]})


@pytest.mark.parametrize("service", SERVICES, ids=lambda path: path.name)
def test_a_service_may_do_little(analyze, service):
    shown = analyze("security", "--offline=true", service).stdout

    (exposure,) = re.findall(r"Overall exposure level for \S+: ([\d.]+)", shown)
    assert float(exposure) < MOST_EXPOSURE, shown


def test_the_services_share_one_sandbox():
    sandboxes = {
        service.read_text("utf-8").partition("NoNewPrivileges=")[2].partition("\n\n")[0].strip()
        for service in SERVICES
    }

    assert len(sandboxes) == 1
    assert "SystemCallFilter" in sandboxes.pop()


def check(analyze, tmp_path, units):
    """Let systemd check units as if their programs were there."""
    files = []
    for name, text in units.items():
        text = text.replace("/opt/callboard/bin/callboard", "/bin/true")
        files.append(tmp_path / name)
        files[-1].write_text(text, "utf-8")
    done = analyze("verify", "--man=no", *files)

    assert done.returncode == 0, done.stderr
    assert not [line for line in done.stderr.splitlines() if "callboard" in line], done.stderr
