"""Prompt templates that cannot be talked out of their roles, and the messages made from them.

A template is plain text in which a line may name one fact::

    Title: {{ /item/title }}
    Skills: {{ /audience/skills | 6 items, 40 characters }}
    Recently played: {{ /audience/recently_played/*/artist | 3 items }}

Such a line becomes ``label: value`` with the value made safe (see ``context.fact_line``), lists
joined, or vanishes when there is no such fact. There is nothing else: no conditions, no loops, no
code. What a fact says therefore never decides which message it stands in or how many lines there
are.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypedDict

import regex

from explanations.context import (
    FactMissing,
    Leaf,
    cut,
    fact_line,
    get_fact,
    leaf_facts,
    make_pointer,
    plain_text,
    pointer_segments,
)

Role = Literal["system", "user", "assistant"]
SchemaChoice = Literal["row", "fixed", "none"]
"""Which JSON schema goes with a request: made for the row, the same for every row, or none."""

DEFAULT_ITEMS = 8
DEFAULT_CHARACTERS = 160
MOST_ITEMS = 50
MOST_CHARACTERS = 4_000
EVERY_MEMBER = "*"
TOLD_LABEL = "Wrong in the last answer"
MOST_TOLD = 3
MOST_TOLD_CHARACTERS = 200

_FACT_LINE = regex.compile(r"\s*(?P<label>[^{}:]+):\s*\{\{(?P<body>[^{}]*)\}\}\s*")
_OPTION = regex.compile(r"(?P<number>[0-9]{1,5}) (?P<unit>items?|characters?)")


class Message(TypedDict):
    """One message of a chat request."""

    role: Role
    content: str


class Example(TypedDict):
    """An example that belongs to a prompt version: the facts of a made-up request and the
    answer wanted.
    """

    facts: Mapping[str, object]
    answer: str


class TemplateError(ValueError):
    """A template is not in the template language; the message names the line and what to
    write instead.
    """


@dataclass(frozen=True, slots=True)
class Slot:
    """A template line that names a fact, with its caps."""

    label: str
    pointer: str
    items: int = DEFAULT_ITEMS
    characters: int = DEFAULT_CHARACTERS


def validate_template(template: str) -> tuple[str, ...]:
    """Return the pointers that a template names, in order.

    Raises TemplateError with the number of the first wrong line, and when the template names no
    fact at all.
    """
    pointers = tuple(line.pointer for line in _parse(template) if isinstance(line, Slot))
    if not pointers:
        raise TemplateError(
            'The template names no fact. Add a line such as "Title: {{ /item/title }}".'
        )
    return pointers


def fact_lines(template: str) -> dict[str, int]:
    """Return the pointers that a template names, each with the number of its first line.

    Raises TemplateError.
    """
    lines: dict[str, int] = {}
    for number, line in enumerate(_parse(template), start=1):
        if isinstance(line, Slot):
            lines.setdefault(line.pointer, number)
    return lines


def longest_filled(template: str) -> int:
    """Return how many characters a filled template can have at most. Raises TemplateError."""
    return sum(
        len(line) if isinstance(line, str) else len(line.label) + line.items * line.characters
        for line in _parse(template)
    )


def names_fact(pointer: str, facts: Mapping[str, object]) -> bool:
    """Say whether a template's pointer finds something in these facts."""
    return _value_at(pointer, facts) not in (None, [])


def fact_names(facts: Mapping[str, object]) -> list[str]:
    """Return the pointers by which a template can name these facts, in document order.

    A list of values is named as a whole, what stands in a list of objects by `*`.
    """
    return list(dict.fromkeys(_name_of(fact.pointer) for fact in leaf_facts(facts)))


def _name_of(pointer: str) -> str:
    segments = pointer_segments(pointer)
    if segments[-1].isdecimal():
        segments.pop()
    every = [EVERY_MEMBER if segment.isdecimal() else segment for segment in segments]
    return make_pointer(every)


def render_template(template: str, facts: Mapping[str, object], told: str = "") -> str:
    """Fill a template with facts; lines of absent facts are left out. Raises TemplateError.

    `told`, lines made by ``told_about``, stands right after the facts.
    """
    parsed = _parse(template)
    lines = [line if isinstance(line, str) else _fill(line, facts) for line in parsed]
    if told:
        last_fact = max(
            (number for number, line in enumerate(parsed, start=1) if isinstance(line, Slot)),
            default=len(lines),
        )
        lines.insert(last_fact, told)
    return "\n".join(line for line in lines if line is not None).strip()


def told_about(messages: Iterable[str]) -> str:
    """Return what to tell a model of the findings that blocked its last answer: a line each.

    Messages quote drafts and facts, so they are made as safe as facts are.
    """
    lines = [fact_line(TOLD_LABEL, message, MOST_TOLD_CHARACTERS) for message in messages]
    return "\n".join(list(dict.fromkeys(lines))[:MOST_TOLD])


def render_messages(
    system: str, examples: Sequence[Example], user_template: str, facts: Mapping[str, object]
) -> list[Message]:
    """Return the chat messages of one draft: the system text, the examples, the facts last.

    What is constant comes first so that a server can keep it cached. The number, order and roles of
    the messages depend on the prompt alone, never on the facts. Raises TemplateError.
    """
    return [*opening_messages(system, examples, user_template), user_message(user_template, facts)]


def opening_messages(system: str, examples: Sequence[Example], user_template: str) -> list[Message]:
    """Return the messages that all drafts of a prompt begin with. Raises TemplateError."""
    messages: list[Message] = (
        [{"role": "system", "content": system.strip()}] if system.strip() else []
    )
    for example in examples:
        messages.append(
            {"role": "user", "content": render_template(user_template, example["facts"])}
        )
        messages.append({"role": "assistant", "content": example["answer"].strip()})
    return messages


def user_message(user_template: str, facts: Mapping[str, object], told: str = "") -> Message:
    """Return the last message, the one about the draft's own facts. Raises TemplateError.

    `told` is what ``told_about`` made of the findings in the answer before, if there was one.
    """
    return {"role": "user", "content": render_template(user_template, facts, told)}


def prompt_sha256(
    system: str,
    user_template: str,
    examples: Sequence[Mapping[str, object]],
    parameters: Mapping[str, object],
    schema: SchemaChoice = "row",
) -> str:
    """Return the hash by which a prompt version is known: of its canonical JSON (sorted keys,
    UTF-8). The usual schema, `row`, is not written into it.
    """
    written = {
        "system": system,
        "user_template": user_template,
        "examples": list(examples),
        "parameters": parameters,
    }
    canonical = json.dumps(
        written if schema == "row" else {**written, "schema": schema},
        sort_keys=True,
        separators=(",", ":"),
        ensure_ascii=False,
        allow_nan=False,
    )
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()


@lru_cache(maxsize=64)
def _parse(template: str) -> tuple[str | Slot, ...]:
    lines = enumerate(template.split("\n"), start=1)
    return tuple(_parse_line(line, number) for number, line in lines)


def _parse_line(line: str, number: int) -> str | Slot:
    if "{" not in line and "}" not in line:
        return line
    found = _FACT_LINE.fullmatch(line)
    if not found:
        raise TemplateError(
            f"Line {number}: a fact stands alone at the end of its line, as in "
            '"Title: {{ /item/title }}".'
        )
    pointer, *options = (part.strip() for part in found["body"].split("|"))
    _check_pointer(pointer, number)
    caps = _parse_options(options, number)
    return Slot(label=found["label"].strip(), pointer=pointer, **caps)


def _check_pointer(pointer: str, number: int) -> None:
    try:
        segments = pointer_segments(pointer)
    except FactMissing:
        segments = []
    if (
        len(segments) < 2
        or segments[0] not in {"item", "audience"}
        or segments.count(EVERY_MEMBER) > 1
    ):
        raise TemplateError(
            f'Line {number}: "{pointer}" is no fact. Facts are named like /item/title, '
            "/audience/skills or /audience/recently_played/*/artist."
        )


def _parse_options(options: Sequence[str], number: int) -> dict[str, int]:
    caps: dict[str, int] = {}
    for option in (part.strip() for group in options for part in group.split(",")):
        found = _OPTION.fullmatch(option)
        if not found:
            raise TemplateError(
                f'Line {number}: "{option}" is no limit. Write "6 items" or "80 characters".'
            )
        unit = "items" if found["unit"].startswith("item") else "characters"
        most = MOST_ITEMS if unit == "items" else MOST_CHARACTERS
        if not 1 <= int(found["number"]) <= most:
            raise TemplateError(f"Line {number}: {unit} must be between 1 and {most}.")
        caps[unit] = int(found["number"])
    return caps


def _fill(slot: Slot, facts: Mapping[str, object]) -> str | None:
    value = _value_at(slot.pointer, facts)
    if isinstance(value, list | tuple):
        members = [member for member in value if isinstance(member, str | int | float)]
        each = [cut(plain_text(str(member)), slot.characters) for member in members[: slot.items]]
        shown = [member for member in each if member]
        # The members are capped one by one; the line as a whole is bounded by items times
        # characters.
        joined = ", ".join(shown)
        return fact_line(slot.label, joined, len(joined)) if shown else None
    if not isinstance(value, str | int | float):
        return None
    return _line_with_value(slot, value)


def _line_with_value(slot: Slot, value: Leaf) -> str | None:
    if isinstance(value, str) and not plain_text(value):
        return None
    return fact_line(slot.label, value, slot.characters)


def _value_at(pointer: str, facts: Mapping[str, object]) -> object:
    before, star, after = pointer.partition("/" + EVERY_MEMBER)
    try:
        value = get_fact(facts, before)
        if not star:
            return value
        if not isinstance(value, list | tuple):
            return None
        return _at_every_member(value, after)
    except FactMissing:
        return None


def _at_every_member(members: Sequence[object], rest: str) -> list[object]:
    found: list[object] = []
    for member in members:
        if not rest:
            found.append(member)
        elif isinstance(member, Mapping):
            try:
                found.append(get_fact(member, rest))
            except FactMissing:
                continue
    return list(dict.fromkeys(value for value in found if isinstance(value, str | int | float)))
