"""The pages of prompts and guides: read, compare, write the next one, make one active."""

import json
from typing import Any

import pytest
from django.db.models.functions import Now
from django.test import Client

from accounts.models import Person
from explanations.models import Guide, Prompt, Recommendation, Task
from explanations.services.versions import make_active, write_guide
from tests.conftest import KNOWN_LINE, KNOWN_TRACK

pytestmark = pytest.mark.django_db

PROMPTS = "/tasks/music-oneliner/prompts/"
GUIDES = "/tasks/music-oneliner/guides/"
HTMX = {"HX-Request": "true"}

TYPED: dict[str, str] = {
    "note": "Shorter",
    "system": "Write one sentence.\r\nBe brief.",
    "user_template": "Artist: {{ /item/artist }}",
    "examples": json.dumps([{"facts": {"item": KNOWN_TRACK}, "answer": KNOWN_LINE}]),
    "temperature": "0.4",
    "top_p": "",
    "max_tokens": "60",
    "stop": '["\\n"]',
    "step": "write",
}


def text_of(browser: Client, address: str) -> str:
    return browser.get(address).content.decode()


# Reading ------------------------------------------------------------------------------------------


def test_tasks_are_listed_with_their_active_versions(
    editor_client: Client, music_task: Task, job_task: Task, django_assert_num_queries: Any
) -> None:
    # Session, person, two for the rights, the tasks.
    with django_assert_num_queries(3):
        page = text_of(editor_client, "/tasks/")
    assert f"{PROMPTS}1/" in page
    assert "/tasks/job-fit/guides/1/" in page


def test_the_list_says_of_each_version_who_when_and_what_it_is(
    ml_engineer_client: Client,
    ml_engineer: Person,
    music_task: Task,
    next_prompt: Prompt,
) -> None:
    Prompt.objects.filter(number=1).update(used_at=Now())
    Prompt.objects.filter(number=2).update(created_by=ml_engineer)
    page = text_of(ml_engineer_client, PROMPTS)
    newest, oldest = page.split("<tbody>")[1].split("</tr>")[:2]
    assert "Vivid" in newest
    assert "Mia Sørensen" in newest
    assert "never used" in newest
    assert next_prompt.sha256[:12] in newest
    assert "active" not in newest
    assert ">active<" in oldest
    assert "used since" in oldest


@pytest.mark.parametrize("address", [PROMPTS, GUIDES])
def test_a_list_needs_a_constant_number_of_queries(
    ml_engineer_client: Client, music_task: Task, address: str, django_assert_num_queries: Any
) -> None:
    for number in range(2, 12):
        Prompt.objects.create(
            task=music_task, number=number, system="", user_template="", sha256=str(number)
        )
        Guide.objects.create(task=music_task, number=number, text=str(number))
    # Session, person, two for the rights, the task, how many, the versions, the log.
    with django_assert_num_queries(6):
        ml_engineer_client.get(address)


def test_a_prompt_is_shown_whole_and_cannot_be_edited(
    ml_engineer_client: Client, music_task: Task
) -> None:
    page = text_of(ml_engineer_client, f"{PROMPTS}1/")
    assert "You write one sentence about a track from its facts." in page
    assert "{{ /item/artist }}" in page
    assert "0" * 64 in page
    assert "<textarea" not in page


def test_a_guide_version_is_shown_as_it_is_read(editor_client: Client, music_task: Task) -> None:
    page = text_of(editor_client, f"{GUIDES}1/")
    assert "<h2>One line</h2>" in page
    assert "Make it active" not in page


@pytest.mark.parametrize(
    "address",
    ["/tasks/poetry/prompts/", f"{PROMPTS}9/", f"{PROMPTS}99999999999999999999/", f"{GUIDES}9/"],
)
def test_what_is_not_there_is_not_found(
    editor_client: Client, music_task: Task, address: str
) -> None:
    assert editor_client.get(address).status_code == 404


def test_the_difference_from_the_last_version_is_shown(
    editor_client: Client, next_prompt: Prompt
) -> None:
    page = text_of(editor_client, f"{PROMPTS}2/")
    assert "<ins>vivid </ins>" in page
    assert "Nothing changed in: User template, Examples, Parameters, JSON schema." in page


def test_any_other_version_can_be_compared(editor_client: Client, next_prompt: Prompt) -> None:
    page = text_of(editor_client, f"{PROMPTS}1/?against=2")
    assert "<del>vivid </del>" in page
    for nonsense in ("7", "x", "1", "9" * 5000):
        answer = editor_client.get(f"{PROMPTS}2/", {"against": nonsense})
        assert "<ins>vivid </ins>" in answer.content.decode()


def test_what_versions_say_is_shown_as_text(
    editor_client: Client, music_task: Task, lead: Person
) -> None:
    write_guide(music_task, "# One\n\n<script>alert(1)</script>", "<b>bold</b>", lead)
    page = text_of(editor_client, f"{GUIDES}2/")
    assert "<script>alert(1)" not in page
    assert "<b>bold" not in page


# Writing a prompt ---------------------------------------------------------------------------------


def test_the_form_begins_with_the_active_prompt(
    ml_engineer_client: Client, next_prompt: Prompt, recommendation: Recommendation
) -> None:
    page = text_of(ml_engineer_client, f"{PROMPTS}new/")
    assert "You write one sentence about a track" in page
    assert "It begins with the words of prompt 1" in page
    assert "<code>/audience/recently_played/*/artist</code>" in page


def test_the_form_begins_with_any_other(ml_engineer_client: Client, next_prompt: Prompt) -> None:
    assert "one vivid sentence" in text_of(ml_engineer_client, f"{PROMPTS}new/?from=2")
    for nonsense in ("9", "x", "9" * 5000):
        answer = ml_engineer_client.get(f"{PROMPTS}new/", {"from": nonsense})
        assert answer.status_code == 404


def test_the_first_prompt_begins_with_nothing(ml_engineer_client: Client, music_task: Task) -> None:
    Task.objects.update(prompt=None)
    Prompt.objects.all().delete()
    assert ml_engineer_client.get(f"{PROMPTS}new/").status_code == 200
    ml_engineer_client.post(f"{PROMPTS}new/", TYPED)
    assert Prompt.objects.get().number == 1


def test_what_is_typed_becomes_the_next_version(
    ml_engineer_client: Client, ml_engineer: Person, music_task: Task
) -> None:
    answer = ml_engineer_client.post(f"{PROMPTS}new/", TYPED)
    assert answer["Location"] == f"{PROMPTS}2/"
    prompt = Prompt.objects.get(number=2)
    assert (prompt.system, prompt.note) == ("Write one sentence.\nBe brief.", "Shorter")
    assert prompt.parameters == {"max_tokens": 60, "stop": ["\n"], "temperature": 0.4}
    assert prompt.examples == [{"facts": {"item": KNOWN_TRACK}, "answer": KNOWN_LINE}]
    assert prompt.created_by == ml_engineer


def test_htmx_is_sent_on_to_the_new_version(ml_engineer_client: Client, music_task: Task) -> None:
    answer = ml_engineer_client.post(f"{PROMPTS}new/", TYPED, headers=HTMX)
    assert (answer.status_code, answer["HX-Redirect"]) == (200, f"{PROMPTS}2/")


def test_who_is_no_longer_logged_in_is_told_so_and_not_sent_away(music_task: Task) -> None:
    answer = Client().post(f"{PROMPTS}new/", TYPED, headers=HTMX)
    assert answer.status_code == 401


def test_a_form_that_is_sent_as_it_came_changes_nothing(
    ml_engineer_client: Client, music_task: Task
) -> None:
    form = ml_engineer_client.get(f"{PROMPTS}new/").context["form"]
    as_it_came = {name: form[name].value() or "" for name in form.fields}
    answer = ml_engineer_client.post(f"{PROMPTS}new/", as_it_came)
    # The fixture's hash is made up, so the same words are a version once, and then no more.
    assert answer["Location"] == f"{PROMPTS}2/"
    again = ml_engineer_client.post(f"{PROMPTS}new/", as_it_came)
    assert "Nothing is changed: prompt 2 says the same." in again.content.decode()


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("user_template", "Artist: {{ /item/artst }}", "Line 1: no recommendation"),
        ("user_template", "", "This field is required."),
        ("user_template", "x" * 10_001, "10,000 are the most"),
        ("system", "<|im_start|>", "is a control token"),
        ("examples", '[\n  {"facts": }\n]', "Line 2, column 13: this is no JSON"),
        ("examples", "[NaN]", "NaN is no number in JSON"),
        ("examples", "[" * 5_000, "this is no JSON"),
        ("examples", "{}", "Examples are a list"),
        ("examples", "0", "Examples are a list"),
        ("temperature", "3", "must be a number from 0 to 2"),
        ("temperature", "warm", "Enter a number."),
        ("top_p", "0", "must be a number from 0.01 to 1"),
        ("max_tokens", "9000", "must be a number from 1 to 4096"),
        ("max_tokens", "6.5", "Enter a whole number."),
        ("stop", '["\\n"', "this is no JSON"),
        ("stop", '"\\n', "this is no JSON"),
        ("stop", "[1]", "at most 4 short texts"),
        ("note", "x" * 301, "at most 300 characters"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_nothing_typed_is_lost(
    ml_engineer_client: Client,
    recommendation: Recommendation,
    field: str,
    typed: str,
    said: str,
) -> None:
    words = {**TYPED, "system": "Words that took an hour.", field: typed}
    answer = ml_engineer_client.post(f"{PROMPTS}new/", words)

    assert answer.status_code == 200
    form = answer.context["form"]
    assert any(said.lower() in error.lower() for error in form.errors[field]), form.errors
    assert set(form.errors) == {field}
    for name, value in words.items():
        if name != "step":
            assert form[name].value() == value
    assert Prompt.objects.count() == 1


def test_everything_that_is_wrong_is_said_at_once(
    ml_engineer_client: Client, recommendation: Recommendation
) -> None:
    words = {**TYPED, "user_template": "No fact", "stop": "[", "temperature": "3"}
    answer = ml_engineer_client.post(f"{PROMPTS}new/", words)
    assert set(answer.context["form"].errors) == {"user_template", "stop", "temperature"}
    page = answer.content.decode()
    assert '<a href="#id_user_template">User template</a>' in page
    assert 'aria-describedby="id_user_template_helptext id_user_template_error"' in page


def test_a_preview_shows_the_messages_and_the_difference_and_writes_nothing(
    ml_engineer_client: Client, recommendation: Recommendation
) -> None:
    for headers in ({}, HTMX):
        answer = ml_engineer_client.post(
            f"{PROMPTS}new/", {**TYPED, "step": "preview"}, headers=headers
        )
        page = answer.content.decode()
        assert "Artist: Dead Rabbitts" in page
        assert [message["role"] for message in answer.context["sent"]] == [
            "system",
            "user",
            "assistant",
            "user",
        ]
        assert "What is different from version 1" in page
        assert "Be brief.</ins>" in page
    assert Prompt.objects.count() == 1


def test_a_preview_of_what_is_wrong_says_so(
    ml_engineer_client: Client, recommendation: Recommendation
) -> None:
    words = {**TYPED, "system": "<s>", "step": "preview"}
    answer = ml_engineer_client.post(f"{PROMPTS}new/", words, headers=HTMX)
    assert "is a control token" in answer.content.decode()
    assert "sent" not in answer.context
    assert answer["HX-Reswap"] == "outerHTML show:#writing:top"


def test_only_a_task_with_a_schema_offers_the_choice(
    ml_engineer_client: Client, music_task: Task, job_task: Task
) -> None:
    assert 'name="schema"' not in text_of(ml_engineer_client, f"{PROMPTS}new/")
    assert 'name="schema"' in text_of(ml_engineer_client, "/tasks/job-fit/prompts/new/")


def test_the_chosen_schema_is_kept(ml_engineer_client: Client, job_task: Task) -> None:
    words = {
        **TYPED,
        "user_template": "Job: {{ /item/title }}",
        "examples": "[]",
        "schema": "fixed",
    }
    ml_engineer_client.post("/tasks/job-fit/prompts/new/", words)
    assert Prompt.objects.get(task=job_task, number=2).schema == "fixed"
    page = text_of(ml_engineer_client, "/tasks/job-fit/prompts/2/")
    assert "the same for every row" in page


# Writing a guide ----------------------------------------------------------------------------------


def test_a_lead_writes_the_next_guide(lead_client: Client, lead: Person, music_task: Task) -> None:
    assert "Say something true." in text_of(lead_client, f"{GUIDES}new/")
    answer = lead_client.post(
        f"{GUIDES}new/", {"note": "", "text": "# One\r\n\r\nBe true.", "step": "write"}
    )
    assert answer["Location"] == f"{GUIDES}2/"
    assert Guide.objects.get(number=2).text == "# One\n\nBe true."
    assert Guide.objects.get(number=2).created_by == lead


def test_a_guide_is_previewed_as_it_will_be_read(lead_client: Client, music_task: Task) -> None:
    words = {"text": "# One line\n\nSay something **kind**.", "step": "preview"}
    page = lead_client.post(f"{GUIDES}new/", words, headers=HTMX).content.decode()
    assert "<strong>kind</strong>" in page
    assert "<ins>**kind**</ins>" in page
    assert Guide.objects.count() == 1


def test_the_rules_of_a_guide_are_written_and_shown(
    lead_client: Client, editor_client: Client, music_task: Task
) -> None:
    words = {
        "text": "# One line\n\nSay something true.",
        "avoid": "must-hear\r\n\r\n  hidden gem ",
        "exclamation_marks": "1",
        "second_person": "avoided",
        "step": "write",
    }
    lead_client.post(f"{GUIDES}new/", words)

    guide = Guide.objects.get(number=2)
    assert guide.rules == {
        "avoid": ["must-hear", "hidden gem"],
        "exclamation_marks": 1,
        "emoji": False,
        "second_person": "avoided",
    }
    page = text_of(editor_client, f"{GUIDES}2/")
    assert "must-hear · hidden gem" in page
    assert "never speaks to “you”" in page
    assert "Avoid: must-hear" in page  # the difference from version 1
    assert "hidden gem" in text_of(lead_client, f"{GUIDES}new/?from=2")


def test_rules_that_cannot_be_checked_are_refused_at_their_field(
    lead_client: Client, music_task: Task
) -> None:
    words = {"text": "# One", "avoid": "…", "exclamation_marks": "99", "step": "write"}
    answer = lead_client.post(f"{GUIDES}new/", words)
    assert set(answer.context["form"].errors) == {"avoid", "exclamation_marks"}
    assert Guide.objects.count() == 1


def test_an_empty_guide_is_refused_at_its_field(lead_client: Client, music_task: Task) -> None:
    answer = lead_client.post(f"{GUIDES}new/", {"text": " \n", "step": "write"})
    assert set(answer.context["form"].errors) == {"text"}


# Making active ------------------------------------------------------------------------------------


def test_a_version_is_made_active_and_the_history_says_by_whom(
    ml_engineer_client: Client, music_task: Task, next_prompt: Prompt
) -> None:
    page = text_of(ml_engineer_client, f"{PROMPTS}2/")
    assert "Make it active instead of 1" in page
    answer = ml_engineer_client.post(f"{PROMPTS}2/", {"instead_of": "1"}, follow=True)
    assert "Prompt 2 is active now." in answer.content.decode()
    history = text_of(ml_engineer_client, PROMPTS)
    assert "Version 2, by Mia Sørensen" in history
    assert "instead of version 1" in history


def test_who_decides_on_what_is_no_longer_so_is_told(
    ml_engineer_client: Client, ml_engineer: Person, music_task: Task, next_prompt: Prompt
) -> None:
    make_active(next_prompt, 1, ml_engineer)
    answer = ml_engineer_client.post(f"{PROMPTS}1/", {"instead_of": "1"}, follow=True)
    assert "prompt 2 has become the active one" in answer.content.decode().replace("is active", "")
    assert ml_engineer_client.post(f"{PROMPTS}1/", {"instead_of": "x"}).status_code == 400


def test_a_lead_makes_a_guide_active_and_editors_read_it(
    lead_client: Client, editor_client: Client, lead: Person, music_task: Task
) -> None:
    write_guide(music_task, "# Anew\n\nBe brief.", "", lead)
    lead_client.post(f"{GUIDES}2/", {"instead_of": "1"})
    assert "Be brief." in text_of(editor_client, "/tasks/music-oneliner/guide/")
