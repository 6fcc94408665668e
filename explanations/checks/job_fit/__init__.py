"""Grounding of a job's fit: what a text says of a person and a job, held against both.

Works on the words alone, however they stand: a verdict with bullets, or prose. A text is taken
apart into clauses, and each is taken to say that the person has something, that they lack it, that
the job wants it, or what to do next. What it names must then be where it says. Bullets whose facts
are known by pointer are held against those as well.
"""

from collections.abc import Iterator
from typing import Final

from explanations.checks.finding import Finding
from explanations.checks.job_fit.bullets import facts_pointed_at
from explanations.checks.job_fit.claim import VERSION, WANTED, YEARS_WANTED, Span
from explanations.checks.job_fit.clauses import clauses_of_text
from explanations.checks.job_fit.experience import (
    credentials_said,
    experience_said,
    lessons_wanted,
)
from explanations.checks.job_fit.names import names_said
from explanations.checks.job_fit.verdict import verdict_said
from explanations.checks.job_fit.years import years_said_in
from explanations.checks.subject import Subject
from explanations.context import has_fact
from explanations.output_formats.job_fit import fit_of

__all__ = ["CHECKS", "VERSION", "check"]

CHECKS: Final = ("grounding",)


def check(subject: Subject) -> Iterator[Finding]:
    """Yield what a text about a job says that profile and job do not; nothing for other texts."""
    if not has_fact(subject.facts, WANTED) and not has_fact(subject.facts, YEARS_WANTED):
        return
    fit = fit_of(subject.facts)
    clauses = list(clauses_of_text(subject.text))
    taken: list[Span] = []
    for finding in (
        *facts_pointed_at(subject, fit),
        *names_said(subject, clauses),
        *years_said_in(subject, clauses, fit),
        *credentials_said(subject, clauses),
        *experience_said(subject, clauses),
        *lessons_wanted(subject, clauses),
        *verdict_said(subject, clauses, fit),
    ):
        if finding.start is None or finding.end is None:
            yield finding
        elif not any(finding.start < past and begun < finding.end for begun, past in taken):
            taken.append((finding.start, finding.end))
            yield finding
