"""How large a dataset has to be to be one."""

from typing import Final

from django.utils.translation import gettext as _

from accounts.words import translatable
from feedback.recipe import Recipe
from feedback.services.datasets.choosing import Choice

TOO_FEW: Final = translatable(
    "The split %(split)s would have too few reviews: %(there_are)d, and the recipe "
    "wants at least %(fewest)d. Ask for fewer, or give it a larger share under another "
    "salt: with one salt a group stays in the split that it was first in."
)


def too_small(recipe: Recipe, choice: Choice) -> str:
    """Return why there is too little for the recipe, as a sentence, or ""."""
    if not choice.all_reviews:
        return _("No golden fits this recipe.")
    for split, fewest in recipe.fewest.items():
        there_are = choice.reviews[split]
        if there_are < fewest:
            return _(TOO_FEW) % {"split": split, "there_are": there_are, "fewest": fewest}
    return ""
