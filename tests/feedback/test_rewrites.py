"""What the checks say of a rewrite while it is written."""

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import Person
from explanations.models import Draft, Run, Task
from explanations.services.facts import add_fact
from feedback.models import Assignment
from feedback.services.goldens import what_checks_say
from feedback.services.rewrites import Unsupported, unsupported_in
from tests.conftest import LISTENER, TRACK, drafted, recommended
from tests.feedback.people_at_work import claimed, reviewed

# The draft: Dead Rabbitts' latest single is a metalcore adrenaline rush!
WITH_A_PRODUCER = "Dead Rabbitts' single, produced by Andrew Wade, is a metalcore rush!"


def unsupported(draft: Draft, rewrite: str) -> list[Unsupported]:
    return unsupported_in(
        Draft.objects.select_related("task", "snapshot", "recommendation__snapshot").get(
            pk=draft.pk
        ),
        rewrite,
    )


def checked(client: Client, assignment: Assignment, rewrite: object) -> list[dict[str, object]]:
    answer = client.post(
        f"/review/{assignment.pk}/check/",
        {"rewrite": rewrite},
        content_type="application/json",
    )
    assert answer.status_code == 200, answer.content
    return list(answer.json()["unsupported"])


def test_a_name_that_no_fact_credits_is_pointed_at(ready_draft: Draft) -> None:
    [found] = unsupported(ready_draft, WITH_A_PRODUCER)
    assert found.words == "Andrew Wade"
    assert WITH_A_PRODUCER[found.start : found.end] == "Andrew Wade"
    assert "Andrew Wade" in found.message


def test_of_the_golden_the_checks_say_the_same(editor: Person, ready_draft: Draft) -> None:
    [found] = unsupported(ready_draft, WITH_A_PRODUCER)
    golden = reviewed(editor, outcome="EDIT", rewrite=WITH_A_PRODUCER).golden
    assert golden is not None
    assert found.message in [said.finding.message for said in what_checks_say(golden)]


def test_once_it_is_a_fact_nothing_is_said(editor: Person, ready_draft: Draft) -> None:
    claimed(editor)
    add_fact(ready_draft.recommendation, "producer", "Andrew Wade", "liner notes", editor)
    assert unsupported(ready_draft, WITH_A_PRODUCER) == []


def test_what_the_draft_says_itself_is_left_to_its_findings(run: Run, music_task: Task) -> None:
    about = recommended(music_task, "track:9", TRACK, LISTENER, "Dead Rabbitts")
    draft = drafted(run, about, WITH_A_PRODUCER)
    assert unsupported(draft, WITH_A_PRODUCER.replace("rush", "storm")) == []


@pytest.mark.parametrize("rewrite", ["", "Dead Rabbitts play metalcore."])
def test_of_what_facts_bear_out_nothing_is_said(ready_draft: Draft, rewrite: str) -> None:
    assert unsupported(ready_draft, rewrite) == []


def test_matters_of_style_are_no_matter_of_facts(ready_draft: Draft) -> None:
    assert unsupported(ready_draft, "DEAD RABBITTS PLAY METALCORE!!! 🔥🔥🔥") == []


def test_the_page_asks_for_its_own_draft(
    editor: Person,
    editor_client: Client,
    second_editor_client: Client,
    ready_draft: Draft,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    assignment = claimed(editor)
    before = Assignment.objects.values("leased_until", "revision").get()
    with django_assert_max_num_queries(10):
        [found] = checked(editor_client, assignment, WITH_A_PRODUCER)
    assert found["words"] == "Andrew Wade"
    assert Assignment.objects.values("leased_until", "revision").get() == before

    answer = second_editor_client.post(
        f"/review/{assignment.pk}/check/", {"rewrite": "x"}, content_type="application/json"
    )
    assert answer.status_code == 404


@pytest.mark.parametrize("rewrite", [None, 7, "x" * 10_001])
def test_what_is_no_text_is_refused(
    editor: Person, editor_client: Client, ready_draft: Draft, rewrite: object
) -> None:
    assignment = claimed(editor)
    answer = editor_client.post(
        f"/review/{assignment.pk}/check/", {"rewrite": rewrite}, content_type="application/json"
    )
    assert answer.status_code == 422
