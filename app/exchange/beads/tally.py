"""What an import read, made and left out, so that nothing is lost without a word."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
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
