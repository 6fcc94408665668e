"""The families that the bench measures."""

from tests.bench.checks import attribution, format, grounding
from tests.bench.checks.frame import Family

FAMILIES: tuple[Family, ...] = (attribution, grounding, format)
