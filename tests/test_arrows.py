"""The arrows of the architecture: imports point inward (the contracts are in pyproject.toml)."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINT_IMPORTS = str(Path(sys.executable).with_name("lint-imports"))

A_MODEL_THAT_KNOWS_THE_REQUEST = "from flask import request\n"
A_MODEL_THAT_KNOWS_THE_PAGES = "import app.web\n"


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [LINT_IMPORTS, "--no-logo", "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_imports_point_inward():
    done = lint_imports(ROOT)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("addition", [A_MODEL_THAT_KNOWS_THE_REQUEST, A_MODEL_THAT_KNOWS_THE_PAGES])
def test_an_import_that_points_outward_is_noticed(tmp_path, addition):
    copy = tmp_path / "checkout"
    shutil.copytree(ROOT / "app", copy / "app", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    with (copy / "app" / "models" / "label.py").open("a") as model:
        model.write(addition)

    done = lint_imports(copy)

    assert done.returncode == 1
    assert "app.models.label" in done.stdout
