"""The families that the bench measures."""

from tests.bench.checks import attribution, format, grounding, job_fit
from tests.bench.checks.frame import Family

FAMILIES: tuple[Family, ...] = (attribution, grounding, job_fit, format)
