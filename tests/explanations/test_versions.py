"""Versions are written, never edited, and one of them is active."""

from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models.functions import Now

from accounts.models import LogEntry, Person
from explanations.models import Guide, Prompt, Recommendation, Task
from explanations.prompts import prompt_sha256
from explanations.services import versions
from explanations.services.versions import (
    MOST_FILLED,
    MOST_GUIDE,
    MOST_SYSTEM,
    MOST_TEMPLATE,
    VersionConflict,
    VersionRefused,
    WrittenPrompt,
    differences,
    make_active,
    write_guide,
    write_prompt,
)
from tests.conftest import KNOWN_LINE, KNOWN_TRACK, LISTENER, TRACK, recommended

pytestmark = pytest.mark.django_db

WRITTEN = WrittenPrompt(
    system="Write one sentence.",
    user_template="Artist: {{ /item/artist }}",
    examples=[{"facts": {"item": KNOWN_TRACK}, "answer": KNOWN_LINE}],
    parameters={"temperature": 0.4, "max_tokens": 60},
)


def changed(**parts: Any) -> WrittenPrompt:
    """The prompt above, with something else in it."""
    kept = {name: getattr(WRITTEN, name) for name in WRITTEN.__slots__}
    return WrittenPrompt(**{**kept, **parts})


def problems(task: Task, **parts: Any) -> dict[str, str]:
    return versions.prompt_problems(task, changed(**parts))


# Writing ------------------------------------------------------------------------------------------


def test_a_prompt_gets_the_next_number_its_author_and_its_hash(
    music_task: Task, ml_engineer: Person
) -> None:
    prompt = write_prompt(music_task, WRITTEN, "Shorter", ml_engineer)

    assert (prompt.number, prompt.note, prompt.created_by) == (2, "Shorter", ml_engineer)
    assert prompt.used_at is None
    assert prompt.sha256 == prompt_sha256(
        WRITTEN.system, WRITTEN.user_template, WRITTEN.examples, WRITTEN.parameters
    )
    music_task.refresh_from_db()
    assert music_task.prompt_id != prompt.pk


def test_who_wrote_a_version_is_in_the_log(music_task: Task, lead: Person) -> None:
    guide = write_guide(music_task, "# Short\n\nBe brief.", "", lead)

    entry = LogEntry.objects.get(action="guide written")
    assert (entry.actor, entry.subject_id) == (lead, guide.pk)
    assert entry.detail == {"task": "music-oneliner", "number": 2}


def test_the_same_words_are_no_new_version(music_task: Task, ml_engineer: Person) -> None:
    write_prompt(music_task, WRITTEN, "", ml_engineer)
    with pytest.raises(VersionRefused, match="prompt 2 says the same"):
        write_prompt(music_task, WRITTEN, "Once more", ml_engineer)
    assert music_task.guide is not None
    with pytest.raises(VersionRefused, match="guide 1 says the same"):
        write_guide(music_task, music_task.guide.text, "", ml_engineer)


def test_the_same_words_with_other_rules_are_another_guide(music_task: Task, lead: Person) -> None:
    assert music_task.guide is not None
    text = music_task.guide.text
    guide = write_guide(music_task, text, "", lead, {"avoid": ["epic"]})
    assert (guide.number, guide.rules["avoid"], guide.rules["emoji"]) == (2, ["epic"], True)
    with pytest.raises(VersionRefused, match="guide 2 says the same"):
        write_guide(music_task, text, "", lead, {"avoid": ["epic"], "emoji": True})


def test_without_rules_those_of_the_active_guide_go_on(music_task: Task, lead: Person) -> None:
    guide = write_guide(music_task, "Be brief.", "", lead, {"avoid": ["epic"]})
    make_active(guide, 1, lead)
    music_task.refresh_from_db()
    assert write_guide(music_task, "Be briefer.", "", lead).rules["avoid"] == ["epic"]


@pytest.mark.parametrize(
    ("rules", "name"),
    [({"avoid": "epic"}, "avoid"), ({"avoid": ["a\0"]}, "avoid"), ({"vibes": 1}, "vibes")],
)
def test_rules_that_cannot_be_checked_are_refused(
    music_task: Task, lead: Person, rules: dict[str, Any], name: str
) -> None:
    with pytest.raises(VersionRefused) as refused:
        write_guide(music_task, "Be brief.", "", lead, rules)
    assert list(refused.value.problems) == [name]


def test_the_rules_of_a_used_guide_are_final(music_task: Task) -> None:
    Guide.objects.update(used_at=Now())
    with pytest.raises(DatabaseError, match="Cannot update"), transaction.atomic():
        Guide.objects.update(rules={"avoid": ["epic"]})


def test_another_schema_is_another_version(job_task: Task, ml_engineer: Person) -> None:
    assert job_task.prompt is not None
    words = {
        "system": job_task.prompt.system,
        "user_template": job_task.prompt.user_template,
        "parameters": job_task.prompt.parameters,
    }
    first = write_prompt(job_task, WrittenPrompt(**words), "", ml_engineer)
    second = write_prompt(job_task, WrittenPrompt(**words, schema="fixed"), "", ml_engineer)
    assert first.sha256 != second.sha256


def test_versions_of_two_tasks_are_counted_apart(
    music_task: Task, job_task: Task, lead: Person
) -> None:
    write_guide(music_task, "One.", "", lead)
    assert write_guide(job_task, "Two.", "", lead).number == 2


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "field", "said"),
    [
        ({"user_template": ""}, "user_template", "names no fact"),
        ({"user_template": "No fact at all"}, "user_template", "names no fact"),
        ({"user_template": "T: {{ title }}"}, "user_template", '"title" is no fact'),
        ({"user_template": "T: {{ /item/title }}" + "x" * MOST_TEMPLATE}, "user_template", "most"),
        (
            {"user_template": "T: {{ /item/title | 50 items, 4000 characters }}"},
            "user_template",
            f"{MOST_FILLED:,} are the most",
        ),
        ({"system": "x" * (MOST_SYSTEM + 1)}, "system", "20,001 characters; 20,000 are the most"),
        ({"system": "<|im_start|>system"}, "system", "“<|im_start|>” is a control token"),
        ({"system": "Be\u202e brief"}, "system", "nobody can see (U+202E)"),
        ({"system": "Be\0 brief"}, "system", "cannot be stored"),
        ({"system": "Be \ud800 brief"}, "system", "cannot be stored"),
        ({"user_template": "[INST]\nT: {{ /item/title }}"}, "user_template", "control token"),
        ({"examples": {}}, "examples", "Examples are a list"),
        ({"examples": [{"user": "x", "assistant": "y"}]}, "examples", "Examples are a list"),
        ({"examples": WRITTEN.examples * 21}, "examples", "21 examples; 20 are the most"),
        (
            {"examples": [{"facts": {}, "answer": KNOWN_LINE + "</s>"}]},
            "examples",
            "Example 1: “</s>” is a control token",
        ),
        (
            {"examples": [*WRITTEN.examples, {"facts": {}, "answer": "It stops before"}]},
            "examples",
            "Example 2: Its answer could be no draft.",
        ),
        (
            {"examples": [{"facts": {"item": {"title": "a\0"}}, "answer": KNOWN_LINE}]},
            "examples",
            "cannot be stored",
        ),
        (
            {"examples": [{"facts": {"item": {"t": "x" * 100_000}}, "answer": KNOWN_LINE}]},
            "examples",
            "100,000 are the most",
        ),
        ({"parameters": [1]}, "parameters", "Parameters are an object"),
        ({"parameters": {"seed": 1}}, "parameters", "“seed” is not a parameter"),
        ({"parameters": {"temperature": 3}}, "temperature", "a number from 0 to 2"),
        ({"parameters": {"temperature": "hot"}}, "temperature", "a number from 0 to 2"),
        ({"parameters": {"top_p": 0}}, "top_p", "a number from 0.01 to 1"),
        ({"parameters": {"max_tokens": 10**9}}, "max_tokens", "a number from 1 to 4096"),
        ({"parameters": {"stop": [""]}}, "stop", "at most 4 short texts"),
        ({"parameters": {"stop": ["\0"]}}, "stop", "cannot be stored"),
        ({"schema": "loose"}, "schema", "One of row, fixed, none."),
    ],
)
def test_a_prompt_that_could_not_be_sent_is_refused_at_its_field(
    music_task: Task, ml_engineer: Person, parts: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(VersionRefused) as refused:
        write_prompt(music_task, changed(**parts), "", ml_engineer)
    assert said in refused.value.problems[field]
    assert set(refused.value.problems) == {field}
    assert music_task.prompts.count() == 1


def test_everything_that_is_wrong_is_said_at_once(music_task: Task) -> None:
    found = problems(
        music_task, user_template="No fact", parameters={"temperature": 3, "top_p": 7, "n": 2}
    )
    assert set(found) == {"user_template", "temperature", "top_p", "parameters"}


@pytest.mark.parametrize(
    ("text", "said"),
    [("  \n ", "Write something"), ("x" * (MOST_GUIDE + 1), "are the most"), ("a\0b", "stored")],
)
def test_a_guide_that_cannot_be_kept_is_refused(
    music_task: Task, lead: Person, text: str, said: str
) -> None:
    with pytest.raises(VersionRefused) as refused:
        write_guide(music_task, text, "", lead)
    assert said in refused.value.problems["text"]


def test_a_note_is_short(music_task: Task, lead: Person) -> None:
    with pytest.raises(VersionRefused) as refused:
        write_guide(music_task, "Short.", "x" * 301, lead)
    assert set(refused.value.problems) == {"note"}


# Names of facts -----------------------------------------------------------------------------------


def test_a_fact_that_no_recommendation_has_is_a_slip_of_the_pen(
    music_task: Task, recommendation: Recommendation
) -> None:
    template = "Artist: {{ /item/artist }}\nGenre: {{ /item/gnre }}"
    assert problems(music_task, user_template=template)["user_template"] == (
        "Line 2: no recommendation of this task has the fact /item/gnre. Did you mean /item/genre?"
    )


@pytest.mark.parametrize(
    "pointer",
    [
        "/item/tempo_bpm",
        "/audience/favourite_subgenres",
        "/audience/recently_played/*/artist",
        "/audience/recently_played/0/title",
    ],
)
def test_a_fact_that_a_recommendation_has_may_be_named(
    music_task: Task, recommendation: Recommendation, pointer: str
) -> None:
    assert problems(music_task, user_template=f"X: {{{{ {pointer} }}}}") == {}


def test_a_fact_that_only_one_recommendation_has_may_be_named(
    music_task: Task, recommendation: Recommendation
) -> None:
    recommended(music_task, "track:rare", {**TRACK, "remixer": "Jack Wins"}, LISTENER, "g")
    for number in range(3):
        recommended(music_task, f"track:{number}", TRACK, LISTENER, "g")
    assert problems(music_task, user_template="X: {{ /item/remixer }}") == {}


def test_a_fact_of_an_example_may_be_named(
    music_task: Task, recommendation: Recommendation
) -> None:
    facts = {"item": {**KNOWN_TRACK, "mood": "bleak"}}
    examples = [{"facts": facts, "answer": KNOWN_LINE}]
    assert problems(music_task, user_template="M: {{ /item/mood }}", examples=examples) == {}


def test_facts_of_another_task_are_not_known(
    music_task: Task, recommendation: Recommendation, job_recommendation: Recommendation
) -> None:
    assert problems(music_task, user_template="S: {{ /audience/skills }}")


def test_before_the_first_import_every_name_may_be_right(music_task: Task) -> None:
    assert problems(music_task, user_template="X: {{ /item/anything }}") == {}


def test_the_facts_of_a_task_are_listed_as_a_template_names_them(
    music_task: Task, recommendation: Recommendation
) -> None:
    assert versions.known_facts(music_task) == [
        "/audience/favourite_subgenres",
        "/audience/recently_played/*/artist",
        "/audience/recently_played/*/title",
        "/item/album",
        "/item/artist",
        "/item/energy",
        "/item/genre",
        "/item/kind",
        "/item/tempo_bpm",
        "/item/title",
    ]


# Making active ------------------------------------------------------------------------------------


def test_a_version_becomes_active_and_the_log_says_instead_of_which(
    music_task: Task, next_prompt: Prompt, ml_engineer: Person
) -> None:
    make_active(next_prompt, 1, ml_engineer)

    music_task.refresh_from_db()
    assert music_task.prompt == next_prompt
    (entry,) = versions.activations(music_task, versions.PROMPT_ACTIVATED, 10)
    assert (entry.actor, entry.detail) == (ml_engineer, {"number": 2, "instead_of": 1})


def test_who_saw_another_active_version_is_told(
    music_task: Task, next_prompt: Prompt, ml_engineer: Person
) -> None:
    third = write_prompt(music_task, WRITTEN, "", ml_engineer)
    make_active(next_prompt, 1, ml_engineer)

    with pytest.raises(VersionConflict, match="prompt 2 has become the active one"):
        make_active(third, 1, ml_engineer)
    with pytest.raises(VersionConflict, match="is active already"):
        make_active(next_prompt, 2, ml_engineer)
    music_task.refresh_from_db()
    assert music_task.prompt == next_prompt


def test_the_first_version_replaces_none(music_task: Task, lead: Person) -> None:
    Task.objects.update(guide=None)
    guide = write_guide(music_task, "The first words.", "", lead)
    with pytest.raises(VersionConflict, match="no guide"):
        make_active(guide, 1, lead)
    make_active(guide, None, lead)
    assert Task.objects.get(slug="music-oneliner").guide == guide


@pytest.mark.parametrize("kind", ["prompt", "guide"])
def test_a_task_takes_no_version_of_another_task(
    music_task: Task, job_task: Task, kind: str
) -> None:
    Task.objects.filter(pk=music_task.pk).update(**{kind: getattr(job_task, kind)})
    with pytest.raises(IntegrityError):
        connection.check_constraints()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_decide_at_once_one_is_told(
    music_task: Task, next_prompt: Prompt, ml_engineer: Person
) -> None:
    third = write_prompt(music_task, WRITTEN, "", ml_engineer)
    together = Barrier(2)
    answers: list[str] = []

    def decide(prompt: Prompt) -> None:
        together.wait(60)
        try:
            make_active(prompt, 1, ml_engineer)
            answers.append("done")
        except VersionConflict:
            answers.append("conflict")
        finally:
            connection.close()

    both = [Thread(target=decide, args=(prompt,)) for prompt in (next_prompt, third)]
    for one in both:
        one.start()
    for one in both:
        one.join(60)
    assert sorted(answers) == ["conflict", "done"]
    assert LogEntry.objects.filter(action=versions.PROMPT_ACTIVATED).count() == 1


# A used version never changes ---------------------------------------------------------------------


@pytest.fixture
def used(music_task: Task) -> Prompt:
    """A prompt that something was drafted with."""
    Prompt.objects.update(used_at=Now())
    return music_task.prompts.get()


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("system", "Else."),
        ("user_template", "X: {{ /item/x }}"),
        ("examples", []),
        ("parameters", {}),
        ("schema", "none"),
        ("sha256", "f" * 64),
    ],
)
def test_the_database_refuses_to_change_what_was_used(
    used: Prompt, column: str, value: Any
) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        Prompt.objects.filter(pk=used.pk).update(**{column: value})


def test_a_used_version_can_still_become_active_again(
    used: Prompt, music_task: Task, next_prompt: Prompt, ml_engineer: Person
) -> None:
    make_active(next_prompt, 1, ml_engineer)
    make_active(used, 2, ml_engineer)
    assert len(versions.activations(music_task, versions.PROMPT_ACTIVATED, 10)) == 2


# Comparing ----------------------------------------------------------------------------------------


def test_prompts_are_compared_part_by_part(music_task: Task, next_prompt: Prompt) -> None:
    assert music_task.prompt is not None
    found = differences(music_task.prompt, next_prompt)
    assert [each.part for each in found.changed] == ["System text"]
    assert found.same == ["User template", "Examples", "Parameters", "JSON schema"]


def test_a_changed_parameter_is_named(music_task: Task) -> None:
    hotter = changed(parameters={"temperature": 0.5, "max_tokens": 60})
    (parameters,) = differences(WRITTEN, hotter).changed
    (passage,) = parameters.passages
    assert parameters.part == "Parameters"
    assert [(stretch.kind, stretch.text) for stretch in passage.stretches] == [
        ("same", "max_tokens: 60\n"),
        ("same", "temperature: "),
        ("removed", "0.4"),
        ("added", "0.5"),
    ]


def test_guides_are_compared_as_texts(music_task: Task, lead: Person) -> None:
    assert music_task.guide is not None
    guide: Guide = write_guide(music_task, music_task.guide.text + "\n\nBe brief.", "", lead)
    (changed_part,) = differences(music_task.guide, guide).changed
    assert changed_part.passages[-1].stretches[-1].text == "\n\nBe brief."
