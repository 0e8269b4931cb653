"""What the runs of each worker type took, and how many were in vain."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable
from typing import TypeVar

from app.queries.statistics.percentiles import Spread, spread_of
from app.queries.statistics.runs import RunGroup
from app.values import immutable

Key = TypeVar("Key", bound=Hashable)


@immutable
class StageTime:
    """How long tickets waited for a worker type, and how long it worked at one: its completed
    runs. People's stages have no `working`: nobody tells when they began."""

    worker_type: str
    is_person: bool
    waiting: Spread
    working: Spread


@immutable
class Rework:
    """What became of the runs of a worker type, or of one version of its prompt.

    `redone`: completed, but done again because a later stage, or someone, sent the ticket back.
    `returned`: it sent a ticket back itself, which is its work and no fault of its own.
    """

    worker_type: str
    prompt_version: int | None
    runs: int
    redone: int
    failed: int
    expired: int
    returned: int

    @property
    def in_vain(self) -> int:
        """Runs whose work was lost."""
        return self.redone + self.failed + self.expired

    def share(self, number: int) -> float:
        """Of its runs, from 0 to 1."""
        return number / self.runs if self.runs else 0.0


def stage_times(runs: Iterable[RunGroup]) -> list[StageTime]:
    """By worker type; what takes longest at the median comes first."""
    completed = (group for group in runs if group.outcome in ("completed", "returned"))
    found = [
        StageTime(
            name,
            is_person,
            spread_of([seconds for group in groups for seconds in group.waited]),
            spread_of([seconds for group in groups for seconds in group.worked]),
        )
        for (name, is_person), groups in _by(
            completed, lambda one: (one.worker_type, one.is_person)
        )
    ]
    return sorted(found, key=lambda one: (-_total(one), one.worker_type))


def _total(stage: StageTime) -> float:
    return (stage.waiting.median or 0.0) + (stage.working.median or 0.0)


def rework(runs: Iterable[RunGroup]) -> list[Rework]:
    """By worker type, the one with most runs in vain first."""
    found = [
        _rework(name, None, groups)
        for name, groups in _by(_reported(runs), lambda one: one.worker_type)
    ]
    return sorted(found, key=lambda one: (-one.share(one.in_vain), one.worker_type))


def rework_by_prompt(runs: Iterable[RunGroup]) -> list[Rework]:
    """By worker type and version of its prompt, newest first."""
    by_version = _by(_reported(runs), lambda one: (one.worker_type, one.prompt_version))
    found = [_rework(name, version, groups) for (name, version), groups in by_version]
    return sorted(found, key=lambda one: (one.worker_type, -(one.prompt_version or 0)))


def _reported(runs: Iterable[RunGroup]) -> Iterable[RunGroup]:
    """Those of workers that came to an end of their own: what was taken back says nothing."""
    return (group for group in runs if not group.is_person and group.outcome != "released")


def _rework(name: str, version: int | None, groups: list[RunGroup]) -> Rework:
    ended = Counter[str]()
    for group in groups:
        ended[group.outcome] += group.number
    return Rework(
        name,
        version,
        runs=ended.total(),
        redone=sum(group.number for group in groups if group.is_redone),
        failed=ended["failed"],
        expired=ended["expired"],
        returned=ended["returned"],
    )


def _by(
    runs: Iterable[RunGroup], key: Callable[[RunGroup], Key]
) -> Iterable[tuple[Key, list[RunGroup]]]:
    found: defaultdict[Key, list[RunGroup]] = defaultdict(list)
    for group in runs:
        found[key(group)].append(group)
    return found.items()
