"""What operators do: start, import, back up, copy."""

from __future__ import annotations

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from statistics import median

from bench.fill import databases
from bench.measures.pages import PAGES
from bench.processes import CALLBOARD, FLOOR, measured
from bench.run import Run, signed_in

STARTS = 3
IMPORTED = 100_000


def measure_start(run: Run) -> None:
    """From the start of the process to its first answer; then the first request of each page."""
    for app, name in ((CALLBOARD, "process"), (FLOOR, "floor")):
        seconds = []
        for _ in range(STARTS):
            with run.serving(app) as server:
                seconds.append(server.seconds_to_ready)
        run.note(f"{name}/start to ready", seconds=median(seconds))
    with run.serving(workers=1) as server:
        browser = signed_in(server)
        for page in PAGES:
            if page.is_main and not page.is_of_programs:
                began = time.perf_counter()
                browser.get(page.path)
                took = 1000 * (time.perf_counter() - began)
                run.note(f"first request/{page.name}", ms=took)


def measure_help(run: Run) -> None:
    """What a command costs that does nothing."""
    spent = [measured(run.board.url, "--help") for _ in range(STARTS)]
    run.note(
        "command/callboard --help",
        seconds=median(each.seconds for each in spent),
        mib=max(each.peak for each in spent),
    )


def measure_import(run: Run) -> None:
    """Records of the Beads tracker, into an empty board."""
    records = min(run.board.size, IMPORTED)
    file = databases.DATA / "beads.jsonl"
    write_beads(file, records)
    with databases.board(run.backend, 0, with_statistics=False, copy="empty") as empty:
        spent = measured(empty.url, "import", "beads", str(file), "--project", "bench/beads")
    file.unlink()
    run.note(
        f"command/import {records:,} records",
        seconds=spent.seconds,
        cpu_s=spent.cpu,
        mib=spent.peak,
    )


def write_beads(file: Path, records: int) -> None:
    """A Beads export in which each issue belongs to an epic, and many wait for another."""
    with file.open("w") as stream:
        for number in range(records):
            at = f"2025-{1 + number % 12:02}-{1 + number % 28:02}T09:00:00Z"
            epic = number - number % 20
            links = [("parent-child", epic)] if number % 20 else []
            links += [("blocks", number - 1)] if number % 20 > 1 and number % 3 == 0 else []
            is_closed = number % 10 < 7
            record = {
                "id": f"kb-{number}",
                "title": f"Print label {number} for the parcel",
                "description": "Readers who can't come get a parcel. " * 8,
                "status": "closed" if is_closed else "open",
                "priority": number % 4,
                "issue_type": "task" if number % 20 else "epic",
                "labels": [f"label-{number % 30}"],
                "created_at": at,
                "updated_at": at,
                **({"closed_at": at, "close_reason": "Done"} if is_closed else {}),
                "dependencies": [
                    {"issue_id": f"kb-{number}", "depends_on_id": f"kb-{other}", "type": kind}
                    for kind, other in links
                ],
            }
            stream.write(json.dumps(record) + "\n")


def measure_backup(run: Run) -> None:
    """The whole board to a file."""
    file = databases.DATA / "backup.db"
    spent = measured(run.board.url, "backup", str(file), "--force")
    run.note(
        "command/backup", seconds=spent.seconds, cpu_s=spent.cpu, mib=spent.peak,
        file_mib=file.stat().st_size / 2**20, rows=rows_in(file),
    )  # fmt: skip
    file.unlink()


def rows_in(backup: Path) -> int:
    """How many rows a backup has, but for those of the index of texts."""
    with closing(sqlite3.connect(backup)) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'search%'"
        ).fetchall()
        counts = [connection.execute(f'SELECT count(*) FROM "{name}"') for (name,) in names]
        return sum(count.fetchone()[0] for count in counts)


def measure_copy(run: Run) -> None:
    """The whole board to another database of the same kind."""
    target = run.backend.make("target")
    try:
        spent = measured(run.board.url, "copy-database", run.board.url, target)
        run.note("command/copy", seconds=spent.seconds, cpu_s=spent.cpu, mib=spent.peak)
    finally:
        run.backend.drop("target")
