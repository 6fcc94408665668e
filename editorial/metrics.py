"""`/metrics`: the state of the desk in the text format of Prometheus."""

from collections.abc import Iterator
from typing import ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.rights import MayUse
from editorial.request_times import collect_requests
from feedback.services.statistics.measures import DraftCounts, Measures, measure


class Metrics(APIView):
    """For Prometheus, with a token that may read metrics."""

    permission_classes = (MayUse,)
    required_scope: ClassVar = {"GET": "metrics:read"}

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        """Show the state of the desk."""
        registry = CollectorRegistry()
        registry.register(_Desk(measure()))
        collect_requests(registry)
        return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


class _Desk(Collector):
    """The measures as Prometheus names them: units in the name, counters end in _total."""

    def __init__(self, measures: Measures) -> None:
        self._measures = measures

    def collect(self) -> Iterator[Metric]:
        """Yield every metric that is the same whichever process is asked."""
        now = self._measures
        if now.drafts:
            yield from _draft_counts(now.drafts)
        yield CounterMetricFamily(
            "copydesk_drafts_ended", "Drafts that the drainers brought to an end.", now.ended
        )
        for name, says, value in (
            ("drafts_in_flight", "Drafts that are with a drainer.", now.drafts_leased),
            ("model_requests_in_flight", "At the drainers' last beat.", now.requests_in_flight),
            ("drainers", "Processes that draft.", now.drainers),
            ("runs_open", "Runs that are running or paused.", now.runs_open),
            ("model_servers_in_trouble", "To which nothing is sent.", now.servers_in_trouble),
            ("leases", "Drafts that editors hold.", now.leases),
            ("leases_run_out", "That nobody has swept yet.", now.leases_run_out),
            ("datasets_unfinished", "That wait or are built.", now.datasets_unfinished),
            ("webhook_deliveries_unfinished", "Not through yet.", now.deliveries_unfinished),
        ):
            yield GaugeMetricFamily(f"copydesk_{name}", says, value)
        if now.desk_days_counted_at:
            yield GaugeMetricFamily(
                "copydesk_desk_days_counted_timestamp_seconds",
                "When a worker last counted what editors did.",
                now.desk_days_counted_at.timestamp(),
            )
        yield from _queue_ages(now)


def _draft_counts(counts: DraftCounts) -> Iterator[Metric]:
    drafts = GaugeMetricFamily("copydesk_drafts", "Drafts by state.", labels=("task", "state"))
    for task, state, how_many in counts.states:
        drafts.add_metric((task, state), how_many)
    failed = GaugeMetricFamily(
        "copydesk_drafts_failed", "Drafts that failed, by reason.", labels=("task", "reason")
    )
    for task, reason, how_many in counts.failures:
        failed.add_metric((task, reason), how_many)
    waiting = GaugeMetricFamily(
        "copydesk_queue_places", "Reviews that drafts wait for.", labels=("task", "state")
    )
    late = GaugeMetricFamily(
        "copydesk_queue_late", "Of these, longer than the target.", labels=("task", "state")
    )
    for task, state, how_many, too_late in counts.queues:
        waiting.add_metric((task, state), how_many)
        late.add_metric((task, state), too_late)
    yield from (drafts, failed, waiting, late)
    yield GaugeMetricFamily(
        "copydesk_drafts_counted_timestamp_seconds",
        "When a worker last counted drafts by state, failures and queues.",
        counts.at.timestamp(),
    )


def _queue_ages(measures: Measures) -> Iterator[Metric]:
    oldest = GaugeMetricFamily(
        "copydesk_queue_oldest_seconds",
        "How long the oldest draft has waited for an editor; 0 where none waits.",
        labels=("task",),
    )
    target = GaugeMetricFamily(
        "copydesk_queue_target_seconds",
        "In which time drafts of the task are to be reviewed.",
        labels=("task",),
    )
    for queue in measures.queues:
        oldest.add_metric((queue.task,), queue.oldest_s or 0.0)
        target.add_metric((queue.task,), queue.target_s)
    yield from (oldest, target)
