"""Numbers are written alike wherever they stand."""

import pytest
from django.utils import translation

from feedback.written_numbers import write_number


@pytest.mark.parametrize(
    ("value", "decimals", "written"),
    [
        (46.85, 1, "46.9"),
        (46.849, 1, "46.8"),
        (0.5, 0, "1"),
        (2.5, 0, "3"),
        (-2.5, 0, "−3"),
        (-0.04, 1, "0.0"),
        (0.0, 1, "0.0"),
        (12345.678, 1, "12,345.7"),
        (1e-9, 1, "0.0"),
    ],
)
def test_a_half_is_rounded_away_from_nought(value: float, decimals: int, written: str) -> None:
    assert write_number(value, decimals) == written


def test_a_number_is_written_as_its_reader_writes_it() -> None:
    with translation.override("de"):
        assert write_number(-12345.65, 1) == "−12.345,7"
