"""Versions of prompts and guides: write one, make one active.

A version is never edited. What is changed is written as the next version, so whatever was tried,
drafted or reviewed with a version can still be read as it was.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice
from typing import Any, Final, cast

import orjson
from django.db import transaction
from django.db.models import Max, QuerySet

from accounts.log import record
from accounts.models import LogEntry, Person
from explanations.context import control_token, hidden_character
from explanations.differences import Passage, difference
from explanations.guide_rules import GuideRules, read_rules, rules_problems
from explanations.model_server import PARAMETER_NAMES, ParametersRefused, SamplingParameters
from explanations.models import FactSnapshot, Guide, Prompt, Recommendation, Task
from explanations.output_formats import UnusableOutput, get_output_format
from explanations.prompts import (
    Example,
    Message,
    SchemaChoice,
    TemplateError,
    fact_lines,
    fact_names,
    longest_filled,
    names_fact,
    prompt_sha256,
    render_messages,
    validate_template,
)

EXAMPLE_KEYS: Final = {"facts", "answer"}
MOST_NOTE: Final = 300
MOST_SYSTEM: Final = 20_000
MOST_TEMPLATE: Final = 10_000
# With every fact at its longest; a model has to read it all, for every draft.
MOST_FILLED: Final = 100_000
MOST_EXAMPLES: Final = 20
MOST_EXAMPLE_BYTES: Final = 100_000
MOST_GUIDE: Final = 200_000
# A fact that none of so many of the newest recommendations has is taken for a slip of the pen.
RECOMMENDATIONS_ASKED: Final = 5_000
RECOMMENDATIONS_NAMED: Final = 200

PROMPT_ACTIVATED: Final = "prompt activated"
GUIDE_ACTIVATED: Final = "guide activated"

_EMPTY: Final = "Write something here."


class VersionRefused(ValueError):
    """A version that could never be used: `problems` says for each field what is wrong.

    The name "" stands for the version as a whole.
    """

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__(" ".join(problems.values()))
        self.problems = dict(problems)


class VersionConflict(Exception):
    """Another version is active than whoever asked had seen; the text says so, to people."""


@dataclass(frozen=True, slots=True)
class WrittenPrompt:
    """What a person writes of a prompt version. Examples and parameters may still be anything."""

    system: str
    user_template: str
    examples: Any = field(default_factory=list)
    parameters: Any = field(default_factory=dict)
    schema: str = Prompt.Schema.ROW

    @property
    def sha256(self) -> str:
        """Return the hash by which the version will be known."""
        return prompt_sha256(
            self.system,
            self.user_template,
            self.examples,
            self.parameters,
            cast("SchemaChoice", self.schema),
        )


@dataclass(frozen=True, slots=True)
class WrittenGuide:
    """What a person writes of a guide version. Its rules may still be anything."""

    text: str
    rules: Mapping[str, Any] = field(default_factory=dict)


# Writing ------------------------------------------------------------------------------------------


def write_prompt(task: Task, written: WrittenPrompt, note: str, person: Person | None) -> Prompt:
    """Write a task's next prompt version. Nothing is drafted with it until somebody asks.

    Raises VersionRefused when it could not be rendered or sent, or is one that there is already.
    """
    problems = _note_problems(note) | prompt_problems(task, written)
    if problems:
        raise VersionRefused(problems)
    with transaction.atomic():
        number = _next_number(task, task.prompts.all())
        if twin := task.prompts.filter(sha256=written.sha256).first():
            raise VersionRefused({"": f"Nothing is changed: prompt {twin.number} says the same."})
        prompt = Prompt.objects.create(
            task=task,
            number=number,
            note=note,
            created_by=person,
            system=written.system,
            user_template=written.user_template,
            examples=written.examples,
            parameters=written.parameters,
            schema=written.schema,
            sha256=written.sha256,
        )
        record(person, "prompt written", prompt, task=task.slug, number=number)
    return prompt


def write_guide(
    task: Task,
    text: str,
    note: str,
    person: Person | None,
    rules: Mapping[str, Any] | None = None,
) -> Guide:
    """Write a task's next guide version; nobody reads it until it is made active.

    `rules` are those that a machine can check (`explanations.guide_rules`); without them those of
    the active version go on. Raises VersionRefused when it is empty, too long, has rules that
    cannot be checked, or is one that there is already.
    """
    written = _active_rules(task) if rules is None else rules
    problems = _note_problems(note) | guide_problems(text, written)
    if problems:
        raise VersionRefused(problems)
    kept = read_rules(written).as_json()
    with transaction.atomic():
        number = _next_number(task, task.guides.all())
        if twin := _guide_saying(task, text, kept):
            raise VersionRefused({"": f"Nothing is changed: guide {twin.number} says the same."})
        guide = Guide.objects.create(
            task=task, number=number, note=note, created_by=person, text=text, rules=kept
        )
        record(person, "guide written", guide, task=task.slug, number=number)
    return guide


def rules_of(task: Task) -> GuideRules | None:
    """Return the rules that a task's drafts are checked by: those of its active guide, if any."""
    return _rules_as_written(orjson.dumps(task.guide.rules)) if task.guide else None


@lru_cache(maxsize=64)
def _rules_as_written(rules: bytes) -> GuideRules:
    """Return rules that are read once: each golden that is made is checked by them."""
    return read_rules(orjson.loads(rules))


def _active_rules(task: Task) -> Mapping[str, Any]:
    rules: Mapping[str, Any] = task.guide.rules if task.guide else {}
    return rules


def _guide_saying(task: Task, text: str, rules: Mapping[str, Any]) -> Guide | None:
    """Return the version that says the same, in words and in rules."""
    alike = (guide for guide in task.guides.filter(text=text))
    return next((guide for guide in alike if read_rules(guide.rules).as_json() == rules), None)


def messages_for(written: WrittenPrompt | Prompt, recommendation: Recommendation) -> list[Message]:
    """Return what a model would be sent for a recommendation. Raises TemplateError."""
    facts = recommendation.snapshot.facts if recommendation.snapshot else {}
    return render_messages(written.system, written.examples, written.user_template, facts)


def _next_number(task: Task, versions: "QuerySet[Prompt] | QuerySet[Guide]") -> int:
    # One at a time, or two new versions would get the same number.
    Task.objects.select_for_update(of=("self",)).get(pk=task.pk)
    return (versions.aggregate(last=Max("number"))["last"] or 0) + 1


# Making active ------------------------------------------------------------------------------------


def make_active(version: Prompt | Guide, instead_of: int | None, person: Person | None) -> None:
    """Make a version the one that its task drafts or reviews with from now on.

    `instead_of` is the number of the active version that the person has seen, None for none.
    Raises VersionConflict when it is another one by now.
    """
    column, action = (
        ("prompt", PROMPT_ACTIVATED) if isinstance(version, Prompt) else ("guide", GUIDE_ACTIVATED)
    )
    with transaction.atomic():
        task = Task.objects.select_for_update(of=("self",)).get(pk=version.task_id)
        active: Prompt | Guide | None = getattr(task, column)
        if active == version:
            raise VersionConflict(f"{column.capitalize()} {version.number} is active already.")
        if (active.number if active else None) != instead_of:
            by_now = f"{column} {active.number}" if active else f"no {column}"
            raise VersionConflict(
                f"Meanwhile {by_now} has become the active one. Look at it, and decide again."
            )
        Task.objects.filter(pk=task.pk).update(**{column: version})
        record(person, action, task, number=version.number, instead_of=instead_of)


def activations(task: Task, action: str, at_most: int) -> list[LogEntry]:
    """Return when which version was made active, newest first, from the log."""
    return list(
        LogEntry.objects.filter(subject_type="task", subject_id=task.pk, action=action)
        .select_related("actor")
        .order_by("-id")[:at_most]
    )


# Comparing ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartDifference:
    """What changed in one part of a version."""

    part: str
    passages: list[Passage]


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed between two versions, and the parts in which nothing did."""

    changed: list[PartDifference]
    same: list[str]


def differences(
    before: Prompt | Guide | WrittenPrompt | WrittenGuide,
    after: Prompt | Guide | WrittenPrompt | WrittenGuide,
) -> Differences:
    """Return what changed, part by part, between two prompts or two guides, or their words."""
    old, new = _parts(before), _parts(after)
    found = [PartDifference(part, difference(old[part], new[part])) for part in new]
    return Differences(
        changed=[each for each in found if each.passages],
        same=[each.part for each in found if not each.passages],
    )


def _parts(version: Prompt | Guide | WrittenPrompt | WrittenGuide) -> dict[str, str]:
    if isinstance(version, Guide | WrittenGuide):
        return {"Guide": version.text, "Rules": _rules_in_words(read_rules(version.rules))}
    return {
        "System text": version.system,
        "User template": version.user_template,
        "Examples": json.dumps(version.examples, ensure_ascii=False, indent=2),
        "Parameters": "\n".join(
            f"{name}: {json.dumps(value, ensure_ascii=False)}"
            for name, value in sorted(version.parameters.items())
        ),
        "JSON schema": version.schema,
    }


def _rules_in_words(rules: GuideRules) -> str:
    most = "any number" if rules.exclamation_marks is None else str(rules.exclamation_marks)
    settings = (
        f"Exclamation marks: {most}",
        f"Emoji: {'allowed' if rules.emoji else 'none'}",
        f"Second person: {rules.second_person}",
    )
    return "\n".join((*settings, *(f"Avoid: {phrase}" for phrase in rules.avoid)))


# What could be wrong with a prompt ----------------------------------------------------------------


def prompt_problems(task: Task, written: WrittenPrompt) -> dict[str, str]:
    """Return for each field what keeps the prompt from being rendered or sent; empty if nothing."""
    problems = (
        _system_problems(written.system)
        | _template_problems(task, written.user_template, written.examples)
        | _example_problems(task, written.examples)
        | _parameter_problems(written.parameters)
    )
    if written.schema not in Prompt.Schema.values:
        problems["schema"] = f"One of {', '.join(Prompt.Schema.values)}."
    return problems


def known_facts(task: Task) -> list[str]:
    """Return the names of facts that a template of this task can use, from what was delivered."""
    newest = islice(_newest_facts(task), RECOMMENDATIONS_NAMED)
    return sorted({name for facts in newest for name in fact_names(facts)})


def _template_problems(task: Task, template: str, examples: object) -> dict[str, str]:
    name = "user_template"
    problems = _length_problems(name, template, MOST_TEMPLATE) or _sent_problems(name, template)
    if not problems and (problem := _template_problem(task, template, examples)):
        return {name: problem}
    return problems


def _template_problem(task: Task, template: str, examples: object) -> str:
    try:
        validate_template(template)
        longest = longest_filled(template)
        lines = fact_lines(template)
    except TemplateError as error:
        return str(error)
    if longest > MOST_FILLED:
        return (
            f"Filled with long facts it has {longest:,} characters, and {MOST_FILLED:,} are the"
            " most. Give its lines lower limits, such as “| 4 items, 80 characters”."
        )
    unknown = _unknown_facts(task, list(lines), examples)
    if not unknown:
        return ""
    first = unknown[0]
    alike = get_close_matches(first, known_facts(task), n=1)
    hint = f" Did you mean {alike[0]}?" if alike else ""
    return f"Line {lines[first]}: no recommendation of this task has the fact {first}.{hint}"


def _unknown_facts(task: Task, pointers: Sequence[str], examples: object) -> list[str]:
    """Return the pointers that find nothing, neither in recommendations nor in an example."""
    unknown = list(pointers)
    if isinstance(examples, list):
        for example in examples:
            facts = example.get("facts") if isinstance(example, dict) else None
            if isinstance(facts, dict):
                unknown = [pointer for pointer in unknown if not names_fact(pointer, facts)]
    is_empty = True
    for facts in _newest_facts(task):
        is_empty = False
        unknown = [pointer for pointer in unknown if not names_fact(pointer, facts)]
        if not unknown:
            break
    return [] if is_empty else unknown


def _newest_facts(task: Task) -> Iterator[dict[str, Any]]:
    newest = (
        Recommendation.objects.filter(task=task, snapshot__isnull=False)
        .order_by("-pk")
        .values("snapshot")[:RECOMMENDATIONS_ASKED]
    )
    for item, audience in (
        FactSnapshot.objects.filter(pk__in=newest)
        .order_by("-pk")
        .values_list("item", "audience")
        .iterator(chunk_size=200)
    ):
        yield {"item": item, "audience": audience}


def _example_problems(task: Task, examples: object) -> dict[str, str]:
    if not isinstance(examples, list) or not all(_is_example(each) for each in examples):
        return {"examples": 'Examples are a list of {"facts": {"item": …}, "answer": "…"}.'}
    if len(examples) > MOST_EXAMPLES:
        return {"examples": f"There are {len(examples)} examples; {MOST_EXAMPLES} are the most."}
    size = len(json.dumps(examples))
    if size > MOST_EXAMPLE_BYTES:
        return {"examples": f"They have {size:,} characters; {MOST_EXAMPLE_BYTES:,} are the most."}
    for number, example in enumerate(examples, start=1):
        if problem := _example_problem(task, example):
            return {"examples": f"Example {number}: {problem}"}
    return {}


def _example_problem(task: Task, example: Example) -> str:
    if problem := _sent_problem(example["answer"]):
        return problem
    if not _are_storable(example["facts"]):
        return "A fact holds a character that cannot be stored."
    try:
        get_output_format(task.output_format).parse(example["answer"], example["facts"])
    except UnusableOutput as unusable:
        return f"Its answer could be no draft. {unusable.sentence}"
    return ""


def _is_example(value: object) -> bool:
    return (
        isinstance(value, dict)
        and set(value) == EXAMPLE_KEYS
        and isinstance(value["facts"], dict)
        and isinstance(value["answer"], str)
    )


def _parameter_problems(parameters: object) -> dict[str, str]:
    if not isinstance(parameters, dict):
        return {"parameters": 'Parameters are an object, such as {"temperature": 0.2}.'}
    problems: dict[str, str] = {}
    for name, value in parameters.items():
        try:
            SamplingParameters.of({name: value})
        except ParametersRefused as refused:
            problems[name if name in PARAMETER_NAMES else "parameters"] = str(refused)
    if not _are_storable(parameters):
        problems["stop"] = "A stop holds a character that cannot be stored."
    return problems


# What could be wrong with a text ------------------------------------------------------------------


def _note_problems(note: str) -> dict[str, str]:
    return _length_problems("note", note, MOST_NOTE)


def guide_problems(text: str, rules: Mapping[str, Any]) -> dict[str, str]:
    """Return for each field what keeps the guide from being kept or checked; empty if nothing."""
    problems = _length_problems("text", text, MOST_GUIDE) if text.strip() else {"text": _EMPTY}
    if not _are_storable(rules):
        problems["avoid"] = "A phrase holds a character that cannot be stored."
    return problems | rules_problems(rules)


def _system_problems(text: str) -> dict[str, str]:
    return _length_problems("system", text, MOST_SYSTEM) or _sent_problems("system", text)


def _length_problems(name: str, text: str, most: int) -> dict[str, str]:
    if len(text) > most:
        return {name: f"It has {len(text):,} characters; {most:,} are the most."}
    return {} if _is_storable(text) else {name: "It holds a character that cannot be stored."}


def _sent_problems(name: str, text: str) -> dict[str, str]:
    """Say what must not be sent to a model as it stands, because nobody could see what it does."""
    problem = _sent_problem(text)
    return {name: problem} if problem else {}


def _sent_problem(text: str) -> str:
    if token := control_token(text):
        return (
            f"“{token}” is a control token of chat templates: a model would obey it, not read it."
        )
    if hidden := hidden_character(text):
        return f"It holds a character that nobody can see ({hidden}). Take it out."
    return ""


def _are_storable(value: object) -> bool:
    if isinstance(value, dict):
        return all(_is_storable(str(key)) and _are_storable(each) for key, each in value.items())
    if isinstance(value, list):
        return all(_are_storable(each) for each in value)
    return not isinstance(value, str) or _is_storable(value)


def _is_storable(text: str) -> bool:
    """Say whether PostgreSQL takes the text: no NUL, no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
