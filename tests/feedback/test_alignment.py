"""Which tag explains which change: by cases that people labelled, and by what always holds."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.alignment import Alignment, TagSpan, align, apply_changes, question_at
from feedback.diffing import tokens
from tests.feedback.test_diffing import texts
from tests.vectors.labelled import Case, labelled_cases

VECTORS: list[dict[str, Any]] = json.loads(
    (Path(__file__).parents[1] / "vectors" / "word_diff.json").read_text()
)
CASES = labelled_cases()

spans = st.builds(
    lambda start, length: TagSpan("span", start, start + length),
    st.integers(0, 30),
    st.integers(1, 10),
)
tag_lists = st.lists(
    st.one_of(spans, st.sampled_from([TagSpan("draft"), TagSpan("missing")])), max_size=5
)
reviews = st.tuples(texts, texts, tag_lists)


def stored(found: Alignment) -> list[dict[str, object]]:
    return [asdict(change.hunk) for change in found.changes]


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector["name"])
def test_vectors_that_the_browser_holds_too(vector: dict[str, Any]) -> None:
    found = align(vector["before"], vector["after"], [TagSpan(**tag) for tag in vector["tags"]])

    told = [
        {"tags": list(change.tags), "by": change.by, "moved": change.moved}
        for change in found.changes
    ]
    assert told == vector["changes"]
    assert list(found.unchanged) == vector["unchanged"]
    assert [list(question) for question in found.questions] == vector["questions"]


class TestWhatPeopleLabelled:
    @pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
    def test_it_is_found(self, case: Case) -> None:
        found = align(case.draft, case.rewrite, case.tags)

        changes = [
            (change.hunk.before.strip(), change.hunk.after.strip(), list(change.tags))
            for change in found.changes
        ]
        assert changes == case.changes
        assert list(found.unchanged) == case.unchanged
        assert [list(question) for question in found.questions] == case.asked

    def test_there_are_a_hundred_of_many_kinds(self) -> None:
        assert len(CASES) >= 100
        assert len({(case.draft, case.rewrite, tuple(case.tags)) for case in CASES}) == len(CASES)
        kinds = {tag.scope for case in CASES for tag in case.tags}
        assert kinds == {"span", "draft", "missing"}


class TestWhatAlwaysHolds:
    @given(reviews)
    def test_applied_to_the_draft_it_gives_the_rewrite(
        self, review: tuple[str, str, list[TagSpan]]
    ) -> None:
        before, after, tags = review
        assert apply_changes(before, stored(align(before, after, tags))) == after

    @given(reviews)
    def test_every_changed_token_lies_in_exactly_one_change(
        self, review: tuple[str, str, list[TagSpan]]
    ) -> None:
        before, after, tags = review
        hunks = [change.hunk for change in align(before, after, tags).changes]
        kept, new = [], []
        for token in tokens(before):
            holding = [hunk for hunk in hunks if hunk.start < token.end and token.start < hunk.end]
            assert len(holding) <= 1
            kept += [] if holding else [token.text]
        for token in tokens(after):
            holding = [
                hunk
                for hunk in hunks
                if hunk.after_start < token.end and token.start < hunk.after_end
            ]
            assert len(holding) <= 1
            new += [] if holding else [token.text]
        # What lies in none stands in both texts, in the same order: it did not change.
        assert kept == new

    @given(reviews)
    def test_an_overlapping_tag_explains_and_is_not_unchanged(
        self, review: tuple[str, str, list[TagSpan]]
    ) -> None:
        before, after, tags = review
        found = align(before, after, tags)
        for change in found.changes:
            overlapping = {
                index
                for index, tag in enumerate(tags)
                if tag.start is not None
                and tag.end is not None
                and change.hunk.start < tag.end
                and tag.start < change.hunk.end
            }
            assert overlapping <= set(change.tags)
            assert overlapping.isdisjoint(found.unchanged)

    @given(reviews)
    def test_what_nothing_explains_is_asked_once(
        self, review: tuple[str, str, list[TagSpan]]
    ) -> None:
        before, after, tags = review
        found = align(before, after, tags)
        asked = [index for question in found.questions for index in question]
        assert len(asked) == len(set(asked))
        for index, change in enumerate(found.changes):
            assert change.by is not None or change.is_blank or index in asked
            assert bool(change.tags) == (change.by is not None)
        if found.is_rewritten:
            assert len(found.questions) <= 1

    @given(st.lists(st.sampled_from(["la", "Heart", "2019", "!"]), min_size=1, max_size=12))
    def test_a_draft_that_is_tagged_as_a_whole_leaves_no_question(self, words: list[str]) -> None:
        found = align("An epic ride from Dead Rabbitts.", " ".join(words), [TagSpan("draft")])
        assert found.questions == ()


class TestQuestions:
    DRAFT = "Their new song is a hype anthem for the night."
    REWRITE = "Their song is a metalcore anthem for the night."

    def test_one_is_found_by_where_its_change_lies(self) -> None:
        found = align(self.DRAFT, self.REWRITE, [])
        assert found.questions == ((0,), (1,))
        assert question_at(found, 20, 24) == (1,)

    def test_an_offset_beside_it_by_white_space_is_no_matter(self) -> None:
        assert question_at(align(self.DRAFT, self.REWRITE, []), 6, 9) == (0,)

    def test_where_nothing_is_asked_there_is_none(self) -> None:
        found = align(self.DRAFT, self.REWRITE, [])
        assert question_at(found, 40, 44) is None

    def test_of_a_rewrite_there_is_one(self) -> None:
        found = align("One two three four five.", "Six seven eight.", [])
        assert found.is_rewritten
        assert found.questions == ((0,),)


class TestApplying:
    def test_to_another_draft_it_is_refused(self) -> None:
        found = align("Quiet song.", "Loud song.", [])
        with pytest.raises(ValueError, match="does not say"):
            apply_changes("Other song.", stored(found))
