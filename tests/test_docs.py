"""The README tells the truth about what can be checked."""

from __future__ import annotations

import re
from pathlib import Path

import click

from app.cli import callboard
from app.settings.board import ENV_PREFIX, Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def test_readme_lists_every_setting_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `CALLBOARD_(\w+)` \| [^|]+ \| (.+) \|$", README, re.MULTILINE))
    assert rows == {
        name.upper(): field.description for name, field in Settings.model_fields.items()
    }
    assert ENV_PREFIX == "CALLBOARD_"


def test_every_link_in_the_docs_leads_to_a_file() -> None:
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", page.read_text("utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_readme_names_only_commands_that_exist() -> None:
    named = {line.split()[1] for line in re.findall(r"`(callboard [a-z-]+)", README)}
    assert named <= set(callboard.list_commands(click.Context(callboard)))


def test_every_picture_is_shown_somewhere() -> None:
    pages = [README, *(page.read_text("utf-8") for page in (ROOT / "docs").glob("*.md"))]
    shown = {name for page in pages for name in re.findall(r"pictures/([\w.-]+)\)", page)}
    assert {each.name for each in (ROOT / "docs" / "pictures").iterdir()} == shown
