"""What keeps a text out of the ordinary queue: findings that reach the thresholds of its task."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from explanations.checks.finding import Finding
from explanations.checks.subject import Subject
from explanations.context import find_name, fold

Threshold = Literal["nothing", "errors", "everything"]

# What these are about is what the text says of a fact; that the fact's words stand in it is no
# excuse.
ABOUT_CLAIMS: Final = frozenset({"attribution", "contradicts", "missing", "unsupported", "verdict"})


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Which findings block: of any check, and of those that have a threshold of their own."""

    usual: Threshold = "errors"
    by_check: Mapping[str, Threshold] = field(default_factory=dict)

    def are_reached_by(self, finding: Finding) -> bool:
        """Say whether a finding is bad enough to block a text."""
        match self.by_check.get(finding.check, self.usual):
            case "nothing":
                return False
            case "errors":
                return finding.severity == "error"
            case "everything":
                return True


USUAL: Final = Thresholds()


def blocking(
    findings: Collection[Finding], subject: Subject, thresholds: Thresholds = USUAL
) -> list[Finding]:
    """Return the findings that keep a text out of the ordinary queue.

    Words that a fact holds itself, such as an explicit title, never do, unless the finding is about
    what is said with them.
    """
    return [
        finding
        for finding in findings
        if thresholds.are_reached_by(finding) and not _is_in_the_words_of_a_fact(finding, subject)
    ]


def _is_in_the_words_of_a_fact(finding: Finding, subject: Subject) -> bool:
    if finding.start is None or finding.category in ABOUT_CLAIMS:
        return False
    words = subject.text[finding.start : finding.end]
    written = [fact.value for fact in subject.leaves if isinstance(fact.value, str)]
    return any(any(find_name(fold(value), value, words)) for value in written)
