"""Deliveries: what goes in, what is refused, what a second delivery changes."""

import gzip
import io
import json
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.db import connection, connections, transaction
from django.db.models.functions import Now
from pytest_django import Settings

from accounts.models import LogEntry, Person
from explanations.models import Draft, FactSnapshot, Import, Place, Recommendation, Run, Task
from explanations.services import facts, importing, staging
from explanations.services.importing import DeliveryTooLargeError, import_file, receive
from tests.conftest import LISTENER, TRACK, drafted

pytestmark = pytest.mark.django_db


def line(external_id: str = "track:deer-heart", **fields: Any) -> dict[str, Any]:
    """The line that delivers the recommendation of the tests, with what the test changes."""
    return {
        "task": "music-oneliner",
        "external_id": external_id,
        "group": "Dead Rabbitts",
        "priority": 50,
        "item": TRACK,
        "audience": LISTENER,
        **fields,
    }


def delivered(*lines: object, **more: Any) -> Import:
    """Import lines while the test waits."""
    content = b"".join(
        each if isinstance(each, bytes) else json.dumps(each).encode() + b"\n" for each in lines
    )
    return import_file(io.BytesIO(content), name="tracks.jsonl", **more)


def counts(delivery: Import) -> tuple[int, int, int, int]:
    return delivery.new, delivery.changed, delivery.unchanged, delivery.refused


@pytest.fixture
def track(music_task: Task) -> Recommendation:
    """A track that a first delivery brought."""
    delivered(line())
    return Recommendation.objects.get()


# What goes in ------------------------------------------------------------------------------------


def test_a_first_delivery_makes_recommendations_with_their_first_snapshot(
    music_task: Task, ml_engineer: Person
) -> None:
    delivery = delivered(
        line("a", locale="pt-BR"), line("b"), person=ml_engineer, catalogue_owner="music@x.example"
    )

    assert (delivery.state, delivery.lines, counts(delivery)) == ("DONE", 2, (2, 0, 0, 0))
    assert delivery.catalogue_owner == "music@x.example"
    made = Recommendation.objects.get(external_id="a")
    assert (made.task, made.group, made.locale, made.priority, made.delivery) == (
        music_task,
        "Dead Rabbitts",
        "pt-BR",
        50,
        delivery,
    )
    assert made.snapshot is not None
    assert (made.snapshot.number, made.snapshot.cause) == (1, "import")
    assert made.snapshot.facts == {"item": TRACK, "audience": LISTENER}


def test_who_imported_is_in_the_log(music_task: Task, ml_engineer: Person) -> None:
    delivery = delivered(line(), person=ml_engineer)

    entry = LogEntry.objects.get(subject_type="import", subject_id=delivery.pk)
    assert (entry.actor, entry.action) == (ml_engineer, "import started")


def test_the_same_delivery_again_changes_nothing(track: Recommendation) -> None:
    again = delivered(line())

    assert counts(again) == (0, 0, 1, 0)
    assert FactSnapshot.objects.count() == 1
    assert Recommendation.objects.get().changed_at == track.changed_at


def test_bad_lines_are_kept_by_number_field_and_reason_and_stop_nothing(music_task: Task) -> None:
    delivery = delivered(line("a"), b"{\n", line("b", task="haiku"), line("c"))

    assert counts(delivery) == (2, 0, 0, 2)
    assert [(refused.line, refused.field) for refused in delivery.refused_lines.all()] == [
        (2, ""),
        (3, "task"),
    ]


def test_of_two_lines_with_one_id_the_first_counts(music_task: Task) -> None:
    delivery = delivered(line("a", priority=1), line("b"), line("a", priority=2))

    assert counts(delivery) == (2, 0, 0, 1)
    assert Recommendation.objects.get(external_id="a").priority == 1
    assert delivery.refused_lines.get().reason == "This id was already delivered on line 1."


def test_a_repeat_is_found_in_a_later_batch(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 2)

    delivery = delivered(line("a"), line("b"), line("c"), line("a"), line("b"))

    assert counts(delivery) == (3, 0, 0, 2)
    assert [refused.line for refused in delivery.refused_lines.all()] == [4, 5]


def test_one_id_in_two_tasks_is_two_recommendations(music_task: Task, job_task: Task) -> None:
    delivery = delivered(line("same"), line("same", task="job-fit"))

    assert counts(delivery) == (2, 0, 0, 0)


def test_a_thousand_refusals_are_kept_and_all_are_counted(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 300)

    delivery = delivered(*[b"{\n"] * 1_100, line())

    assert delivery.refused == 1_100
    assert delivery.refused_lines.count() == 1_000
    assert delivery.new == 1


def test_a_file_that_breaks_off_keeps_what_was_good_and_says_so(music_task: Task) -> None:
    whole = gzip.compress(b"".join(json.dumps(line(f"t{n}")).encode() + b"\n" for n in range(3000)))

    delivery = import_file(io.BytesIO(whole[: len(whole) // 2]), name="tracks.jsonl.gz")

    assert delivery.state == "FAILED"
    assert "damaged or cut off" in delivery.failure
    assert Recommendation.objects.count() == delivery.new > 0


def test_progress_is_told_after_every_batch(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 2)
    seen: list[int] = []

    delivered(line("a"), line("b"), line("c"), on_progress=lambda told: seen.append(told.lines))

    assert seen == [2, 3]


# What changes ------------------------------------------------------------------------------------


def test_changed_facts_make_the_next_snapshot_and_keep_the_last(track: Recommendation) -> None:
    delivery = delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    assert counts(delivery) == (0, 1, 0, 0)
    track.refresh_from_db()
    assert track.snapshot is not None
    assert (track.snapshot.number, track.snapshot.item["genre"]) == (2, "post-hardcore")
    assert track.snapshots.get(number=1).item == TRACK
    assert track.delivery == delivery


def test_another_priority_changes_the_recommendation_but_not_its_facts(
    track: Recommendation,
) -> None:
    delivery = delivered(line(priority=90))

    assert counts(delivery) == (0, 1, 0, 0)
    track.refresh_from_db()
    assert track.priority == 90
    assert track.snapshots.count() == 1


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ({}, {"stratum": "niche"}, "niche"),
        ({"stratum": "niche"}, {"stratum": "popular"}, "popular"),
        ({"stratum": "niche"}, {}, ""),
    ],
)
def test_another_stratum_changes_the_recommendation_but_not_its_facts(
    music_task: Task, before: dict[str, str], after: dict[str, str], kept: str
) -> None:
    delivered(line(**before))

    assert counts(delivered(line(**after))) == (0, 1, 0, 0)
    assert counts(delivered(line(**after))) == (0, 0, 1, 0)
    track = Recommendation.objects.get()
    assert track.stratum == kept
    assert track.snapshots.count() == 1


def test_a_first_delivery_keeps_the_stratum(music_task: Task) -> None:
    delivered(line("a", stratum="niche"))

    assert Recommendation.objects.get().stratum == "niche"


def test_a_number_written_otherwise_is_no_change(track: Recommendation) -> None:
    again = delivered(line(item={**TRACK, "tempo_bpm": 172.0}))

    assert counts(again) == (0, 0, 1, 0)
    assert track.snapshots.count() == 1


def test_facts_of_editors_are_laid_over_a_changed_delivery_again(
    track: Recommendation, editor: Person
) -> None:
    facts.add_fact(track, "Label", "Own Records", "the sleeve", editor)
    facts.correct_fact(track, "/item/tempo_bpm", 170, "counted", editor)

    delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    track.refresh_from_db()
    assert track.snapshot is not None
    assert track.snapshot.item == {
        **TRACK,
        "genre": "post-hardcore",
        "label": "Own Records",
        "tempo_bpm": 170,
    }
    assert track.snapshot.sources == {"/item/label": "the sleeve", "/item/tempo_bpm": "counted"}
    assert track.snapshots.filter(cause="import").latest("number").item["tempo_bpm"] == 172


def test_an_unchanged_delivery_leaves_facts_of_editors_alone(
    track: Recommendation, editor: Person
) -> None:
    snapshot = facts.add_fact(track, "Label", "Own Records", "the sleeve", editor)

    again = delivered(line())

    assert counts(again) == (0, 0, 1, 0)
    track.refresh_from_db()
    assert track.snapshot == snapshot


# Drafts made before ------------------------------------------------------------------------------


@pytest.fixture
def track_run(run: Run, track: Recommendation) -> Run:
    """A run that is done."""
    run.state = Run.State.DONE
    run.finished_at = Now()
    run.save()
    return run


def test_a_waiting_draft_that_rests_on_a_changed_fact_is_withdrawn_and_drafted_again(
    track: Recommendation, track_run: Run
) -> None:
    draft = drafted(track_run, track, "A metalcore rush.", rests_on=["/item/genre"])

    delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    draft.refresh_from_db()
    assert draft.state == Draft.State.WITHDRAWN
    assert draft.places.get().state == Place.State.CLOSED
    again = Draft.objects.get(redraft_of=draft)
    assert (again.state, again.ordinal, again.snapshot, again.run) == (
        "PENDING",
        2,
        None,
        track_run,
    )
    track_run.refresh_from_db()
    assert (track_run.state, track_run.finished_at) == (Run.State.RUNNING, None)


def test_a_blocked_draft_is_withdrawn_as_well(track: Recommendation, track_run: Run) -> None:
    draft = drafted(track_run, track, "A metalcore rush.", rests_on=["/item/genre"])
    Draft.objects.filter(pk=draft.pk).update(state=Draft.State.BLOCKED)

    delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    draft.refresh_from_db()
    assert draft.state == Draft.State.WITHDRAWN


def test_drafts_that_rest_on_other_facts_are_left_alone(
    track: Recommendation, track_run: Run
) -> None:
    draft = drafted(track_run, track, "By Dead Rabbitts.", rests_on=["/item/artist"])

    delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    draft.refresh_from_db()
    assert draft.state == Draft.State.READY
    assert draft.places.get().state == Place.State.OPEN
    assert Draft.objects.count() == 1


def test_a_member_that_only_moved_in_its_list_has_not_changed(
    track: Recommendation, track_run: Run
) -> None:
    draft = drafted(
        track_run, track, "For your metalcore days.", rests_on=["/audience/favourite_subgenres/0"]
    )
    moved = {**LISTENER, "favourite_subgenres": ["djent", "post-hardcore", "metalcore"]}

    delivered(line(audience=moved))

    draft.refresh_from_db()
    assert draft.state == Draft.State.READY


def test_a_member_that_left_its_list_withdraws_the_draft(
    track: Recommendation, track_run: Run
) -> None:
    draft = drafted(
        track_run, track, "For your metalcore days.", rests_on=["/audience/favourite_subgenres/0"]
    )

    delivered(line(audience={**LISTENER, "favourite_subgenres": ["post-hardcore"]}))

    draft.refresh_from_db()
    assert draft.state == Draft.State.WITHDRAWN


def test_the_late_answer_of_a_running_draft_is_fenced_off(track: Recommendation, run: Run) -> None:
    draft = Draft.objects.create(
        run=run,
        task=run.task,
        recommendation=track,
        snapshot=track.snapshot,
        prompt=run.prompt,
        model_version=run.model_version,
        priority=50,
        state=Draft.State.RUNNING,
        attempt=3,
        claimed_by="a drainer",
        lease_until=Now() + timedelta(minutes=5),
    )

    delivered(line(item={**TRACK, "energy": 0.5}))

    draft.refresh_from_db()
    assert (draft.state, draft.attempt, draft.snapshot, draft.lease_until, draft.claimed_by) == (
        "PENDING",
        4,
        None,
        None,
        "",
    )


def test_a_cancelled_run_is_not_drafted_again(track: Recommendation, run: Run) -> None:
    draft = drafted(run, track, "A metalcore rush.", rests_on=["/item/genre"])
    Run.objects.update(state=Run.State.CANCELLED)

    delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    draft.refresh_from_db()
    assert draft.state == Draft.State.WITHDRAWN
    assert Draft.objects.count() == 1


def test_two_drafts_of_one_recommendation_get_ordinals_of_their_own(
    track: Recommendation, run: Run
) -> None:
    drafted(run, track, "A metalcore rush.", rests_on=["/item/genre"])
    drafted(run, track, "Metalcore at its best.", rests_on=["/item/genre"], ordinal=2)

    delivered(line(item={**TRACK, "genre": "post-hardcore"}))

    again = Draft.objects.filter(redraft_of__isnull=False)
    assert sorted(again.values_list("ordinal", flat=True)) == [3, 4]


# Received, interrupted, swept --------------------------------------------------------------------


@pytest.fixture
def desk_files(settings: Settings, tmp_path: Path) -> None:
    """A store of the test's own."""
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": tmp_path},
        },
    }


def upload(*lines: dict[str, Any]) -> list[bytes]:
    return [json.dumps(each).encode() + b"\n" for each in lines]


def stored_files() -> list[str]:
    return default_storage.listdir("imports")[1] if default_storage.exists("imports") else []


@pytest.mark.usefixtures("desk_files")
def test_an_upload_is_stored_first_and_imported_by_a_worker(
    music_task: Task, ml_engineer: Person
) -> None:
    delivery = receive(upload(line("a"), line("b")), name="x/tracks.jsonl", person=ml_engineer)

    assert (delivery.state, delivery.source) == (Import.State.RECEIVED, "tracks.jsonl")
    assert Recommendation.objects.count() == 0

    assert not importing.run_delivery(delivery.pk, seconds=60)

    delivery.refresh_from_db()
    assert (delivery.state, counts(delivery)) == (Import.State.DONE, (2, 0, 0, 0))
    assert delivery.bytes_read == sum(len(chunk) for chunk in upload(line("a"), line("b")))
    assert stored_files() == []


@pytest.mark.usefixtures("desk_files")
def test_an_upload_above_the_limit_leaves_nothing_behind(
    music_task: Task, settings: Settings
) -> None:
    settings.IMPORT_MAX_BYTES = 1_000

    with pytest.raises(DeliveryTooLargeError):
        receive([b"x" * 600, b"x" * 600], name="big")

    assert not Import.objects.exists()
    assert stored_files() == []


@pytest.mark.usefixtures("desk_files")
def test_an_import_that_ran_out_of_time_goes_on_where_it_stood(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 2)
    delivery = receive(
        upload(line("a"), line("b"), line("c", task="haiku"), line("a"), line("d")), name="tracks"
    )

    handed_over = 0
    while importing.run_delivery(delivery.pk, seconds=0):
        handed_over += 1

    delivery.refresh_from_db()
    assert handed_over == 3
    assert (delivery.state, delivery.lines, counts(delivery)) == ("DONE", 5, (3, 0, 0, 2))
    assert [refused.line for refused in delivery.refused_lines.all()] == [3, 4]


@pytest.mark.usefixtures("desk_files")
@pytest.mark.parametrize("batches_before", [0, 1, 2])
def test_an_import_killed_in_the_middle_counts_no_line_twice(
    music_task: Task, monkeypatch: pytest.MonkeyPatch, batches_before: int
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 2)
    delivery = receive(
        upload(line("a"), line("b"), line("b"), line("c"), line("a"), line("d")), name="tracks"
    )

    class Killed(BaseException):
        """The process ended here."""

    merge = staging.merge
    done = 0

    def merge_or_die(*arguments: Any) -> Any:
        nonlocal done
        if done == batches_before:
            merge(*arguments)
            raise Killed
        done += 1
        return merge(*arguments)

    monkeypatch.setattr(staging, "merge", merge_or_die)
    with pytest.raises(Killed):
        importing.run_delivery(delivery.pk, seconds=60)
    monkeypatch.setattr(staging, "merge", merge)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.lines) == (Import.State.RUNNING, 2 * batches_before)
    assert importing.sweep() == [], "while its lease runs it is left alone"
    Import.objects.update(lease_until=Now() - timedelta(seconds=1))
    assert importing.sweep() == [delivery.pk]
    importing.run_delivery(delivery.pk, seconds=60)

    delivery.refresh_from_db()
    assert (delivery.state, delivery.lines, counts(delivery)) == ("DONE", 6, (4, 0, 0, 2))
    assert Recommendation.objects.count() == 4


@pytest.mark.usefixtures("desk_files")
def test_an_attempt_whose_lease_ran_out_can_write_no_more(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 1)
    delivery = receive(upload(line("a"), line("b")), name="tracks")
    merge = staging.merge

    def taken_over(*arguments: Any) -> Any:
        merged = merge(*arguments)
        Import.objects.update(attempt=7)
        return merged

    monkeypatch.setattr(staging, "merge", taken_over)

    assert not importing.run_delivery(delivery.pk, seconds=60)

    delivery.refresh_from_db()
    assert delivery.lines == 0
    assert Recommendation.objects.count() == 0


def test_an_interrupted_import_of_a_callers_file_is_ended_by_the_sweep(music_task: Task) -> None:
    delivery = Import.objects.create(
        source="tracks.jsonl",
        state=Import.State.RUNNING,
        lease_until=Now() - timedelta(seconds=1),
    )

    assert importing.sweep() == []

    delivery.refresh_from_db()
    assert delivery.state == Import.State.FAILED
    assert "start it again" in delivery.failure


@pytest.mark.usefixtures("desk_files")
def test_an_import_that_kills_every_worker_is_given_up(music_task: Task) -> None:
    delivery = receive(upload(line()), name="tracks")
    Import.objects.update(
        state=Import.State.RUNNING, tries=5, lease_until=Now() - timedelta(seconds=1)
    )

    assert importing.sweep() == []

    delivery.refresh_from_db()
    assert delivery.state == Import.State.FAILED


@pytest.mark.usefixtures("desk_files")
def test_a_stored_file_that_is_gone_fails_the_import(music_task: Task) -> None:
    delivery = receive(upload(line()), name="tracks")
    default_storage.delete(str(delivery.file.name))

    assert not importing.run_delivery(delivery.pk, seconds=60)

    delivery.refresh_from_db()
    assert "no longer in the store" in delivery.failure


# Side by side ------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_two_imports_at_once_in_opposite_order_neither_deadlock_nor_double(
    music_task: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_LINES", 7)
    lines = [line(f"track:{n}") for n in range(200)]
    changed = [line(f"track:{n}", item={**TRACK, "year": n}) for n in reversed(range(200))]
    ended: list[Import] = []

    def bring(content: list[dict[str, Any]]) -> None:
        try:
            ended.append(delivered(*content))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=bring, args=[each]) for each in (lines, changed, lines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [delivery.state for delivery in ended] == ["DONE"] * 3
    assert sum(delivery.new for delivery in ended) == 200
    assert sum(sum(counts(delivery)) for delivery in ended) == 600
    assert Recommendation.objects.count() == 200
    assert not Recommendation.objects.filter(snapshot=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_fact_added_while_its_recommendation_is_imported_is_in_the_last_snapshot(
    music_task: Task, editor: Person
) -> None:
    delivered(line())
    track = Recommendation.objects.get()
    added = threading.Event()

    def add() -> None:
        try:
            facts.add_fact(track, "Label", "Own Records", "the sleeve", editor)
            added.set()
        finally:
            connections.close_all()

    adding = threading.Thread(target=add)
    with transaction.atomic():
        Recommendation.objects.select_for_update().get(pk=track.pk)
        adding.start()
        assert not added.wait(0.2)
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        delivered(line(item={**TRACK, "genre": "post-hardcore"}))
    adding.join()

    track.refresh_from_db()
    assert track.snapshot is not None
    assert track.snapshot.item == {**TRACK, "genre": "post-hardcore", "label": "Own Records"}
