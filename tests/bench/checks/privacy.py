"""Privacy: ways to reach somebody, against what only looks like one."""

from collections.abc import Iterator
from random import Random
from typing import Final

from tests.bench.checks.frame import Corpus, Line
from tests.bench.checks.wording import calm_lines, with_fault

NAME: Final = "privacy"
CHECKS: Final = frozenset({"privacy"})

_FAULTS: Final = {
    "mail": (", write to [[ana.lopez@mail.example]].", ", ask [[fans+club@music.example.org]]."),
    "link": (
        ", see [[https://listen.example/x?y=1]].",
        ", at [[www.somewhere.example]].",
        ", tickets at [[somewhere.com/tour]].",
    ),
    "phone": (
        ", call [[+44 20 7946 0958]].",
        ", call [[(555) 010-4477]].",
        ", at [[555-010-4477]].",
    ),
    "handle": (", says [[@some_fan]].", ", by [[@the.listener]]."),
}
_JOB_FAULTS: Final = {
    "mail of a job": ("\n− The job asks for more. Write to [[hr@company.example]].",),
    "phone of a job": ("\n− The job asks for more. Call [[+1 212 555 0188]].",),
}


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines full of dates, tempos and skills such as ASP.NET."""
    yield from calm_lines(corpus, random, 0.5)


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield the same with an address, a link, a number or a handle."""
    yield from with_fault(corpus, random, _FAULTS, _JOB_FAULTS)
