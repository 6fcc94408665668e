"""Write one training file of one task, without a dataset: chosen and written as datasets are."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from explanations.models import Task
from feedback.formats import About, TrainingFormat, get_training_format
from feedback.recipe import SPLITS, Recipe, SplitName
from feedback.services.datasets.choosing import choose
from feedback.services.datasets.lessons import prepare_lessons
from feedback.services.datasets.manifest import count_outcomes
from feedback.services.datasets.moment import one_moment
from feedback.services.datasets.patterns import lines


class UnknownTask(LookupError):
    """The desk has no such task."""


@dataclass(frozen=True, slots=True)
class ExportCounts:
    """What became of the task's reviews."""

    written: int
    """Rows."""
    outcomes: Mapping[str, int]
    """Outcome -> reviews that the rows are of."""
    left_out: Mapping[str, int]
    """Reason -> how many give no row because of it."""


def export_goldens(
    task_slug: str, format_slug: str, write: Callable[[bytes], object]
) -> ExportCounts:
    """Hand the task's rows in a format to `write`, one JSON line each, and return the counts.

    They are those of a dataset with the usual recipe: rows to train on, or of `eval` those that
    nothing is trained on. Every line is of the same moment, however long it takes and whatever
    editors do meanwhile; the same goldens give the same bytes. Must not run inside a transaction.
    Raises UnknownTask, feedback.formats.UnknownTrainingFormat, and whatever `write` raises.
    """
    training_format = get_training_format(format_slug)
    if not Task.objects.filter(slug=task_slug).exists():
        raise UnknownTask(task_slug)
    recipe = Recipe(name="export", tasks=(task_slug,), formats=(format_slug,))
    prepare_lessons()
    written = 0
    splits = _splits_of(training_format)
    with one_moment() as own:
        choice = choose(own.cursor(), recipe)
        outcomes = count_outcomes(own.cursor(), splits)
        for _reviews, by_split in lines(own, recipe, training_format):
            for split, found in by_split.items():
                if split in splits:
                    for line in found:
                        write(line)
                    written += len(found)
    return ExportCounts(written, outcomes, choice.left_out)


def _splits_of(training_format: TrainingFormat) -> tuple[SplitName, ...]:
    """Return what the file holds: what is trained on, or what nothing is trained on."""
    if training_format.about is About.EXAMINATIONS:
        return tuple(split for split in SPLITS if split != "train")
    return ("train",)
