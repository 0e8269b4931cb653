"""What links between records become: parents, dependencies, related tickets; or why nothing."""

from __future__ import annotations

from collections.abc import Iterable

from app.exchange.beads.record import TOMBSTONE
from app.exchange.beads.staging import Staging
from app.exchange.beads.tally import Tally
from app.models.ticket.relations import as_pair

EVERY_LINK = """
    SELECT links.type, links.created_at, links.target = records.id, gone.id IS NOT NULL,
           here.ticket_id, there.ticket_id, here.is_new OR there.is_new
    FROM links CROSS JOIN records ON records.line = links.line
    LEFT JOIN records AS gone ON gone.id = links.target AND gone.status = ?
    LEFT JOIN places AS here ON here.record_id = records.id
    LEFT JOIN places AS there ON there.record_id = links.target
    ORDER BY links.rowid"""

REACHES = """
    WITH RECURSIVE ahead (ticket_id) AS (
      VALUES (?1) UNION
      SELECT blocked_by FROM ahead CROSS JOIN waits ON waits.ticket_id = ahead.ticket_id)
    SELECT count(*) FROM (SELECT 1 FROM ahead WHERE ticket_id = ?2 LIMIT 1)"""

BELONGS_TO = """
    WITH RECURSIVE above (ticket_id) AS (
      VALUES (?1) UNION
      SELECT parent_id FROM above CROSS JOIN parents ON parents.ticket_id = above.ticket_id)
    SELECT count(*) FROM (SELECT 1 FROM above WHERE ticket_id = ?2 LIMIT 1)"""


class Links:
    """Sorts links into those to make, which stand as new in the staging, and those that are
    counted only. Whoever makes them must keep both ends on the board."""

    def __init__(self, staging: Staging, tally: Tally) -> None:
        self._staging, self._tally = staging, tally

    def know(
        self, waits: Iterable[tuple[str, str]], parents: Iterable[tuple[str, str | None]]
    ) -> None:
        """What the board has: who waits for whom, and who is a part of what."""
        self._staging.store("INSERT INTO waits VALUES (?, ?, 0, NULL)", waits)
        self._staging.store("INSERT INTO parents VALUES (?, ?, 0)", parents)

    def resolve(self) -> None:
        """Every link of the records, in the order of the file."""
        for kind, created_at, is_own, is_to_gone, here, there, has_new_end in self._staging.execute(
            EVERY_LINK, (TOMBSTONE,)
        ):
            why = _refusal(here, there, is_own, is_to_gone, has_new_end)
            if why is None and kind == "blocks":
                why = self._wait(here, there, created_at)
            elif why is None and kind == "parent-child":
                why = self._adopt(here, there)
            elif why is None:
                why = self._relate(kind, here, there, created_at)
            if why:
                self._tally.links_skipped[why] += 1

    def _wait(self, here: str, there: str, created_at: str | None) -> str | None:
        if self._staging.count(
            "SELECT count(*) FROM waits WHERE ticket_id = ? AND blocked_by = ?", (here, there)
        ):
            return "there already"
        if self._staging.count(REACHES, (there, here)):
            return "would close a circle of tickets that wait for each other"
        self._staging.execute("INSERT INTO waits VALUES (?, ?, 1, ?)", (here, there, created_at))
        self._tally.links["blocks → waits for"] += 1
        return None

    def _adopt(self, here: str, there: str) -> str | None:
        if self._staging.count("SELECT count(*) FROM parents WHERE ticket_id = ?", (here,)):
            return "to a second parent: a ticket has one"
        if self._staging.count(BELONGS_TO, (there, here)):
            return "would make a ticket its own ancestor"
        self._staging.execute("INSERT INTO parents VALUES (?, ?, 1)", (here, there))
        self._tally.links["parent-child → parent"] += 1
        return None

    def _relate(self, kind: str, here: str, there: str, created_at: str | None) -> str | None:
        # Whatever the link meant there: here the two tickets lead to each other.
        pair = as_pair(here, there)
        added = self._staging.execute(
            "INSERT OR IGNORE INTO related VALUES (:ticket_id, :related_id, :created_at)",
            {**pair, "created_at": created_at},
        )
        if not added.rowcount:
            return "there already"
        self._tally.links[f"{kind[:40]} → related"] += 1
        return None


def _refusal(
    here: str | None,
    there: str | None,
    is_own: bool,
    is_to_gone: bool,
    has_new_end: bool,
) -> str | None:
    if here is None:
        return "of a record that was skipped"
    if is_own:
        return "to the record itself"
    if is_to_gone:
        return "to a record that was skipped"
    if there is None:
        return "to a record that is missing"
    if not has_new_end:
        return "between tickets that were here already"
    return None
