"""Who may ask what about whom."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.http import QueryDict

from accounts.models import Person
from accounts.rights import LEAD, has_right
from feedback.question import Question, QuestionRefused, read_question


class NotTheirs(Exception):
    """Figures of a person that only this person and leads may see."""


def asked(parameters: QueryDict | Mapping[str, Sequence[str]], person: Person) -> Question:
    """Return the question of a query string. Raises QuestionRefused, and NotTheirs for figures of
    somebody else.
    """
    values: Mapping[str, Any] = (
        dict(parameters.lists()) if isinstance(parameters, QueryDict) else parameters
    )
    question = read_question(values)
    if not may_ask(question, person):
        raise NotTheirs
    return question


def may_ask(question: Question, person: Person) -> bool:
    """Whether the person may see these figures: those of an editor are theirs and the leads'."""
    return question.editor in {"", person.get_username()} or has_right(person, LEAD)


__all__ = ["NotTheirs", "QuestionRefused", "asked", "may_ask"]
