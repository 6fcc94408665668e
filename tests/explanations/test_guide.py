"""The guide page: Markdown for those who read or review, and nothing in it that leads away."""

import pytest
from django.test import Client

from explanations.guide_html import guide_html
from explanations.models import Guide, Task


def test_headings_lists_and_tables_are_kept_below_the_pages_own_heading() -> None:
    shown = guide_html("# Promise\n\n- one\n- two\n\n| good | bad |\n|---|---|\n| a | b |\n")

    assert "<h2>Promise</h2>" in shown
    assert "<li>one</li>" in shown
    assert "<td>a</td>" in shown


@pytest.mark.parametrize(
    "written",
    [
        "[press](https://elsewhere.example)",
        "![a picture](https://elsewhere.example/x.png)",
        "<https://elsewhere.example>",
        "[by name][there]\n\n[there]: https://elsewhere.example",
        "<script>alert(1)</script>",
        '<img src="x" onerror="alert(1)">',
        "<a href='javascript:alert(1)'>x</a>",
    ],
)
def test_nothing_in_a_guide_can_be_followed_loaded_or_run(written: str) -> None:
    shown = guide_html(written)

    for tag in ("<a", "<img", "<script"):
        assert tag not in shown


@pytest.mark.django_db
class TestTheGuidePage:
    def test_an_editor_reads_the_guide_in_use_with_its_version(
        self, editor_client: Client, music_task: Task
    ) -> None:
        Guide.objects.create(task=music_task, number=2, text="# Not in use yet")

        page = editor_client.get("/tasks/music-oneliner/guide/").content.decode()

        assert "Say something true." in page
        assert "Version 1" in page
        assert "Not in use yet" not in page

    def test_definitions_and_questions_stand_beside_it(
        self, editor_client: Client, music_task: Task
    ) -> None:
        page = editor_client.get("/tasks/music-oneliner/guide/").content.decode()

        assert "What attribution means." in page
        assert "Is it specific?" in page

    def test_a_task_without_a_guide_says_so(self, editor_client: Client, music_task: Task) -> None:
        Task.objects.update(guide=None)

        assert "no guide yet" in editor_client.get("/tasks/music-oneliner/guide/").content.decode()

    def test_an_unknown_task_is_not_found(self, editor_client: Client) -> None:
        assert editor_client.get("/tasks/poetry/guide/").status_code == 404

    def test_those_without_a_role_are_refused_and_strangers_log_in(
        self, nobody_special_client: Client, music_task: Task
    ) -> None:
        assert nobody_special_client.get("/tasks/music-oneliner/guide/").status_code == 403
        assert Client().get("/tasks/music-oneliner/guide/").status_code == 302
