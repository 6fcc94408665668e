"""The difference between two texts: complete, by words, and short where nothing changed."""

from hypothesis import given
from hypothesis import strategies as st

from explanations.differences import Passage, Stretch, difference

GUIDE = "\n".join(f"Line {number}." for number in range(1, 31))


def marked(before: str, after: str) -> str:
    """The difference as one text: [-gone-], {+come+}, and how many lines are folded."""
    signs = {"same": "{}", "removed": "[-{}-]", "added": "{{+{}+}}"}
    return "".join(
        f"<{passage.folded}>"
        if passage.folded
        else "".join(signs[stretch.kind].format(stretch.text) for stretch in passage.stretches)
        for passage in difference(before, after)
    )


def test_equal_texts_have_no_difference() -> None:
    assert difference(GUIDE, GUIDE) == []


def test_changed_words_are_marked_within_their_line() -> None:
    assert marked("At most 18 words.", "At most 16 words.") == "At most [-18-]{+16+} words."


def test_neighbouring_changed_words_are_one_change() -> None:
    assert marked("a b see the old men go", "a b see every young men go") == (
        "a b see [-the old-]{+every young+} men go"
    )


def test_a_word_that_came_is_marked_from_its_beginning() -> None:
    assert marked("Write one line now.", "Write one vivid line now.") == (
        "Write one {+vivid +}line now."
    )


def test_a_number_changes_as_a_whole() -> None:
    assert marked("temperature: 0.2", "temperature: 0.25") == "temperature: [-0.2-]{+0.25+}"


def test_a_line_that_was_written_anew_is_not_picked_to_pieces() -> None:
    before, after = "Write about the track.", "Be kind, be brief, name every artist!"
    assert marked(before, after) == f"[-{before}-]{{+{after}+}}"


def test_what_stayed_is_folded_but_for_two_lines_around_a_change() -> None:
    after = GUIDE.replace("Line 15.", "Line fifteen.")
    assert marked(GUIDE, after) == (
        "<12>Line 13.\nLine 14.\nLine [-15-]{+fifteen+}.\nLine 16.\nLine 17.\n<13>"
    )


def test_a_single_line_between_two_changes_is_not_folded() -> None:
    before = "a\n" + "same\n" * 5 + "b\n"
    after = "x\n" + "same\n" * 5 + "y\n"
    assert all(not passage.folded for passage in difference(before, after))


def test_a_text_from_nothing_is_all_new() -> None:
    assert difference("", "New.") == [Passage((Stretch("added", "New."),))]
    assert difference("Old.", "") == [Passage((Stretch("removed", "Old."),))]


def test_a_passage_of_thousands_of_words_is_compared_as_a_whole() -> None:
    before, after = "old word " * 2_000, "new word " * 2_000
    assert [stretch.kind for stretch in difference(before, after)[0].stretches] == [
        "removed",
        "added",
    ]


words = st.text(st.sampled_from("ab é夜.,0123 \n\t"), max_size=60)


@given(words, words)
def test_nothing_is_lost_of_either_text(before: str, after: str) -> None:
    passages = difference(before, after)
    stretches = [stretch for passage in passages for stretch in passage.stretches]
    old = "".join(stretch.text for stretch in stretches if stretch.kind != "added")
    new = "".join(stretch.text for stretch in stretches if stretch.kind != "removed")
    if before == after:
        assert passages == []
    elif not any(passage.folded for passage in passages):
        assert (old, new) == (before, after)
