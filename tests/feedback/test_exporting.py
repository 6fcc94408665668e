"""Training files: exactly the goldens that training should see, all of one moment."""

import json
import threading
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.models import Person
from explanations.models import Draft, FactSnapshot, ModelVersion, Prompt, Run, Task
from feedback.formats import UnknownTrainingFormat
from feedback.models import Golden, Review
from feedback.services.datasets import choosing, examples
from feedback.services.datasets.lessons import UNSUPPORTED
from feedback.services.exporting import UnknownTask, export_goldens
from tests.conftest import JOB_OUTPUT, LISTENER, TRACK, drafted, recommended

# An export begins a transaction of its own, so the goldens have to be committed.
pytestmark = pytest.mark.django_db(transaction=True)

LINE = "Dead Rabbitts push metalcore to 172 beats a minute on “Deer Heart”."


def reviewed(
    draft: Draft,
    editor: Person,
    text: str = "",
    outcome: str = Review.Outcome.EDIT,
    *,
    output: dict[str, Any] | None = None,
    snapshot: FactSnapshot | None = None,
    state: str = Golden.State.APPROVED,
    grade: str = Golden.Grade.EXEMPLARY,
    rests_on: Sequence[str] = (),
) -> Golden:
    """A golden as a review of the draft makes it."""
    assert draft.snapshot is not None
    text = text or draft.text
    review = Review.objects.create(
        draft=draft,
        place=draft.places.get(),
        editor=editor,
        key=uuid.uuid4(),
        body_sha256="0" * 64,
        outcome=outcome,
        rewrite=text if outcome == Review.Outcome.EDIT else "",
        guide=draft.task.guide,
    )
    return Golden.objects.create(
        task=draft.task,
        recommendation=draft.recommendation,
        review=review,
        snapshot=snapshot or draft.snapshot,
        prompt=draft.prompt,
        text=text,
        output=output,
        rests_on=list(rests_on),
        grade=grade,
        state=state,
    )


@pytest.fixture
def another_draft(run: Run) -> Callable[[], Draft]:
    """Make one more draft about one more track, each call."""
    titles = iter(range(1, 1000))

    def make() -> Draft:
        number = next(titles)
        track = recommended(
            run.task, f"track:{number}", {**TRACK, "title": f"Track {number}"}, LISTENER, "Many"
        )
        return drafted(run, track, f"Dead Rabbitts make “Track {number}” pure metalcore.")

    return make


def export(task: str = "music-oneliner", format: str = "sft") -> list[dict[str, Any]]:
    """The rows of an export."""
    lines: list[bytes] = []
    export_goldens(task, format, lines.append)
    return [json.loads(line) for line in lines]


def completions(rows: list[dict[str, Any]]) -> set[str]:
    return {row["completion"][0]["content"] for row in rows}


# What is in a row --------------------------------------------------------------------------------


def test_the_prompt_is_the_drafts_and_the_completion_is_the_golden(
    ready_draft: Draft, editor: Person
) -> None:
    golden = reviewed(ready_draft, editor, LINE)

    [row] = export()

    assert [message["role"] for message in row["prompt"]] == [
        "system",
        "user",
        "assistant",
        "user",
    ]
    assert row["prompt"][0]["content"] == "You write one sentence about a track from its facts."
    assert row["prompt"][-1]["content"] == (
        "Artist: Dead Rabbitts\nTitle: Deer Heart\nGenre: metalcore"
    )
    assert row["completion"] == [{"role": "assistant", "content": LINE}]
    assert row["id"] == f"golden-{golden.pk}"
    assert row["group"] == "Dead Rabbitts"
    assert row["prompt_number"] == 1
    assert row["guide_number"] == 1
    assert row["model"] == "smollm2-135m-instruct"


def test_the_prompt_shows_the_facts_that_the_golden_rests_on(
    ready_draft: Draft, editor: Person
) -> None:
    corrected = FactSnapshot.objects.create(
        recommendation=ready_draft.recommendation,
        number=2,
        item={**TRACK, "genre": "crunkcore"},
        audience=LISTENER,
    )
    reviewed(ready_draft, editor, LINE.replace("metalcore", "crunkcore"), snapshot=corrected)

    [row] = export()

    assert "Genre: crunkcore" in row["prompt"][-1]["content"]


def test_the_prompt_version_is_the_drafts_and_not_the_newest(
    ready_draft: Draft, editor: Person, music_task: Task
) -> None:
    reviewed(ready_draft, editor, LINE)
    music_task.prompt = Prompt.objects.create(
        task=music_task,
        number=2,
        system="Something else.",
        user_template="Title: {{ /item/title }}",
        sha256="9" * 64,
    )
    music_task.save()

    [row] = export()

    assert row["prompt"][0]["content"] != "Something else."
    assert row["prompt_number"] == 1


def test_a_job_answer_is_completed_as_the_model_should_write_it(
    ready_job_draft: Draft, editor: Person
) -> None:
    reviewed(ready_job_draft, editor, output=JOB_OUTPUT)

    [row] = export("job-fit")

    answer = json.loads(row["completion"][0]["content"])
    assert list(answer) == ["matches", "gaps", "verdict"]
    assert answer["verdict"] == "strong"
    assert answer["matches"][0]["fact"] == "PostgreSQL"


# Which goldens -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state", [state for state in Golden.State.values if state != Golden.State.APPROVED]
)
def test_only_approved_goldens_are_trained_on(
    ready_draft: Draft, editor: Person, state: str
) -> None:
    reviewed(ready_draft, editor, LINE, state=state)

    assert export() == []


def test_publishable_is_not_exemplary(ready_draft: Draft, editor: Person) -> None:
    reviewed(ready_draft, editor, LINE, Review.Outcome.BLAND, grade=Golden.Grade.PUBLISHABLE)

    assert export() == []


def test_a_review_that_was_taken_back_gives_no_row(ready_draft: Draft, editor: Person) -> None:
    golden = reviewed(ready_draft, editor, LINE)
    Review.objects.create(
        draft=ready_draft,
        place=ready_draft.places.get(),
        editor=editor,
        key=uuid.uuid4(),
        body_sha256="0" * 64,
        outcome=Review.Outcome.UNDO,
        supersedes=golden.review,
    )

    assert export() == []


def test_each_task_has_files_of_its_own(
    ready_draft: Draft, ready_job_draft: Draft, editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    reviewed(ready_job_draft, editor, output=JOB_OUTPUT)

    assert completions(export()) == {LINE}
    assert len(export("job-fit")) == 1


def test_a_golden_that_its_own_facts_do_not_support_is_refused_and_counted(
    ready_draft: Draft, another_draft: Callable[[], Draft], editor: Person
) -> None:
    reviewed(ready_draft, editor, LINE)
    reviewed(another_draft(), editor, "Recorded in 1987, Dead Rabbitts' metalcore still burns.")

    lines: list[bytes] = []
    counts = export_goldens("music-oneliner", "sft", lines.append)

    assert len(lines) == counts.written == 1
    assert counts.left_out == {UNSUPPORTED: 1}


def test_a_job_golden_without_its_output_is_refused_and_counted(
    ready_job_draft: Draft, editor: Person
) -> None:
    reviewed(ready_job_draft, editor, output=None)

    counts = export_goldens("job-fit", "sft", lambda line: None)

    assert counts.written == 0
    assert sum(counts.left_out.values()) == 1


@pytest.mark.parametrize(
    ("edits", "accepts", "kept"), [(0, 3, 0), (1, 3, 0), (3, 3, 1), (7, 2, 2), (7, 3, 3), (7, 9, 3)]
)
def test_accepted_drafts_are_at_most_three_in_ten_rows(
    another_draft: Callable[[], Draft], editor: Person, edits: int, accepts: int, kept: int
) -> None:
    for _ in range(edits):
        reviewed(another_draft(), editor)
    for _ in range(accepts):
        reviewed(another_draft(), editor, outcome=Review.Outcome.ACCEPT)

    counts = export_goldens("music-oneliner", "sft", lambda line: None)

    assert counts.written == edits + kept
    assert counts.left_out.get(choosing.ACCEPTED, 0) == accepts - kept
    assert set(counts.left_out) <= {choosing.ACCEPTED}


def test_an_accepted_draft_that_was_rewritten_on_newer_facts_counts_as_edited(
    another_draft: Callable[[], Draft], editor: Person, lead: Person
) -> None:
    old = reviewed(another_draft(), editor, outcome=Review.Outcome.ACCEPT)
    Golden.objects.filter(pk=old.pk).update(state=Golden.State.WITHDRAWN)
    Golden.objects.create(
        task=old.task,
        recommendation=old.recommendation,
        review=old.review,
        replaces=old,
        rewritten_by=lead,
        snapshot=old.snapshot,
        prompt=old.prompt,
        text=LINE,
        grade=old.grade,
        state=Golden.State.APPROVED,
    )
    written: list[bytes] = []

    counts = export_goldens("music-oneliner", "sft", written.append)

    assert (counts.written, counts.outcomes, counts.left_out) == (1, {"ACCEPT": 1}, {})
    assert LINE in json.loads(written[0])["completion"][0]["content"]


def test_the_same_goldens_give_the_same_bytes(
    another_draft: Callable[[], Draft], editor: Person
) -> None:
    for number in range(12):
        outcome = Review.Outcome.ACCEPT if number % 2 else Review.Outcome.EDIT
        reviewed(another_draft(), editor, outcome=outcome)
    first: list[bytes] = []
    second: list[bytes] = []

    export_goldens("music-oneliner", "sft", first.append)
    export_goldens("music-oneliner", "sft", second.append)

    assert len(first) == 8
    assert first == second


def test_what_editors_do_meanwhile_is_not_in_the_file(
    another_draft: Callable[[], Draft], editor: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examples, "BATCH", 1)
    for _ in range(7):
        reviewed(another_draft(), editor)
    accepted = reviewed(another_draft(), editor, outcome=Review.Outcome.ACCEPT)
    late = another_draft()

    def meanwhile() -> None:
        Golden.objects.filter(pk=accepted.pk).update(state=Golden.State.WITHDRAWN)
        reviewed(late, editor)
        connection.close()

    lines: list[bytes] = []

    def write(line: bytes) -> None:
        if not lines:
            other = threading.Thread(target=meanwhile)
            other.start()
            other.join()
        lines.append(line)

    counts = export_goldens("music-oneliner", "sft", write)

    assert counts.written == len(lines) == 8
    assert len(export()) == 8  # now with the late one, and without the withdrawn one


def test_what_does_not_exist_is_named(music_task: Task) -> None:
    with pytest.raises(UnknownTask, match="podcast"):
        export("podcast")
    with pytest.raises(UnknownTrainingFormat, match="parquet"):
        export(format="parquet")


# The command -------------------------------------------------------------------------------------


def run_export(path: object, *more: str) -> None:
    call_command("export_dataset", str(path), "--task", "music-oneliner", *more)


def test_the_file_loads_in_the_trainers_loader_and_its_rows_are_the_goldens(
    another_draft: Callable[[], Draft],
    editor: Person,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from datasets import load_dataset

    words = ["“quoted”", "naïve", "日本語", "شمس", "🎧", "a\u2028b", "tab\tbed", "back\\slash"]
    goldens = {}
    for word in words:
        draft = another_draft()
        golden = reviewed(draft, editor, f"Dead Rabbitts play it {word}, and it is metalcore.")
        goldens[golden.pk] = golden.text

    run_export(tmp_path / "music.jsonl", "--format", "sft")
    loaded = load_dataset(
        "json",
        data_files=str(tmp_path / "music.jsonl"),
        split="train",
        cache_dir=str(tmp_path / "cache"),
    )

    assert {row["golden_id"]: row["completion"][0]["content"] for row in loaded} == goldens
    assert capsys.readouterr().err.startswith("8 rows of 8 reviews: 8 edited.\n")
    assert {path.name for path in tmp_path.iterdir()} == {"music.jsonl", "cache"}


def test_a_dash_is_the_standard_output_and_holds_nothing_but_rows(
    ready_draft: Draft, editor: Person, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    reviewed(ready_draft, editor, LINE)

    run_export("-")

    captured = capfdbinary.readouterr()
    assert json.loads(captured.out)["completion"][0]["content"] == LINE
    assert captured.out.count(b"\n") == 1


def test_what_was_left_out_and_refused_is_told(
    another_draft: Callable[[], Draft],
    editor: Person,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    reviewed(another_draft(), editor, outcome=Review.Outcome.ACCEPT)
    reviewed(another_draft(), editor, "Recorded in 1987, Dead Rabbitts' metalcore still burns.")

    run_export(tmp_path / "music.jsonl")

    told = capsys.readouterr().err.splitlines()
    assert told == [
        "0 rows of 0 reviews.",
        f"1 left out: {choosing.ACCEPTED}.",
        f"1 left out: {UNSUPPORTED}.",
    ]


def test_what_was_written_is_told_by_what_editors_decided(
    another_draft: Callable[[], Draft],
    editor: Person,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for outcome in [Review.Outcome.EDIT] * 7 + [Review.Outcome.ACCEPT] * 5:
        reviewed(another_draft(), editor, outcome=outcome)

    run_export(tmp_path / "sft.jsonl")
    run_export(tmp_path / "kto.jsonl", "--format", "kto")
    run_export(tmp_path / "eval.jsonl", "--format", "eval")

    assert capsys.readouterr().err.splitlines() == [
        "10 rows of 10 reviews: 7 edited, 3 accepted as exemplary.",
        f"2 left out: {choosing.ACCEPTED}.",
        "12 rows of 12 reviews: 7 edited, 5 accepted as exemplary.",
        "0 rows of 0 reviews.",
    ]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["x", "--task", "podcast"], "There is no task podcast; there are: music-oneliner."),
        (
            ["x", "--task", "music-oneliner", "--format", "parquet"],
            "There is no format parquet; there are: sft, messages, dpo",
        ),
        (
            ["no/such/folder/x", "--task", "music-oneliner"],
            "Cannot write no/such/folder/x: No such",
        ),
        (["/dev/null", "--task", "music-oneliner"], "it is not an ordinary file"),
        ([".", "--task", "music-oneliner"], "it is not an ordinary file"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence_and_leaves_nothing(
    music_task: Task,
    model_version: ModelVersion,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)

    with pytest.raises(CommandError) as refused:
        call_command("export_dataset", *arguments)

    assert sentence in str(refused.value)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_export_leaves_the_file_that_was_there(
    ready_draft: Draft, editor: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reviewed(ready_draft, editor, LINE)
    path = tmp_path / "music.jsonl"
    path.write_text("yesterday's")

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CommandError, match="No space left on device"):
        run_export(path)

    assert path.read_text() == "yesterday's"
    assert list(tmp_path.iterdir()) == [path]
