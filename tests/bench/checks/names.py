"""The catalogue of the bench: the real names of the rows, and made-up ones beside them."""

from random import Random
from typing import Final

from explanations.checks.catalogue import Catalogue, credited_in_title, make_catalogue
from explanations.context import fold
from tests.bench.checks.attribution import COMMON_WORD_ARTISTS
from tests.bench.checks.frame import Corpus

_FIRST: Final = (
    *("Ada", "Bruno", "Carmen", "Dario", "Elif", "Finn", "Greta", "Hugo", "Ines", "Jonah", "Kaya"),
    *("Luca", "Maren", "Nadia", "Otis", "Petra", "Quinn", "Rosa", "Silas", "Tove", "Uma", "Viggo"),
)
_SYLLABLES: Final = (
    *("bar", "cor", "del", "fen", "gal", "hol", "jun", "kel", "lan", "mor", "nor", "pel", "quil"),
    *("ros", "sten", "tal", "ver", "wil", "yar", "zan", "be", "do", "fi", "ga", "li", "mu", "so"),
)
_ENDINGS: Final = ("a", "berg", "ell", "er", "in", "ini", "o", "osa", "sky", "son", "ton", "vik")
_WORDS: Final = (
    *("Ash", "Bloom", "Cedar", "Delta", "Ember", "Fable", "Garden", "Harbor", "Ivory", "Juniper"),
    *("Lantern", "Meadow", "North", "Opal", "Paper", "Quartz", "River", "Saint", "Tiger", "Velvet"),
)


def catalogue_of(corpus: Corpus, count: int, random: Random) -> Catalogue:
    """Return an index of the rows' names and as many made-up ones as make ``count``."""
    return make_catalogue(names_of(corpus, count, random))


def names_of(corpus: Corpus, count: int, random: Random) -> list[str]:
    """Return the names themselves; no made-up one equals a real one."""
    names = dict.fromkeys([*corpus.artists, *COMMON_WORD_ARTISTS])
    for row in corpus.music:
        for name in credited_in_title(row["item"]["title"]):
            names[name] = None
    taken = {fold(name).characters for name in names}
    while len(names) < count:
        made = _made_up(random)
        if fold(made).characters not in taken:
            taken.add(fold(made).characters)
            names[made] = None
    return list(names)[:count]


def _made_up(random: Random) -> str:
    family = "".join(random.choice(_SYLLABLES) for _ in range(random.randint(1, 2)))
    family = (family + random.choice(_ENDINGS)).capitalize()
    match random.randrange(5):
        case 0:
            return family + random.choice(("", " Sound", " Club", "s"))
        case 1:
            return f"The {random.choice(_WORDS)} {family}s"
        case 2:
            return f"DJ {family}"
        case 3:
            return f"{random.choice(_WORDS)} {family}"
        case _:
            return f"{random.choice(_FIRST)} {family}"
