"""What the readers of this family share: what they read, and what they yield."""

from dataclasses import dataclass
from functools import cached_property

from explanations.checks.finding import Severity
from explanations.checks.grounding.known import Known, known_numbers
from explanations.checks.subject import Subject

Span = tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """A text to be read for claims."""

    subject: Subject
    text: str
    """The text with the names of its facts blanked out: same length, same offsets."""

    @cached_property
    def lowered(self) -> str:
        """The same in small letters, and of the same length: what most patterns are tried on."""
        lowered = self.text.lower()
        if len(lowered) == len(self.text):
            return lowered
        return "".join(
            small if len(small := letter.lower()) == 1 else letter for letter in self.text
        )

    @cached_property
    def known(self) -> Known:
        """What the facts say in numbers."""
        return known_numbers(self.subject.leaves)


@dataclass(frozen=True, slots=True)
class Claim:
    """Words that say something checkable; ``message`` is empty where the facts bear it out.

    ``pointer`` is the fact that says otherwise, "" where no fact speaks of it.
    """

    start: int
    end: int
    message: str = ""
    severity: Severity = "error"
    pointer: str = ""
