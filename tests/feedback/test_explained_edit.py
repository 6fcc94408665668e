"""An edit with its causes: what is stored of each change, and which tags the answers make."""

from typing import Any

import pytest

from feedback.alignment import apply_changes
from feedback.explained_edit import ExplainedEdit, explain_edit
from feedback.review_body import parse_body

DRAFT = "Their new song is a hype anthem."
SEVERITIES = {"timebound": 1, "tone": 1, "unsupported": 5, "taste": 0}


def explained(rewrite: str, draft: str = DRAFT, **body: Any) -> ExplainedEdit:
    said = parse_body({"outcome": "EDIT", "rewrite": rewrite, **body})
    return explain_edit(draft, rewrite, said, SEVERITIES)


def cause(words: str, category: str, draft: str = DRAFT) -> dict[str, Any]:
    """Why the draft's first `words` were changed."""
    start = draft.index(words)
    return {"start": start, "end": start + len(words), "category": category}


def tag(words: str, category: str = "timebound") -> dict[str, Any]:
    start = DRAFT.index(words)
    return {
        "category": category,
        "severity": 1,
        "scope": "span",
        "start": start,
        "end": start + len(words),
        "quote": words,
    }


def told(edit: ExplainedEdit) -> list[tuple[object, ...]]:
    return [
        (change["before"], change["tags"], change["by"], change["cause"])
        for change in edit.alignment
    ]


def test_what_a_tag_explains_needs_no_cause() -> None:
    edit = explained("Their old song is a hype anthem.", tags=[tag("new")])
    assert told(edit) == [("new", [1], "overlap", "")]
    assert edit.open_questions == 0


def test_a_cause_becomes_a_tag_on_the_words_that_changed() -> None:
    edit = explained(
        "Their song is a metalcore anthem.",
        tags=[tag("new")],
        causes=[cause("hype", "tone")],
    )
    assert told(edit) == [("new ", [1], "overlap", ""), ("hype", [2], "cause", "tone")]
    [_by_hand, made] = edit.tags
    assert (made.category, made.severity, made.scope, made.quote) == ("tone", 1, "span", "hype")
    assert DRAFT[made.start : made.end] == "hype"


def test_the_tag_of_a_cause_leaves_white_space_out() -> None:
    edit = explained("Their song is a hype anthem.", causes=[cause("new ", "timebound")])
    [made] = edit.tags
    assert (made.quote, DRAFT[made.start : made.end]) == ("new", "new")


def test_taste_is_kept_and_makes_no_tag() -> None:
    edit = explained("Their new song is a metalcore anthem.", causes=[cause("hype", "taste")])
    assert told(edit) == [("hype", [], "cause", "taste")]
    assert edit.tags == ()
    assert edit.open_questions == 0


def test_words_that_were_only_put_in_were_missing() -> None:
    edit = explained(
        "Their new song is a hype metalcore anthem.",
        causes=[{"start": 25, "end": 25, "category": "unsupported"}],
    )
    [made] = edit.tags
    assert (made.scope, made.start, made.quote, made.severity) == ("missing", None, "", 5)


def test_a_move_is_one_change_and_makes_one_tag() -> None:
    draft = "Heavy riffs carry this loud song home again."
    edit = explained(
        "Heavy riffs again carry this loud song home.",
        draft,
        causes=[cause("again", "tone", draft)],
    )
    assert [change["tags"] for change in edit.alignment] == [[1], [1]]
    assert [made.quote for made in edit.tags] == ["again"]


def test_of_a_rewrite_the_cause_is_of_the_whole_draft() -> None:
    edit = explained(
        "Double kicks, no mercy: Deer Heart.",
        tags=[tag("hype", "tone")],
        causes=[cause("new", "unsupported")],
    )
    assert edit.tags[-1].scope == "draft"
    assert all(2 in change["tags"] for change in edit.alignment)  # type: ignore[operator]
    assert {change["cause"] for change in edit.alignment} == {"unsupported"}
    assert [change["by"] for change in edit.alignment if 1 in change["tags"]] == ["overlap"]  # type: ignore[operator]


def test_what_is_left_unanswered_is_counted() -> None:
    edit = explained("Their song is a metalcore anthem.", causes=[cause("hype", "tone")])
    assert edit.open_questions == 1
    assert told(edit)[0] == ("new ", [], None, "")


def test_a_tag_whose_words_did_not_change_is_told() -> None:
    edit = explained("Their new song is a metalcore anthem.", tags=[tag("new"), tag("hype")])
    assert edit.unchanged == (0,)


@pytest.mark.parametrize("words", ["song", "new song"])
def test_a_cause_where_nothing_is_asked_is_refused(words: str) -> None:
    edit = explained(
        "Their old song is a hype anthem.", tags=[tag("new")], causes=[cause(words, "tone")]
    )
    assert list(edit.errors) == ["causes.0.start"]


def test_two_causes_for_one_change_are_refused() -> None:
    edit = explained(
        "Their new song is a metalcore anthem.",
        causes=[cause("hype", "tone"), cause("hype", "taste")],
    )
    assert list(edit.errors) == ["causes.1.category"]


def test_what_is_stored_applied_to_the_draft_gives_the_rewrite() -> None:
    rewrite = "Their first song 👨‍👩‍👧 is a metalcore anthem, again."
    edit = explained(rewrite, causes=[cause("new", "taste")])
    assert apply_changes(DRAFT, edit.alignment) == rewrite
