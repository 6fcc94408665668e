"""How large a dataset has to be to be one."""

from typing import Final

from django.utils.translation import gettext as _

from accounts.words import translatable
from feedback.formats import About, get_training_format
from feedback.recipe import Recipe
from feedback.services.datasets.choosing import Choice

TOO_FEW: Final = translatable(
    "The split %(split)s would have too few reviews: %(there_are)d, and the recipe "
    "wants at least %(fewest)d. Ask for fewer, or give it a larger share under another "
    "salt: with one salt a group stays in the split that it was first in."
)
ALL_LEFT_OUT: Final = translatable(
    "No golden fits this recipe: all %(left_out)d that there would be are left out. Look at the "
    "recipe before you build it: the preview counts them by reason."
)


def is_for_scoring_only(recipe: Recipe) -> bool:
    """Whether all its formats leave the split train out."""
    return all(get_training_format(slug).about is About.EXAMINATIONS for slug in recipe.formats)


def too_small(recipe: Recipe, choice: Choice) -> str:
    """Return why there is too little for the recipe, as a sentence, or ""."""
    if not choice.all_reviews:
        is_held_out = recipe.shares["validation"] or recipe.shares["test"]
        if is_for_scoring_only(recipe) and not is_held_out:
            return _(
                "The format eval takes goldens of validation and test, and the recipe gives them "
                "no share. Give them one."
            )
        if left_out := sum(choice.left_out.values()):
            return _(ALL_LEFT_OUT) % {"left_out": left_out}
        return _("No golden fits this recipe.")
    for split, fewest in recipe.fewest.items():
        there_are = choice.reviews[split]
        if there_are < fewest:
            return _(TOO_FEW) % {"split": split, "there_are": there_are, "fewest": fewest}
    return ""
