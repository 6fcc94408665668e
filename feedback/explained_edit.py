"""An edit with what explains it: the alignment that is stored, and the tags that causes make.

An editor who saves an edit is asked once for the cause of what no tag explains
(`feedback.alignment`); the answer is a category. Naming an error there says the same as tagging it
beforehand would have: it becomes a tag, of the category's usual severity, on the words that
changed, on something missing where words were only put in, or on the whole draft where it was
rewritten. A category that is usually neutral, taste, says that nothing was wrong: it makes no tag
and is kept in the alignment alone. No Django.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Final, get_args

from feedback.alignment import Alignment, Change, Explanation, TagSpan, align, question_at
from feedback.outcomes import NEUTRAL
from feedback.review_body import CauseBody, ReviewBody, TagBody

# How the tags of a change were found: by a rule of `feedback.alignment`, or because its cause was
# asked.
EXPLANATIONS: Final = (*get_args(Explanation), "cause")


@dataclass(frozen=True, slots=True)
class ExplainedEdit:
    """`alignment` as it is stored; `tags` are those of the body and after them those of causes.

    `errors` names the causes that meet no question, by field; `open_questions` counts those that no
    cause answers; `unchanged` tags, by their place in the body, lie on words that did not change.
    """

    alignment: list[dict[str, object]]
    tags: tuple[TagBody, ...]
    errors: dict[str, list[str]]
    open_questions: int
    unchanged: tuple[int, ...]


def explain_edit(
    before: str, after: str, body: ReviewBody, severities: Mapping[str, int]
) -> ExplainedEdit:
    """Match the changes from draft to rewrite to the tags and causes of a submission.

    `severities` are the usual ones of the task's categories, by slug; causes name no others.
    """
    found = align(before, after, [TagSpan(tag.scope, tag.start, tag.end) for tag in body.tags])
    causes, errors = _causes_by_question(found, body)
    stored = [_stored(change) for change in found.changes]
    tags = list(body.tags)
    for question in found.questions:
        cause = causes.get(question)
        if cause is None:
            continue
        severity = severities[cause.category]
        if severity > NEUTRAL:
            tags.append(_tag(found, question, cause.category, severity))
        for index in question:
            stored[index] |= {
                "cause": cause.category,
                "by": found.changes[index].by or "cause",
                "tags": [
                    *(place + 1 for place in found.changes[index].tags),
                    *([len(tags)] if severity > NEUTRAL else []),
                ],
            }
    return ExplainedEdit(
        alignment=stored,
        tags=tuple(tags),
        errors=errors,
        open_questions=sum(question not in causes for question in found.questions),
        unchanged=found.unchanged,
    )


def _causes_by_question(
    found: Alignment, body: ReviewBody
) -> tuple[dict[tuple[int, ...], CauseBody], dict[str, list[str]]]:
    causes: dict[tuple[int, ...], CauseBody] = {}
    errors: dict[str, list[str]] = {}
    for index, cause in enumerate(body.causes):
        question = question_at(found, cause.start, cause.end)
        if question is None:
            errors[f"causes.{index}.start"] = [
                f"At {cause.start} to {cause.end}, in code points, nothing changed that no tag "
                "explains."
            ]
        elif question in causes and causes[question].category != cause.category:
            errors[f"causes.{index}.category"] = ["This change has another cause already."]
        else:
            causes[question] = cause
    return causes, errors


def _stored(change: Change) -> dict[str, object]:
    return {
        **asdict(change.hunk),
        "tags": [place + 1 for place in change.tags],
        "by": change.by,
        "cause": "",
    }


def _tag(found: Alignment, question: tuple[int, ...], category: str, severity: int) -> TagBody:
    if found.is_rewritten:
        return TagBody(category=category, severity=severity, scope="draft")
    hunks = [found.changes[index].hunk for index in question]
    hunk = next((each for each in hunks if each.before.strip()), None)
    if hunk is None:
        return TagBody(category=category, severity=severity, scope="missing")
    quote = hunk.before.strip()
    start = hunk.start + hunk.before.index(quote)
    return TagBody(
        category=category,
        severity=severity,
        scope="span",
        start=start,
        end=start + len(quote),
        quote=quote,
    )
