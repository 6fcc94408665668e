"""Splitting: which split a group falls into, by a hash of the recipe's salt and the group."""

from typing import Final

from feedback.recipe import Recipe

FALLS_INTO: Final = """
(ARRAY['test', 'validation', 'train'])[1 + width_bucket(
    md5(%(salt)s || chr(31) || {group}) COLLATE "C",
    ARRAY[%(test_until)s, %(validation_until)s] COLLATE "C"
)]
"""
"""In SQL, of the column `group`; by the values of `borders`."""


def borders(recipe: Recipe) -> dict[str, str]:
    """Return what `FALLS_INTO` is given by name: the salt, and where its hashes are parted."""
    shares = recipe.shares
    return {
        "salt": recipe.salt,
        "test_until": _hash_at(shares["test"]),
        # Where nothing is for training, rounding must not leave a little of it.
        "validation_until": _hash_at(
            shares["test"] + shares["validation"] if shares["train"] else 1
        ),
    }


def _hash_at(share: float) -> str:
    """Return the hash, in hexadecimal digits, below which this share of all hashes lies."""
    bits = 52
    return f"{int(share * 2**bits):013x}" if share < 1 else "g"
