"""The vendored scripts are exactly what their manifest says, each with its licence."""

import base64
import hashlib
import json
from pathlib import Path

import pytest

VENDOR = Path(__file__).parents[1] / "static" / "vendor"
LIBRARIES = json.loads((VENDOR / "manifest.json").read_text())["libraries"]
LICENCE_OPENINGS = {
    "0BSD": "Zero-Clause BSD",
    "MIT": "Permission is hereby granted, free of charge",
}

each_library = pytest.mark.parametrize("library", LIBRARIES, ids=lambda library: library["name"])


@each_library
def test_a_script_has_the_hashes_of_the_manifest(library):
    content = (VENDOR / library["file"]).read_bytes()

    assert hashlib.sha256(content).hexdigest() == library["sha256"]
    sha384 = base64.b64encode(hashlib.sha384(content).digest()).decode()
    assert f"sha384-{sha384}" == library["integrity"]


@each_library
def test_a_script_lives_in_a_folder_that_names_its_version(library):
    folder = f"{library['name']}-{library['version']}"

    assert Path(library["file"]).parent == Path(folder)
    assert Path(library["licence_file"]).parent == Path(folder)


@each_library
def test_a_script_comes_with_the_licence_the_manifest_names(library):
    text = (VENDOR / library["licence_file"]).read_text()

    assert LICENCE_OPENINGS[library["licence"]] in text


def test_every_vendored_file_is_in_the_manifest():
    listed = {"manifest.json"}
    for library in LIBRARIES:
        listed |= {library["file"], library["licence_file"]}

    found = {str(path.relative_to(VENDOR)) for path in VENDOR.rglob("*") if path.is_file()}

    assert found == listed
