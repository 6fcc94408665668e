"""Ask for a dataset, and take the wish back."""

import hashlib
from collections.abc import Collection, Iterator
from typing import Any, Final
from uuid import UUID

import orjson
from django.db import connection, transaction
from django.db.models import Max, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from accounts.log import record
from accounts.models import Person
from explanations import nudge
from explanations.models import Category, Criterion, ModelVersion, Prompt, Task
from feedback.models import Dataset
from feedback.recipe import InvalidRecipe, Problems, Recipe

BUILD_DATASET: Final = "feedback.tasks.build_dataset"

_UNFINISHED: Final = (Dataset.State.WAITING, Dataset.State.BUILDING)


class KeyUsed(Exception):
    """The key was used for another recipe."""


class CannotCancel(Exception):
    """The dataset has ended; the message is a sentence for people."""


def create_dataset(recipe: Recipe, person: Person, key: UUID) -> Dataset:
    """Ask for the next version of the recipe's name; a worker builds it after the commit.

    The same key with the same recipe gives the same dataset again. Raises InvalidRecipe where the
    desk does not have what the recipe names, and KeyUsed.
    """
    body = orjson.dumps(recipe.as_json())
    body_sha256 = hashlib.sha256(body).hexdigest()
    with transaction.atomic():
        # A key that comes twice at once is seen, and numbers are given one after the other.
        _one_at_a_time(f"key {person.pk} {key}")
        _one_at_a_time(f"name {recipe.name}")
        known = Dataset.objects.filter(created_by=person, key=key).first()
        if known is not None:
            if known.body_sha256 != body_sha256:
                raise KeyUsed(_("This key was used for another recipe."))
            return known
        refuse_unknown(recipe)
        of_name = Dataset.objects.filter(name=recipe.name)
        dataset = Dataset.objects.create(
            name=recipe.name,
            number=(of_name.aggregate(last=Max("number"))["last"] or 0) + 1,
            recipe=recipe.as_json(),
            salt=recipe.salt,
            parent=of_name.filter(state=Dataset.State.READY).order_by("-number").first(),
            created_by=person,
            key=key,
            body_sha256=body_sha256,
        )
        record(person, "dataset asked for", dataset, name=dataset.name, number=dataset.number)
        nudge.after_commit(BUILD_DATASET, dataset.pk)
    return dataset


def cancel_dataset(dataset_id: int, person: Person) -> Dataset:
    """Take back a dataset that is not built yet; whoever builds it stops at its next batch.

    Raises CannotCancel, and Dataset.DoesNotExist.
    """
    with transaction.atomic():
        dataset = Dataset.objects.select_for_update(no_key=True).get(pk=dataset_id)
        if dataset.state not in _UNFINISHED:
            raise CannotCancel(
                _("This dataset is not being built: it is %(state)s.")
                % {"state": dataset.get_state_display()}
            )
        Dataset.objects.filter(pk=dataset.pk).update(
            state=Dataset.State.CANCELLED, lease_until=None, finished_at=Now()
        )
        record(person, "dataset cancelled", dataset)
        dataset.refresh_from_db()
    return dataset


def refuse_unknown(recipe: Recipe) -> None:
    """Raise InvalidRecipe where the desk does not have what the recipe names."""
    problems: Problems = {}
    known = set(Task.objects.values_list("slug", flat=True))
    unknown = [slug for slug in recipe.tasks if slug not in known]
    if unknown:
        problems["tasks"] = [
            _("There is no task %(unknown)s; there are: %(known)s.")
            % {"unknown": ", ".join(unknown), "known": ", ".join(sorted(known)) or _("none yet")}
        ]
    for name, named, column in _named_things(recipe):
        there = set(column) if named else set()
        if missing := [str(each) for each in named if each not in there]:
            problems[name] = [_("The desk has no %(missing)s.") % {"missing": ", ".join(missing)}]
    for slug, number in recipe.prompts.items():
        if slug not in recipe.tasks:
            problems["prompts"] = [_("The recipe has no task %(task)s.") % {"task": slug}]
        elif not Prompt.objects.filter(task__slug=slug, number=number).exists():
            problems["prompts"] = [
                _("The task %(task)s has no prompt %(number)s.") % {"task": slug, "number": number}
            ]
    if problems:
        raise InvalidRecipe(problems)


def _named_things(
    recipe: Recipe,
) -> Iterator[tuple[str, Collection[object], "QuerySet[Any, Any]"]]:
    """Yield each field that names rows of the desk, what it names, and where that is found."""
    filters = recipe.filters
    tasks = Task.objects.filter(slug__in=recipe.tasks)
    yield "filters.editors", filters.editors, Person.objects.values_list("username", flat=True)
    yield "filters.models", filters.models, ModelVersion.objects.values_list("name", flat=True)
    prompts = Prompt.objects.filter(task__in=tasks)
    yield "filters.prompts", filters.prompts, prompts.values_list("number", flat=True)
    categories = Category.objects.filter(task__in=tasks)
    yield "filters.tags", filters.tags, categories.values_list("slug", flat=True)
    criteria = Criterion.objects.filter(task__in=tasks)
    yield "filters.criteria", filters.criteria, criteria.values_list("slug", flat=True)


def _one_at_a_time(what: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 6))", [f"dataset {what}"])
