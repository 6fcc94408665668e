"""What a check says about a text."""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark of one check.

    An "error" blocks the text, a "warning" is for the editor. ``start`` and ``end`` are a half-open
    span of code points, or both None where the remark is about the whole text. ``category`` is the
    slug of the error category that an editor would tag with, ``pointer`` the fact it rests on.
    """

    check: str
    version: int
    severity: Severity
    message: str
    start: int | None = None
    end: int | None = None
    category: str = ""
    pointer: str = ""

    def __post_init__(self) -> None:
        """Hold the span half-open: both ends or neither, and at least one character."""
        if (self.start is None) != (self.end is None):
            raise ValueError("A span has a start and an end.")
        if self.start is not None and self.end is not None and not 0 <= self.start < self.end:
            raise ValueError("A span is half-open and not empty.")
