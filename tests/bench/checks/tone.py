"""Tone: what the shipped guides avoid, against the words that only resemble it."""

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.bench.checks.frame import Corpus, Line
from tests.bench.checks.wording import calm_lines, with_fault

NAME: Final = "tone"
CHECKS: Final = frozenset({"tone"})

_FAULTS: Final = {
    "hype": (
        ", an [[epic]] one.",
        ", a [[timeless]] thing.",
        ", simply [[amazing]].",
        ", a [[must-hear]].",
        ", a true [[masterpiece]].",
        ", an [[instant classic]].",
        ", a [[hidden gem]].",
        ", as [[infectious]] as it gets.",
        ", a [[banger]].",
        ", [[legendary]] stuff.",
        ", so [[buckle up]].",
        ", and you will [[play on repeat]].",
        ", all [[vibes]].",
        ", a [[catchy]] one.",
        ", and it [[never disappoints]].",
        ", a [[sonic]] treat.",
    ),
    "exclamation marks": ("! Yes[[!]]", ", yes[[!!]]", ", oh my[[!!!]]"),
}
_JOB_FAULTS: Final = {
    "unkind": (
        "\n− [[Unfortunately]] the job asks for more. Try again.",
        "\n− You are [[not qualified]] here. Try again.",
        "\n− You are [[nowhere near]] ready. Try again.",
        "\n− The job asks for more. [[Get more experience]].",
    ),
    "flattery": (
        "\n+ You are a [[rock star]].",
        "\n+ You are the [[perfect candidate]].",
        "\n+ You are a [[superstar]] at it.",
        "\n+ You [[will surely]] be hired.",
        "\n+ You have [[impressive]] skills.",
    ),
    "third person": (
        "\n+ [[The candidate]] works with care.",
        "\n+ [[He]] works with care.",
        "\n+ [[The applicant]] works with care.",
        "\n+ [[She]] works with care.",
    ),
    "exclamation mark of a job": ("\n+ You can do it[[!]]",),
}


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines and answers in the voice of the guides."""
    for line in calm_lines(corpus, random, 0.4):
        if "you lack" not in line.text:  # right as a gap, and not how the guide says it
            yield line


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield the same with a cliché, a shout, or somebody else spoken to."""
    yield from with_fault(corpus, random, _FAULTS, _JOB_FAULTS)
