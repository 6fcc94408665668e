"""Full-text search by the language of a text: which words count, and which are the same word.

PostgreSQL brings one dictionary a language. Functions in the database, made by the migration
`search_words_and_checks`, choose it by a row's `language`, so that one index serves all languages.
"""

from typing import Final

import pgtrigger
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import BooleanField, Expression, F, Func, Q, Value

AS_WRITTEN: Final = "simple"
"""PostgreSQL's name for: no dictionary, words as they are written."""


class Words(Func):
    """The words of a text, as its language tells them apart."""

    function = "copydesk_words"
    output_field = SearchVectorField()

    def __init__(self, language: str = "language", text: str = "text") -> None:
        super().__init__(F(language), F(text))


class Says(Func):
    """Whether a text says what was typed into a search field, in its own language.

    Words in quotes stand together, `or` is or, a word behind `-` is not there.
    """

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()

    def __init__(self, typed: str) -> None:
        super().__init__(Words(), Func(Value(typed), function="copydesk_query"))


class HoldsWordsOf(Func):
    """Whether a text holds two words that follow one another in another text."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()

    def __init__(self, language: Expression, text: Expression) -> None:
        super().__init__(Words(), Func(language, text, function="copydesk_pairs"))


class SharedWords(Func):
    """The share of their words that two texts have in common, 0 to 1."""

    function = "copydesk_shared"
    output_field = models.FloatField()

    def __init__(self, language: Expression, text: Expression) -> None:
        super().__init__(Words(), Func(language, text, function="copydesk_words"))


def language_field() -> "models.CharField[str, str]":
    """Return the column that says by which of PostgreSQL's dictionaries a text is searched."""
    return models.CharField(
        max_length=20,
        editable=False,
        default=AS_WRITTEN,
        db_default=AS_WRITTEN,
        help_text="How its words are searched: by the locale of its recommendation.",
    )


def index_of_words(name: str) -> GinIndex:
    """Return the index that finds texts by their words."""
    return GinIndex(Words(), name=name, condition=~Q(text=""))


def language_by_locale(name: str) -> pgtrigger.Trigger:
    """Return the trigger that fills in the language of a new text from its recommendation.

    In the database, because drafts are made in more than one place. Who makes them by the hundred
    thousand fills it in with them: a trigger for each would double what a run takes to begin.
    """
    return pgtrigger.Trigger(
        name=name,
        operation=pgtrigger.Insert,
        when=pgtrigger.Before,
        condition=pgtrigger.Q(new__language=AS_WRITTEN),
        func="NEW.language := copydesk_language((SELECT locale FROM explanations_recommendation"
        " WHERE id = NEW.recommendation_id)); RETURN NEW;",
    )
