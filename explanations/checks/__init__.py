"""Automatic checks: what an editor would catch, said before the editor asks.

Each family is a module with ``check(subject) -> Iterator[Finding]``. A check is a pure function
over the text and its facts. To add one: write the module, list it in ``FAMILIES``, and raise a
family's ``VERSION`` whenever it would judge a text differently than before.
"""

from collections.abc import Mapping

from explanations.checks import (
    attribution,
    format,
    grounding,
    job_fit,
    privacy,
    repetition,
    safety,
    tone,
)
from explanations.checks.catalogue import Catalogue, make_catalogue
from explanations.checks.dismissals import gist_of
from explanations.checks.finding import Finding, Severity
from explanations.checks.published import Published, make_published
from explanations.checks.subject import Subject, make_subject
from explanations.checks.thresholds import USUAL, Threshold, Thresholds, blocking

__all__ = [
    "FAMILIES",
    "USUAL",
    "Catalogue",
    "Finding",
    "Published",
    "Severity",
    "Subject",
    "Threshold",
    "Thresholds",
    "blocking",
    "check_names",
    "findings_of",
    "gist_of",
    "make_catalogue",
    "make_published",
    "make_subject",
    "run_checks",
]

FAMILIES = (format, attribution, job_fit, grounding, repetition, tone, safety, privacy)


def run_checks(
    text: str,
    recommendation: Mapping[str, object],
    *,
    catalogue: object | None = None,
    published: object | None = None,
) -> list[Finding]:
    """Return what all checks say about a text, errors first, then in the order of the text.

    ``recommendation`` is a recommendation as it is imported: ``task`` (a slug), ``locale``,
    ``item`` and ``audience``. It may say more: ``output_format`` (a slug) and ``word_limit``
    (words), by default those of the task that ships under this slug, and, where the format has one,
    ``output`` with JSON pointers. ``guide`` holds the rules of a guide
    (`explanations.guide_rules`); without it those that ship with the task are meant.

    ``catalogue`` is a prepared `Catalogue`, or plain data that is indexed on the spot: names, or
    recommendations; see `make_catalogue`.

    ``published`` is a prepared `Published`, or a collection of published lines; see
    `make_published`.

    Plain data in, findings out; no database, no network. Raises KeyError for a key that is missing
    and TypeError for one of another type, RulesRefused for rules that are none, and
    UnknownOutputFormat for a format that this desk does not have.
    """
    return findings_of(make_subject(text, recommendation, catalogue, published))


def findings_of(subject: Subject) -> list[Finding]:
    """Return what all checks say about a subject, as `run_checks` does."""
    # Two modules of one family may stumble over the same words: the first one's word counts.
    findings: dict[object, Finding] = {}
    for family in FAMILIES:
        for number, finding in enumerate(family.check(subject)):
            whole = (family, number) if finding.start is None else None
            findings.setdefault((finding.check, finding.start, finding.end, whole), finding)
    return sorted(
        findings.values(),
        key=lambda finding: (finding.severity != "error", finding.start or 0, finding.check),
    )


def check_names() -> list[str]:
    """Return the names that findings say they are of.

    A family that speaks under several names lists them as ``CHECKS``; any other has its module's.
    """
    return sorted(
        {
            name
            for family in FAMILIES
            for name in getattr(family, "CHECKS", (family.__name__.rpartition(".")[2],))
        }
    )
