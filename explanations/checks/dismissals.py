"""How a finding is known again in another draft, so that it can be dismissed once for all."""

from typing import Final

import regex

from explanations.checks.finding import Finding
from explanations.context import fold

MOST_GIST: Final = 200

_NUMBER: Final = regex.compile(r"[0-9]+(?:[.,][0-9]+)*")


def gist_of(finding: Finding, text: str) -> str:
    """Return what a finding is about, whatever the case, the accents and the typography.

    That is the words of its span; of a finding about a whole text its message, without the numbers
    in which it differs from text to text.
    """
    words = "" if finding.start is None else fold(text[finding.start : finding.end]).characters
    return (words.strip() or _NUMBER.sub("#", fold(finding.message).characters))[:MOST_GIST]
