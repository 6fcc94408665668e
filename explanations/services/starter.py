"""The two tasks that the desk ships with: their words into the database, once and again.

Loading again adds a new version of a guide or a prompt when the shipped text changed, and the rows
that are missing. What people changed since is theirs: a task, a category or a criterion that exists
is left as it is, and a shipped version becomes the active one only where no person's version is.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from django.db import transaction
from django.db.models import Max

from accounts.log import record
from explanations.guide_rules import GuideRules, shipped_rules
from explanations.models import (
    Category,
    CheckThreshold,
    Criterion,
    DecidedAnswer,
    Guide,
    Import,
    Prompt,
    Recommendation,
    Severity,
    Task,
)
from explanations.models.task import Version
from explanations.prompts import prompt_sha256
from explanations.services.importing import import_file
from explanations.services.versions import make_active

STARTER_FOLDER: Final = Path(__file__).resolve().parent.parent / "starter"
SHIPPED: Final = "Shipped with the desk"
SAMPLE_PREFIX: Final = "sample:"
SAMPLE_OWNER: Final = "The sample that ships with the desk"
TASK_FIELDS: Final = (
    "name",
    "output_format",
    "word_limit",
    "second_person_required",
    "item_url_template",
    "blocked_by",
)


@dataclass(slots=True)
class Loaded:
    """What loading the starter tasks changed, in words for people; empty when nothing did."""

    changes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class ShippedTask:
    """One folder of `explanations/starter/`, read."""

    settings: Mapping[str, Any]
    categories: Sequence[Mapping[str, Any]]
    criteria: Sequence[Mapping[str, Any]]
    guide: str
    rules: GuideRules
    prompt: Mapping[str, Any]


def shipped_tasks() -> list[ShippedTask]:
    """Read the starter tasks from the files that ship with the desk."""
    return [_read(path.parent) for path in sorted(STARTER_FOLDER.glob("*/task.toml"))]


def load_starter_tasks() -> Loaded:
    """Bring the shipped tasks, guides, prompts, categories and criteria in; idempotent."""
    loaded = Loaded()
    for shipped in shipped_tasks():
        with transaction.atomic():
            _load(shipped, loaded)
    return loaded


def import_samples() -> list[Import]:
    """Import the sample recommendations that are not there yet; the tasks must be loaded.

    Returns the imports that were needed, which is none at all from the second time on.
    """
    paths = sorted((STARTER_FOLDER / "samples").glob("*.jsonl"))
    return [_import_sample(path) for path in paths if not _is_imported(path)]


def _is_imported(path: Path) -> bool:
    there = Recommendation.objects.filter(
        task__slug=path.stem, external_id__startswith=SAMPLE_PREFIX
    )
    with path.open("rb") as lines:
        return there.count() >= sum(1 for line in lines if line.strip())


def _import_sample(path: Path) -> Import:
    with path.open("rb") as source:
        return import_file(source, name=path.name, catalogue_owner=SAMPLE_OWNER)


def _read(folder: Path) -> ShippedTask:
    task = _toml(folder / "task.toml")
    prompt = _toml(folder / "prompt.toml")
    return ShippedTask(
        settings=task,
        categories=_toml(folder / "categories.toml")["categories"],
        criteria=task["criteria"],
        guide=(folder / "guide.md").read_text(encoding="utf-8"),
        rules=shipped_rules(folder.name),
        prompt={
            "system": prompt["system"].strip(),
            "user_template": prompt["user_template"].strip(),
            "examples": prompt["examples"],
            "parameters": prompt["parameters"],
        },
    )


def _toml(path: Path) -> dict[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _load(shipped: ShippedTask, loaded: Loaded) -> None:
    slug = shipped.settings["slug"]
    defaults = {name: shipped.settings[name] for name in TASK_FIELDS}
    _, created = Task.objects.get_or_create(slug=slug, defaults=defaults)
    # Two loaders at once would otherwise give one number to two versions.
    task = Task.objects.select_for_update(of=("self",)).get(slug=slug)
    if created:
        loaded.changes.append(f"task {slug}")
        CheckThreshold.objects.bulk_create(
            CheckThreshold(task=task, check_name=name, blocked_by=threshold)
            for name, threshold in shipped.settings["thresholds"].items()
        )
    _load_categories(task, shipped.categories, loaded)
    _load_criteria(task, shipped.criteria, loaded)
    _load_decided_answers(task, shipped.categories, loaded)
    _load_guide(task, shipped.guide, shipped.rules, loaded)
    _load_prompt(task, shipped.prompt, loaded)


def _load_categories(task: Task, categories: Iterable[Mapping[str, Any]], loaded: Loaded) -> None:
    taken = set(task.categories.filter(retired_at=None).values_list("key", flat=True))
    known = set(task.categories.values_list("slug", flat=True))
    for ordinal, row in enumerate(categories, start=1):
        if row["slug"] in known or row["key"] in taken:
            continue
        Category.objects.create(
            task=task,
            key=row["key"],
            slug=row["slug"],
            name=row["name"],
            definition=row["definition"],
            examples=row["examples"],
            severity=Severity[row["severity"].upper()],
            ordinal=ordinal,
        )
        loaded.changes.append(f"category {task.slug} {row['slug']}")


def _load_criteria(task: Task, criteria: Iterable[Mapping[str, Any]], loaded: Loaded) -> None:
    for ordinal, row in enumerate(criteria, start=1):
        _, created = Criterion.objects.get_or_create(
            task=task,
            slug=row["slug"],
            defaults={"name": row["name"], "question": row["question"], "ordinal": ordinal},
        )
        if created:
            loaded.changes.append(f"criterion {task.slug} {row['slug']}")


def _load_decided_answers(
    task: Task, categories: Iterable[Mapping[str, Any]], loaded: Loaded
) -> None:
    """Say what tags answer by themselves, where nobody has said it of any category of the task."""
    if DecidedAnswer.objects.filter(category__task=task).exists():
        return
    ids = dict(task.categories.filter(retired_at=None).values_list("slug", "pk"))
    criteria = dict(task.criteria.filter(retired_at=None).values_list("slug", "pk"))
    made = DecidedAnswer.objects.bulk_create(
        DecidedAnswer(category_id=ids[row["slug"]], criterion_id=criteria[criterion], answer=answer)
        for row in categories
        for criterion, answer in row.get("decides", {}).items()
        if row["slug"] in ids and criterion in criteria
    )
    if made:
        loaded.changes.append(f"what tags answer in {task.slug}")


def _load_guide(task: Task, text: str, rules: GuideRules, loaded: Loaded) -> None:
    if task.guides.filter(text=text, rules=rules.as_json()).exists():
        return
    guide = Guide.objects.create(
        task=task,
        number=_next_number(task.guides),
        note=SHIPPED,
        text=text,
        rules=rules.as_json(),
    )
    if _may_replace(task.guide):
        make_active(guide, task.guide.number if task.guide else None, None)
    record(None, "guide shipped", guide, task=task.slug, number=guide.number)
    loaded.changes.append(f"{guide}")


def _load_prompt(task: Task, written: Mapping[str, Any], loaded: Loaded) -> None:
    sha256 = prompt_sha256(**written)
    if task.prompts.filter(sha256=sha256).exists():
        return
    prompt = Prompt.objects.create(
        task=task, number=_next_number(task.prompts), note=SHIPPED, sha256=sha256, **written
    )
    if _may_replace(task.prompt):
        make_active(prompt, task.prompt.number if task.prompt else None, None)
    record(None, "prompt shipped", prompt, task=task.slug, number=prompt.number)
    loaded.changes.append(f"{prompt}")


def _next_number(versions: Any) -> int:
    return (versions.aggregate(last=Max("number"))["last"] or 0) + 1


def _may_replace(active: Version | None) -> bool:
    """Say whether the active version is ours to replace: there is none, or we shipped it."""
    return active is None or (active.created_by_id is None and active.note == SHIPPED)
