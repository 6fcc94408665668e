"""What a training format is: how examples become the rows of a trainer's file."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Protocol

import orjson

Row = dict[str, object]
"""Flat, for `orjson.dumps`: what is JSON already is kept as an `orjson.Fragment`."""

Kind = Literal[
    "text",
    "number",
    "truth",
    "texts",
    "numbers",
    "message",
    "messages",
    "tags",
    "changes",
    "wrapped",
]
"""Of a column's values; any may be null."""

MESSAGE: Final[Mapping[str, Kind]] = {"role": "text", "content": "text"}
TAG: Final[Mapping[str, Kind]] = {
    "category": "text",
    "severity": "number",
    "scope": "text",
    "start": "number",
    "end": "number",
    "quote": "text",
    "note": "text",
    "fact": "text",
}
CHANGE: Final[Mapping[str, Kind]] = {
    "start": "number",
    "end": "number",
    "after_start": "number",
    "after_end": "number",
    "before": "text",
    "after": "text",
    "tags": "numbers",
    "by": "text",
    "cause": "text",
}
LISTS: Final[Mapping[Kind, Kind | Mapping[str, Kind]]] = {
    "texts": "text",
    "numbers": "number",
    "messages": MESSAGE,
    "tags": TAG,
    "changes": CHANGE,
}
"""Kind -> what its values are lists of: a kind, or objects with these names."""
OBJECTS: Final[Mapping[Kind, Mapping[str, Kind]]] = {
    "message": MESSAGE,
    "wrapped": {"messages": "messages"},
}
"""Kind -> the names that its values have. What is in neither is one value."""


class About(StrEnum):
    """What a format has rows of."""

    ANSWERS = "answers"
    """Goldens, with at most three accepted drafts in ten."""
    PAIRS = "pairs"
    """A golden and a draft that is worse for a named cause."""
    JUDGED = "judged"
    """Goldens, and drafts that are not to be liked."""
    DRAFTS = "drafts"
    """Drafts as editors saw them, with all that they marked."""
    EXAMINATIONS = "examinations"
    """Goldens of the splits that nothing is trained on."""


PROVENANCE: Final[Mapping[str, Kind]] = {
    "task": "text",
    "split": "text",
    "group": "text",
    "locale": "text",
    "recommendation": "text",
    "golden_id": "number",
    "review_id": "number",
    "draft_id": "number",
    "prompt_id": "number",
    "prompt_number": "number",
    "prompt_sha256": "text",
    "guide_number": "number",
    "model": "text",
}
"""Where a row comes from. The columns are read by others, so their names are for ever: rows of one
`group` stay in one split, `recommendation` is its id in the catalogue that it was imported from,
`guide_number` is null where the task had no guide, and `model` wrote the draft."""


@dataclass(slots=True)
class Example:
    """What a review gave, as every format needs it; a format reads what it is about."""

    provenance: Mapping[str, object]
    """The columns of `PROVENANCE`."""
    prompt: bytes = b""
    """The messages that a model is asked, in JSON, with commas between them; see `listed`."""
    answer: str = ""
    """What a model should have answered; empty where there is no golden."""
    draft_answer: str = ""
    """What the model did answer."""
    likes_answer: bool = False
    dislikes_draft: bool = False
    facts: str = ""
    """JSON."""
    golden: str = ""
    """As people see it."""
    alternatives: Sequence[str] = ()
    draft: str = ""
    """As people see it; spans are offsets into it, in code points."""
    outcome: str = ""
    tags: Sequence[Mapping[str, object]] = ()
    alignment: Sequence[Mapping[str, object]] = ()


class TrainingFormat(Protocol):
    """What the desk asks of a format. Implementations hold no state and know no database."""

    slug: str
    about: About
    columns: Mapping[str, Kind]
    """Name -> kind, in the order of a row."""
    sentence: str
    """What it is for, for people."""

    def rows(self, example: Example) -> Iterable[Row]:
        """Return its rows: the same keys in the same order for every example."""


def golden_id(example: Example) -> str:
    """Return the id of a row about a golden's own text."""
    return f"golden-{example.provenance['golden_id']}"


def draft_id(example: Example) -> str:
    """Return the id of a row about the draft's text."""
    return f"draft-{example.provenance['draft_id']}"


def pair_id(example: Example) -> str:
    """Return the id of a row about a golden over a draft."""
    return f"{golden_id(example)}-over-{draft_id(example)}"


def judged(example: Example) -> Iterator[tuple[str, str, bool]]:
    """Yield id, text and label of each answer that the review judges: the golden as one to like,
    and the draft as one not to like.
    """
    if example.likes_answer:
        yield golden_id(example), example.answer, True
    if example.dislikes_draft:
        yield draft_id(example), example.draft_answer, False


def answered(text: str) -> bytes:
    """Return a model's answer as the last message of a conversation, in JSON."""
    return b'{"role":"assistant","content":%b}' % orjson.dumps(text)


def listed(*messages: bytes) -> orjson.Fragment:
    """Return messages, or runs of them, that are JSON already, as one list."""
    # A prompt is the same in thousands of rows: it is written to JSON once.
    return orjson.Fragment(b"[%b]" % b",".join(messages))
