"""What the lock files name can be installed wherever Callboard may."""

from __future__ import annotations

import re
from importlib.metadata import metadata

import pytest
from packaging.specifiers import SpecifierSet

from tests.processes import ROOT

OLDEST_PYTHON = "3.11.0"


@pytest.mark.parametrize("file", sorted(ROOT.glob("requirements*.txt")), ids=lambda file: file.name)
def test_each_library_takes_the_oldest_python_that_callboard_takes(file) -> None:
    names = re.findall(r"^([\w.-]+)==", file.read_text("utf-8"), re.MULTILINE)
    needed = {name: metadata(name)["Requires-Python"] or "" for name in names}

    assert names
    assert [
        f"{name}: {asked}"
        for name, asked in needed.items()
        if not SpecifierSet(asked).contains(OLDEST_PYTHON)
    ] == []
