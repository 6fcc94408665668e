"""The manifest of a dataset: what is in it, what is not and why, and how to check each file."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from django.utils.crypto import salted_hmac

from accounts.models import Person
from explanations.models import Guide, ModelVersion, Prompt, Task
from feedback.models import Dataset, DatasetFile
from feedback.services.datasets.choosing import Choice, Cursor

MANIFEST: Final = "manifest.json"
MANIFEST_SCHEMA: Final = 1

_COUNTED: Final = (
    "split", "task_id", "editor_id", "outcome", "prompt_id", "model_version_id", "guide_id",
)  # fmt: skip
# GROUPING has a bit for each of the columns, 0 for that by which the row is grouped.
_COUNTS: Final = """
SELECT GROUPING(split, task_id, editor_id, outcome, prompt_id, model_version_id, guide_id),
       split, task_id, editor_id, outcome, prompt_id, model_version_id, guide_id,
       sum(reviews)::bigint
FROM kind
GROUP BY GROUPING SETS
    ((split), (task_id), (editor_id), (outcome), (prompt_id), (model_version_id), (guide_id))
"""
_TAGS: Final = """
SELECT category, sum(reviews)::bigint FROM kind, unnest(categories) AS category
GROUP BY category ORDER BY category
"""


def make_manifest(
    dataset: Dataset,
    choice: Choice,
    counts: Mapping[str, object],
    warnings: Sequence[str],
    files: Sequence[DatasetFile],
) -> dict[str, Any]:
    """Return the manifest; `counts` are those of `count_chosen`, `warnings` of `shortfalls`."""
    return {
        "schema_version": MANIFEST_SCHEMA,
        "name": dataset.name,
        "number": dataset.number,
        "parent": dataset.parent.number if dataset.parent else None,
        "recipe": _without_names(dataset.recipe),
        "reviews": choice.all_reviews,
        "rows": _rows(files),
        **counts,
        "left_out": dict(choice.left_out),
        "warnings": list(warnings),
        "files": [
            {
                "path": file.path,
                "format": file.format,
                "split": file.split,
                "rows": file.rows,
                "bytes": file.bytes,
                "sha256": file.sha256,
            }
            for file in files
        ],
    }


def _without_names(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return the recipe with pseudonyms for the editors that it names: a manifest goes outside."""
    named = recipe["filters"]["editors"]
    editors = Person.objects.filter(username__in=named).order_by("pk")
    pseudonyms = sorted(pseudonym(pk) for pk in editors.values_list("pk", flat=True))
    return {**recipe, "filters": {**recipe["filters"], "editors": pseudonyms}}


def _rows(files: Sequence[DatasetFile]) -> dict[str, dict[str, int]]:
    """Return format -> split -> rows; of a split in several kinds of file each row is one."""
    rows: dict[str, dict[str, int]] = {}
    for file in files:
        if file.rows is not None:
            rows.setdefault(file.format, {})[file.split] = file.rows
    return rows


def count_chosen(cursor: Cursor) -> dict[str, object]:
    """Return how the reviews that were chosen are made up, for the manifest, from `kind`."""
    found = _found(cursor)
    cursor.execute(_TAGS)
    tags = dict(cursor.fetchall())
    return {
        "splits": found["split"],
        "tasks": _named(found["task_id"], dict(Task.objects.values_list("pk", "slug"))),
        "outcomes": found["outcome"],
        "tags": tags,
        "editors": _pseudonyms(found["editor_id"]),
        "prompts": _prompts(found["prompt_id"]),
        "models": _named(
            found["model_version_id"], dict(ModelVersion.objects.values_list("pk", "name"))
        ),
        "guides": _guides(found["guide_id"]),
    }


def count_outcomes(cursor: Cursor, splits: Collection[str]) -> dict[str, int]:
    """Return outcome -> reviews of these splits in the temporary table `chosen`."""
    cursor.execute(
        "SELECT outcome, count(*) FROM chosen WHERE split = ANY(%(splits)s)"
        " GROUP BY outcome ORDER BY count(*) DESC, outcome",
        {"splits": list(splits)},
    )
    return dict(cursor.fetchall())


def _found(cursor: Cursor) -> dict[str, dict[Any, int]]:
    cursor.execute(_COUNTS)
    found: dict[str, dict[Any, int]] = {column: {} for column in _COUNTED}
    every = 2 ** len(_COUNTED) - 1
    for grouping, *values, number in cursor.fetchall():
        place = len(_COUNTED) - (every - grouping).bit_length()
        found[_COUNTED[place]][values[place]] = number
    return found


def _named(counted: Mapping[int, int], names: Mapping[int, str]) -> dict[str, int]:
    return dict(sorted((names[pk], number) for pk, number in counted.items()))


def pseudonym(person_id: int) -> str:
    """Return the name under which an editor is counted outside: the same on this desk for ever,
    and nothing by which somebody without the desk's secret finds the person.
    """
    return f"editor-{salted_hmac('feedback.pseudonym', str(person_id)).hexdigest()[:10]}"


def _pseudonyms(counted: Mapping[int, int]) -> dict[str, int]:
    return dict(sorted((pseudonym(pk), number) for pk, number in counted.items()))


def _prompts(counted: Mapping[int, int]) -> list[dict[str, object]]:
    prompts = Prompt.objects.filter(pk__in=counted).select_related("task").order_by("pk")
    return [
        {
            "id": prompt.pk,
            "task": prompt.task.slug,
            "number": prompt.number,
            "sha256": prompt.sha256,
            "reviews": counted[prompt.pk],
        }
        for prompt in prompts
    ]


def _guides(counted: Mapping[int | None, int]) -> list[dict[str, object]]:
    guides = Guide.objects.filter(pk__in=[pk for pk in counted if pk]).select_related("task")
    return [
        {"task": guide.task.slug, "number": guide.number, "reviews": counted[guide.pk]}
        for guide in guides.order_by("pk")
    ]
