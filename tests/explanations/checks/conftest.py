"""The recommendations that the checks' tests speak of."""

from collections.abc import Callable
from typing import Any

import pytest

from explanations.checks import Finding, run_checks

Check = Callable[..., list[Finding]]


@pytest.fixture
def track() -> dict[str, Any]:
    """A remix with a guest, by Ed Sheeran."""
    return {
        "task": "music-oneliner",
        "output_format": "music-oneliner",
        "word_limit": 18,
        "locale": "en",
        "item": {
            "title": "Beautiful People (feat. Khalid) - Jack Wins Remix",
            "artist": "Ed Sheeran",
            "edition_released": "2019-07-11",
            "tempo_bpm": 125,
            "duration_s": 163,
        },
        "audience": {"favourite_subgenres": ["dance pop"]},
    }


@pytest.fixture
def job() -> dict[str, Any]:
    """A bookkeeper's job and a payroll clerk, drafted as a partial fit."""
    return {
        "task": "job-fit",
        "output_format": "job-fit",
        "word_limit": 90,
        "locale": "en",
        "item": {
            "title": "Bookkeeper",
            "skills_wanted": ["Microsoft Excel", "SAP software", "Intuit QuickBooks"],
            "years_wanted": 4,
        },
        "audience": {
            "headline": "Payroll Clerk",
            "skills": ["Microsoft Excel"],
            "years_of_experience": 2,
        },
        "output": {
            "matches": [{"fact": "/audience/skills/0", "text": "You already work with Excel."}],
            "gaps": [],
            "verdict": "partial",
        },
    }


@pytest.fixture
def said() -> Callable[..., list[tuple[str, str, str]]]:
    """Return (check, severity, words) for what is said about a text."""

    def findings(text: str, recommendation: dict[str, Any]) -> list[tuple[str, str, str]]:
        return [
            (finding.check, finding.severity, text[finding.start or 0 : finding.end or 0])
            for finding in run_checks(text, recommendation)
        ]

    return findings
