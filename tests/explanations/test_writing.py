"""What becomes of a draft when its answer is there."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test.utils import CaptureQueriesContext

from explanations.checks import Finding
from explanations.model_server import Completion, Overloaded, Permanent, Temporary, Unusable
from explanations.models import Draft, FactSnapshot, Place, Prompt, Recommendation, Run
from explanations.services.drafting.asking import Asked, ask, load_brief
from explanations.services.drafting.claiming import claim, hand_back
from explanations.services.drafting.judging import JudgedFinding, Outcome, judge
from explanations.services.drafting.pace import MOST_SETBACKS, Pace
from explanations.services.drafting.writing import write
from explanations.services.published import publish
from explanations.services.runs import cancel
from tests.conftest import JOB, JOB_OUTPUT, LISTENER, PROFILE, TRACK, recommended
from tests.explanations.test_claiming import waiting

PACE = Pace()
LINE = "Dead Rabbitts turn metalcore into a sprint."


def answered(text: str, **more: Any) -> Completion:
    """What a server answers when all is well."""
    values: dict[str, Any] = {
        "finish_reason": "stop",
        "served_model": "smollm2",
        "prompt_tokens": 80,
        "completion_tokens": 11,
        "latency_ms": 420,
        **more,
    }
    return Completion(text=text, **values)


def claimed(run: Run) -> list[Asked]:
    """Everything that waits, claimed and asked for."""
    brief = load_brief(run.prompt_id, run.model_version_id)
    return [ask(taken, brief) for taken in claim([run.model_version_id], 100, "a drainer", 60.0)]


def settle(asked: Sequence[Asked], result: Any) -> int:
    """Judge and write the same answer for every claimed draft."""
    outcomes = [judge(one, result, "Own server", PACE) for one in asked]
    return write(outcomes)


@pytest.fixture
def draft(run: Run, recommendation: Recommendation) -> Draft:
    """A draft that waits."""
    return waiting(run, recommendation)


def test_a_good_answer_is_ready_with_everything_needed_to_reproduce_it(
    run: Run, draft: Draft
) -> None:
    (asked,) = claimed(run)
    assert settle([asked], answered(LINE)) == 1
    draft.refresh_from_db()
    assert (draft.state, draft.text) == ("READY", LINE)
    assert {"/item/artist", "/item/genre"} <= set(draft.rests_on)
    assert draft.request_sha256 == asked.request.sha256
    assert (draft.served_by, draft.served_model) == ("Own server", "smollm2")
    assert (draft.prompt_tokens, draft.completion_tokens, draft.latency_ms) == (80, 11, 420)
    assert (draft.finish_reason, draft.failure_reason) == ("stop", "")
    assert draft.lease_until is None
    assert draft.finished_at is not None


@pytest.mark.parametrize("reviews_wanted", [1, 3])
def test_a_ready_draft_opens_as_many_places_as_the_task_wants_reviews(
    run: Run, draft: Draft, reviews_wanted: int
) -> None:
    run.task.reviews_wanted = reviews_wanted
    run.task.save()
    settle(claimed(run), answered(LINE))
    places = Place.objects.filter(draft=draft)
    assert [place.ordinal for place in places.order_by("ordinal")] == list(
        range(1, reviews_wanted + 1)
    )
    assert {(place.state, place.priority) for place in places} == {("OPEN", draft.priority)}


def test_a_draft_is_checked_by_the_rules_of_its_tasks_active_guide(run: Run, draft: Draft) -> None:
    run.task.guides.update(rules={"avoid": ["sprint"]})
    settle(claimed(run), answered(LINE))
    said = draft.findings.get(check_name="tone")
    assert LINE[said.start : said.end] == "sprint"


def test_a_draft_that_repeats_a_published_line_is_for_the_editor(run: Run, draft: Draft) -> None:
    other = {"item": {"artist": "Kvelertak", "genre": "black metal"}, "audience": {}}
    publish("golden 1", run.task, "Kvelertak turn black metal into a sprint up the hill.", other)
    settle(claimed(run), answered("Dead Rabbitts turn metalcore into a sprint up the hill."))
    said = draft.findings.get(check_name="repetition")
    assert (said.level, said.message[:24]) == ("warning", "Names aside, this is pub")


def test_the_same_line_for_many_is_counted_as_it_is_written(
    run: Run, recommendation: Recommendation
) -> None:
    for number in range(5):
        item = {**TRACK, "artist": f"Band {number}"}
        waiting(run, recommended(run.task, f"track:{number}", item, LISTENER, f"Band {number}"))
    for asked in claimed(run):
        name = (asked.claim.facts or {})["item"]["artist"]
        settle([asked], answered(f"{name} would rather turn the whole hall into a sprint."))
    messages = list(
        run.drafts.filter(findings__check_name="repetition")
        .order_by("findings__id")
        .values_list("findings__message", flat=True)
    )
    assert messages[-2:] == [
        "Names aside, 3 other lines say exactly this.",
        "Names aside, 4 other lines say exactly this.",
    ]


def test_findings_are_kept_with_their_category_and_fact(run: Run, draft: Draft) -> None:
    (asked,) = claimed(run)
    outcome = replace(
        judge(asked, answered(LINE), "Own server", PACE),
        findings=[
            JudgedFinding(
                Finding("tone", 2, "warning", "A worn word.", 5, 9, "tone", "/item/genre")
            ),
            JudgedFinding(
                Finding("format", 1, "warning", "As a whole.", category="no such category")
            ),
        ],
    )
    write([outcome])
    worn, whole = draft.findings.order_by("check_version").reverse()
    assert (worn.check_name, worn.check_version, worn.level) == ("tone", 2, "warning")
    assert (worn.start, worn.end, worn.pointer) == (5, 9, "/item/genre")
    assert worn.category is not None
    assert worn.category.slug == "tone"
    assert (whole.start, whole.end, whole.category) == (None, None, None)


def blocked(asked: Asked) -> Outcome:
    """What the judge says of a text on which a check has an error."""
    wrong = "Dead Rabbitts turn metalcore into a sprint. " * 3
    return judge(asked, answered(wrong.strip()), "Own server", PACE)


def test_a_text_with_an_error_is_blocked_and_opens_no_place(run: Run, draft: Draft) -> None:
    (asked,) = claimed(run)
    write([blocked(asked)])
    draft.refresh_from_db()
    assert draft.state == "BLOCKED"
    assert draft.findings.filter(level="error").exists()
    assert not Place.objects.exists()


def test_a_blocked_text_of_the_blind_sample_is_reviewed_all_the_same(
    run: Run, draft: Draft
) -> None:
    Draft.objects.update(blind=True)
    (asked,) = claimed(run)
    write([blocked(asked)])
    draft.refresh_from_db()
    assert draft.state == "BLOCKED"
    assert Place.objects.filter(draft=draft, state="OPEN").count() == 1


def test_a_structured_answer_keeps_its_structure_and_its_facts(
    job_task: Any, model_version: Any, job_recommendation: Recommendation
) -> None:
    run = Run.objects.create(task=job_task, prompt=job_task.prompt, model_version=model_version)
    draft = waiting(run, job_recommendation)
    answer = (
        '{"matches": [{"fact": "PostgreSQL", "text": "You have worked with PostgreSQL."}],'
        ' "gaps": [{"fact": "Linux", "text": "Linux is wanted.",'
        ' "next_step": "Set up a small server at home."}], "verdict": "strong"}'
    )
    settle(claimed(run), answered(answer))
    draft.refresh_from_db()
    assert draft.text.startswith("Strong fit\n+ You have worked with PostgreSQL.")
    assert draft.output == JOB_OUTPUT
    assert draft.rests_on == ["/audience/skills/0", "/item/skills_wanted/1"]
    assert PROFILE["skills"][0] in draft.text
    assert JOB["skills_wanted"][1] in draft.text


@pytest.mark.parametrize(
    ("schema", "is_sent", "names_facts"),
    [("row", True, True), ("fixed", True, False), ("none", False, False)],
)
def test_a_prompt_says_which_schema_goes_with_its_requests(
    job_task: Any,
    model_version: Any,
    job_recommendation: Recommendation,
    schema: str,
    is_sent: bool,
    names_facts: bool,
) -> None:
    run = Run.objects.create(task=job_task, prompt=job_task.prompt, model_version=model_version)
    Prompt.objects.filter(pk=job_task.prompt_id).update(schema=schema)
    waiting(run, job_recommendation)
    (asked,) = claimed(run)
    sent = orjson.loads(asked.request.body)
    assert ("response_format" in sent) is is_sent
    assert ("PostgreSQL" in str(sent.get("response_format"))) is names_facts


# Answers of no use --------------------------------------------------------------------------------

CUT_OFF = Unusable("cut_off", "The model reached its limit.", answered("A", finish_reason="length"))


def test_an_answer_of_no_use_gets_two_more_tries(run: Run, draft: Draft) -> None:
    for tries in (1, 2):
        assert settle(claimed(run), CUT_OFF) == 0
        draft.refresh_from_db()
        assert (draft.state, draft.tries, draft.text) == ("PENDING", tries, "")
    assert settle(claimed(run), CUT_OFF) == 1
    draft.refresh_from_db()
    assert (draft.state, draft.failure_reason) == ("FAILED", "cut_off")
    assert draft.failure == "The model reached its limit."
    assert draft.finish_reason == "length"


def test_a_good_answer_after_a_bad_one_is_ready_and_has_no_failure(run: Run, draft: Draft) -> None:
    settle(claimed(run), CUT_OFF)
    settle(claimed(run), answered(LINE))
    draft.refresh_from_db()
    assert (draft.state, draft.tries) == ("READY", 1)
    assert (draft.failure_reason, draft.failure) == ("", "")


def test_a_text_that_its_format_refuses_is_of_no_use(run: Run, draft: Draft) -> None:
    settle(claimed(run), answered("Several lines.\nAnd another one."))
    draft.refresh_from_db()
    assert (draft.state, draft.tries, draft.failure_reason) == ("PENDING", 1, "several_lines")


def test_hostile_text_is_stored_without_what_cannot_be_seen(run: Run, draft: Draft) -> None:
    settle(claimed(run), answered("Dead\x00 Rabbitts \ud800turn <b>\u202eit</b> up."))
    draft.refresh_from_db()
    assert draft.text == "Dead Rabbitts turn <b>it</b> up."


# A server at fault --------------------------------------------------------------------------------


def test_a_temporary_error_makes_a_draft_wait_longer_each_time(run: Run, draft: Draft) -> None:
    (asked,) = claimed(run)
    error = Temporary("server_error", "The model server answered with error 500.")
    waits = [
        judge(replace(asked, claim=replace(asked.claim, setbacks=n)), error, "", PACE).wait_s
        for n in range(4)
    ]
    assert all(later > earlier / 1.01 for earlier, later in zip(waits, waits[2:], strict=False))
    settle([asked], error)
    draft.refresh_from_db()
    assert (draft.state, draft.setbacks, draft.tries) == ("PENDING", 1, 0)
    assert Draft.objects.filter(not_before__gt=Now()).exists()


def test_the_servers_own_wish_for_a_wait_is_honoured(run: Run, draft: Draft) -> None:
    settle(claimed(run), Overloaded("overloaded", "Too much to do.", retry_after_s=100.0))
    assert Draft.objects.filter(not_before__gt=Now() + timedelta(seconds=95)).exists()


def test_a_draft_that_only_ever_meets_errors_fails_in_the_end(run: Run, draft: Draft) -> None:
    Draft.objects.update(setbacks=MOST_SETBACKS - 1)
    settle(claimed(run), Temporary("server_error", "The model server answered with error 500."))
    draft.refresh_from_db()
    assert (draft.state, draft.failure_reason) == ("FAILED", "server_error")


def test_a_refused_request_fails_at_once_with_the_servers_words(run: Run, draft: Draft) -> None:
    settle(claimed(run), Permanent("refused", "Refused: the prompt is too long."))
    draft.refresh_from_db()
    assert (draft.state, draft.failure) == ("FAILED", "Refused: the prompt is too long.")


# The fence ----------------------------------------------------------------------------------------


def test_a_late_answer_changes_nothing(run: Run, draft: Draft) -> None:
    late = claimed(run)
    hand_back([one.claim.holding for one in late])
    settle(claimed(run), answered(LINE))
    assert settle(late, answered("Dead Rabbitts came too late.")) == 0
    draft.refresh_from_db()
    assert (draft.text, draft.attempt) == (LINE, 2)
    assert Place.objects.count() == 1


def test_an_answer_that_is_written_twice_counts_once(run: Run, draft: Draft) -> None:
    asked = claimed(run)
    assert settle(asked, answered(LINE)) == 1
    assert settle(asked, answered(LINE)) == 0
    assert Place.objects.count() == 1


def test_the_answer_for_a_cancelled_draft_is_dropped(run: Run, draft: Draft) -> None:
    asked = claimed(run)
    cancel(run, None)
    assert settle(asked, answered(LINE)) == 0
    draft.refresh_from_db()
    assert (draft.state, draft.text) == ("CANCELLED", "")


def test_an_answer_about_facts_that_have_changed_is_asked_for_again(
    run: Run, draft: Draft, recommendation: Recommendation
) -> None:
    asked = claimed(run)
    recommendation.snapshot = FactSnapshot.objects.create(
        recommendation=recommendation,
        number=2,
        item={**TRACK, "genre": "deathcore"},
        audience=LISTENER,
    )
    recommendation.save()
    assert settle(asked, answered(LINE)) == 0
    draft.refresh_from_db()
    assert (draft.state, draft.text, draft.tries) == ("PENDING", "", 0)
    (again,) = claimed(run)
    assert again.claim.facts is not None
    assert again.claim.facts["item"]["genre"] == "deathcore"


# Many at once -------------------------------------------------------------------------------------


@pytest.fixture
def many(run: Run) -> list[Draft]:
    """Twenty drafts that wait."""
    return [
        waiting(run, recommended(run.task, f"track:{number}", TRACK, LISTENER, "g"))
        for number in range(20)
    ]


def test_a_batch_is_one_transaction_of_few_statements(run: Run, many: list[Draft]) -> None:
    asked = claimed(run)
    with CaptureQueriesContext(
        connection,
    ) as statements:
        settle(asked, answered(LINE))
    assert Draft.objects.filter(state="READY").count() == 20
    # Savepoint and its release, two locks, the drafts, their findings (they repeat), their places;
    # and two each for the names of the catalogue and for what is published, once in some seconds.
    assert len(statements) <= 11


def test_an_outcome_that_the_database_refuses_fails_alone(run: Run, many: list[Draft]) -> None:
    asked = claimed(run)
    outcomes = [judge(one, answered(LINE), "Own server", PACE) for one in asked]
    outcomes[7] = replace(outcomes[7], text="")
    assert write(outcomes) == 20
    (failed,) = Draft.objects.filter(state="FAILED")
    assert failed.pk == outcomes[7].holding.draft_id
    assert failed.failure_reason == "defect"
    assert Draft.objects.filter(state="READY").count() == 19


def test_a_draft_on_which_the_desk_stumbles_fails_alone(
    run: Run, draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(*_arguments: object, **_more: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("explanations.services.drafting.judging.findings_of", stumble)
    settle(claimed(run), answered(LINE))
    draft.refresh_from_db()
    assert (draft.state, draft.failure_reason) == ("FAILED", "defect")
