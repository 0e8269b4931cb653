"""What a run has found: as a table for people, and as JSON for `bench/compare`."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from bench.budgets import Results, boards, verdicts
from bench.processes import ROOT

RESULTS = ROOT / "bench" / "results"

Machine = dict[str, Any]


def machine() -> Machine:
    """What it was measured on, and how busy that was with other things."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return {
        "at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        "commit": commit.stdout.strip(),
        "processor": _processor(),
        "cores": psutil.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "load_before": os.getloadavg()[0],
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.processor()


def write(file: Path, about: Machine, results: Results) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = {key: {name: round(value, 4) for name, value in figures.items()}
            for key, figures in results.items()}  # fmt: skip
    file.write_text(json.dumps({"machine": about, "results": rows}, indent=1) + "\n")


def read(file: Path) -> tuple[Machine, Results]:
    kept = json.loads(file.read_text())
    return kept["machine"], kept["results"]


def show(about: Machine, results: Results) -> None:
    """Everything on the terminal: a row each, then the budgets."""
    print(f"\n{', '.join(f'{name} {value}' for name, value in about.items())}")
    for board in boards(results):
        print(f"\n== {board} tickets")
        _show_board(board, results)
    print("\n== budgets")
    rows = [
        (each.board, each.what, each.target, each.measured, "ok" if each.holds else "OPEN")
        for each in verdicts(results)
    ]
    print_table([("board", "what", "target", "measured", ""), *rows])


def _show_board(board: str, results: Results) -> None:
    """Rows with the same figures stand in one table."""
    kinds: dict[tuple[str, ...], list[str]] = {}
    for key, figures in results.items():
        if key.startswith(f"{board}/"):
            kinds.setdefault(tuple(figures), []).append(key)
    for names, keys in kinds.items():
        table = [("", *(name.replace("_", " ") for name in names))]
        table += [
            (key.removeprefix(f"{board}/"), *(number(value) for value in results[key].values()))
            for key in keys
        ]
        print()
        print_table(table)


def number(value: float) -> str:
    """Three digits that count."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.2f}" if value < 10 else f"{value:.1f}"


def print_table(rows: Sequence[Iterable[str]]) -> None:
    """The first column to the left, numbers to the right."""
    cells = [list(row) for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(*cells, strict=True)]
    are_words = [not all(cell[:1].isdigit() for cell in column[1:])
                 for column in zip(*cells, strict=True)]  # fmt: skip
    for row in cells:
        line = [
            cell.ljust(width) if is_word else cell.rjust(width)
            for cell, width, is_word in zip(row, widths, are_words, strict=True)
        ]
        print("  ".join(line).rstrip())
