"""Compiled templates are kept in the instance folder, and never stand in a page's way."""

from __future__ import annotations

import pytest

from app import create_app
from app.settings.board import load_settings

TEMPLATE = "macros/icons.html"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "instance" / "templates"


@pytest.fixture
def templates(folder):
    """The templates of an application that has just started, as often as it is asked for."""

    def start():
        instance = folder.parent
        url = f"sqlite:///{instance}/board.db"
        return create_app(load_settings(database_url=url, instance_path=instance)).jinja_env

    return start


def cannot_compile(*_args, **_options):
    raise AssertionError("it was compiled before")


def test_what_one_process_has_compiled_the_next_one_reads(templates, monkeypatch):
    templates().get_template(TEMPLATE)

    started = templates()
    monkeypatch.setattr(started, "compile", cannot_compile)

    assert started.get_template(TEMPLATE)


def test_a_file_that_was_cut_off_is_made_anew(templates, folder, monkeypatch):
    templates().get_template(TEMPLATE)
    (file,) = (file for file in folder.iterdir() if file.stat().st_size)
    whole = file.read_bytes()
    for length in (0, 20, len(whole) // 2):
        file.write_bytes(whole[:length])

        assert templates().get_template(TEMPLATE)
        assert file.read_bytes() == whole


def test_a_folder_that_others_can_write_to_is_left_alone(templates, folder):
    templates()
    folder.chmod(0o777)

    assert templates().bytecode_cache is None
    assert templates().get_template(TEMPLATE)
    assert list(folder.iterdir()) == []


def test_without_a_folder_templates_are_compiled_each_time(templates, folder):
    folder.parent.mkdir(mode=0o700)
    folder.write_text("in the way")

    assert templates().get_template(TEMPLATE)


def test_a_folder_that_goes_away_keeps_no_page_from_being_drawn(templates, folder):
    started = templates()
    folder.rmdir()

    assert started.get_template(TEMPLATE)
