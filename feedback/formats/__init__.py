"""The formats of training files, by slug. To add one: write its module and list it here."""

from typing import Final

from feedback.formats.base import (
    LISTS,
    OBJECTS,
    PROVENANCE,
    About,
    Example,
    Kind,
    Row,
    TrainingFormat,
)
from feedback.formats.examinations import Eval
from feedback.formats.llama_factory import LlamaFactoryDpo, LlamaFactoryKto
from feedback.formats.openai import OpenAIChat, OpenAIPreference
from feedback.formats.preferences import Dpo, Kto
from feedback.formats.sft import Messages, Sft
from feedback.formats.spans import Spans

__all__ = [
    "FILE_KINDS",
    "LISTS",
    "OBJECTS",
    "PROVENANCE",
    "About",
    "Example",
    "Kind",
    "Row",
    "TrainingFormat",
    "UnknownTrainingFormat",
    "get_training_format",
    "training_format_slugs",
]

FILE_KINDS: Final = ("jsonl", "jsonl.gz", "parquet")
"""How rows are written to a file, by the file's ending."""

_FORMATS: dict[str, TrainingFormat] = {
    each.slug: each
    for each in (
        Sft(),
        Messages(),
        Dpo(),
        Kto(),
        Spans(),
        Eval(),
        OpenAIChat(),
        OpenAIPreference(),
        LlamaFactoryDpo(),
        LlamaFactoryKto(),
    )
}


class UnknownTrainingFormat(LookupError):
    """This desk writes no training files of that format."""


def get_training_format(slug: str) -> TrainingFormat:
    """Return the format of this slug. Raises UnknownTrainingFormat."""
    try:
        return _FORMATS[slug]
    except KeyError:
        raise UnknownTrainingFormat(slug) from None


def training_format_slugs() -> list[str]:
    """Return the slugs of all formats, the usual ones first."""
    return list(_FORMATS)
