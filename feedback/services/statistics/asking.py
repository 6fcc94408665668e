"""Who may ask what about whom, and whether there is what is asked about."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from django.db import connection
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from accounts.models import Person
from accounts.rights import LEAD, has_right
from feedback.question import Question, QuestionRefused, read_question


class NotTheirs(Exception):
    """Figures of a person that only this person and leads may see."""


def asked(parameters: QueryDict | Mapping[str, Sequence[str]], person: Person) -> Question:
    """Return the question of a query string. Raises QuestionRefused, also where it names what is
    not there; NotTheirs for figures of somebody else.
    """
    values: Mapping[str, Any] = (
        dict(parameters.lists()) if isinstance(parameters, QueryDict) else parameters
    )
    question = read_question(values)
    if not may_ask(question, person):
        raise NotTheirs
    _refuse_unknown(question)
    return question


def may_ask(question: Question, person: Person) -> bool:
    """Whether the person may see these figures: those of an editor are theirs and the leads'."""
    return question.editor in {"", person.get_username()} or has_right(person, LEAD)


# Locales and days have no table: of one in which nothing was judged the figures are nothing.
_UNKNOWN: Final = """
SELECT 'task', %(task)s WHERE %(task)s <> ''
   AND NOT EXISTS (SELECT FROM explanations_task WHERE slug = %(task)s)
UNION ALL
SELECT 'model', asked.name FROM unnest(%(models)s::text[]) AS asked (name)
WHERE NOT EXISTS (SELECT FROM explanations_modelversion model WHERE model.name = asked.name)
UNION ALL
SELECT 'prompt', asked.number::text FROM unnest(%(prompts)s::bigint[]) AS asked (number)
WHERE NOT EXISTS (
    SELECT FROM explanations_prompt prompt JOIN explanations_task task ON task.id = prompt.task_id
    WHERE task.slug = %(task)s AND prompt.number = asked.number)
UNION ALL
SELECT 'guide', asked.number::text FROM unnest(%(guides)s::bigint[]) AS asked (number)
WHERE NOT EXISTS (
    SELECT FROM explanations_guide guide JOIN explanations_task task ON task.id = guide.task_id
    WHERE task.slug = %(task)s AND guide.number = asked.number)
UNION ALL
SELECT 'category', %(category)s WHERE %(category)s <> '' AND NOT EXISTS (
    SELECT FROM explanations_category category
    JOIN explanations_task task ON task.id = category.task_id
    WHERE category.slug = %(category)s AND %(task)s IN ('', task.slug))
UNION ALL
SELECT 'criterion', %(criterion)s WHERE %(criterion)s <> '' AND NOT EXISTS (
    SELECT FROM explanations_criterion criterion
    JOIN explanations_task task ON task.id = criterion.task_id
    WHERE criterion.slug = %(criterion)s AND %(task)s IN ('', task.slug))
UNION ALL
SELECT 'editor', %(editor)s WHERE %(editor)s <> ''
   AND NOT EXISTS (SELECT FROM accounts_person WHERE username = %(editor)s)
"""
_SENTENCES: Final[Mapping[str, str]] = {
    "task": gettext_noop("There is no task “%(name)s”."),
    "model": gettext_noop("There is no model “%(name)s”."),
    "prompt": gettext_noop("The task has no prompt %(name)s."),
    "guide": gettext_noop("The task has no guide %(name)s."),
    "category": gettext_noop("There is no category “%(name)s” here."),
    "criterion": gettext_noop("There is no criterion “%(name)s” here."),
    "editor": gettext_noop("There is nobody called “%(name)s”."),
}


def _refuse_unknown(question: Question) -> None:
    """Raise QuestionRefused for the first name that nothing has, in one query."""
    names = (question.task, question.models, question.category, question.criterion, question.editor)
    if not any(names):  # numbers of prompts and guides come with a task
        return
    values: dict[str, Any] = {
        "task": question.task,
        "models": list(question.models),
        "prompts": list(question.prompts),
        "guides": list(question.guides),
        "category": question.category,
        "criterion": question.criterion,
        "editor": question.editor,
    }
    with connection.cursor() as cursor:
        cursor.execute(_UNKNOWN, values)
        found = cursor.fetchone()
    if found:
        field, name = found
        raise QuestionRefused(field, _(_SENTENCES[field]) % {"name": name})


__all__ = ["NotTheirs", "QuestionRefused", "asked", "may_ask"]
