"""Shortfalls: what a dataset has less of than its recipe asks for, and is built all the same.

A split below the recipe's `fewest` ends the build (`sizes`); the rest is a warning. It goes with
the dataset: in its manifest and card, on its page, over REST, in its webhook. Each is a sentence of
what there is, why, and what to change, kept in English.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from accounts.in_words import in_words
from accounts.words import translatable
from feedback.formats import About, get_training_format
from feedback.recipe import SPLITS, Recipe, SplitName
from feedback.services.datasets.choosing import Choice, Cursor, of_all
from feedback.services.datasets.sizes import is_for_scoring_only
from feedback.services.datasets.splitting import FALLS_INTO, borders

NOTHING_TO_TRAIN_ON: Final = translatable(
    "Nothing is for training, and there is no file of the split train: the recipe gives it no "
    "share. Give it one, unless this dataset is for measuring only."
)
KEPT: Final = translatable(
    "The split %(split)s has %(there_are)d of %(reviews)d reviews, and the recipe asks for "
    "%(asked)s %%: %(kept)d of its %(groups)d groups stay in the split where an earlier dataset "
    "of the salt %(salt)s put them. Name another salt to deal them anew."
)
LEFT_OUT: Final = translatable(
    "The split %(split)s has %(there_are)d of %(reviews)d reviews, and the recipe asks for "
    "%(asked)s %%: %(found)d reviews came into it, and the others give no row or were left out. "
    "See what was left out and why; take in more by wider filters, or raise the caps."
)
FEW_GROUPS: Final = translatable(
    "The split %(split)s has %(there_are)d of %(reviews)d reviews, and the recipe asks for "
    "%(asked)s %%: a group is never divided, and there are %(groups)d, the largest with "
    "%(largest)d of the reviews. Take in more groups by wider filters, cap the reviews of each, "
    "change the shares, or deal anew with another salt."
)
NOT_HELD_OUT: Final = translatable(
    "%(formats)s has no row and no file: it takes goldens of validation and test, and the recipe "
    "gives them no share. Give them one, or leave the format out."
)
WITHOUT_ROWS: Final[Mapping[About, str]] = {
    About.ANSWERS: translatable(
        "%(formats)s has no row in %(splits)s, and no file of it: it takes edits, and three "
        "accepted drafts for seven of them. Take in more by wider filters, or leave the format out."
    ),
    About.PAIRS: translatable(
        "%(formats)s has no row in %(splits)s, and no file of it: it takes edits with a tag of "
        "minor or worse, and rejected drafts beside a golden of the same prompt. Take in more by "
        "wider filters, or leave the format out."
    ),
    About.JUDGED: translatable(
        "%(formats)s has no row in %(splits)s, and no file of it: it takes goldens, and drafts "
        "that were rejected or edited for a major error. Take in more by wider filters, or leave "
        "the format out."
    ),
    About.DRAFTS: translatable(
        "%(formats)s has no row in %(splits)s, and no file of it: it takes drafts that were "
        "decided on and that may be shown. Take in more by wider filters, or leave the format out."
    ),
    About.EXAMINATIONS: translatable(
        "%(formats)s has no row in %(splits)s, and no file of it: it takes exemplary goldens. Take "
        "in more by wider filters, or leave the format out."
    ),
}
_SENTENCES: Final = (KEPT, LEFT_OUT, FEW_GROUPS, NOT_HELD_OUT, *WITHOUT_ROWS.values())

# A hash is no ruler: so much less than asked is chance, in a dataset of any size.
_LEAST_OF_ASKED: Final = 0.5
_MOST_MISSING: Final = 0.1
_HELD_OUT: Final[tuple[SplitName, ...]] = ("validation", "test")


def shortfalls(
    cursor: Cursor,
    recipe: Recipe,
    choice: Choice,
    rows: Mapping[str, Mapping[SplitName, int]],
    one_in: int = 1,
) -> list[str]:
    """Return a sentence for each split that is much smaller than asked, or empty, and for each
    format that has no rows where there are reviews.

    Needs what `choose` has made, with the same `one_in`; `rows` are those of `count_rows`.
    """
    if not choice.all_reviews:
        return []
    return [*_of_splits(cursor, recipe, choice, one_in), *_of_formats(recipe, choice, rows)]


def in_readers_words(warning: str) -> str:
    """Return a sentence of `shortfalls` in the reader's language."""
    return in_words(warning, _SENTENCES)


def is_short(
    shares: Mapping[SplitName, float], reviews: Mapping[SplitName, int], split: SplitName
) -> bool:
    """Whether a split that has a share has much less than it."""
    if not shares[split] or not reviews[split]:
        return bool(shares[split])
    asked = shares[split] / sum(shares.values())
    has = reviews[split] / sum(reviews[each] for each in shares)
    return has < asked * _LEAST_OF_ASKED or round(asked - has, 6) > _MOST_MISSING


# --- Splits --------------------------------------------------------------------------------------


def _of_splits(cursor: Cursor, recipe: Recipe, choice: Choice, one_in: int) -> list[str]:
    shares = {split: recipe.shares[split] for split in _measured(recipe)}
    said = []
    if not shares.get("train", 1) and not choice.reviews["train"]:
        said.append(NOTHING_TO_TRAIN_ON)
    short = [split for split in shares if is_short(shares, choice.reviews, split)]
    if not short:
        return said
    groups = _look_at_groups(cursor, recipe, one_in)
    for split in short:
        why = FEW_GROUPS
        if groups.kept and not is_short(shares, groups.dealt_anew, split):
            why = KEPT
        elif not is_short(shares, choice.found, split):
            why = LEFT_OUT
        values = {
            "split": split,
            "there_are": choice.reviews[split],
            "reviews": sum(choice.reviews[each] for each in shares),
            "asked": f"{100 * shares[split] / sum(shares.values()):.3g}",
            "found": choice.found[split],
            "groups": groups.number,
            "largest": groups.largest,
            "kept": groups.kept,
            "salt": recipe.salt,
        }
        said.append(why % values)
    return said


def _measured(recipe: Recipe) -> tuple[SplitName, ...]:
    """Return the splits that the recipe's formats have rows in."""
    return _HELD_OUT if is_for_scoring_only(recipe) else SPLITS


@dataclass(frozen=True, slots=True)
class _Groups:
    """How what is left falls into groups."""

    number: int
    largest: int
    """So many reviews are in the largest one."""
    kept: int
    """So many have been in a split since an earlier dataset."""
    dealt_anew: Mapping[SplitName, int]
    """Split -> reviews, if none were kept."""


_GROUPS: Final = """
WITH grouped AS MATERIALIZED (SELECT grp, count(*) AS reviews FROM candidate GROUP BY grp)
SELECT {falls_into}, count(*), max(reviews), sum(reviews)::bigint, count(kept.split)
FROM grouped
LEFT JOIN feedback_groupsplit kept ON kept.salt = %(salt)s AND kept."group" = grp
GROUP BY 1
"""


def _look_at_groups(cursor: Cursor, recipe: Recipe, one_in: int) -> _Groups:
    cursor.execute(_GROUPS.format(falls_into=FALLS_INTO.format(group="grp")), borders(recipe))
    found = cursor.fetchall()
    dealt: dict[SplitName, int] = {split: reviews for split, _, _, reviews, _ in found}
    return _Groups(
        number=of_all(sum(groups for _, groups, _, _, _ in found), one_in),
        largest=max((largest for _, _, largest, _, _ in found), default=0),
        kept=of_all(sum(kept for _, _, _, _, kept in found), one_in),
        dealt_anew={split: dealt.get(split, 0) for split in SPLITS},
    )


# --- Formats -------------------------------------------------------------------------------------


def _of_formats(
    recipe: Recipe, choice: Choice, rows: Mapping[str, Mapping[SplitName, int]]
) -> list[str]:
    said = []
    for about in About:
        slugs = [slug for slug in recipe.formats if get_training_format(slug).about is about]
        if not slugs:
            continue
        is_for_scoring = about is About.EXAMINATIONS
        splits = _HELD_OUT if is_for_scoring else SPLITS
        # One without a review has been spoken of.
        without = [each for each in splits if choice.reviews[each] and not rows[slugs[0]].get(each)]
        values = {"formats": ", ".join(slugs), "splits": ", ".join(without)}
        if without:
            said.append(WITHOUT_ROWS[about] % values)
        elif is_for_scoring and not any(recipe.shares[each] for each in splits):
            said.append(NOT_HELD_OUT % values)
    return said
