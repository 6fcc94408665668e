"""Word changes, told alike by the server and by the browser."""

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.diffing import (
    _SPACES,
    MOST_PAIRS,
    Hunk,
    apply,
    changed_share,
    tokens,
    word_diff,
)

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "word_diff.json").read_text()
)

# Short texts over few words, so that repeats, moves and odd spacing come up often.
PIECES = [
    "a",
    "b",
    "la",
    "don't",
    "1,2",
    " ",
    "  ",
    "\n",
    "\r\n",
    ",",
    ".",
    "👨‍👩‍👧",
    "🇩🇪",
    "é",
    "e\u0301",
]
PIECES += ["東", "京", "ー", "مرحبا", "\u200d", "\u0301", "\ufe0f", "-", "'"]
texts = st.one_of(st.lists(st.sampled_from(PIECES), max_size=24).map("".join), st.text(max_size=40))
vectors = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])


class TestVectors:
    """Each is also held by the browser's twin."""

    @vectors
    def test_tokens(self, vector: dict[str, Any]) -> None:
        assert [token.text for token in tokens(vector["before"])] == vector["tokens"]

    @vectors
    def test_hunks(self, vector: dict[str, Any]) -> None:
        hunks = word_diff(vector["before"], vector["after"])
        assert hunks == [Hunk(**hunk) for hunk in vector["hunks"]]

    @vectors
    def test_share(self, vector: dict[str, Any]) -> None:
        share = changed_share(vector["before"], vector["after"])
        assert share == pytest.approx(vector["changed_share"], abs=1e-4)


class TestTokens:
    @given(texts)
    def test_what_is_no_token_is_white_space(self, text: str) -> None:
        position = 0
        for token in tokens(text):
            assert all(character in _SPACES for character in text[position : token.start])
            assert text[token.start : token.end] == token.text
            position = token.end
        assert all(character in _SPACES for character in text[position:])


class TestHunks:
    @given(texts, texts)
    def test_applying_them_gives_the_rewrite(self, before: str, after: str) -> None:
        assert apply(before, word_diff(before, after)) == after

    @given(texts, texts)
    def test_they_say_where_the_new_words_stand(self, before: str, after: str) -> None:
        for hunk in word_diff(before, after):
            assert after[hunk.after_start : hunk.after_end] == hunk.after
            assert before[hunk.start : hunk.end] == hunk.before

    @given(texts, texts)
    def test_every_changed_token_lies_in_exactly_one(self, before: str, after: str) -> None:
        hunks = word_diff(before, after)
        outside_old = [
            token.text
            for token in tokens(before)
            if not any(hunk.start <= token.start < hunk.end for hunk in hunks)
        ]
        outside_new = [
            token.text
            for token in tokens(after)
            if not any(hunk.after_start <= token.start < hunk.after_end for hunk in hunks)
        ]
        # What lies in none is the same in both texts, and so has not changed.
        assert outside_old == outside_new
        for token in tokens(before):
            holding = [hunk for hunk in hunks if hunk.start < token.end and token.start < hunk.end]
            assert len(holding) <= 1
            assert all(hunk.start <= token.start and token.end <= hunk.end for hunk in holding)

    @given(texts, texts)
    def test_they_lie_apart_and_in_order(self, before: str, after: str) -> None:
        hunks = word_diff(before, after)
        for hunk, following in pairwise(hunks):
            assert hunk.end <= following.start
            assert hunk.after_end <= following.after_start
            assert before[hunk.end : following.start].strip()

    @given(texts)
    def test_an_unchanged_text_has_none(self, text: str) -> None:
        assert word_diff(text, text) == []
        assert changed_share(text, text) == 0

    def test_a_middle_too_long_to_search_is_one_hunk(self) -> None:
        words = int(MOST_PAIRS**0.5) + 1
        before = " ".join(f"a{number}" for number in range(words))
        after = " ".join(
            f"b{number}" if number % 2 else f"a{number + 1}" for number in range(words)
        )
        assert len(word_diff(before, after)) == 1

    def test_of_two_lines_that_begin_alike_a_whole_one_goes(self) -> None:
        [hunk] = word_diff("+ You know SQL.\n+ You know Excel.", "+ You know Excel.")
        assert hunk.before == "+ You know SQL.\n"

    def test_those_of_another_text_are_refused(self) -> None:
        with pytest.raises(ValueError, match="does not say"):
            apply("Quiet.", word_diff("Loud.", "Louder."))
