"""Two editors who disagree about a draft."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from accounts.models import Person
from explanations.models import Draft, Place
from feedback.models import Review
from tests.feedback.people_at_work import reviewed, tag_on_all


@dataclass
class Disagreement:
    """A draft that Ada accepted and Bela decided otherwise."""

    draft: Draft
    accepted: Review
    other: Review

    def outcome(self) -> str:
        """What the draft's reviews amount to now."""
        self.draft.refresh_from_db()
        return self.draft.settled_outcome


Disagree = Callable[..., Disagreement]


@pytest.fixture
def disagree(editor: Person, second_editor: Person, ready_draft: Draft) -> Disagree:
    """Makes two editors disagree about the draft; Bela's decision is given."""

    def decided(**body: Any) -> Disagreement:
        Place.objects.create(draft=ready_draft, ordinal=2, task=ready_draft.task, priority=50)
        accepted = reviewed(editor, outcome="ACCEPT").review
        other = reviewed(second_editor, **body).review
        ready_draft.refresh_from_db()
        return Disagreement(ready_draft, accepted, other)

    return decided


@pytest.fixture
def disagreement(disagree: Disagree) -> Disagreement:
    """Ada accepted it, Bela rejected it."""
    return disagree(outcome="REJECT", tags=[tag_on_all()])
