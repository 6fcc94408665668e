"""What the corpora of tone, safety and privacy share: a fault put into a correct line."""

from collections.abc import Iterator, Mapping, Sequence
from random import Random

from tests.bench.checks import job_fit
from tests.bench.checks.frame import Corpus, Line, write
from tests.bench.checks.music_lines import CREDITS, NUMBERS, PLAIN, correct_music_lines

Faults = Mapping[str, Sequence[str]]


def calm_lines(corpus: Corpus, random: Random, jobs: float) -> Iterator[Line]:
    """Yield correct lines under tracks, and a share of answers about jobs."""
    music = correct_music_lines(corpus, random, (*PLAIN, *CREDITS, *NUMBERS))
    answers = job_fit.correct_lines(corpus, random)
    while True:
        yield next(answers if random.random() < jobs else music)


def with_fault(corpus: Corpus, random: Random, faults: Faults, jobs: Faults) -> Iterator[Line]:
    """Yield correct lines with one fault put behind them, its words between ``[[ ]]`` marked.

    `faults` are for lines under tracks, `jobs` for answers about jobs; each kind comes as often.
    """
    kinds = [
        *((kind, each, False) for kind, each in faults.items()),
        *((kind, each, True) for kind, each in jobs.items()),
    ]
    music, answers = calm_lines(corpus, random, 0.0), calm_lines(corpus, random, 1.0)
    while True:
        kind, choices, is_job = random.choice(kinds)
        line = next(answers if is_job else music)
        written = write(random.choice(choices), {})
        if written is None or written.marked is None:
            continue
        base = line.text if is_job else line.text.rstrip(".!?")
        start = len(base) + written.marked[0]
        end = len(base) + written.marked[1]
        yield Line(base + written.text, line.recommendation, kind, (start, end))
