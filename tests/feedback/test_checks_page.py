"""How right the checks are, as editors judge it."""

from collections import Counter
from typing import Any

import pytest
from django.test import Client

from accounts.models import Person
from explanations.models import Draft, Finding, Task
from explanations.services.dismissing import dismiss_for_task
from feedback.models import CheckDay
from feedback.services.adjudicating import adjudicate, undo_adjudication
from feedback.services.check_precision import CheckCounts, checks_of, findings_of
from feedback.services.reviewing import undo_review
from feedback.services.statistics.desk_days import keep_desk_days
from feedback.services.statistics.desk_lists import JudgementFilters, find_judgements
from tests.conftest import bearer
from tests.feedback.conftest import DraftMaker
from tests.feedback.people_at_work import claimed, reviewed, submitted, tag_on, tag_on_all

pytestmark = pytest.mark.django_db


def found_in(draft: Draft, words: str, check: str = "tone", version: int = 1) -> Finding:
    """A finding on these words of the draft."""
    start = draft.text.index(words)
    return Finding.objects.create(
        draft=draft,
        check_name=check,
        check_version=version,
        level="warning",
        message=f"“{words}” is <b>worn</b>.",
        start=start,
        end=start + len(words),
        gist=words.casefold(),
    )


def counts(task: Task) -> dict[tuple[str, int], CheckCounts]:
    """The counts by check and version."""
    return {(each.check, each.version): each for each in checks_of(task).checks}


@pytest.fixture
def judged(drafts: DraftMaker, editor: Person) -> list[Finding]:
    """Four findings of a check on four drafts: two taken, one dismissed, one left."""
    found = [found_in(draft, "metalcore") for draft in drafts(4)]
    for number, finding in enumerate(found):
        body: dict[str, Any] = {"outcome": "REJECT", "tags": [tag_on_all()]}
        if number < 2:
            body["tags"] = [tag_on(finding.draft, "metalcore") | {"finding": finding.pk}]
        if number == 2:
            body["dismissed"] = [finding.pk]
        reviewed(editor, **body)
    return found


def test_precision_is_what_was_taken_of_what_was_judged(
    judged: list[Finding], music_task: Task
) -> None:
    tone = counts(music_task)["tone", 1]
    assert (tone.drafts, tone.findings) == (4, 4)
    assert (tone.taken, tone.dismissed, tone.undecided) == (2, 1, 1)
    assert tone.precision == pytest.approx(2 / 3)
    found = checks_of(music_task)
    assert (found.drafts, found.reviewed) == (4, 4)


def test_versions_are_counted_apart(
    judged: list[Finding], drafts: DraftMaker, music_task: Task
) -> None:
    found_in(drafts(1)[0], "metalcore", version=2)
    assert [(each.version, each.precision) for each in checks_of(music_task).checks] == [
        (2, None),
        (1, pytest.approx(2 / 3)),
    ]


def test_a_review_that_was_taken_back_judges_nothing(
    drafts: DraftMaker, editor: Person, music_task: Task
) -> None:
    (draft,) = drafts(1)
    finding = found_in(draft, "metalcore")
    done = reviewed(editor, outcome="ACCEPT", dismissed=[finding.pk])
    assert counts(music_task)["tone", 1].dismissed == 1
    undo_review(editor, done.review.pk)
    assert counts(music_task)["tone", 1].undecided == 1


def test_the_blind_sample_and_other_tasks_do_not_count(
    judged: list[Finding], music_task: Task, job_task: Task
) -> None:
    assert checks_of(job_task).checks == []
    Draft.objects.update(blind=True)
    assert checks_of(music_task).checks == []


def test_what_is_dismissed_for_the_task_counts_as_dismissed(
    drafts: DraftMaker, lead: Person, music_task: Task
) -> None:
    found = [found_in(draft, "metalcore") for draft in drafts(2)]
    dismiss_for_task(found[0].pk, lead, "It is the genre's name.")
    tone = counts(music_task)["tone", 1]
    assert (tone.dismissed, tone.for_the_task, tone.undecided) == (2, 2, 0)
    assert tone.precision == 0


def test_tags_on_words_that_no_check_pointed_at_are_counted_as_missed(
    drafts: DraftMaker, editor: Person, music_task: Task
) -> None:
    first, second = drafts(2)
    found_in(first, "metalcore")
    for draft in (first, second):
        tags = [tag_on(draft, "metalcore", "tone"), tag_on(draft, "time", "taste", severity=0)]
        reviewed(editor, outcome="REJECT", tags=tags)
    (missed,) = checks_of(music_task).missed
    assert (missed.category, missed.tags) == ("Tone", 1)


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [("taken", 2), ("dismissed", 1), ("undecided", 1), ("for_the_task", 0), ("", 4), ("odd", 4)],
)
def test_examples_are_found_by_what_became_of_them(
    judged: list[Finding], music_task: Task, verdict: str, expected: int
) -> None:
    assert findings_of(music_task, "tone", 1, verdict).count() == expected
    assert findings_of(music_task, "tone", 2, verdict).count() == 0


def test_the_page_shows_each_check_and_links_to_examples(
    manager_client: Client, judged: list[Finding], job_task: Task
) -> None:
    page = manager_client.get("/checks/").content.decode()
    assert "0.67" in page
    assert 'href="/checks/music-oneliner/tone/?version=1&amp;verdict=taken"' in page
    assert "Job fit" in page
    assert "Job fit</h2>" not in manager_client.get("/checks/?task=music-oneliner").content.decode()


def test_examples_show_words_and_drafts_and_no_markup(
    manager_client: Client, judged: list[Finding]
) -> None:
    page = manager_client.get("/checks/music-oneliner/tone/?verdict=dismissed").content.decode()
    assert "metalcore</q>" in page
    assert f"/drafts/{judged[2].draft_id}/" in page
    assert f"/drafts/{judged[0].draft_id}/" not in page
    assert "<b>worn</b>" not in page
    assert manager_client.get("/checks/music-oneliner/tone/?version=x&page=9").status_code == 200
    assert manager_client.get("/checks/no-such-task/tone/").status_code == 404


def test_over_rest(client: Client, judged: list[Finding], editor_token: str) -> None:
    (music,) = client.get("/api/v1/checks/", headers=bearer(editor_token)).json()
    assert music["task"] == "music-oneliner"
    assert music["checks"][0]["precision"] == pytest.approx(2 / 3)
    assert music["missed"] == []


def test_two_editors_who_disagree_count_as_taken_once(
    ready_draft: Draft, editor: Person, second_editor: Person, music_task: Task
) -> None:
    ready_draft.places.create(ordinal=2, task=music_task, priority=50)
    finding = found_in(ready_draft, "rush")
    first, second = claimed(editor), claimed(second_editor)
    submitted(editor, first, outcome="ACCEPT", dismissed=[finding.pk])
    submitted(
        second_editor,
        second,
        outcome="REJECT",
        tags=[tag_on(ready_draft, "rush") | {"finding": finding.pk}],
    )
    tone = counts(music_task)["tone", 1]
    assert (tone.taken, tone.dismissed, tone.undecided) == (1, 0, 0)


def test_a_review_that_a_lead_overruled_judges_nothing(
    ready_draft: Draft, editor: Person, second_editor: Person, lead: Person, music_task: Task
) -> None:
    ready_draft.places.create(ordinal=2, task=music_task, priority=50)
    finding = found_in(ready_draft, "rush")
    accepted = reviewed(editor, outcome="ACCEPT", dismissed=[finding.pk]).review
    tags = [
        tag_on(ready_draft, "rush") | {"finding": finding.pk},
        tag_on(ready_draft, "metalcore"),
    ]
    reviewed(second_editor, outcome="REJECT", tags=tags)

    def said() -> tuple[tuple[int, int], list[tuple[str, int]], Counter[str]]:
        """On the page of checks, as missed, and on the page of the desk, with its list."""
        on_the_page = counts(music_task)["tone", 1]
        keep_desk_days()
        day = CheckDay.objects.get()
        of_the_desk = Counter(taken=day.taken, dismissed=day.dismissed)
        listed = Counter(each.verdict for each in find_judgements(JudgementFilters()))
        assert listed == of_the_desk
        for verdict in ("taken", "dismissed"):
            found = findings_of(music_task, "tone", 1, verdict).count()
            assert found == getattr(on_the_page, verdict)
        missed = [(each.category, each.tags) for each in checks_of(music_task).missed]
        return (on_the_page.taken, on_the_page.dismissed), missed, of_the_desk

    before = ((1, 0), [("Tone", 1)], Counter(taken=1, dismissed=1))
    assert said() == before
    adjudicate(ready_draft.pk, accepted.pk, lead, "The guide allows it.")
    assert said() == ((0, 1), [], Counter(dismissed=1))
    undo_adjudication(ready_draft.pk, lead)
    assert said() == before
