"""`python -m bench`: measure, show, and keep the results. See bench/README.md."""

from __future__ import annotations

import argparse
import os
import time
from datetime import datetime
from pathlib import Path

from bench import report
from bench.budgets import Results
from bench.fill.databases import DATA, board, open_backend, say
from bench.measures import MEASURES
from bench.run import Run

SIZES = {"1k": 1_000, "10k": 10_000, "100k": 100_000, "1m": 1_000_000}
DATABASES = ("sqlite", "postgresql")


def main() -> None:
    """Measure what the command line asks for."""
    asked = arguments()
    about = report.machine()
    names = asked.measures or [measure.name for measure in MEASURES]
    file = asked.output or report.RESULTS / f"{datetime.now().astimezone():%Y-%m-%d-%H%M}.json"
    results: Results = report.read(file)[1] if file.exists() else {}
    for kind in asked.databases:
        backend = open_backend(kind)
        has_statistics = {"yes": True, "no": False}.get(asked.statistics, kind == "postgresql")
        for size in (SIZES[name] for name in asked.sizes):
            with board(backend, size, with_statistics=has_statistics) as one:
                run = Run(backend, one, asked.quick, asked.trackers, dict(results))
                for measure in MEASURES:
                    is_wanted = measure.name in names and size <= measure.largest
                    if is_wanted and (measure.is_quick or not asked.quick):
                        began = time.monotonic()
                        measure.measure(run)
                        took = time.monotonic() - began
                        say(f"{kind}, {size:,}: {measure.name} took {took:.0f} s")
                        # What is done stays, whatever becomes of the rest.
                        report.write(file, about, run.results)
                results = run.results
    about["load_after"] = os.getloadavg()[0]
    about["statistics"] = asked.statistics
    report.write(file, about, results)
    report.show(about, results)
    print(f"\nKept in {file}")


def arguments() -> argparse.Namespace:
    """What to measure: all of it, unless something is said."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="main pages and claims: 10k, SQLite")
    parser.add_argument("--sizes", type=words(tuple(SIZES)), help="by comma: 10k,100k,1m")
    parser.add_argument("--databases", type=words(DATABASES), help="by comma: sqlite,postgresql")
    parser.add_argument(
        "--statistics",
        choices=("default", "yes", "no"),
        default="default",
        help="whether ANALYZE has run; by default on PostgreSQL only, as in real life",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="where the JSON goes; what is in it stays"
    )
    parser.add_argument(
        "--trackers",
        type=Path,
        metavar="FOLDER",
        default=DATA / "trackers",
        help="where Roundup and Trac are installed and filled, and kept: %(default)s",
    )
    parser.add_argument(
        "measures", nargs="*", metavar="MEASURE", help=", ".join(each.name for each in MEASURES)
    )
    asked = parser.parse_args()
    asked.sizes = asked.sizes or (["10k"] if asked.quick else ["10k", "100k", "1m"])
    asked.databases = asked.databases or (["sqlite"] if asked.quick else list(DATABASES))
    if unknown := set(asked.measures) - {each.name for each in MEASURES}:
        parser.error(f"there is no measure {', '.join(sorted(unknown))}")
    return asked


class words:  # noqa: N801 - it reads as the type of an argument
    """Some of the known words, by comma."""

    def __init__(self, known: tuple[str, ...]) -> None:
        self.known = known

    def __call__(self, text: str) -> list[str]:
        given = text.split(",")
        if not set(given) <= set(self.known):
            raise argparse.ArgumentTypeError(f"choose of {', '.join(self.known)}")
        return given


if __name__ == "__main__":
    main()
