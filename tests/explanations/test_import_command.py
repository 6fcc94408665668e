"""`manage.py import_recommendations`: what it says, and with which status it ends."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Person
from explanations.models import Import, Recommendation, Task

pytestmark = pytest.mark.django_db


def line(external_id: str, **fields: Any) -> str:
    told = {"task": "music-oneliner", "external_id": external_id, "item": {"title": "Ritual"}}
    return json.dumps({**told, **fields}) + "\n"


@pytest.fixture
def tracks(tmp_path: Path) -> Path:
    return tmp_path / "tracks.jsonl"


def imported(*arguments: str) -> tuple[str, str]:
    """Run the command; return what it said on standard output and on standard error."""
    out, errors = io.StringIO(), io.StringIO()
    call_command("import_recommendations", *arguments, stdout=out, stderr=errors)
    return out.getvalue(), errors.getvalue()


def test_it_counts_what_went_in(music_task: Task, tracks: Path) -> None:
    tracks.write_text(line("a") + line("b"))

    out, errors = imported(str(tracks), "--catalogue-owner", "music@x.example")

    assert "2 lines: 2 new, 0 changed, 0 unchanged, 0 refused." in out
    assert errors == ""
    delivery = Import.objects.get()
    assert (delivery.source, delivery.catalogue_owner) == ("tracks.jsonl", "music@x.example")


def test_it_names_bad_lines_and_still_ends_well(music_task: Task, tracks: Path) -> None:
    tracks.write_text(line("a") + "{\n" + line("b", priority=900))

    out, errors = imported(str(tracks))

    assert "1 new, 0 changed, 0 unchanged, 2 refused." in out
    assert "line 2: The line is not valid JSON" in errors
    assert "line 3, priority: “priority” must be 0 to 100, not 900." in errors


def test_it_says_how_many_more_lines_were_refused_than_it_lists(
    music_task: Task, tracks: Path
) -> None:
    tracks.write_text(line("a") + "{\n" * 1_200)

    _out, errors = imported(str(tracks))

    assert "… and 200 more refused lines." in errors


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "has no lines"),
        ("{\n{\n", "No line of the file could go in"),
        ("task,task\n", "twice"),
    ],
)
def test_it_ends_badly_when_nothing_could_go_in(
    music_task: Task, tracks: Path, content: str, reason: str
) -> None:
    tracks.write_text(content)

    with pytest.raises(CommandError, match=reason):
        imported(str(tracks))


def test_it_ends_badly_when_there_is_no_such_file(music_task: Task, tracks: Path) -> None:
    with pytest.raises(CommandError, match="cannot be opened: No such file"):
        imported(str(tracks))


def test_it_reads_standard_input(
    music_task: Task, monkeypatch: pytest.MonkeyPatch, tracks: Path
) -> None:
    tracks.write_text(line("a"))
    with tracks.open() as file:
        monkeypatch.setattr(sys, "stdin", file)
        out, _errors = imported("-")

    assert "1 new" in out
    assert Import.objects.get().source == "standard input"


def test_it_signs_with_the_person_who_imports(
    music_task: Task, tracks: Path, ml_engineer: Person
) -> None:
    tracks.write_text(line("a"))

    imported(str(tracks), "--person", ml_engineer.username)

    assert Import.objects.get().created_by == ml_engineer
    with pytest.raises(CommandError, match="Nobody is called “nobody”"):
        imported(str(tracks), "--person", "nobody")


def test_the_bad_lines_of_the_issue_are_all_named_and_the_good_ones_all_in(
    music_task: Task, job_task: Task, tracks: Path
) -> None:
    good = [line(f"good-{n}").encode() for n in range(9)]
    bad = [
        b'{"task": "music-oneliner", "external_id": "nul\x00"}\n',
        line("long", item={"title": "x" * 2_000_000}).encode(),
        line("good-0").encode(),
        line("types", item=[1], priority="high").encode(),
        line("unknown", task="haiku").encode(),
        line("latin", item={"title": "Tiësto"}).encode().replace(b"\\u00eb", b"\xeb"),
    ]
    lines = [part for pair in zip(good, bad, strict=False) for part in pair] + good[len(bad) :]
    tracks.write_bytes(b"\xef\xbb\xbf" + b"".join(lines).replace(b"\n", b"\r\n"))

    out, errors = imported(str(tracks))

    assert "9 new, 0 changed, 0 unchanged, 6 refused." in out
    assert Recommendation.objects.count() == 9
    assert [said.split(":")[0].split(",")[0] for said in errors.splitlines()] == [
        f"line {number}" for number in (2, 4, 6, 8, 10, 12)
    ]
