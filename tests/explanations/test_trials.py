"""A prompt is tried beside another, and nobody but who compares them ever meets the drafts."""

from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from accounts.models import LogEntry, Person
from explanations import nudge
from explanations.models import (
    Draft,
    FactSnapshot,
    ModelServer,
    ModelVersion,
    Place,
    Prompt,
    Recommendation,
    Run,
    Task,
    Trial,
)
from explanations.services import runs, trials
from explanations.services.drafting.asking import ask, load_brief
from explanations.services.drafting.claiming import claim, hand_back
from explanations.services.drafts import DraftFilters, find_drafts, whole_drafts
from explanations.services.facts import correct_fact
from explanations.services.runs import CannotStart, CannotSteer
from explanations.services.selecting import Selection, selected
from explanations.services.trials import KeyReused, cancel_trial, result_of, start_trial
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.explanations.test_writing import answered, settle

pytestmark = pytest.mark.django_db

FINE = "Dead Rabbitts turn metalcore into a sprint."
# Names neither the title nor the artist, which is an error, and so the draft is blocked.
NAMELESS = "A metalcore sprint."


@pytest.fixture(autouse=True)
def nudges(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    monkeypatch.setattr(nudge, "send", lambda name, *_arguments: sent.append(name))
    return sent


@pytest.fixture
def tracks(music_task: Task) -> list[Recommendation]:
    """Eight tracks of Dead Rabbitts."""
    return [
        recommended(music_task, f"track:{number}", TRACK, LISTENER, "Dead Rabbitts", number)
        for number in range(8)
    ]


@pytest.fixture
def trial(
    music_task: Task,
    next_prompt: Prompt,
    model_version: ModelVersion,
    tracks: list[Recommendation],
    ml_engineer: Person,
) -> Trial:
    """Mia tries prompt 2 beside prompt 1 on three tracks."""
    assert music_task.prompt is not None
    return start_trial(next_prompt, music_task.prompt, model_version, 3, 7, ml_engineer)


def write(trial: Trial, *, tried: str = "", against: str = "", **more: Any) -> None:
    """Let the model answer what waits of a side, all with one text; without one it waits on."""
    texts = {trial.prompt_id: tried, trial.against_id: against}
    for one in claim([trial.model_version_id], 100, "a drainer", 60.0):
        if text := texts[one.prompt_id]:
            brief = load_brief(one.prompt_id, one.model_version_id)
            settle([ask(one, brief)], answered(text, **more))
        else:
            hand_back([one.holding])


def taken(trial: Trial) -> dict[int, set[int]]:
    """Which recommendations each prompt drafts."""
    return {
        run.prompt_id: set(run.drafts.values_list("recommendation", flat=True))
        for run in trial.runs.all()
    }


# Starting -----------------------------------------------------------------------------------------


def test_both_prompts_draft_the_same_recommendations(trial: Trial) -> None:
    both = taken(trial)
    assert set(both) == {trial.prompt_id, trial.against_id}
    assert both[trial.prompt_id] == both[trial.against_id]
    assert len(both[trial.prompt_id]) == 3


def test_the_same_seed_takes_the_same_recommendations_again(
    trial: Trial, ml_engineer: Person
) -> None:
    again = start_trial(trial.prompt, trial.against, trial.model_version, 3, 7, ml_engineer)
    others = [
        taken(start_trial(trial.prompt, trial.against, trial.model_version, 3, seed, None))
        for seed in range(100, 106)
    ]
    assert taken(again) == taken(trial)
    assert any(other != taken(trial) for other in others)


def test_a_seed_that_nobody_names_is_drawn_and_kept(trial: Trial, ml_engineer: Person) -> None:
    drawn = start_trial(trial.prompt, trial.against, trial.model_version, 3, None, ml_engineer)
    again = start_trial(trial.prompt, trial.against, trial.model_version, 3, drawn.seed, None)
    assert taken(drawn) == taken(again)


def test_the_sides_take_turns_and_come_before_everything_else(trial: Trial, run: Run) -> None:
    runs.start_run(run.task, run.prompt, run.model_version, Selection(), 1, None)
    claims = claim([trial.model_version_id], 6, "a drainer", 60.0)
    assert [each.prompt_id for each in claims] == [trial.against_id, trial.prompt_id] * 3


def test_both_prompts_are_final_from_then_on(trial: Trial) -> None:
    for prompt in (trial.prompt, trial.against):
        prompt.refresh_from_db()
        assert prompt.used_at is not None
    with pytest.raises(DatabaseError), transaction.atomic():
        Prompt.objects.filter(pk=trial.prompt_id).update(system="Else.")


def test_a_trial_wakes_a_drainer_and_is_in_the_log(
    trial: Trial, ml_engineer: Person, nudges: list[str], django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        start_trial(trial.prompt, trial.against, trial.model_version, 1, 1, ml_engineer)
    assert nudges == [nudge.DRAIN_DRAFTS]
    entry = LogEntry.objects.filter(action="trial.started", subject_id=trial.pk).get()
    assert (entry.actor, entry.detail) == (ml_engineer, {"drafts": 6})


def test_what_does_not_fit_together_is_refused_in_words(
    trial: Trial, job_task: Task, ml_engineer: Person
) -> None:
    prompt, against, model = trial.prompt, trial.against, trial.model_version
    assert job_task.prompt is not None
    stranger = ModelVersion.objects.create(name="served nowhere")
    before = Trial.objects.count()
    for parts, said in (
        ((prompt, job_task.prompt, model, 3, 1), "belongs to another task"),
        ((prompt, prompt, model, 3, 1), "beside another one"),
        ((prompt, against, stranger, 3, 1), "No model server serves"),
        ((prompt, against, model, 0, 1), "1 to 50"),
        ((prompt, against, model, 51, 1), "1 to 50"),
        ((prompt, against, model, 3, 2**31), "A seed is a number"),
    ):
        with pytest.raises(CannotStart, match=said):
            start_trial(*parts, ml_engineer)
    assert Trial.objects.count() == before


def test_a_task_without_recommendations_has_nothing_to_try_on(
    music_task: Task, next_prompt: Prompt, model_version: ModelVersion
) -> None:
    assert music_task.prompt is not None
    with pytest.raises(CannotStart, match="has no recommendations yet"):
        start_trial(next_prompt, music_task.prompt, model_version, 3, 1, None)
    assert not Trial.objects.exists()


# Its drafts stay with it --------------------------------------------------------------------------


def test_no_place_is_opened_for_what_a_trial_writes(trial: Trial) -> None:
    write(trial, tried=FINE, against=FINE)
    assert set(Draft.objects.values_list("state", flat=True)) == {"READY"}
    assert not Place.objects.exists()


def test_the_database_itself_refuses_a_place(trial: Trial, run: Run, ready_draft: Draft) -> None:
    write(trial, tried=FINE, against=FINE)
    tried = Draft.objects.filter(run__trial=trial).first()
    assert tried is not None
    with pytest.raises(IntegrityError, match="want no review"), transaction.atomic():
        Place.objects.create(draft=tried, task=tried.task, priority=1)
    with pytest.raises(IntegrityError, match="want no review"), transaction.atomic():
        Place.objects.bulk_create(
            Place(draft=draft, task=draft.task, priority=1, ordinal=7)
            for draft in (ready_draft, tried)
        )


def test_a_run_never_leaves_its_trial(trial: Trial, run: Run) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        trial.runs.update(trial=None)
    with pytest.raises(DatabaseError), transaction.atomic():
        Run.objects.filter(pk=run.pk).update(trial=trial)


def test_a_side_is_of_the_task_and_the_model_of_its_trial(trial: Trial, job_task: Task) -> None:
    assert job_task.prompt is not None
    Run.objects.create(
        trial=trial, task=job_task, prompt=job_task.prompt, model_version=trial.model_version
    )
    with pytest.raises(IntegrityError):
        connection.check_constraints()


def test_each_side_has_one_run(trial: Trial) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Run.objects.create(
            trial=trial, task=trial.task, prompt=trial.prompt, model_version=trial.model_version
        )


def test_no_draft_of_a_trial_is_of_the_blind_sample(trial: Trial, music_task: Task) -> None:
    Task.objects.update(blind_share=1.0)
    again = start_trial(trial.prompt, trial.against, trial.model_version, 8, 1, None)
    assert not Draft.objects.filter(run__trial=again, blind=True).exists()


def test_what_was_only_tried_is_not_drafted_yet(trial: Trial, music_task: Task) -> None:
    write(trial, tried=FINE, against=FINE)
    assert selected(music_task, Selection(not_drafted=True)).count() == 8


def test_lists_and_pages_of_drafts_and_runs_do_not_know_them(
    trial: Trial,
    ready_draft: Draft,
    ml_engineer: Person,
    ml_engineer_client: Client,
    ml_engineer_token: str,
) -> None:
    write(trial, tried=FINE, against=FINE)
    tried = Draft.objects.filter(run__trial=trial).first()
    assert tried is not None
    assert list(find_drafts(DraftFilters(), ml_engineer)) == [ready_draft]
    assert not find_drafts(DraftFilters(run_id=tried.run_id), ml_engineer).exists()
    assert not whole_drafts().filter(pk=tried.pk).exists()
    headers = {"Authorization": f"Bearer {ml_engineer_token}"}
    for address in (
        f"/drafts/{tried.pk}/",
        f"/drafts/{tried.pk}/reviews/",
        f"/runs/{tried.run_id}/",
        f"/api/v1/drafts/{tried.pk}/",
        f"/api/v1/drafts/{tried.pk}/reviews/",
        f"/api/v1/runs/{tried.run_id}/",
    ):
        known = headers if address.startswith("/api/") else None
        assert ml_engineer_client.get(address, headers=known).status_code == 404, address
    listed = ml_engineer_client.get("/api/v1/runs/", headers=headers).json()["results"]
    assert [row["id"] for row in listed] == [ready_draft.run_id]
    assert f"/runs/{tried.run_id}/" not in ml_engineer_client.get("/runs/").content.decode()


def test_no_editor_is_handed_one(trial: Trial, editor_client: Client, editor_token: str) -> None:
    write(trial, tried=FINE, against=FINE)
    claimed_draft = editor_client.post(
        "/api/v1/queue/claim/",
        {},
        content_type="application/json",
        headers={"Authorization": f"Bearer {editor_token}"},
    )
    assert claimed_draft.status_code == 204
    assert "Nothing waits for you" in editor_client.get("/").content.decode()


def test_the_front_page_does_not_count_what_a_trial_writes(
    trial: Trial, editor_client: Client
) -> None:
    (row,) = editor_client.get("/").context["tasks"]
    assert (row["waiting"], row["writing"]) == (0, 0)


def test_a_fact_that_changes_leaves_a_written_trial_as_it_is(trial: Trial, editor: Person) -> None:
    write(trial, tried=FINE, against=FINE)
    tried = Draft.objects.filter(run__trial=trial, rests_on__contains=["/item/genre"]).first()
    assert tried is not None
    correct_fact(tried.recommendation, "/item/genre", "post-hardcore", "the sleeve", editor)
    tried.refresh_from_db()
    assert tried.state == "READY"
    assert not tried.redrafts.exists()


# What came of it ----------------------------------------------------------------------------------


def test_the_result_has_both_texts_and_the_figures_of_each_side(trial: Trial) -> None:
    write(trial, tried=FINE, latency_ms=300)
    write(trial, against=NAMELESS, latency_ms=500)
    result = result_of(trial)

    assert result.is_finished
    assert [(pair.against.draft.text, pair.tried.draft.text) for pair in result.pairs] == (
        [(NAMELESS, FINE)] * 3
    )
    assert (result.tried.ready, result.tried.ready_share) == (3, 1.0)
    assert (result.against.blocked, result.against.ready_share) == (3, 0.0)
    assert result.against.findings["attribution"] == 3
    assert ("attribution", [3, 0]) in result.findings
    # “Dead Rabbitts” are names and do not count.
    assert (result.tried.median_words, result.against.median_words) == (5.0, 3.0)
    assert (result.tried.median_latency_s, result.against.median_latency_s) == (0.3, 0.5)


def test_a_trial_that_has_just_begun_has_no_figures(trial: Trial) -> None:
    result = result_of(trial)
    assert (result.total, result.ended, result.is_finished) == (6, 0, False)
    assert result.tried.ready_share is None
    assert result.tried.median_words is None


def test_failed_drafts_count_and_say_why(trial: Trial) -> None:
    Draft.objects.filter(run__prompt=trial.prompt).update(
        state="FAILED", failure_reason="cut_off", failure="It was cut off."
    )
    side = result_of(trial).tried
    assert (side.failed, side.ended, side.ready_share) == (3, 3, 0.0)


def test_facts_that_changed_between_the_sides_are_pointed_out(trial: Trial) -> None:
    write(trial, tried=FINE, against=FINE)
    pair = result_of(trial).pairs[0]
    assert not pair.facts_differ
    other = FactSnapshot.objects.create(
        recommendation=pair.recommendation, number=2, item=TRACK, audience={}
    )
    pair.tried.draft.snapshot = other
    assert pair.facts_differ


def test_the_result_needs_a_constant_number_of_queries(
    trial: Trial, ml_engineer: Person, django_assert_num_queries: Any
) -> None:
    larger = start_trial(trial.prompt, trial.against, trial.model_version, 8, 1, ml_engineer)
    cancel_trial(trial, ml_engineer)
    write(larger, tried=NAMELESS, against=NAMELESS)
    # The drafts with what belongs to them, and their findings.
    with django_assert_num_queries(2):
        result_of(larger)


# Ending it ----------------------------------------------------------------------------------------


def test_what_is_left_can_be_cancelled(trial: Trial, ml_engineer: Person) -> None:
    write(trial, tried=FINE)
    cancel_trial(trial, ml_engineer)
    result = result_of(trial)
    assert result.is_finished
    assert (result.tried.ready, result.against.judged) == (3, 0)
    with pytest.raises(CannotSteer, match="has ended"):
        cancel_trial(trial, ml_engineer)


def test_a_trial_says_what_holds_it_up(trial: Trial) -> None:
    assert trials.hindrance_of(trial) is None
    ModelServer.objects.update(trouble="It cannot be reached.", trouble_since="2026-01-01T00:00Z")
    hindrance = trials.hindrance_of(trial)
    assert hindrance is not None
    assert [server.trouble for server in hindrance.servers] == ["It cannot be reached."]


def test_a_draft_of_a_run_beside_it_opens_its_place_all_the_same(
    trial: Trial, run: Run, recommendation: Recommendation
) -> None:
    drafted(run, recommendation, FINE)
    assert Place.objects.count() == 1


KEY = UUID("0189d3a2-0000-4000-8000-000000000002")


def test_the_same_key_starts_one_trial(trial: Trial, ml_engineer: Person) -> None:
    """Its seed was drawn by the desk, so the second request knows none."""
    parts = (trial.prompt, trial.against, trial.model_version, 2)
    first = start_trial(*parts, None, ml_engineer, key=KEY)
    assert start_trial(*parts, None, ml_engineer, key=KEY) == first
    assert start_trial(*parts, None, None, key=KEY) != first
    assert first.runs.count() == 2


@pytest.mark.parametrize(("sample", "seed"), [(3, 8), (2, 9)])
def test_a_key_that_started_another_trial_is_refused(
    trial: Trial, ml_engineer: Person, sample: int, seed: int
) -> None:
    parts = (trial.prompt, trial.against, trial.model_version)
    first = start_trial(*parts, 2, 8, ml_engineer, key=KEY)
    with pytest.raises(KeyReused, match=f"trial {first.pk} already"):
        start_trial(*parts, sample, seed, ml_engineer, key=KEY)


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_start_one_trial(trial: Trial, ml_engineer: Person) -> None:
    together = Barrier(2)
    started: list[Trial] = []

    def click() -> None:
        together.wait()
        try:
            parts = (trial.prompt, trial.against, trial.model_version)
            started.append(start_trial(*parts, 2, None, ml_engineer, key=KEY))
        finally:
            connection.close()

    clicks = [Thread(target=click) for _ in range(2)]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    assert started == [Trial.objects.get(key=KEY)] * 2
