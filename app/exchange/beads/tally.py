"""What an import read, made and left out, so that nothing is lost without a word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from app.values import immutable

Section = tuple[str, int, list[tuple[str, int]]]
"""A heading, its number, and what that is made of."""


@immutable
class Remark:
    """Something about one line of the file that a person should know."""

    line: int
    text: str


@dataclass(slots=True)
class Tally:
    """The counts of one import. Each `Counter` is keyed by the words that a person reads."""

    records: int = 0
    bad_lines: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)
    project_made: bool = False
    worker_types_made: list[str] = field(default_factory=list)
    tickets: Counter[str] = field(default_factory=Counter)
    records_skipped: Counter[str] = field(default_factory=Counter)
    links: Counter[str] = field(default_factory=Counter)
    links_skipped: Counter[str] = field(default_factory=Counter)
    comments: int = 0
    comments_skipped: Counter[str] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    fields_left_out: Counter[str] = field(default_factory=Counter)

    @property
    def has_changed_nothing(self) -> bool:
        """Whether the board is as it was before."""
        return not (self.tickets.total() or self.links.total())

    def sections(self) -> Iterator[Section]:
        """All counts, as a person reads them: every line of the file is in one of them."""
        yield "Records read", self.records, []
        yield _section("Tickets made", self.tickets)
        yield _section("Records skipped", self.records_skipped)
        yield _section("Links made", self.links)
        yield _section("Links skipped", self.links_skipped)
        yield "Comments made", self.comments, []
        if self.comments_skipped.total():
            yield _section("Comments skipped", self.comments_skipped)
        if self.changed.total():
            yield _section("Texts changed to fit", self.changed)
        if self.fields_left_out:
            yield _section("Fields left out", self.fields_left_out)
        if self.warnings:
            yield "Warnings", len(self.warnings), []
        yield "Bad lines", len(self.bad_lines), []


def _section(heading: str, counts: Counter[str]) -> Section:
    return heading, counts.total(), [each for each in counts.most_common() if each[1]]
