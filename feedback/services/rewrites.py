"""What the checks say of a rewrite while it is written: names and numbers that no fact bears out.

The same checks, facts and dismissals judge the golden when it is saved
(`feedback.services.goldens`); this only says it sooner, and keeps nothing.
"""

from dataclasses import dataclass

from explanations.checks import findings_of, gist_of
from explanations.checks.thresholds import ABOUT_CLAIMS
from explanations.models import Draft
from explanations.services.dismissing import dismissals_of
from feedback.diffing import Hunk, word_diff
from feedback.services.goldens import facts_seen, subject_of


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Words `[start, end)` of a rewrite, in code points, that no fact supports; why, and the fact
    that says otherwise, or "".
    """

    start: int
    end: int
    words: str
    message: str
    pointer: str


def unsupported_in(draft: Draft, rewrite: str) -> list[Unsupported]:
    """Return what the editor's own words claim and no fact supports, in the order of the text.

    What stands in the draft already is left out: a finding has said it, or, in the blind sample,
    may not. `draft` comes with its snapshot and the recommendation's. Raises GoldenRefused for a
    draft without facts.
    """
    written = [hunk for hunk in word_diff(draft.text, rewrite) if hunk.after.strip()]
    if not written:
        return []
    subject = subject_of(
        rewrite,
        task=draft.task,
        locale=draft.recommendation.locale,
        facts=facts_seen(draft)[0],
    )
    found = [
        (finding, finding.start, finding.end)
        for finding in findings_of(subject)
        if finding.category in ABOUT_CLAIMS and _is_in(written, finding.start, finding.end)
    ]
    dismissals = dismissals_of(draft.task) if found else ()
    return sorted(
        (
            Unsupported(start, end, rewrite[start:end], finding.message, finding.pointer)
            for finding, start, end in found
            if start is not None and end is not None
            if (finding.check, gist_of(finding, rewrite)) not in dismissals
        ),
        key=lambda each: each.start,
    )


def _is_in(written: list[Hunk], start: int | None, end: int | None) -> bool:
    if start is None or end is None:
        return False
    return any(hunk.after_start < end and start < hunk.after_end for hunk in written)
