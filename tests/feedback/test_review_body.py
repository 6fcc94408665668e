"""What is submitted is read strictly, and every fault is named by its field."""

import json
from typing import Any

import pytest

from feedback.outcomes import Outcome
from feedback.review_body import (
    BodyRefused,
    TagBody,
    body_sha256,
    check_body,
    parse_body,
    storable_json,
)

TEXT = "Dead Rabbitts 👨‍👩‍👧 are loud"


def tag(**changes: Any) -> dict[str, Any]:
    """A good tag on "loud", with changes."""
    start = TEXT.index("loud")
    return {
        "category": "tone",
        "severity": 1,
        "scope": "span",
        "start": start,
        "end": start + 4,
        "quote": "loud",
        **changes,
    }


def refused(data: object) -> dict[str, list[str]]:
    with pytest.raises(BodyRefused) as refusal:
        parse_body(data)
    return refusal.value.errors


def faults(data: dict[str, Any]) -> dict[str, list[str]]:
    return check_body(
        parse_body(data), TEXT, categories={"tone"}, criteria={"specific"}, findings={7}
    )


def test_a_whole_body_is_read() -> None:
    body = parse_body(
        {
            "outcome": "EDIT",
            "reason": "",
            "note": "n",
            "rewrite": "r",
            "rewrite_output": None,
            "tags": [tag(finding=7, pointer="/item/artist", note="why")],
            "answers": {"specific": "no"},
            "active_ms": 1200,
        }
    )
    assert body.outcome is Outcome.EDIT
    assert body.tags == (TagBody("tone", 1, "span", 24, 28, "loud", "why", "/item/artist", 7),)
    assert body.answers == {"specific": "no"}


def test_all_but_the_outcome_may_be_left_out() -> None:
    assert parse_body({"outcome": "ACCEPT"}).tags == ()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"outcome": "UNDO"}, "outcome"),
        ({"outcome": None}, "outcome"),
        ({"outcome": ["ACCEPT"]}, "outcome"),
        ({"rewrites": "misspelt"}, "rewrites"),
        ({"note": 3}, "note"),
        ({"note": "n" * 2001}, "note"),
        ({"rewrite": "r" * 10_001}, "rewrite"),
        ({"rewrite_output": []}, "rewrite_output"),
        ({"rewrite_output": {"text": "x" * 50_000}}, "rewrite_output"),
        ({"rewrite_output": {"text": json.loads("[" * 200 + "]" * 200)}}, "body"),
        ({"active_ms": -1}, "active_ms"),
        ({"active_ms": True}, "active_ms"),
        ({"active_ms": 1.5}, "active_ms"),
        ({"answers": []}, "answers"),
        ({"answers": {"specific": "maybe"}}, "answers.specific"),
        ({"answers": {"specific": ["yes"]}}, "answers.specific"),
        ({"tags": {}}, "tags"),
        ({"tags": [tag()] * 6}, "tags"),
        ({"tags": ["tone"]}, "tags.0"),
        ({"tags": [tag(), tag(severity=2)]}, "tags.1.severity"),
        ({"tags": [tag(severity=True)]}, "tags.0.severity"),
        ({"tags": [tag(severity="1")]}, "tags.0.severity"),
        ({"tags": [tag(scope="word")]}, "tags.0.scope"),
        ({"tags": [tag(colour="red")]}, "tags.0.colour"),
        ({"tags": [tag(end=24)]}, "tags.0.start"),
        ({"tags": [tag(start=None)]}, "tags.0.start"),
        ({"tags": [tag(start=-1)]}, "tags.0.start"),
        ({"tags": [tag(quote="")]}, "tags.0.quote"),
        ({"tags": [tag(scope="draft")]}, "tags.0.scope"),
        ({"tags": [tag(scope="missing", start=None, end=None)]}, "tags.0.scope"),
        ({"tags": [tag(finding=2**63)]}, "tags.0.finding"),
    ],
)
def test_a_fault_is_named_by_its_field(changes: dict[str, Any], field: str) -> None:
    assert set(refused({"outcome": "SKIP", **changes})) == {field}


@pytest.mark.parametrize("data", [None, [], "ACCEPT", 3])
def test_what_is_no_object_is_refused(data: object) -> None:
    assert set(refused(data)) == {"body"}


def test_all_faults_are_named_at_once() -> None:
    assert set(refused({"outcome": "?", "note": 1, "tags": [tag(severity=9)]})) == {
        "outcome",
        "note",
        "tags.0.severity",
    }


class TestAgainstTheDraft:
    def test_a_good_body_has_no_faults(self) -> None:
        assert (
            faults({"outcome": "REJECT", "tags": [tag(finding=7)], "answers": {"specific": "na"}})
            == {}
        )

    def test_a_span_counts_code_points(self) -> None:
        family = TEXT.index("👨")
        whole = tag(start=family, end=family + 5, quote="👨‍👩‍👧")
        assert faults({"outcome": "REJECT", "tags": [whole]}) == {}

    def test_a_span_counted_in_utf_16_is_refused(self) -> None:
        shifted = tag(start=24 + 3, end=28 + 3)
        assert set(faults({"outcome": "REJECT", "tags": [shifted]})) == {"tags.0.end"}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"category": "tonne"}, "tags.0.category"),
            ({"finding": 8}, "tags.0.finding"),
            ({"quote": "Loud"}, "tags.0.quote"),
            ({"start": 23}, "tags.0.quote"),
            ({"end": 100}, "tags.0.end"),
        ],
    )
    def test_what_does_not_fit_is_named(self, changes: dict[str, Any], field: str) -> None:
        assert set(faults({"outcome": "REJECT", "tags": [tag(**changes)]})) == {field}

    def test_a_criterion_of_another_task_is_named(self) -> None:
        assert set(faults({"outcome": "ACCEPT", "answers": {"kind": "yes"}})) == {"answers.kind"}


class TestSameBody:
    def test_the_order_of_fields_is_no_matter(self) -> None:
        one = parse_body({"outcome": "SKIP", "reason": "later", "note": "n"})
        other = parse_body({"note": "n", "outcome": "SKIP", "reason": "later", "tags": []})
        assert body_sha256(one, 1) == body_sha256(other, 1)

    def test_the_time_at_work_is_no_matter(self) -> None:
        one, other = (
            parse_body({"outcome": "ACCEPT"}),
            parse_body({"outcome": "ACCEPT", "active_ms": 9}),
        )
        assert body_sha256(one, 1) == body_sha256(other, 1)

    def test_another_assignment_is_another_body(self) -> None:
        body = parse_body({"outcome": "ACCEPT"})
        assert body_sha256(body, 1) != body_sha256(body, 2)

    def test_another_word_is_another_body(self) -> None:
        one, other = (
            parse_body({"outcome": "ACCEPT"}),
            parse_body({"outcome": "ACCEPT", "note": "n"}),
        )
        assert body_sha256(one, 1) != body_sha256(other, 1)


def test_what_is_read_is_what_an_undo_gives_back() -> None:
    body = parse_body({"outcome": "REJECT", "tags": [tag()], "answers": {"specific": "no"}})
    assert parse_body(body.as_work()) == body


def test_characters_that_cannot_be_stored_are_dropped() -> None:
    assert parse_body({"outcome": "ACCEPT", "note": "a\x00b\udc00c"}).note == "abc"
    assert storable_json({"a\x00": ["b\ud800", {"c": 1}]}) == {"a": ["b", {"c": 1}]}
