"""The cases of `alignment.jsonl`, which people labelled, as the code takes them.

A tag is written "category: words" where it lies on words of the draft ("words#2" for their second
place), "category" where it is of the whole draft, and "+category" where something is missing. The
white space around changed words is no matter: an editor does not see whose it is.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from feedback.alignment import TagSpan


@dataclass(frozen=True, slots=True)
class Case:
    """A draft, its tags and its rewrite, and what an editor says of them."""

    name: str
    draft: str
    rewrite: str
    tags: list[TagSpan]
    changes: list[tuple[str, str, list[int]]]
    unchanged: list[int]
    asked: list[list[int]]


def labelled_cases() -> list[Case]:
    """Return all cases, in the order of the file."""
    lines = Path(__file__).with_name("alignment.jsonl").read_text("utf-8").splitlines()
    return [_case(json.loads(line)) for line in lines]


def _case(said: dict[str, Any]) -> Case:
    return Case(
        said["name"],
        said["draft"],
        said["rewrite"],
        [_tag(said["draft"], each) for each in said["tags"]],
        [(before, after, tags) for before, after, tags in said["changes"]],
        said["unchanged"],
        said["asked"],
    )


def _tag(draft: str, said: str) -> TagSpan:
    if said.startswith("+"):
        return TagSpan("missing")
    _category, is_on_words, words = said.partition(": ")
    if not is_on_words:
        return TagSpan("draft")
    words, _hash, place = words.partition("#")
    start = -1
    for _time in range(int(place or 1)):
        start = draft.index(words, start + 1)
    return TagSpan("span", start, start + len(words))
