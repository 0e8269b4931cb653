"""A large file is imported in little memory."""

from __future__ import annotations

import json
import tracemalloc

from tests.boards import ON_SQLITE
from tests.exchange.conftest import count, record

pytestmark = ON_SQLITE

FEW, MANY = 1_000, 2_500


def test_memory_doesnt_grow_with_the_records(run, tmp_path):
    peak_of(run, tmp_path / "warm-up", 1)

    few, many = (peak_of(run, tmp_path / f"{number}", number) for number in (FEW, MANY))

    assert many - few < (MANY - FEW) * 100, f"{(many - few) / (MANY - FEW):.0f} bytes a record"


def peak_of(run, file, number):
    """The most that Python held while a file was imported, beyond what it held before."""
    with file.open("w") as stream:
        for n in range(number):
            parent = {"depends_on_id": f"{file.name}-{n - n % 20}", "type": "parent-child"}
            line = record(
                f"{file.name}-{n}",
                description="Readers who can't come get a parcel. " * 20,
                labels=["parcels", f"day-{n % 30}"],
                dependencies=[parent],
            )
            stream.write(f"{json.dumps(line)}\n")
    tracemalloc.start()
    try:
        result = run("import", "beads", file, "--project", "acme/books")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert count(result, "Tickets made") == number
    return peak
