"""The rules of a guide that a machine can check."""

from typing import Any

import pytest

from explanations.guide_rules import (
    MOST_PHRASE_CHARACTERS,
    MOST_PHRASES,
    GuideRules,
    RulesRefused,
    read_rules,
    rules_problems,
    shipped_rules,
)


def test_rules_are_read_as_they_were_written() -> None:
    rules = GuideRules(("must-hear",), 1, emoji=False, second_person="avoided")
    assert read_rules(rules.as_json()) == rules


def test_what_a_guide_does_not_say_is_not_forbidden() -> None:
    assert read_rules({}) == GuideRules(avoid=(), exclamation_marks=None, emoji=True)


def test_a_phrase_counts_once_and_its_spaces_too() -> None:
    assert read_rules({"avoid": ["hidden  gem", "hidden gem"]}).avoid == ("hidden gem",)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ({"avoid": "epic"}, "avoid"),
        ({"avoid": [1]}, "avoid"),
        ({"avoid": ["…"]}, "avoid"),
        ({"avoid": ["x" * (MOST_PHRASE_CHARACTERS + 1)]}, "avoid"),
        ({"avoid": ["epic"] * (MOST_PHRASES + 1)}, "avoid"),
        ({"exclamation_marks": -1}, "exclamation_marks"),
        ({"exclamation_marks": True}, "exclamation_marks"),
        ({"exclamation_marks": 1.5}, "exclamation_marks"),
        ({"emoji": "no"}, "emoji"),
        ({"second_person": "third"}, "second_person"),
        ({"seconds": 3}, "seconds"),
    ],
)
def test_rules_that_cannot_be_checked_are_refused(written: dict[str, Any], name: str) -> None:
    assert list(rules_problems(written)) == [name]
    with pytest.raises(RulesRefused):
        read_rules(written)


@pytest.mark.parametrize("slug", ["music-oneliner", "job-fit"])
def test_the_shipped_guides_have_rules(slug: str) -> None:
    assert shipped_rules(slug).avoid


@pytest.mark.parametrize("slug", ["", "..", "../music-oneliner", "a-task-of-ours"])
def test_a_task_that_is_not_shipped_has_rules_without_a_word(slug: str) -> None:
    assert shipped_rules(slug) == GuideRules()
