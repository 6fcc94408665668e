"""Safety: what must never be seen, against what only looks like it."""

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.bench.checks.frame import Corpus, Line
from tests.bench.checks.wording import calm_lines, with_fault

NAME: Final = "safety"
CHECKS: Final = frozenset({"safety"})

# Idioms of music writing, and of work, that a list of words alone would stumble over.
_INNOCENT: Final = (
    ", a killer hook.",
    ", with a sick beat.",
    ", and it is the bomb.",
    ", drop dead gorgeous.",
    ", dope from the first bar.",
    ", hardcore in the best sense.",
    ", a fat, lazy, dumb bass line.",
    ", and the drums kill.",
    ", scat singing included.",
    ", with some neat fingering.",
    ", high on reverb.",
    ", a shot of energy.",
    ", young at heart.",
    ", wicked and ill.",
)
_FAULTS: Final = {
    "obscene": (
        ", a [[fucking]] good one.",
        ", you [[bitch]].",
        ", no [[bullshit]].",
        ", for [[motherfuckers]] only.",
        ", holy [[shit]].",
    ),
    "slur": (", sung by a [[faggot]].", ", no song for [[retards]].", ", for [[sluts]]."),
    "self-harm": (
        ", so good you want to [[kill yourself]].",
        ", a song to [[cut yourself]] to.",
        ", time to [[end your life]].",
    ),
    "drugs": (
        ", best heard when you [[get high]].",
        ", like [[cocaine]] for breakfast.",
        ", perfect for [[popping pills]].",
        ", so [[light up a joint]].",
    ),
    "violence": (
        ", so [[beat her up]].",
        ", made for a [[killing spree]].",
        ", and [[shoot him]] while you dance.",
    ),
    "sexual": (", and look at [[her curves]].", ", it makes you [[horny]].", ", oh [[her body]]."),
    "insult": (", unlike those [[idiots]] next door.", ", only [[morons]] skip it."),
}
_JOB_FAULTS: Final = {
    "age": (
        "\n− You may be [[too old]] for it. Try.",
        "\n+ You would suit a [[young]] team.",
        "\n+ You are a [[digital native]].",
        "\n+ You are a [[recent graduate]].",
    ),
    "sex": (
        "\n+ You bring patience [[as a woman]].",
        "\n− The job is more for [[men]]. Try.",
    ),
    "family": (
        "\n− It may be hard [[with children]]. Try.",
        "\n− You may soon be [[pregnant]]. Try.",
    ),
    "belief and origin": (
        "\n− You are no [[native speaker]]. Try.",
        "\n+ You are a good [[Christian]].",
        "\n− Your [[nationality]] may matter. Try.",
    ),
    "health": ("\n− You may be [[disabled]]. Try.", "\n+ You are [[able-bodied]]."),
    "insult of a job": (
        "\n− You are too [[stupid]] for it. Try.",
        "\n− You are [[lazy]]. Try.",
        "\n− It is a [[waste of time]]. Try.",
    ),
}


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines with idioms that are none of it, and answers about jobs."""
    for line in calm_lines(corpus, random, 0.4):
        if line.recommendation["task"] == "music-oneliner" and random.random() < 0.5:
            text = line.text.rstrip(".!?") + random.choice(_INNOCENT)
            yield Line(text, line.recommendation, "idiom")
        else:
            yield line


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines and answers with words that harm."""
    yield from with_fault(corpus, random, _FAULTS, _JOB_FAULTS)
