"""Recipes: whatever is sent, it is a recipe or it is told where it is none."""

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from feedback.api.answers import invalid
from feedback.recipe import InvalidRecipe, Recipe, read_recipe

MUSIC: dict[str, Any] = {"name": "music-sft", "tasks": ["music-oneliner"]}
FIELDS = [*Recipe(name="", tasks=()).as_json(), "non_field_errors", "", "a.b", "filters.tags"]
FILTERS = [*Recipe(name="", tasks=()).as_json()["filters"], "non_field_errors", "x.y"]  # type: ignore[misc]

WORDS = st.sampled_from(["train", "music-sft", "yes", "2026-11-23", "9999-12-31", "sft", "", "*"])
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | WORDS
    | st.text(max_size=8)
)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(WORDS | st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=8,
)
RECIPES = st.dictionaries(
    st.sampled_from(FIELDS),
    ANYTHING | st.dictionaries(st.sampled_from(FILTERS), ANYTHING, max_size=5),
    max_size=8,
)


@settings(max_examples=300, deadline=None)
@given(RECIPES | ANYTHING)
def test_whatever_is_sent_is_a_recipe_or_is_told_where_it_is_none(sent: Any) -> None:
    read = refused_or_read(sent)

    if isinstance(read, Recipe):
        assert read_recipe(read.as_json()) == read
    else:
        assert read.problems
        assert all(sentences and all(sentences) for sentences in read.problems.values())
        assert invalid(read.problems)


def refused_or_read(sent: Any) -> Recipe | InvalidRecipe:
    try:
        return read_recipe(sent)
    except InvalidRecipe as refused:
        return refused


@pytest.mark.parametrize(
    ("more", "where"),
    [
        ({"a": 1, "a.non_field_errors": 1}, "recipe"),
        ({"filters": 7, "filters.non_field_errors": 7}, "recipe"),
        ({"alike": 10**400}, "alike"),
        ({"shares": {"train": 10**400}}, "shares"),
        ({"shares": {"train": float("nan")}}, "shares"),
        ({"shares": {"train": True}}, "shares"),
        ({"shares": {"train": 1, "dev": 0}}, "shares"),
        ({"fewest": {"train": -1}}, "fewest"),
        ({"most_per_group": 0}, "most_per_group"),
        ({"most_per_group": True}, "most_per_group"),
        ({"most_per_editor": 1.5}, "most_per_editor"),
        ({"tasks": "music-oneliner"}, "tasks"),
        ({"tasks": [["music-oneliner"]]}, "tasks"),
        ({"tasks": ["x"] * 201}, "tasks"),
        ({"tasks": ["x" * 201]}, "tasks"),
        ({"formats": ["csv"]}, "formats"),
        ({"files": ["csv"]}, "files"),
        ({"prompts": {"music-oneliner": "3"}}, "prompts"),
        ({"salt": "../x"}, "salt"),
        ({"name": "music-sft\n"}, "name"),
        ({"name": "../../etc"}, "name"),
        ({"filters": {"reviewed_until": "9999-12-31"}}, "filters.reviewed_until"),
        ({"filters": {"reviewed_from": "0001-01-01"}}, "filters.reviewed_from"),
        ({"filters": {"criteria": {"specific": ["yes"]}}}, "filters.criteria"),
        ({"filters": {"prompts": [0]}}, "filters.prompts"),
        ({"filters": {"agreement": {}}}, "filters.agreement"),
        ({"filters": []}, "filters"),
    ],
)
def test_what_is_wrong_is_said_at_its_place(more: dict[str, Any], where: str) -> None:
    with pytest.raises(InvalidRecipe) as refused:
        read_recipe({**MUSIC, **more})

    assert where in refused.value.problems


def test_a_recipe_means_the_same_however_it_is_written() -> None:
    recipe = read_recipe({**MUSIC, "formats": ["kto", "sft"], "tasks": ["b", "a", "b"]})

    assert recipe.formats == ("sft", "kto")
    assert recipe.tasks == ("b", "a")
    assert read_recipe(json.loads(json.dumps(recipe.as_json()))) == recipe
