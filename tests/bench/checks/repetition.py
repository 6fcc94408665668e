"""Repetition: loops, and lines that say what published ones say."""

from collections.abc import Iterator
from random import Random
from typing import Final

from explanations.checks import make_published
from tests.bench.checks.frame import Corpus, Line, Row, write
from tests.bench.checks.music_lines import CREDITS, LISTENING, NUMBERS, PLAIN, values_of

NAME: Final = "repetition"
CHECKS: Final = frozenset({"repetition"})

_TEMPLATES: Final = (*PLAIN, *CREDITS, *LISTENING, *NUMBERS)
_PUBLISHED: Final = 60
# In so many words of its own a line can be known again.
_TELLING: Final = 7


def correct_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield lines beside published ones that say other things."""
    for template, row, text in _written(corpus, random):
        others = [each for each in _TEMPLATES if each != template]
        published = make_published(_published(corpus, random, others))
        yield Line(text, row, "another thought", published=published)


def corrupted_lines(corpus: Corpus, random: Random) -> Iterator[Line]:
    """Yield loops, doubled words, and lines that are published under other names."""
    for template, row, text in _written(corpus, random):
        kind = random.choice(("loop", "doubled", "twice", "published", "published with its facts"))
        if kind in {"loop", "doubled", "twice"}:
            if looped := _looped(text, kind, random):
                yield Line(looped, row, kind)
            continue
        if len(_own_words(template)) < _TELLING:
            continue
        other = random.choice(corpus.music)
        same = write(template, values_of(other, random))
        if same is None or other["item"]["artist"] == row["item"]["artist"]:
            continue
        others = [each for each in _TEMPLATES if each != template]
        published: list[object] = [*_published(corpus, random, others)]
        facts = {"item": other["item"], "audience": other["audience"]}
        near = same.text if kind == "published" else {"text": same.text, **facts}
        published.insert(random.randrange(len(published) + 1), near)
        yield Line(text, row, kind, published=make_published(published))


def _written(corpus: Corpus, random: Random) -> Iterator[tuple[str, Row, str]]:
    while True:
        template, row = random.choice(_TEMPLATES), random.choice(corpus.music)
        written = write(template, values_of(row, random))
        if written:
            yield template, row, written.text


def _published(corpus: Corpus, random: Random, templates: list[str]) -> list[object]:
    lines: list[object] = []
    while len(lines) < _PUBLISHED:
        row = random.choice(corpus.music)
        if written := write(random.choice(templates), values_of(row, random)):
            lines.append(written.text)
    return lines


def _own_words(template: str) -> list[str]:
    return [word for word in template.split() if "{" not in word]


def _looped(text: str, kind: str, random: Random) -> str:
    words = text.split()
    small = [at for at, word in enumerate(words) if word.isalpha() and word.islower()]
    if len(small) < 5:
        return ""
    if kind == "doubled":
        at = random.choice(small)
        return " ".join([*words[: at + 1], *words[at:]])
    if kind == "twice":
        return f"{text.rstrip('.!?')} and {text}"
    at = random.choice([start for start in small if start + 2 < len(words)] or [0])
    stretch = words[at : at + random.randint(2, 3)]
    return " ".join([*words[:at], *stretch, *stretch, *stretch, *words[at + len(stretch) :]])
