"""A backup or restore that was killed leaves a copy of the whole board: the next one removes it."""

from __future__ import annotations

import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from app.upkeep.files import drafting
from tests.boards import ON_POSTGRESQL, ON_SQLITE, command, url_of
from tests.processes import FORKING, PATIENCE


@contextmanager
def process_with_a_draft(place):
    """A real process in the midst of writing to a place, and its draft; killed in the end."""
    told, telling = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=hold_a_draft, args=(place, telling))
    process.start()
    yield told.recv()
    process.kill()
    process.join()
    told.close()
    telling.close()


def hold_a_draft(place, telling):
    with drafting(Path(place)) as draft:
        draft.write_bytes(b"SQLite format 3")
        Path(f"{draft}-journal").write_bytes(b"all that a board holds")
        telling.send(draft)
        time.sleep(PATIENCE)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "backups"
    made.mkdir()
    return made


def names(folder):
    return sorted(file.name for file in folder.iterdir())


@ON_SQLITE
def test_the_next_backup_removes_what_a_killed_one_left(app, folder):
    with process_with_a_draft(folder / "monday.db"):
        pass
    assert len(names(folder)) == 2

    assert command(app, "backup", folder / "tuesday.db").exit_code == 0

    assert names(folder) == ["tuesday.db"]


@ON_SQLITE
def test_a_draft_that_a_process_holds_is_left_alone(app, folder):
    with process_with_a_draft(folder / "monday.db") as draft:
        held = names(folder)
        assert command(app, "backup", folder / "tuesday.db").exit_code == 0

        assert names(folder) == [*held, "tuesday.db"]
        assert Path(draft).exists()


@ON_SQLITE
def test_the_next_backup_removes_what_a_killed_restore_left_beside_the_database(app, folder):
    database = url_of(app).removeprefix("sqlite:///")
    with process_with_a_draft(database) as draft:
        pass
    assert Path(draft).exists()

    assert command(app, "backup", folder / "board.db").exit_code == 0

    assert not Path(draft).exists()
    assert Path(database).exists()


@ON_POSTGRESQL
def test_the_next_restore_removes_what_a_killed_one_left_among_temporary_files(
    app, folder, monkeypatch
):
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    file = folder / "board.db"
    assert command(app, "backup", file).exit_code == 0
    with process_with_a_draft(folder / "older.db"):
        pass

    assert command(app, "restore", file).exit_code == 0

    assert names(folder) == ["board.db"]


@ON_SQLITE
def test_files_of_others_are_left_alone(app, folder, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (folder / ".link.callboard-draft").symlink_to(precious)
    (folder / ".folder.callboard-draft").mkdir()
    (folder / ".letter.draft").write_text("precious")
    there = names(folder)

    assert command(app, "backup", folder / "board.db").exit_code == 0

    assert names(folder) == [*there, "board.db"]
    assert precious.read_text() == "precious"
