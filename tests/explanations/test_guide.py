"""The guide page: Markdown for those who read or review, and nothing in it that leads away."""

import pytest
from django.test import Client

from accounts.models import Person
from explanations.guide_html import guide_html
from explanations.models import Guide, Task
from explanations.services.guide_news import acknowledge, news_of, unread_guides


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


@pytest.mark.django_db
class TestWhatIsNew:
    def test_a_guide_that_was_never_read_says_so_and_is_acknowledged(
        self, editor: Person, editor_client: Client, music_task: Task
    ) -> None:
        address = "/tasks/music-oneliner/guide/"
        assert "You have not read this guide yet" in editor_client.get(address).content.decode()

        editor_client.post(address, {"number": "1"})

        assert "You have not read" not in editor_client.get(address).content.decode()
        assert unread_guides(editor) == []

    def test_a_newer_one_shows_what_changed_since_the_one_that_was_read(
        self, editor: Person, editor_client: Client, music_task: Task
    ) -> None:
        assert music_task.guide is not None
        acknowledge(music_task.guide, editor)
        music_task.guide = Guide.objects.create(
            task=music_task, number=2, text="# One line\n\nSay something true and short."
        )
        music_task.save()

        html = editor_client.get("/tasks/music-oneliner/guide/").content.decode()

        assert "What is new since version 1" in html
        assert "<ins> and short</ins>" in html
        assert [news.guide.number for news in unread_guides(editor)] == [2]

    def test_reading_the_old_one_again_is_not_reading_the_new_one(
        self, editor: Person, music_task: Task
    ) -> None:
        first = music_task.guide
        assert first is not None
        music_task.guide = Guide.objects.create(task=music_task, number=2, text="Short.")
        music_task.save()
        acknowledge(first, editor)
        acknowledge(first, editor)

        news = news_of(music_task, editor)

        assert news is not None
        assert (news.is_read, news.last_read) == (False, first)

    @pytest.mark.parametrize("number", ["", "x", "7", "9" * 30])
    def test_what_is_no_version_is_not_acknowledged(
        self, editor_client: Client, music_task: Task, number: str
    ) -> None:
        answer = editor_client.post("/tasks/music-oneliner/guide/", {"number": number})
        assert answer.status_code in {400, 404}
