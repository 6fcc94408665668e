"""The words that ship with the desk: complete, consistent, and true to their own facts."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from django.core.management import call_command

from accounts.models import Person
from explanations.checks import run_checks
from explanations.context import get_fact
from explanations.model_server import SamplingParameters
from explanations.models import (
    Category,
    Criterion,
    DecidedAnswer,
    Guide,
    Import,
    Prompt,
    Recommendation,
    RefusedLine,
    Task,
)
from explanations.output_formats import get_output_format
from explanations.prompts import render_messages, validate_template
from explanations.services.blocking import Blocking, blocking_of
from explanations.services.starter import (
    STARTER_FOLDER,
    ShippedTask,
    import_samples,
    load_starter_tasks,
    shipped_tasks,
)

SHIPPED = {shipped.settings["slug"]: shipped for shipped in shipped_tasks()}
SAMPLES = {
    slug: [
        json.loads(line)
        for line in (STARTER_FOLDER / "samples" / f"{slug}.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    ]
    for slug in SHIPPED
}
EXAMPLES = [
    pytest.param(shipped, example, id=f"{slug}-{number}")
    for slug, shipped in SHIPPED.items()
    for number, example in enumerate(shipped.prompt["examples"], start=1)
]
ROWS = [
    pytest.param(slug, row, id=row["external_id"]) for slug, rows in SAMPLES.items() for row in rows
]


def checked(shipped: ShippedTask, text: str, facts: Mapping[str, Any], output: Any) -> Any:
    settings = shipped.settings
    return run_checks(
        text,
        {
            "task": settings["slug"],
            "output_format": settings["output_format"],
            "word_limit": settings["word_limit"],
            "locale": "en",
            "item": facts.get("item", {}),
            "audience": facts.get("audience", {}),
            "output": output,
        },
    )


class TestWords:
    def test_both_tasks_ship(self) -> None:
        assert sorted(SHIPPED) == ["job-fit", "music-oneliner"]

    @pytest.mark.parametrize("slug", SHIPPED)
    def test_ten_categories_lie_on_ten_keys_with_two_examples_each(self, slug: str) -> None:
        categories = SHIPPED[slug].categories
        assert "".join(row["key"] for row in categories) == "1234567890"
        assert all(len(row["examples"]) == 2 for row in categories)
        assert {row["severity"] for row in categories} == {"neutral", "minor", "major", "critical"}

    def test_the_tasks_differ_on_the_first_and_the_seventh_key(self) -> None:
        pairs = zip(
            SHIPPED["music-oneliner"].categories, SHIPPED["job-fit"].categories, strict=True
        )
        differing = [(a["slug"], b["slug"]) for a, b in pairs if a["slug"] != b["slug"]]
        assert differing == [("attribution", "verdict"), ("timebound", "missing")]

    @pytest.mark.parametrize("slug", SHIPPED)
    def test_the_guide_speaks_of_every_severity(self, slug: str) -> None:
        for severity in ("Neutral (0)", "Minor (1)", "Major (5)", "Critical (25)"):
            assert severity in SHIPPED[slug].guide

    def test_the_music_guide_has_a_pair_for_every_category(self) -> None:
        shipped = SHIPPED["music-oneliner"]
        for row in shipped.categories:
            name = {"contradicts": "Contradicts"}.get(row["slug"], row["name"])
            assert f"| **{name}**" in shipped.guide

    @pytest.mark.parametrize("slug", SHIPPED)
    def test_the_prompt_is_valid_and_sends_only_what_the_desk_sends(self, slug: str) -> None:
        prompt = SHIPPED[slug].prompt
        assert validate_template(prompt["user_template"])
        assert SamplingParameters.of(prompt["parameters"]).temperature == pytest.approx(0.2)

    @pytest.mark.parametrize(("shipped", "example"), EXAMPLES)
    def test_every_example_is_a_good_answer_to_its_own_facts(
        self, shipped: ShippedTask, example: Mapping[str, Any]
    ) -> None:
        output_format = get_output_format(shipped.settings["output_format"])
        parsed = output_format.parse(example["answer"], example["facts"])
        assert checked(shipped, parsed.text, example["facts"], parsed.output) == []
        assert output_format.rests_on(parsed.text, parsed.output, example["facts"])

    @pytest.mark.parametrize(("shipped", "example"), EXAMPLES)
    def test_every_example_is_rendered_by_the_prompts_own_template(
        self, shipped: ShippedTask, example: Mapping[str, Any]
    ) -> None:
        for pointer in validate_template(shipped.prompt["user_template"]):
            assert get_fact(example["facts"], pointer)

    def test_the_good_lines_of_the_music_guide_keep_to_the_guide(self) -> None:
        shipped = SHIPPED["music-oneliner"]
        by_title = {row["item"]["title"]: row for row in SAMPLES["music-oneliner"]}
        table = [line for line in shipped.guide.splitlines() if line.startswith("| **")]
        assert len(table) == 10
        for line in table:
            good = line.split("|")[3].strip()
            title = line.split("[*")[1].split("*")[0]
            facts = by_title.get(title) or {"item": {"title": title, "artist": "The Cranberries"}}
            findings = checked(shipped, good, facts, None)
            assert not any(finding.severity == "error" for finding in findings), (good, findings)
            assert not any(finding.check == "format" for finding in findings), (good, findings)


class TestThresholds:
    def test_the_shipped_tasks_block_little_so_that_a_small_model_does_not_run_dry(
        self, db: None
    ) -> None:
        load_starter_tasks()
        for task in Task.objects.all():
            assert blocking_of(task) == Blocking(
                "nothing", {"privacy": "errors", "safety": "errors"}, redrafts=True
            )


class TestSamples:
    @pytest.mark.parametrize("slug", SHIPPED)
    def test_there_are_about_sixty_and_no_two_share_an_id(self, slug: str) -> None:
        rows = SAMPLES[slug]
        assert 55 <= len(rows) <= 70
        assert len({row["external_id"] for row in rows}) == len(rows)

    @pytest.mark.parametrize(("slug", "row"), ROWS)
    def test_every_row_is_in_the_import_format(self, slug: str, row: dict[str, Any]) -> None:
        assert set(row) == {
            "task",
            "external_id",
            "group",
            "locale",
            "priority",
            "item",
            "audience",
        }
        assert row["task"] == slug
        assert 0 <= row["priority"] <= 100
        assert row["external_id"].startswith("sample:")

    @pytest.mark.parametrize(("slug", "row"), ROWS)
    def test_every_row_gives_the_prompt_something_to_say(
        self, slug: str, row: dict[str, Any]
    ) -> None:
        prompt = SHIPPED[slug].prompt
        messages = render_messages(prompt["system"], [], prompt["user_template"], row)
        assert len(messages[-1]["content"].splitlines()) >= 3

    @pytest.mark.parametrize(
        "character", ["❤", "♾", "é", "ا", "ה", "夜", "강", "छ", "Г", "ı", "\u200c"]
    )
    def test_the_music_sample_holds_what_breaks_tools(self, character: str) -> None:
        assert any(character in row["item"]["title"] for row in SAMPLES["music-oneliner"])


@pytest.mark.django_db
class TestLoading:
    def test_the_tasks_are_ready_to_draft(self) -> None:
        load_starter_tasks()
        for task in Task.objects.all():
            assert task.guide is not None
            assert task.prompt is not None
            assert task.categories.count() == 10
            assert task.criteria.count() == 4

    def test_loading_again_changes_nothing(self) -> None:
        assert load_starter_tasks().changes
        assert load_starter_tasks().changes == []
        assert (Guide.objects.count(), Prompt.objects.count()) == (2, 2)

    def test_what_tags_answer_comes_with_a_task_and_only_where_nobody_said_it(self) -> None:
        load_starter_tasks()
        decided = DecidedAnswer.objects.filter(category__task__slug="music-oneliner")
        assert ("generic", "specific", "no") in decided.values_list(
            "category__slug", "criterion__slug", "answer"
        )
        decided.exclude(category__slug="generic").delete()
        load_starter_tasks()
        assert decided.count() == 1

    def test_a_changed_text_becomes_a_new_version(self) -> None:
        load_starter_tasks()
        Guide.objects.update(text="What we shipped last year.")
        load_starter_tasks()
        task = Task.objects.get(slug="job-fit")
        assert task.guides.count() == 2
        assert task.guide is not None
        assert (task.guide.number, task.guide.text) == (2, SHIPPED["job-fit"].guide)

    def test_a_guide_that_was_shipped_without_rules_gets_a_version_with_them(self) -> None:
        load_starter_tasks()
        Guide.objects.update(rules={})
        load_starter_tasks()
        task = Task.objects.get(slug="job-fit")
        assert task.guide is not None
        assert (task.guide.number, task.guide.rules["second_person"]) == (2, "expected")

    def test_a_persons_version_stays_the_active_one(self, lead: Person) -> None:
        load_starter_tasks()
        task = Task.objects.get(slug="job-fit")
        Guide.objects.update(text="What we shipped last year.")
        theirs = Guide.objects.create(task=task, number=2, text="Ours.", created_by=lead)
        task.guide = theirs
        task.save()
        load_starter_tasks()
        task.refresh_from_db()
        assert task.guide == theirs
        assert task.guides.count() == 3

    def test_what_people_changed_is_left_alone(self) -> None:
        load_starter_tasks()
        Task.objects.filter(slug="job-fit").update(word_limit=80, name="Fit")
        Category.objects.filter(slug="tone").update(name="Voice")
        Criterion.objects.filter(slug="specific").update(question="Is it about this track?")
        load_starter_tasks()
        assert Task.objects.get(slug="job-fit").word_limit == 80
        assert set(Category.objects.filter(slug="tone").values_list("name", flat=True)) == {"Voice"}
        assert Criterion.objects.get(slug="specific").question == "Is it about this track?"

    def test_a_key_that_people_gave_to_another_category_stays_theirs(self) -> None:
        load_starter_tasks()
        Category.objects.filter(slug="taste").update(slug="style")
        load_starter_tasks()
        assert not Category.objects.filter(slug="taste").exists()

    def test_the_samples_go_in_whole(self) -> None:
        load_starter_tasks()
        imports = import_samples()
        assert [delivery.state for delivery in imports] == [Import.State.DONE] * 2
        assert not RefusedLine.objects.exists()
        for slug, rows in SAMPLES.items():
            assert Recommendation.objects.filter(task__slug=slug).count() == len(rows)

    def test_samples_that_are_there_are_not_delivered_again(self) -> None:
        load_starter_tasks()
        import_samples()
        assert import_samples() == []
        assert Import.objects.count() == 2

    def test_a_desk_that_is_not_for_show_begins_without_the_samples(self) -> None:
        call_command("load_starter_tasks", "--without-samples")

        assert Task.objects.count() == 2
        assert not Recommendation.objects.exists()

    def test_the_command_says_what_it_added(self, capsys: pytest.CaptureFixture[str]) -> None:
        call_command("load_starter_tasks")
        said = capsys.readouterr().out
        assert "added task music-oneliner" in said
        assert f"music-oneliner.jsonl: {len(SAMPLES['music-oneliner'])} new, 0 refused" in said
        call_command("load_starter_tasks")
        assert "Nothing to add" in capsys.readouterr().out
