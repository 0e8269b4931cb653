"""The board's figures in Prometheus's terms."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import version
from platform import python_version

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from app.models.worker import STATUSES
from app.queries.metrics import Figures
from app.queries.queues import Queue

QUEUE_LABELS = ("project", "worker_type")


class Board(Collector):
    """The figures of one moment; `database` is its kind."""

    def __init__(self, figures: Figures, database: str) -> None:
        self.figures, self.database = figures, database

    def collect(self) -> Iterator[Metric]:
        """The families, each whole: a queue that is empty says 0."""
        yield self._build()
        yield self._depths()
        yield self._oldest()
        yield CounterMetricFamily(
            "callboard_claims",
            "Stage runs ever begun: claims of workers, and what people decided themselves.",
            self.figures.claims,
        )
        yield self._outcomes()
        yield CounterMetricFamily(
            "callboard_leases_expired",
            "Runs whose worker fell silent until the lease was over.",
            self.figures.outcomes["expired"],
        )
        yield self._workers()

    def _build(self) -> Metric:
        info = GaugeMetricFamily(
            "callboard_build_info",
            "Always 1; its labels say what runs here.",
            labels=("version", "python", "database"),
        )
        info.add_metric((version("callboard"), python_version(), self.database), 1)
        return info

    def _depths(self) -> Metric:
        depths = GaugeMetricFamily(
            "callboard_queue_tickets",
            "Open tickets by the queue they stand in, and why they do; each up to 1,000, and where"
            " there are more than ten queues less far, but up to 100 at least.",
            labels=(*QUEUE_LABELS, "situation"),
        )
        for queue in self.figures.queues:
            for word, number in queue.depth.items():
                depths.add_metric((*_labels(queue), word), number)
        return depths

    def _oldest(self) -> Metric:
        waits = GaugeMetricFamily(
            "callboard_queue_oldest_wait_seconds",
            "How long the ticket has waited that is ready, or waits for a person, the longest.",
            labels=QUEUE_LABELS,
        )
        for queue in self.figures.queues:
            waits.add_metric(_labels(queue), max(0.0, queue.oldest_wait_seconds or 0.0))
        return waits

    def _outcomes(self) -> Metric:
        runs = CounterMetricFamily(
            "callboard_stage_runs_finished",
            "Stage runs that are over, by how they ended.",
            labels=("outcome",),
        )
        for outcome, count in self.figures.outcomes.items():
            runs.add_metric((outcome,), count)
        return runs

    def _workers(self) -> Metric:
        workers = GaugeMetricFamily(
            "callboard_workers",
            "Workers that the board knows, by status.",
            labels=("project", "status"),
        )
        for project in sorted({project for project, _ in self.figures.workers}):
            for status in STATUSES:
                workers.add_metric(
                    (project, status), self.figures.workers.get((project, status), 0)
                )
        return workers


def _labels(queue: Queue) -> tuple[str, str]:
    return queue.project_id, queue.worker_type
