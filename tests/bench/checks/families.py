"""The families that the bench measures."""

from tests.bench.checks import (
    attribution,
    format,
    grounding,
    job_fit,
    privacy,
    repetition,
    safety,
    tone,
)
from tests.bench.checks.frame import Family

FAMILIES: tuple[Family, ...] = (
    attribution,
    grounding,
    job_fit,
    format,
    repetition,
    tone,
    safety,
    privacy,
)
