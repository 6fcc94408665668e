"""Text of strangers in a CSV file that somebody opens in a spreadsheet."""

from typing import Final

# What spreadsheets take for the beginning of a formula, also behind a line end or in full width.
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe_cell(text: str) -> str:
    """Return text that a spreadsheet shows and never runs: a formula gets an apostrophe first."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA_STARTS) else text
