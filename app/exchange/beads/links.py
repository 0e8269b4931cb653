"""Which links between records become parents and dependencies, and why the others don't."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from app.exchange.beads.record import TOMBSTONE, Line, Link, Record
from app.exchange.beads.tally import Tally


@dataclass(slots=True)
class Place:
    """Where a record stands on the board: its ticket, made now or by an earlier import."""

    ticket_id: str
    is_new: bool
    is_closed: bool
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Dependency:
    """A ticket that waits for another."""

    ticket_id: str
    blocker: Place
    created_at: datetime | None


@dataclass(slots=True)
class Links:
    """The links to make. Whoever takes each must keep both ends on the board."""

    places: dict[str, Place]
    tally: Tally
    waits_for: dict[str, set[str]]
    parent_of: dict[str, str]
    new_parents: dict[str, str] = field(default_factory=dict)
    dependencies: list[Dependency] = field(default_factory=list)

    def resolve(self, lines: Sequence[Line]) -> None:
        """Sort every link of the records into those to make and those that are counted only."""
        deleted = {line.record.id for line in lines if line.record.status == TOMBSTONE}
        for line in lines:
            for link in line.record.dependencies:
                if why := self._refusal(line.record, link, deleted) or self._take(
                    line.record, link
                ):
                    self.tally.links_skipped[why] += 1

    def _refusal(self, record: Record, link: Link, deleted: set[str]) -> str | None:
        if record.id not in self.places:
            return "of a record that was skipped"
        if link.type not in ("blocks", "parent-child"):
            return f"{link.type[:40]}: no such link on the board"
        target = link.depends_on_id.strip()
        if target == record.id:
            return "to the record itself"
        if target in deleted:
            return "to a record that was skipped"
        if target not in self.places:
            return "to a record that is missing"
        if not (self.places[record.id].is_new or self.places[target].is_new):
            return "between tickets that were here already"
        return None

    def _take(self, record: Record, link: Link) -> str | None:
        here, there = self.places[record.id], self.places[link.depends_on_id.strip()]
        if link.type == "blocks":
            return self._wait(here, there, link.created_at)
        return self._adopt(here, there)

    def _wait(self, here: Place, there: Place, created_at: datetime | None) -> str | None:
        if there.ticket_id in self.waits_for[here.ticket_id]:
            return "there already"
        if self._reaches(there.ticket_id, here.ticket_id):
            return "would close a circle of tickets that wait for each other"
        self.waits_for[here.ticket_id].add(there.ticket_id)
        self.dependencies.append(Dependency(here.ticket_id, there, created_at))
        self.tally.links["blocks → waits for"] += 1
        return None

    def _adopt(self, here: Place, there: Place) -> str | None:
        if here.ticket_id in self.parent_of:
            return "to a second parent: a ticket has one"
        ancestor: str | None = there.ticket_id
        while ancestor:
            if ancestor == here.ticket_id:
                return "would make a ticket its own ancestor"
            ancestor = self.parent_of.get(ancestor)
        self.parent_of[here.ticket_id] = self.new_parents[here.ticket_id] = there.ticket_id
        self.tally.links["parent-child → parent"] += 1
        return None

    def _reaches(self, start: str, goal: str) -> bool:
        """Whether `start` waits for `goal`, directly or through others."""
        seen, ahead = {start}, [start]
        while ahead:
            ticket_id = ahead.pop()
            if ticket_id == goal:
                return True
            fresh = self.waits_for.get(ticket_id, set()) - seen
            seen |= fresh
            ahead.extend(fresh)
        return False


def edges(pairs: Iterable[tuple[str, str]]) -> defaultdict[str, set[str]]:
    """Who waits for whom, as `Links` follows it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for ticket_id, blocked_by_id in pairs:
        found[ticket_id].add(blocked_by_id)
    return found
