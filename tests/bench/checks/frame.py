"""What the families of the bench share: the corpus, a labelled line, and what a family is.

A family is a module with ``NAME``, ``CHECKS``, ``correct_lines`` and ``corrupted_lines``, listed in
`families.py`. Rows are split by a hash of their group, so that no artist and no occupation is in
both sets, and a family draws everything that it swaps in from the rows that it is given.
"""

import json
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any, Literal, Protocol

ROOT = Path(__file__).resolve().parents[3]
DATA_VARIABLE = "COPYDESK_BENCH_DATA"
SET_NAMES = ("tuning", "measuring")

SetName = Literal["tuning", "measuring"]
Row = Mapping[str, Any]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A text, the recommendation it was written for, and which of its words are wrong.

    ``kind`` names the template or the corruption. ``wrong`` is None in a correct line, and in a
    corrupted one whose fault has no words of its own (something is missing). ``guide`` and
    ``published`` are what else `run_checks` is to be given.
    """

    text: str
    recommendation: Row
    kind: str
    wrong: Span | None = None
    published: object = None


@dataclass(frozen=True)
class Corpus:
    """The rows of one set, None for all of them."""

    name: SetName | None
    music: Sequence[Row]
    jobs: Sequence[Row]

    @cached_property
    def artists(self) -> list[str]:
        """The artists of the rows and of their listeners, each once."""
        rows = [row["item"]["artist"] for row in self.music]
        heard = [
            play["artist"] for row in self.music for play in row["audience"]["recently_played"]
        ]
        return sorted({*rows, *heard})


class Family(Protocol):
    """One family of checks, and the lines that it is measured with.

    Both generators go on for as long as they are asked, and draw every choice from ``random``.
    """

    @property
    def NAME(self) -> str:  # noqa: N802 - a module's constant
        """What the family is called in the table."""

    @property
    def CHECKS(self) -> Collection[str]:  # noqa: N802
        """The checks whose findings count for it."""

    def correct_lines(self, corpus: Corpus, random: Random) -> Iterator[Line]:
        """Yield lines about which the family's checks have nothing to say."""

    def corrupted_lines(self, corpus: Corpus, random: Random) -> Iterator[Line]:
        """Yield lines with one fault that the family's checks are there for."""


def data_folder() -> Path:
    """Return the folder of music.jsonl and jobs.jsonl. Ends the program where there is none."""
    folder = Path(os.environ.get(DATA_VARIABLE, ROOT.parent / "shared" / "data"))
    if not (folder / "music.jsonl").is_file() or not (folder / "jobs.jsonl").is_file():
        raise SystemExit(
            f"There is no music.jsonl with jobs.jsonl in {folder}: name their folder in "
            f"{DATA_VARIABLE}."
        )
    return folder


def read_corpus(name: SetName | None = None) -> Corpus:
    """Return the rows of a set, or all of them."""
    folder = data_folder()
    return Corpus(
        name=name,
        music=_rows(folder / "music.jsonl", name),
        jobs=_rows(folder / "jobs.jsonl", name),
    )


def set_of(group: str) -> SetName:
    """Return the set to which the rows of a group belong."""
    return "tuning" if sha256(group.encode()).digest()[0] % 2 else "measuring"


def _rows(path: Path, name: SetName | None) -> list[Row]:
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    return [row for row in rows if name is None or set_of(row["group"]) == name]


# --- Writing lines -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """A filled template: where each slot stands in the text, and the words between ``[[ ]]``."""

    text: str
    slots: Mapping[str, Span]
    marked: Span | None


def write(template: str, values: Mapping[str, str]) -> Written | None:
    """Fill the ``{slots}`` of a template; None where a value is missing or empty.

    ``[[ ]]`` around words marks them and is taken away. Of a slot that stands twice, the first
    place is remembered.
    """
    text = ""
    slots: dict[str, Span] = {}
    opened = 0
    marked: Span | None = None
    for kind, part in _parts(template):
        if kind == "slot":
            value = values.get(part, "")
            if not value:
                return None
            slots.setdefault(part, (len(text), len(text) + len(value)))
            text += value
        elif kind == "open":
            opened = len(text)
        elif kind == "close":
            marked = marked or (opened, len(text))
        else:
            text += part
    return Written(text, slots, marked)


def _parts(template: str) -> Iterator[tuple[str, str]]:
    rest = template
    while rest:
        at = min((rest.find(sign) for sign in ("{", "[[", "]]") if sign in rest), default=-1)
        if at == -1:
            yield "words", rest
            return
        if at:
            yield "words", rest[:at]
        if rest[at] == "{":
            end = rest.index("}", at)
            yield "slot", rest[at + 1 : end]
            rest = rest[end + 1 :]
        else:
            yield ("open" if rest[at] == "[" else "close"), ""
            rest = rest[at + 2 :]
