"""The desk's own figures: what they say, and that each leads to exactly what it counts."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from typing import Any

import pgtrigger
import pytest
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Person
from explanations.models import Draft, Finding, Place, Recommendation, Run, Task
from feedback.models import CheckDay, Dataset, DatasetRow, FactReport, Golden
from feedback.services.bulk_actions import caused_by_reviews, let_stand
from feedback.services.reviewing import undo_review
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.services.statistics.desk_figures import (
    Counted,
    DeskFigures,
    Named,
    Period,
    PeriodRefused,
    desk_figures,
)
from feedback.views import desk_lists, fact_reports, goldens
from tests.conftest import LISTENER, TRACK, bearer, drafted, logged_in, recommended
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on, tag_on_all

pytestmark = pytest.mark.django_db

EDIT = {"outcome": "EDIT", "rewrite": "Dead Rabbitts turn metalcore up."}


def figures(viewer: Person, task: Task | None = None) -> DeskFigures:
    """What the desk says of its last four weeks."""
    while keep_desk_days():
        pass
    return desk_figures(viewer, Period.lately(), task)


def counts_in(figure: Any) -> Iterator[Counted]:
    """Every number with a list, wherever it stands."""
    if isinstance(figure, Counted):
        yield figure
    elif is_dataclass(figure):
        for field in fields(figure):
            yield from counts_in(getattr(figure, field.name))
    elif isinstance(figure, list | tuple):
        for each in figure:
            yield from counts_in(each)


def first(found: Sequence[Named]) -> tuple[str, int]:
    """The most frequent of them."""
    return found[0].code, found[0].count.value


def report_on(recommendation: Recommendation, by: Person, pointer: str, **more: Any) -> FactReport:
    """An editor doubts a fact."""
    return FactReport.objects.create(
        recommendation=recommendation, pointer=pointer, problem="wrong", reported_by=by, **more
    )


@pytest.fixture
def busy_desk(
    drafts: DraftMaker, editor: Person, second_editor: Person, lead: Person, ml_engineer: Person
) -> list[Draft]:
    """A desk on which something of everything has happened."""
    made = drafts(16)
    for draft in made[:3]:
        Finding.objects.create(
            draft=draft, check_name="tone", check_version=1, level="warning", message="Worn."
        )
    finding = {draft.pk: draft.findings.get().pk for draft in made[:3]}
    reviewed(editor, outcome="ACCEPT", dismissed=[finding[made[0].pk]])
    taken = tag_on(made[1], "metalcore") | {"finding": finding[made[1].pk]}
    reviewed(editor, outcome="REJECT", tags=[taken])
    reviewed(editor, outcome="REJECT", tags=[tag_on_all()])
    reviewed(second_editor, **EDIT)
    reviewed(second_editor, outcome="BLAND")
    reviewed(second_editor, outcome="UNREVIEWABLE", reason="facts")
    critical = tag_on_all("harmful", severity=25)
    reviewed(editor, outcome="ESCALATE", reason="harm", tags=[critical])
    reviewed(editor, outcome="SKIP", reason="field")
    undone = reviewed(second_editor, outcome="ACCEPT")
    undo_review(second_editor, undone.review.pk, "slip")
    Place.objects.filter(draft=made[-1]).update(opened_at=F("opened_at") - timedelta(hours=25))
    about = made[0].recommendation
    report_on(about, editor, "/item/title", catalogue_owner="Label feed")
    report_on(about, editor, "/item/genre", catalogue_owner="Label feed", state="ACCEPTED")
    report_on(about, editor, "/item/album", catalogue_owner="", state="REFUSED")
    return made


# Every number leads to what it counts -------------------------------------------------------------


@pytest.fixture
def long_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """All rows of a list on its first page."""
    monkeypatch.setattr(desk_lists, "ROWS_A_PAGE", 1000)
    monkeypatch.setattr(goldens, "PER_PAGE", 1000)
    monkeypatch.setattr(fact_reports, "PER_PAGE", 1000)


def rows_of(browser: Client, address: str) -> int:
    """How many rows a list shows."""
    answer = browser.get(address)
    assert answer.status_code == 200, address
    if "page_obj" in answer.context:
        return len(answer.context["page_obj"])
    return len(answer.context["page"].rows)


@pytest.mark.parametrize("name", ["lead", "manager", "editor"])
@pytest.mark.parametrize("of_one_task", [False, True])
def test_every_number_leads_to_as_many_rows_as_it_says(
    busy_desk: list[Draft],
    long_pages: None,
    music_task: Task,
    job_task: Task,
    of_one_task: bool,
    name: str,
    request: pytest.FixtureRequest,
) -> None:
    Draft.objects.filter(pk=busy_desk[-2].pk).update(state=Draft.State.REVIEWED)  # and unsettled
    viewer: Person = request.getfixturevalue(name)
    browser = logged_in(viewer)
    found = figures(viewer, music_task if of_one_task else None)

    counts = list(counts_in(found))
    different = [
        (count.value, rows_of(browser, count.address), count.address)
        for count in counts
        if count.value != rows_of(browser, count.address)
    ]
    assert not different
    assert sum(count.value > 0 for count in counts) > 15
    assert {count.page for count in counts} == {
        *("queue", "reviews", "judgements", "fact-reports", "goldens", "disagreements")
    }


# What they say ------------------------------------------------------------------------------------


def test_the_queue_against_its_target(
    busy_desk: list[Draft], lead: Person, music_task: Task
) -> None:
    (queue,) = figures(lead, music_task).queues

    assert (queue.waiting.value, queue.late.value, queue.with_lead.value) == (9, 1, 1)
    assert queue.within_hours == 24
    assert not queue.keeps_up
    assert queue.oldest_hours == pytest.approx(25, abs=0.1)
    music_task.review_within_hours = 48
    music_task.save()
    (queue,) = figures(lead, music_task).queues
    assert queue.keeps_up


def test_decisions_by_day_outcome_and_reason(busy_desk: list[Draft], lead: Person) -> None:
    found = figures(lead)

    assert found.decided.value == 6
    assert [day.decided.value for day in found.days] == [0] * 27 + [6]
    assert {named.code: named.count.value for named in found.outcomes} == {
        "ACCEPT": 1,
        "BLAND": 1,
        "EDIT": 1,
        "REJECT": 2,
        "UNREVIEWABLE": 1,
    }
    assert first(found.skips) == ("field", 1)
    assert first(found.escalations) == ("harm", 1)
    assert first(found.unreviewable) == ("facts", 1)
    assert first(found.undone) == ("ACCEPT", 1)
    assert first(found.undo_reasons) == ("slip", 1)


def test_an_undo_without_a_reason_is_counted_as_such(
    drafts: DraftMaker, editor: Person, lead: Person
) -> None:
    drafts(2)
    for _each in range(2):
        undo_review(editor, reviewed(editor, outcome="ACCEPT").review.pk)
    found = figures(lead)
    assert first(found.undone) == ("ACCEPT", 2)
    assert first(found.undo_reasons) == ("none", 2)
    assert rows_of(logged_in(lead), found.undo_reasons[0].count.address) == 2


def test_precision_of_the_checks(busy_desk: list[Draft], lead: Person) -> None:
    (tone,) = figures(lead).checks

    assert (tone.taken.value, tone.dismissed.value, tone.left.value) == (1, 1, 1)
    few = tone.precision
    assert (few.value, few.low, few.high, few.n) == (None, None, None, 2)


def test_precision_has_an_interval_once_enough_findings_were_judged(
    busy_desk: list[Draft], lead: Person
) -> None:
    figures(lead)
    CheckDay.objects.update(taken=60, dismissed=20)

    (tone,) = desk_figures(lead, Period.lately()).checks
    found = tone.precision
    assert (found.value, found.n) == (0.75, 80)
    assert found.low is not None
    assert found.high is not None
    assert 0.6 < found.low < 0.75 < found.high < 0.9


def test_wrong_facts_by_owner(busy_desk: list[Draft], lead: Person) -> None:
    feed, nobody = figures(lead).wrong_facts

    assert (feed.owner, feed.open.value, feed.reported.value, feed.accepted.value) == (
        *("Label feed", 1, 2, 1),
    )
    assert (nobody.owner, nobody.open.value, nobody.refused.value) == ("", 0, 1)


def test_a_critical_tag_is_open_while_the_draft_is_with_the_lead(
    drafts: DraftMaker, editor: Person, lead: Person
) -> None:
    drafts(1)
    critical = tag_on_all("unsupported", severity=25)
    reviewed(editor, outcome="ESCALATE", reason="legal", tags=[critical])
    assert figures(lead).open_critical.value == 1
    submitted(lead, claimed(lead, escalated=True), outcome="REJECT", tags=[critical])
    assert figures(lead).open_critical.value == 0


def test_a_critical_tag_is_open_until_a_lead_has_seen_what_it_set_aside(
    run: Run, music_task: Task, editor: Person, lead: Person
) -> None:
    for number in range(2):
        track = recommended(music_task, f"track:{number}", TRACK, LISTENER, "Dead Rabbitts")
        drafted(run, track, "The very same words.")
    reviewed(editor, outcome="REJECT", tags=[tag_on_all("harmful", severity=25)])
    assert figures(lead).open_critical.value == 1
    for action in caused_by_reviews():
        let_stand(action.pk, lead)
    assert figures(lead).open_critical.value == 0


@pytest.fixture
def dataset_of(ml_engineer: Person) -> Callable[[Task], Dataset]:
    """A dataset of a task that was built just now."""

    def build(task: Task) -> Dataset:
        with connection.cursor() as cursor:
            cursor.execute("SELECT statement_timestamp()")
            (now,) = cursor.fetchone()
        return Dataset.objects.create(
            name="lines",
            number=3,
            recipe={"tasks": [task.slug]},
            salt="s",
            created_by=ml_engineer,
            key="00000000-0000-0000-0000-000000000001",
            body_sha256="0" * 64,
            state="READY",
            manifest={},
            started_at=now,
            finished_at=now,
        )

    return build


def test_exemplary_goldens_since_the_last_dataset(
    busy_desk: list[Draft],
    lead: Person,
    editor: Person,
    music_task: Task,
    dataset_of: Callable[[Task], Dataset],
    long_pages: None,
) -> None:
    (before,) = figures(lead, music_task).goldens
    assert (before.exemplary.value, before.dataset) == (2, "")
    dataset = dataset_of(music_task)
    assert figures(lead, music_task).goldens[0].exemplary.value == 0
    reviewed(editor, **EDIT)
    (since,) = figures(lead, music_task).goldens
    assert (since.exemplary.value, since.dataset) == (1, "lines 3")
    assert rows_of(logged_in(lead), since.exemplary.address) == 1
    golden = Golden.objects.latest("pk")
    with pgtrigger.ignore("feedback.DatasetRow:dataset_row_is_of_a_build"):
        DatasetRow.objects.create(
            dataset=dataset, review_id=golden.review_id, golden=golden, split="train"
        )
    assert figures(lead, music_task).goldens[0].exemplary.value == 0


def test_the_period_before_is_as_long(lead: Person) -> None:
    period = Period(date(2026, 11, 1), date(2026, 11, 7))
    assert (period.before.first, period.before.last) == (date(2026, 10, 25), date(2026, 10, 31))
    assert len(period.days) == 7
    with pytest.raises(PeriodRefused, match="ends before"):
        Period(date(2026, 11, 2), date(2026, 11, 1))
    with pytest.raises(PeriodRefused, match="two years"):
        Period(date(2020, 11, 2), date(2026, 11, 1))


# Who may ------------------------------------------------------------------------------------------


def test_figures_of_people_are_theirs_and_the_leads(
    busy_desk: list[Draft], lead: Person, editor: Person, manager: Person
) -> None:
    def people(viewer: Person) -> list[tuple[str, int]]:
        return [(each.username, each.decided.value) for each in figures(viewer).people]

    assert people(lead) == [("ada", 3), ("bela", 3)]
    assert people(editor) == [("ada", 3)]
    assert people(manager) == []


def test_the_list_of_somebody_elses_reviews_is_refused(
    busy_desk: list[Draft], lead: Person, editor: Person, manager: Person
) -> None:
    assert logged_in(lead).get("/reviews/?editor=ada").status_code == 200
    assert logged_in(editor).get("/reviews/?editor=ada").status_code == 200
    for viewer in (editor, manager):
        assert logged_in(viewer).get("/reviews/?editor=bela").status_code == 403


def test_a_manager_reads_no_editors_names(
    busy_desk: list[Draft], manager: Person, lead: Person
) -> None:
    assert "Bela Novak" in logged_in(lead).get("/reviews/").content.decode()
    assert "Bela Novak" not in logged_in(manager).get("/reviews/").content.decode()


def test_managers_look_fact_reports_up_and_settle_none(
    busy_desk: list[Draft], manager: Person, lead: Person
) -> None:
    page = logged_in(manager).get("/fact-reports/").content.decode()
    assert "Label feed" in page
    assert 'value="accept"' not in page
    assert 'value="accept"' in logged_in(lead).get("/fact-reports/").content.decode()


# REST and pages -----------------------------------------------------------------------------------


def test_rest_gives_the_same_numbers_with_their_lists(
    busy_desk: list[Draft], lead: Person, client: Client, token_for: Callable[..., str]
) -> None:
    found = figures(lead)
    answer = client.get("/api/v1/stats/desk/", headers=bearer(token_for(lead, "desk:read"))).json()

    assert answer["decided"] == {
        "value": found.decided.value,
        "is_at_least": False,
        "href": found.decided.address,
    }
    assert answer["queues"][0]["late"]["value"] == 1
    assert len(answer["people"]) == 2


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-11-09&to=2026-11-01", "/from"),
        ("from=nonsense", "/from"),
        ("task=nothing-such", "/task"),
    ],
)
def test_rest_names_what_is_wrong_with_a_question(
    manager_client: Client, query: str, field: str
) -> None:
    answer = manager_client.get(f"/api/v1/stats/desk/?{query}")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == field


@pytest.mark.parametrize(
    "address",
    [
        "/queue/?task=%F0&late=1&before=x",
        "/reviews/?from=2026-02-31&to=9999-12-31&outcome=nonsense&editor=",
        "/judgements/?version=99999999999&verdict=x&from=0001-01-01",
        "/goldens/?not_in=nothing-",
        "/goldens/?not_in=lines-999999999999",
        "/fact-reports/?from=x&to=9999-12-31&state=ALL",
    ],
)
def test_odd_filters_break_no_page(lead_client: Client, address: str) -> None:
    assert lead_client.get(address).status_code == 200


def test_what_models_wrote_is_shown_as_text(
    run: Run, recommendation: Recommendation, editor: Person, lead_client: Client
) -> None:
    draft = drafted(run, recommendation, "<script>alert(1)</script> www.evil.example")
    Finding.objects.create(
        draft=draft, check_name="tone", check_version=1, level="warning", message="<i>Worn.</i>"
    )
    pages = [lead_client.get("/queue/").content.decode()]
    reviewed(editor, outcome="ACCEPT")
    pages += [
        lead_client.get(address).content.decode() for address in ("/reviews/", "/judgements/")
    ]

    for page in pages:
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page
        assert "<i>Worn" not in page


def test_many_rows_ask_no_more_than_few(
    busy_desk: list[Draft], lead: Person, editor: Person, drafts: DraftMaker
) -> None:
    def queries() -> int:
        while keep_desk_days():
            pass
        with CaptureQueriesContext(connection) as captured:
            desk_figures(lead, Period.lately())
        return len(captured)

    queries()  # what a lead may is asked once
    few = queries()
    drafts(6)
    for _ in range(5):
        reviewed(editor, **EDIT)
    assert queries() == few
    assert few <= 14
