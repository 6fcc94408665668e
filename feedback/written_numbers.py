"""Numbers as people read them: in a sentence and in a table alike."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format


def write_number(value: float, decimals: int) -> str:
    """Return a number in the reader's language, a half rounded away from nought, with the sign that
    is a minus, and none before a nought.
    """
    # Rounded here, as a language's own way to write a number only cuts.
    rounded = Decimal(repr(abs(value))).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    written = number_format(rounded, decimals, use_l10n=True, force_grouping=True)
    return written if value >= 0 or not rounded else f"−{written}"
