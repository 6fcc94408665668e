"""What a training format is: how an example becomes a row of a trainer's file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from explanations.prompts import Message

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an example comes from. The fields are the columns, so their names are for ever."""

    id: int
    """The golden."""
    task: str
    group: str
    """Rows of one group stay in one split."""
    locale: str
    recommendation: str
    """Its id in the catalogue that it was imported from."""
    review_id: int
    draft_id: int
    prompt_id: int
    prompt_number: int
    prompt_sha256: str
    guide_number: int | None
    model: str
    """The model that wrote the draft."""


@dataclass(frozen=True, slots=True)
class Example:
    """One golden as every format needs it: what the model is asked, and what it should answer."""

    prompt: Sequence[Message]
    completion: str
    provenance: Provenance


class TrainingFormat(Protocol):
    """What the desk asks of a format. Implementations hold no state and know no database."""

    slug: str

    def row(self, example: Example) -> Row:
        """Return the row: flat, JSON, with the same keys in the same order for every example."""
