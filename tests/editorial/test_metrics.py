"""/metrics: who may read it, what it says, and that the Grafana dashboard asks for nothing else."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.parser import text_string_to_metric_families

from accounts.models import Person
from explanations.models import Draft, Drainer, Place
from explanations.services.drafting import drainers
from feedback.models import Measure
from feedback.services.queue import claim_next
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.services.statistics.measures import count_drafts
from tests.conftest import TokenMaker, bearer
from tests.feedback.people_at_work import reviewed

pytestmark = pytest.mark.django_db

DASHBOARD = Path(settings.BASE_DIR) / "deploy" / "grafana" / "copydesk.json"

Sample = tuple[str, frozenset[tuple[str, str]]]


@pytest.fixture
def scrape(manager_client: Client) -> Callable[[], dict[Sample, float]]:
    """Read what Prometheus would read: name and labels -> value."""

    def read() -> dict[Sample, float]:
        answer = manager_client.get("/metrics")
        assert answer.status_code == 200
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.content.decode())
            for sample in family.samples
        }

    return read


def sample(name: str, **labels: str) -> Sample:
    """The key of a sample."""
    return name, frozenset(labels.items())


# Who may -----------------------------------------------------------------------------------------


def test_a_token_with_the_scope_reads_them_and_no_other_does(
    client: Client, manager: Person, token_for: TokenMaker
) -> None:
    def status(*scopes: str) -> int:
        return client.get("/metrics", headers=bearer(token_for(manager, *scopes))).status_code

    assert status("metrics:read") == 200
    assert status("desk:read") == 403
    assert client.get("/metrics").status_code == 401


# What they say -----------------------------------------------------------------------------------


def test_the_state_of_the_desk(
    scrape: Callable[[], dict[Sample, float]], ready_draft: Draft, editor: Person
) -> None:
    Draft.objects.create(
        run=ready_draft.run,
        task=ready_draft.task,
        recommendation=ready_draft.recommendation,
        prompt=ready_draft.prompt,
        model_version=ready_draft.model_version,
        ordinal=2,
        priority=1,
        state="FAILED",
        failure_reason="cut",
        failure="It was cut.",
    )
    count_drafts()
    assert claim_next(editor) is not None
    read = scrape()

    task = ready_draft.task.slug
    assert read[sample("copydesk_drafts", task=task, state="READY")] == 1
    assert read[sample("copydesk_drafts", task=task, state="FAILED")] == 1
    assert read[sample("copydesk_drafts_failed", task=task, reason="cut")] == 1
    assert read[sample("copydesk_queue_places", task=task, state="OPEN")] == 1
    assert read[sample("copydesk_queue_late", task=task, state="OPEN")] == 0
    assert read[sample("copydesk_queue_target_seconds", task=task)] == 24 * 3600
    assert read[sample("copydesk_queue_oldest_seconds", task=task)] >= 0
    assert read[sample("copydesk_leases")] == 1
    assert read[sample("copydesk_runs_open")] == 1
    Place.objects.update(state="DONE")
    assert scrape()[sample("copydesk_queue_oldest_seconds", task=task)] == 0


def test_before_a_worker_has_counted_nothing_is_made_up(
    scrape: Callable[[], dict[Sample, float]], ready_draft: Draft
) -> None:
    names = {name for name, _labels in scrape()}
    assert "copydesk_leases" in names
    assert "copydesk_drafts" not in names


def test_a_scrape_counts_no_drafts(manager_client: Client, ready_draft: Draft) -> None:
    count_drafts()
    Measure.objects.update(value={"states": [["t", "READY", 7]], "failures": [], "queues": []})
    with CaptureQueriesContext(connection) as captured:
        said = manager_client.get("/metrics").content.decode()

    assert 'copydesk_drafts{state="READY",task="t"} 7.0' in said
    asked = [query["sql"] or "" for query in captured.captured_queries]
    assert len(asked) <= 5
    assert not any("explanations_draft GROUP" in query for query in asked)


def test_drafts_ended_never_fall(scrape: Callable[[], dict[Sample, float]]) -> None:
    def ended() -> float:
        return scrape()[sample("copydesk_drafts_ended_total")]

    assert ended() == 0
    for name in ("one", "other"):
        Drainer.objects.create(name=name)
    drainers.beat("one", 4, 100)
    assert ended() == 100
    drainers.leave("one", 130)
    drainers.leave("one", 130)
    assert ended() == 130
    drainers.count_ended(5)
    drainers.beat("other", 1, 7)
    assert ended() == 142
    Drainer.objects.filter(name="other").update(beat_at="2020-01-01T00:00Z")
    assert drainers.forget_dead(60) == 1
    assert ended() == 142


def test_requests_are_timed_by_route_and_status(
    scrape: Callable[[], dict[Sample, float]], lead_client: Client, ready_draft: Draft
) -> None:
    def seen(route: str, status: str) -> float:
        labels = {"method": "GET", "route": route, "status": status}
        return scrape().get(sample("copydesk_request_duration_seconds_count", **labels), 0)

    draft, nothing = "drafts/<int:draft_id>/", "none"
    before = seen(draft, "200"), seen(draft, "404"), seen(nothing, "404")
    lead_client.get(f"/drafts/{ready_draft.pk}/")
    lead_client.get("/drafts/999999999/")
    for number in range(3):
        lead_client.get(f"/nothing-here-{number}/")
    after = seen(draft, "200"), seen(draft, "404"), seen(nothing, "404")

    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 3]


def test_a_method_that_nobody_knows_makes_no_series_of_its_own(
    scrape: Callable[[], dict[Sample, float]], client: Client
) -> None:
    client.generic("BREW", "/healthz")
    methods = {dict(labels).get("method") for _name, labels in scrape()}
    assert "other" in methods
    assert "BREW" not in methods


# The dashboard -----------------------------------------------------------------------------------

_NAME = re.compile(r"\bcopydesk_\w+")
_LABELLED = re.compile(r"(copydesk_\w+)\{([^}]*)\}")
_BY = re.compile(r"\b(?:by|without) \(([^)]*)\)")
# What Prometheus itself adds to each sample.
_ADDED = {"instance", "job"}


def queries() -> list[str]:
    """Every query of the dashboard."""
    dashboard = json.loads(DASHBOARD.read_text())
    return [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]


def test_the_dashboard_asks_for_what_the_desk_shows(
    scrape: Callable[[], dict[Sample, float]], ready_draft: Draft, editor: Person
) -> None:
    Draft.objects.create(
        run=ready_draft.run,
        task=ready_draft.task,
        recommendation=ready_draft.recommendation,
        prompt=ready_draft.prompt,
        model_version=ready_draft.model_version,
        ordinal=2,
        priority=1,
        state="FAILED",
        failure_reason="cut",
        failure="It was cut.",
    )
    reviewed(editor, outcome="SKIP", reason="field")
    keep_desk_days()
    count_drafts()
    scrape()
    shown: dict[str, set[str]] = {}
    for name, labels in scrape():
        shown.setdefault(name, set()).update(label for label, _value in labels)

    assert len(queries()) > 20
    for query in queries():
        named = _NAME.findall(query)
        assert named, query
        for name in named:
            assert name in shown, (name, query)
        for name, labels in _LABELLED.findall(query):
            for label in re.findall(r"(\w+)\s*=", labels):
                assert label in shown[name], (label, query)
        for grouped in _BY.findall(query):
            for label in grouped.replace(" ", "").split(","):
                assert label in shown[named[0]] | _ADDED, (label, query)


def test_no_metric_is_forgotten_on_the_dashboard(
    scrape: Callable[[], dict[Sample, float]], ready_draft: Draft
) -> None:
    count_drafts()
    asked = {name for query in queries() for name in _NAME.findall(query)}
    gauges = {name for name, _labels in scrape() if "request_duration" not in name}

    assert gauges <= asked
