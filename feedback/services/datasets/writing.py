"""Writing: what was chosen, as files of rows in every format and kind that the recipe names."""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from feedback.formats import TrainingFormat, get_training_format
from feedback.recipe import Recipe, SplitName
from feedback.services.datasets.patterns import lines
from feedback.services.datasets.row_files import RowFile, Written, open_row_file


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file of rows in the workshop, and what it holds."""

    path: str
    """Within the dataset, as `sft/train.jsonl`."""
    format: str
    split: SplitName
    written: Written


def write_files(
    own: psycopg.Connection[Any],
    recipe: Recipe,
    workshop: Path,
    tell: Callable[[int], object],
) -> list[WrittenFile]:
    """Write all files of rows and return them; `tell` hears after each batch how many reviews' rows
    are written, each format counted.

    A split without rows gets no file. Raises OSError, TemplateError, and whatever `tell` raises.
    """
    done = 0
    files: list[WrittenFile] = []
    for slug in recipe.formats:
        training_format = get_training_format(slug)
        with (
            _without_looking_for_rings(),
            closing(lines(own, recipe, training_format)) as batches,
            _FilesOfFormat(workshop, training_format, recipe.files) as opened,
        ):
            for reviews, by_split in batches:
                for split, found in by_split.items():
                    opened.write(split, found)
                done += reviews
                tell(done)
            files += opened.close_whole()
    return files


@contextmanager
def _without_looking_for_rings() -> Iterator[None]:
    """Leave out Python's search for rings of objects: rows are made by the million, in no ring, and
    each is freed as soon as it is written.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


class _FilesOfFormat:
    """The files of one format, opened with their first rows."""

    def __init__(
        self, workshop: Path, training_format: TrainingFormat, kinds: Iterable[str]
    ) -> None:
        self._workshop = workshop
        self._format = training_format
        self._kinds = tuple(kinds)
        self._open: dict[tuple[SplitName, str], RowFile] = {}

    def __enter__(self) -> "_FilesOfFormat":
        return self

    def __exit__(self, *_failure: object) -> None:
        for file in self._open.values():
            file.abandon()

    def write(self, split: SplitName, lines: list[bytes]) -> None:
        for kind in self._kinds if lines else ():
            if (split, kind) not in self._open:
                self._open[split, kind] = open_row_file(
                    self._workshop / self._path(split, kind), kind, self._format.columns
                )
            self._open[split, kind].write(lines)

    def close_whole(self) -> Iterator[WrittenFile]:
        for split, kind in sorted(self._open):
            written = self._open[split, kind].close()
            yield WrittenFile(self._path(split, kind), self._format.slug, split, written)

    def _path(self, split: SplitName, kind: str) -> str:
        return f"{self._format.slug}/{split}.{kind}"
