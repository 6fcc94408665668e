"""The bands by which near texts are found: an index in the database, so they never change."""

from feedback.likeness import bands_of_words
from feedback.near_texts import near_bands, word_pairs


def test_the_bands_of_decided_lines_are_those_of_the_first_day() -> None:
    assert bands_of_words(("keeps", "light", "on", "its", "feet")) == [
        659290674, -1763043708, 218728110, -647720109, 763353968, 1414982586, 1850911221, 277108214,
    ]  # fmt: skip


def test_so_are_those_of_lessons() -> None:
    line = "Dead Rabbitts' latest single is a metalcore adrenaline rush!"
    assert near_bands(word_pairs(line))[:3] == [-1247761208, -843264989, 1329987524]
