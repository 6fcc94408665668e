"""What the fault tests share: many recommendations, the run of them, and what became of it."""

from collections import Counter
from collections.abc import Sequence

from explanations.models import FactSnapshot, ModelServer, ModelVersion, Recommendation, Run, Task
from explanations.services import runs
from explanations.services.selecting import Selection
from tests.conftest import LISTENER, TRACK
from tests.stub_model_server import LINE


def served(task: Task, base_url: str, window: int = 8) -> ModelServer:
    """Let a model server draft the task."""
    server = ModelServer.objects.create(name="Stub", base_url=base_url, window=window)
    task.model_version = ModelVersion.objects.create(name="stub")
    task.model_version.servers.add(server)
    task.save()
    return server


def tracks(task: Task, count: int) -> list[str]:
    """Make so many new tracks, each with a title of its own; return their external ids."""
    first = task.recommendations.count()
    names = [f"track:{number}" for number in range(first, first + count)]
    made = Recommendation.objects.bulk_create(
        Recommendation(task=task, external_id=name, group="g", locale="en", content_sha256="0" * 64)
        for name in names
    )
    snapshots = FactSnapshot.objects.bulk_create(
        FactSnapshot(
            recommendation=track,
            number=1,
            item={**TRACK, "title": title_of(track.external_id)},
            audience=LISTENER,
        )
        for track in made
    )
    for track, snapshot in zip(made, snapshots, strict=True):
        track.snapshot = snapshot
    Recommendation.objects.bulk_update(made, ["snapshot"], batch_size=500)
    return names


def title_of(external_id: str) -> str:
    """Return the title of a track that `tracks` made."""
    return f"Song{external_id.removeprefix('track:')}"


def own_line(external_id: str) -> str:
    """Return the line that the stub writes about such a track, and about no other."""
    return LINE.format(words=f"Artist: {TRACK['artist']} Title: {title_of(external_id)} Genre:")


def run_of(task: Task, external_ids: list[str]) -> Run:
    """Start a run of these."""
    assert task.prompt is not None
    assert task.model_version is not None
    return runs.start_run(
        task, task.prompt, task.model_version, Selection(external_ids=external_ids), 1, None
    )


def states(run: Run) -> Counter[str]:
    """Count the drafts of a run by state."""
    return Counter(run.drafts.values_list("state", flat=True))


def unfinished(run: Run) -> bool:
    """Return whether drafts of a run still wait or are with the model."""
    return run.drafts.filter(state__in=["PENDING", "RUNNING"]).exists()


def table(title: str, rows: Sequence[tuple[object, ...]]) -> None:
    """Print a table for the person who reads what a soak found."""
    widths = [max(len(str(row[column])) for row in rows) for column in range(len(rows[0]))]
    print(f"\n{title}")
    for row in rows:
        cells = (str(cell).ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join(cells).rstrip())
