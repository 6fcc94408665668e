"""The stylesheet's colours can be read: text at 4.5:1, marks at 3:1, in light and in dark."""

import re
from pathlib import Path

import pytest

STYLESHEET = Path(__file__).parents[1] / "static" / "desk" / "desk.css"
TEXT, MARK = 4.5, 3.0
SCHEMES = ("light", "dark")
Colour = tuple[float, ...]

GROUNDS = ("paper", "sheet", "well")
WASHES = ("accent-wash", "good-wash", "warn-wash", "bad-wash")
CATEGORIES = tuple(f"category-{key}" for key in range(10))
TEXT_ON = [
    *((text, ground) for text in ("ink", "ink-soft") for ground in GROUNDS + WASHES),
    *(
        (text, ground)
        for text in ("pencil", "accent-strong", "good", "warn", "bad", *CATEGORIES)
        for ground in GROUNDS
    ),
    *(("pencil", "accent-wash"), ("accent-strong", "accent-wash")),
    *((what, f"{what}-wash") for what in ("good", "warn", "bad")),
    *(("on-accent", "pencil"), ("on-accent", "accent-strong")),
    *(("sheet", "ink"), ("paper", "ink")),
    # A category's key in its square.
    *(("sheet", category) for category in CATEGORIES),
]
MARKS_ON = [
    *((mark, ground) for mark in ("edge", "pencil", *CATEGORIES) for ground in GROUNDS),
    *((what, f"{what}-wash") for what in ("good", "warn", "bad")),
]


@pytest.fixture(scope="module")
def tokens() -> dict[str, tuple[Colour, Colour]]:
    """The tokens that are a colour in each scheme."""
    found = re.findall(
        r"--([\w-]+): light-dark\(#([0-9a-f]{6}), #([0-9a-f]{6})\)", STYLESHEET.read_text()
    )
    return {name: (_colour(light), _colour(dark)) for name, light, dark in found}


def _colour(written: str) -> Colour:
    return tuple(channel / 255 for channel in bytes.fromhex(written))


def _mixed(colour: Colour, ground: Colour, percent: int) -> Colour:
    share = percent / 100
    return tuple(
        one * share + other * (1 - share) for one, other in zip(colour, ground, strict=True)
    )


def _contrast(one: Colour, other: Colour) -> float:
    """The contrast ratio of WCAG 2.2."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: Colour) -> float:
    red, green, blue = (
        channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
        for channel in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_black_on_white_is_what_the_norm_says() -> None:
    assert _contrast(_colour("000000"), _colour("ffffff")) == pytest.approx(21)
    assert _contrast(_colour("767676"), _colour("ffffff")) == pytest.approx(4.54, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_and_marks_stand_out_from_what_they_lie_on(
    tokens: dict[str, tuple[Colour, Colour]], scheme: str
) -> None:
    of = SCHEMES.index(scheme)
    too_faint = [
        f"{front} on {ground}: {ratio:.2f}, not {wanted}"
        for pairs, wanted in ((TEXT_ON, TEXT), (MARKS_ON, MARK))
        for front, ground in pairs
        if (ratio := _contrast(tokens[front][of], tokens[ground][of])) < wanted
    ]
    assert too_faint == []


@pytest.mark.parametrize("scheme", SCHEMES)
def test_words_can_be_read_through_every_colour_that_is_laid_over_them(
    tokens: dict[str, tuple[Colour, Colour]], scheme: str
) -> None:
    of = SCHEMES.index(scheme)
    laid = set(
        re.findall(
            r"color-mix\(in srgb, var\(--(accent|warn|category)(?:, var\(--ink-soft\))?\) (\d+)%,",
            STYLESHEET.read_text(),
        )
    )
    assert laid
    too_faint = [
        f"ink on {percent} % of {token} over {ground}: {ratio:.2f}"
        for name, percent in laid
        for token in {"accent": ("pencil",), "category": CATEGORIES}.get(name, (name,))
        for ground in ("paper", "sheet")
        if (
            ratio := _contrast(
                tokens["ink"][of], _mixed(tokens[token][of], tokens[ground][of], int(percent))
            )
        )
        < TEXT
    ]
    assert too_faint == []
