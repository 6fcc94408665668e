"""What editors do in the tests of the human side, in one word each."""

import uuid
from typing import Any

from accounts.models import Person
from explanations.models import Draft
from feedback.models import Assignment
from feedback.review_body import parse_body
from feedback.services.queue import claim_next, prepare_next
from feedback.services.reviewing import Submitted, submit_review


def claimed(editor: Person, *, escalated: bool = False) -> Assignment:
    """The editor takes the next draft; there must be one."""
    assignment = claim_next(editor, escalated=escalated)
    assert assignment is not None
    return assignment


def leased_ahead(editor: Person) -> Assignment:
    """A second draft is leased ahead for the editor; there must be one."""
    assignment = prepare_next(editor)
    assert assignment is not None
    return Assignment.objects.get(pk=assignment)


def submitted(
    editor: Person, assignment: Assignment, key: uuid.UUID | None = None, **body: Any
) -> Submitted:
    """The editor submits: `submitted(ada, assignment, outcome="ACCEPT")`."""
    return submit_review(editor, assignment.pk, key or uuid.uuid4(), parse_body(body))


def reviewed(editor: Person, **body: Any) -> Submitted:
    """The editor takes the next draft and submits it."""
    return submitted(editor, claimed(editor), **body)


def tag_on(draft: Draft, words: str, category: str = "tone", severity: int = 1) -> dict[str, Any]:
    """A tag on the first time that the draft says these words."""
    start = draft.text.index(words)
    return {
        "category": category,
        "severity": severity,
        "scope": "span",
        "start": start,
        "end": start + len(words),
        "quote": words,
    }


def cause_of(draft: Draft, words: str, category: str) -> dict[str, Any]:
    """Why the editor changed these words of the draft, in its first place."""
    start = draft.text.index(words)
    return {"start": start, "end": start + len(words), "category": category}


def tag_on_all(category: str = "generic", severity: int = 1) -> dict[str, Any]:
    """A tag on the whole draft."""
    return {"category": category, "severity": severity, "scope": "draft"}
