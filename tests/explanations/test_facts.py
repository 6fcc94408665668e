"""Editors' facts: laid over the delivery, never written into it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import LogEntry, Person
from explanations.fact_changes import LaidOver, changed_pointers, laid_over
from explanations.models import Draft, FactOverlay, Recommendation, Run
from explanations.services.facts import FactRefusedError, add_fact, correct_fact, hide_fact
from tests.conftest import LISTENER, TRACK, drafted

FACTS: dict[str, Any] = {
    "item": {"title": "Deer Heart", "a/b": 1, "skills": ["Python", "SQL"]},
    "audience": {"recently": [{"title": "Doomsday", "artist": "Architects"}], "years": 3},
}


def overlay(kind: Any, pointer: str, value: Any = None, value_then: Any = None) -> LaidOver:
    return LaidOver(kind, pointer, value, value_then, "a source")


# Adding, correcting, hiding ----------------------------------------------------------------------


def test_an_added_fact_stands_beside_the_delivered_ones_with_its_source(
    recommendation: Recommendation, editor: Person
) -> None:
    snapshot = add_fact(recommendation, "Record label", "Own Records", "the sleeve", editor)

    assert (snapshot.number, snapshot.cause) == (2, "overlay")
    assert snapshot.item == {**TRACK, "record_label": "Own Records"}
    assert snapshot.audience == LISTENER
    assert snapshot.sources == {"/item/record_label": "the sleeve"}
    recommendation.refresh_from_db()
    assert recommendation.snapshot == snapshot
    assert recommendation.snapshots.get(number=1).item == TRACK


def test_a_name_in_another_script_is_a_name(recommendation: Recommendation, editor: Person) -> None:
    snapshot = add_fact(recommendation, "レーベル", "Own", "the sleeve", editor)

    assert "レーベル" in snapshot.item


def test_who_added_what_is_in_the_log(recommendation: Recommendation, editor: Person) -> None:
    add_fact(recommendation, "Label", "Own Records", "the sleeve", editor)

    entry = LogEntry.objects.get(subject_type="recommendation", subject_id=recommendation.pk)
    assert (entry.actor, entry.action) == (editor, "fact added")
    assert entry.detail["pointer"] == "/item/label"


def test_facts_of_editors_add_up(recommendation: Recommendation, editor: Person) -> None:
    add_fact(recommendation, "Label", "Own Records", "the sleeve", editor)
    correct_fact(recommendation, "/item/label", "Own Records Ltd", "their site", editor)
    snapshot = hide_fact(recommendation, "/item/energy", "not for showing", editor)

    assert snapshot.number == 4
    assert snapshot.item["label"] == "Own Records Ltd"
    assert "energy" not in snapshot.item
    assert snapshot.sources == {"/item/label": "their site"}


def test_a_draft_that_rests_on_a_corrected_fact_is_withdrawn_and_drafted_again(
    recommendation: Recommendation, run: Run, editor: Person
) -> None:
    resting = drafted(run, recommendation, "A metalcore rush.", rests_on=["/item/genre"])
    other = drafted(run, recommendation, "Deer Heart.", rests_on=["/item/title"], ordinal=2)

    correct_fact(recommendation, "/item/genre", "post-hardcore", "the sleeve", editor)

    resting.refresh_from_db()
    other.refresh_from_db()
    assert (resting.state, other.state) == (Draft.State.WITHDRAWN, Draft.State.READY)
    assert Draft.objects.get(redraft_of=resting).state == Draft.State.PENDING


def test_adding_a_fact_withdraws_nothing(ready_draft: Draft, editor: Person) -> None:
    add_fact(ready_draft.recommendation, "Label", "Own Records", "the sleeve", editor)

    ready_draft.refresh_from_db()
    assert ready_draft.state == Draft.State.READY


@pytest.mark.parametrize(
    ("name", "value", "source", "reason"),
    [
        ("Artist", "x", "the sleeve", "already a fact “artist”"),
        ("!!", "x", "the sleeve", "a name of letters"),
        ("Label", "", "the sleeve", "Give the fact a value"),
        ("Label", None, "the sleeve", "Give the fact a value"),
        ("Label", "x\0", "the sleeve", "NUL"),
        ("Label", "\ud800", "the sleeve", "is not text"),
        ("Label", 10**40, "the sleeve", "is not text"),
        ("Label", float("nan"), "the sleeve", "number"),
        ("Label", "x" * 20_000, "the sleeve", "10,000 are allowed"),
        ("Label", "x", " ", "where this is known from"),
        ("Label", "x", "s" * 501, "500 characters"),
        ("Label", "x", "s\0", "NUL"),
    ],
)
def test_a_fact_that_cannot_be_taken_is_refused_in_words(
    recommendation: Recommendation,
    editor: Person,
    name: str,
    value: object,
    source: str,
    reason: str,
) -> None:
    with pytest.raises(FactRefusedError, match=reason):
        add_fact(recommendation, name, value, source, editor)

    assert not FactOverlay.objects.exists()
    assert recommendation.snapshots.count() == 1


@pytest.mark.parametrize("pointer", ["/item/label", "/item", "/audience", "", "item", "/item/~7"])
def test_only_a_fact_that_is_there_can_be_corrected_or_hidden(
    recommendation: Recommendation, editor: Person, pointer: str
) -> None:
    with pytest.raises(FactRefusedError, match="no such fact"):
        correct_fact(recommendation, pointer, "x", "the sleeve", editor)
    with pytest.raises(FactRefusedError, match="no such fact"):
        hide_fact(recommendation, pointer, "private", editor)


def test_a_hidden_member_of_a_list_stays_hidden_wherever_it_moves(
    recommendation: Recommendation, editor: Person
) -> None:
    hide_fact(recommendation, "/audience/favourite_subgenres/0", "private", editor)

    kept = FactOverlay.objects.get()
    facts, _sources = laid_over(
        {"item": TRACK, "audience": {"favourite_subgenres": ["djent", "metalcore"]}},
        [overlay(kept.kind, kept.pointer, None, kept.value_then)],
    )
    assert facts["audience"]["favourite_subgenres"] == ["djent"]


# Laying over -------------------------------------------------------------------------------------


def test_laying_over_does_not_alter_what_was_delivered() -> None:
    before = {"item": {"tags": ["a"]}, "audience": {}}

    laid_over(before, [overlay("corrected", "/item/tags/0", "b", "a")])

    assert before == {"item": {"tags": ["a"]}, "audience": {}}


def test_a_correction_finds_the_member_that_it_meant() -> None:
    facts, sources = laid_over(
        {"item": {}, "audience": {"recently": [{"artist": "B"}, {"artist": "A"}]}},
        [overlay("corrected", "/audience/recently/0/artist", "A!", "A")],
    )

    assert facts["audience"]["recently"] == [{"artist": "B"}, {"artist": "A!"}]
    assert sources == {"/audience/recently/1/artist": "a source"}


def test_a_correction_of_a_member_that_is_gone_says_nothing_more() -> None:
    facts, sources = laid_over(
        {"item": {"tags": ["x"]}, "audience": {}}, [overlay("corrected", "/item/tags/0", "b", "a")]
    )

    assert facts["item"]["tags"] == ["x"]
    assert sources == {}


def test_an_overlay_whose_place_is_gone_says_nothing_more() -> None:
    facts, _sources = laid_over(
        {"item": {"label": "plain text now"}, "audience": {}},
        [
            overlay("corrected", "/item/label/name", "b", "a"),
            overlay("hidden", "/item/year", None, 1999),
            overlay("hidden", "/audience/a/b", None, 1),
        ],
    )

    assert facts == {"item": {"label": "plain text now"}, "audience": {}}


def test_sources_move_up_when_a_member_before_them_is_hidden() -> None:
    _facts, sources = laid_over(
        {"item": {"tags": ["a", "b", "c"]}, "audience": {}},
        [
            overlay("corrected", "/item/tags/2", "C", "c"),
            overlay("hidden", "/item/tags/0", None, "a"),
        ],
    )

    assert sources == {"/item/tags/1": "a source"}


# Comparing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pointer", "after"),
    [
        ("/item/title", {"item": {"title": "Deer"}}),
        ("/item/title", {"item": {}}),
        ("/item/title", {"item": "gone"}),
        ("/item/a~1b", {"item": {"a/b": 2}}),
        ("/item/a~1b", {"item": {"a/b": True}}),
        ("/item/skills/1", {"item": {"skills": ["Python", "Go"]}}),
        ("/item/skills/1", {"item": {"skills": "SQL"}}),
        ("/item/skills", {"item": {"skills": ["Python", "SQL", "Go"]}}),
        ("/audience/recently/0/artist", {"audience": {"recently": [{"artist": "Bad Omens"}]}}),
        ("/item/label", {"item": {"label": "new"}}),
    ],
)
def test_what_a_changed_fact_is(pointer: str, after: dict[str, Any]) -> None:
    assert changed_pointers([pointer], FACTS, after) == {pointer}


@pytest.mark.parametrize(
    ("pointer", "after"),
    [
        ("/item/title", {"item": {"title": "Deer Heart", "year": 2013}}),
        ("/item/a~1b", {"item": {"a/b": 1.0}}),
        ("/item/skills/1", {"item": {"skills": ["SQL"]}}),
        ("/item/skills", {"item": {"skills": ["SQL", "Python"]}}),
        (
            "/audience/recently/0/artist",
            {"audience": {"recently": [{"title": "Animals", "artist": "Architects"}]}},
        ),
        ("/item/label", {"item": {}}),
        ("/item/skills/7", {"item": {"skills": []}}),
        ("not a pointer", {"item": {}}),
        ("", {}),
    ],
)
def test_what_a_changed_fact_is_not(pointer: str, after: dict[str, Any]) -> None:
    assert changed_pointers([pointer], FACTS, after) == set()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=12,
)


@given(st.dictionaries(st.text(max_size=3), json_values))
def test_nothing_changes_between_facts_and_themselves(facts: dict[str, Any]) -> None:
    pointers = [f"/{name}".replace("~", "~0") for name in facts if "/" not in name]

    assert changed_pointers(pointers, facts, facts) == set()
