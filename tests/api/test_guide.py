"""docs/api.md: every example works, in its order, on an empty board."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from app.api.docs import page
from app.db.base import db
from app.models import ApiToken
from app.settings.board import ROOT
from tests.factories import ANN
from tests.serving import BoardServer

GUIDE = (ROOT / "docs" / "api.md").read_text("utf-8")


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("curl"), reason="NO CURL: the examples can't be tried")
def test_every_example_of_the_guide_works(
    new_database: Callable[[str], str], make_app: Callable[..., Flask], tmp_path: Path
) -> None:
    app = make_app(new_database("sqlite"))
    with app.app_context():
        _, secret = ApiToken.issue(
            db.session(), name="coordinator", scopes=["plan", "work"], actor=ANN
        )
        db.session.commit()
    script = "\n".join(re.findall(r"^```sh\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL))
    assert script.count("call ") > 30
    with BoardServer(app, tmp_path) as server:
        found = subprocess.run(
            ["bash", "-eux", "-c", script],
            check=False,
            env={"PATH": "/usr/bin:/bin", "URL": server.url, "TOKEN": secret},
            capture_output=True,
            text=True,
            timeout=120,
        )
    assert found.returncode == 0, found.stdout[-1000:] + found.stderr[-2000:]
    assert '"outcome":"completed"' in found.stdout


def test_the_examples_of_the_page_can_be_pasted_into_a_shell(migrated_app: Flask) -> None:
    for entries in page().sections.values():
        for entry in entries:
            assert entry.example.startswith("curl"), entry.name
            subprocess.run(["bash", "-n", "-c", entry.example], check=True)
