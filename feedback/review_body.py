"""Read and check what an editor submits. No Django.

The body, as JSON::

    {"outcome": "EDIT", "reason": "", "note": "", "rewrite": "…", "rewrite_output": null,
     "tags": [{"category": "attribution", "severity": 5, "scope": "span", "start": 0, "end": 12,
               "quote": "Dead Rabbits", "note": "", "pointer": "/item/artist", "finding": null}],
     "dismissed": [8123],
     "causes": [{"start": 14, "end": 20, "category": "timebound"}],
     "answers": {"specific": "yes", "grounded": "na"},
     "active_ms": 18250}

A tag that names a finding takes it; `dismissed` are the findings that the editor found wrong.
`causes` say why an edit changed what no tag explains, by where it lies in the draft.
Everything but `outcome` may be left out. Unknown fields are refused, so that a misspelt one is not
lost in silence.
"""

import hashlib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Final, Literal, cast

from feedback.outcomes import MOST_TAGS, SEVERITIES, Answer, Outcome

Scope = Literal["span", "draft", "missing"]

SCOPES: Final = ("span", "draft", "missing")
ANSWERS: Final = ("yes", "no", "na")
MOST_NOTE: Final = 2_000
MOST_TAG_NOTE: Final = 500
MOST_REWRITE: Final = 10_000
MOST_POINTER: Final = 300
MOST_CRITERIA: Final = 50
MOST_DISMISSED: Final = 500
MOST_CAUSES: Final = 200
# Deeper than any work or output, and no danger to whoever walks through it.
MOST_DEPTH: Final = 50
# Longer than a working day at one draft is a clock gone wrong.
MOST_ACTIVE_MS: Final = 8 * 60 * 60 * 1000

_FIELDS: Final = frozenset(
    {
        "outcome",
        "reason",
        "note",
        "rewrite",
        "rewrite_output",
        "tags",
        "dismissed",
        "causes",
        "answers",
        "active_ms",
    }
)
_TAG_FIELDS: Final = frozenset(
    {"category", "severity", "scope", "start", "end", "quote", "note", "pointer", "finding"}
)
_CAUSE_FIELDS: Final = frozenset({"start", "end", "category"})
_NOT_STORABLE: Final = re.compile("[\x00\ud800-\udfff]")


class BodyRefused(ValueError):
    """A submission that cannot stand. `errors` maps a field's name to sentences about it."""

    def __init__(self, errors: Mapping[str, list[str]]) -> None:
        super().__init__(" ".join(sentence for all_of in errors.values() for sentence in all_of))
        self.errors = dict(errors)


@dataclass(frozen=True, slots=True)
class TagBody:
    """One tag; `start` and `end` are code points into the draft's text, None unless a span."""

    category: str
    severity: int
    scope: Scope = "draft"
    start: int | None = None
    end: int | None = None
    quote: str = ""
    note: str = ""
    pointer: str = ""
    finding: int | None = None


@dataclass(frozen=True, slots=True)
class CauseBody:
    """Why an edit changed `[start, end)` of the draft, in code points: the slug of a category."""

    start: int
    end: int
    category: str


@dataclass(frozen=True, slots=True)
class ReviewBody:
    """A submission as it was sent. `active_ms` is the time at work, in milliseconds."""

    outcome: Outcome
    reason: str = ""
    note: str = ""
    rewrite: str = ""
    rewrite_output: dict[str, object] | None = None
    tags: tuple[TagBody, ...] = ()
    dismissed: tuple[int, ...] = ()
    causes: tuple[CauseBody, ...] = ()
    answers: Mapping[str, Answer] = field(default_factory=dict)
    active_ms: int = 0

    def as_work(self) -> dict[str, object]:
        """Return the body as JSON: what an editor gets back when a review is undone."""
        return {
            "outcome": str(self.outcome),
            "reason": self.reason,
            "note": self.note,
            "rewrite": self.rewrite,
            "rewrite_output": self.rewrite_output,
            "tags": [asdict(tag) for tag in self.tags],
            "dismissed": list(self.dismissed),
            "causes": [asdict(cause) for cause in self.causes],
            "answers": dict(self.answers),
            "active_ms": self.active_ms,
        }


def body_sha256(body: ReviewBody, assignment_id: int) -> str:
    """Return what tells a repetition from another body under the same key.

    The time at work is left out: it runs on between a submission and its repetition.
    """
    said = body.as_work() | {"assignment": assignment_id}
    del said["active_ms"]
    for later in ("dismissed", "causes"):
        if not said[later]:  # as before there were any: what was sent then is a repetition still
            del said[later]
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def storable(text: str) -> str:
    """Return the text without what PostgreSQL cannot keep: NUL and lone surrogates."""
    return _NOT_STORABLE.sub("", text)


def storable_json(value: object, depth: int = 1) -> object:
    """Return JSON whose strings, keys included, are all storable.

    Raises BodyRefused when it is nested more than MOST_DEPTH levels deep.
    """
    if depth > MOST_DEPTH:
        raise BodyRefused({"body": ["Nested too deeply."]})
    match value:
        case str():
            return storable(value)
        case list():
            return [storable_json(member, depth + 1) for member in value]
        case dict():
            return {
                storable(str(key)): storable_json(member, depth + 1)
                for key, member in value.items()
            }
    return value


def parse_body(data: object) -> ReviewBody:
    """Return the body, its shape checked. Raises BodyRefused, naming each field that is wrong."""
    reader = _Reader()
    if not isinstance(data, dict):
        raise BodyRefused({"body": ["A review is a JSON object."]})
    reader.refuse_unknown(data, _FIELDS, "")
    body = ReviewBody(
        outcome=reader.outcome(data),
        reason=reader.text(data, "reason", most=40),
        note=reader.text(data, "note", most=MOST_NOTE),
        rewrite=reader.text(data, "rewrite", most=MOST_REWRITE),
        rewrite_output=reader.output(data),
        tags=reader.tags(data),
        dismissed=reader.dismissed(data),
        causes=reader.causes(data),
        answers=reader.answers(data),
        active_ms=min(reader.whole(data, "active_ms", "active_ms") or 0, MOST_ACTIVE_MS),
    )
    reader.finish()
    return body


def check_body(
    body: ReviewBody,
    draft_text: str,
    *,
    categories: Collection[str],
    criteria: Collection[str],
    findings: Collection[int],
) -> dict[str, list[str]]:
    """Return what does not fit the draft and its task, by field; empty when all does.

    `categories` and `criteria` are the slugs of the task, `findings` the draft's own.
    """
    errors: dict[str, list[str]] = {}
    for index, tag in enumerate(body.tags):
        name = f"tags.{index}"
        if tag.category not in categories:
            errors[f"{name}.category"] = [f"This task has no category {tag.category!r}."]
        if tag.finding is not None and tag.finding not in findings:
            errors[f"{name}.finding"] = ["This draft has no such finding."]
        if tag.scope == "span":
            if (tag.end or 0) > len(draft_text):
                errors[f"{name}.end"] = [
                    f"The text has {len(draft_text)} code points; the span ends at {tag.end}."
                ]
            elif draft_text[tag.start : tag.end] != tag.quote:
                errors[f"{name}.quote"] = [
                    f"At {tag.start} to {tag.end}, in code points, the text says "
                    f"{draft_text[tag.start : tag.end]!r}, not {tag.quote!r}."
                ]
    for index, cause in enumerate(body.causes):
        if cause.category not in categories:
            errors[f"causes.{index}.category"] = [f"This task has no category {cause.category!r}."]
    if not set(body.dismissed) <= set(findings):
        errors["dismissed"] = ["This draft has no such finding."]
    for slug in body.answers:
        if slug not in criteria:
            errors[f"answers.{slug}"] = [f"This task has no criterion {slug!r}."]
    return errors


class _Reader:
    """Reads one value after the other and collects what is wrong with them."""

    def __init__(self) -> None:
        self._errors: dict[str, list[str]] = {}

    def finish(self) -> None:
        if self._errors:
            raise BodyRefused(self._errors)

    def refuse(self, name: str, sentence: str) -> None:
        self._errors.setdefault(name, []).append(sentence)

    def refuse_unknown(self, data: Mapping[str, object], known: Collection[str], at: str) -> None:
        for name in data:
            if name not in known:
                self.refuse(f"{at}{storable(str(name))[:100]}", "There is no such field.")

    def outcome(self, data: Mapping[str, object]) -> Outcome:
        value = data.get("outcome")
        if isinstance(value, str) and value in Outcome.__members__:
            return Outcome(value)
        self.refuse("outcome", f"One of {', '.join(Outcome)}.")
        return Outcome.SKIP

    def text(self, data: Mapping[str, object], key: str, *, most: int, at: str = "") -> str:
        value = data.get(key)
        if value is None:
            return ""
        if not isinstance(value, str):
            self.refuse(at + key, "A text.")
            return ""
        value = storable(value)
        if len(value) > most:
            self.refuse(at + key, f"{len(value)} characters; at most {most}.")
        return value

    def whole(self, data: Mapping[str, object], key: str, name: str) -> int | None:
        value = data.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**63:
            self.refuse(name, "A whole number, 0 or more.")
            return None
        return value

    def output(self, data: Mapping[str, object]) -> dict[str, object] | None:
        value = data.get("rewrite_output")
        if value is None:
            return None
        if not isinstance(value, dict):
            self.refuse("rewrite_output", "A JSON object.")
            return None
        kept = storable_json(value)
        if len(json.dumps(kept)) > 4 * MOST_REWRITE:
            self.refuse("rewrite_output", "Far too long to be an explanation.")
            return None
        return cast("dict[str, object]", kept)

    def answers(self, data: Mapping[str, object]) -> dict[str, Answer]:
        value = data.get("answers")
        if value is None:
            return {}
        if not isinstance(value, dict) or len(value) > MOST_CRITERIA:
            self.refuse("answers", "A JSON object from a criterion's slug to yes, no or na.")
            return {}
        read: dict[str, Answer] = {}
        for slug, answer in value.items():
            if answer in ANSWERS:
                read[storable(str(slug))] = cast("Answer", answer)
            else:
                self.refuse(f"answers.{storable(str(slug))[:100]}", "yes, no or na.")
        return read

    def dismissed(self, data: Mapping[str, object]) -> tuple[int, ...]:
        value = data.get("dismissed")
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST_DISMISSED:
            self.refuse("dismissed", f"A list of at most {MOST_DISMISSED} findings.")
            return ()
        numbers = [self.whole({"id": each}, "id", "dismissed") for each in value]
        return tuple(dict.fromkeys(number for number in numbers if number is not None))

    def causes(self, data: Mapping[str, object]) -> tuple[CauseBody, ...]:
        value = data.get("causes")
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > MOST_CAUSES:
            self.refuse("causes", f"A list of at most {MOST_CAUSES} causes.")
            return ()
        return tuple(self._cause(each, f"causes.{index}.") for index, each in enumerate(value))

    def _cause(self, value: object, at: str) -> CauseBody:
        if not isinstance(value, dict):
            self.refuse(at.rstrip("."), "A cause is a JSON object.")
            return CauseBody(start=0, end=0, category="")
        self.refuse_unknown(value, _CAUSE_FIELDS, at)
        start = self.whole(value, "start", at + "start")
        end = self.whole(value, "end", at + "end")
        if start is None or end is None or end < start:
            self.refuse(at + "start", "A change has a start and an end.")
        return CauseBody(start or 0, end or 0, self.text(value, "category", most=40, at=at))

    def tags(self, data: Mapping[str, object]) -> tuple[TagBody, ...]:
        value = data.get("tags")
        if value is None:
            return ()
        if not isinstance(value, list):
            self.refuse("tags", "A list of tags.")
            return ()
        if len(value) > MOST_TAGS:
            self.refuse("tags", f"{len(value)} tags; at most {MOST_TAGS}.")
            return ()
        return tuple(self._tag(each, f"tags.{index}.") for index, each in enumerate(value))

    def _tag(self, value: object, at: str) -> TagBody:
        if not isinstance(value, dict):
            self.refuse(at.rstrip("."), "A tag is a JSON object.")
            return TagBody(category="", severity=0)
        self.refuse_unknown(value, _TAG_FIELDS, at)
        tag = TagBody(
            category=self.text(value, "category", most=40, at=at),
            severity=self._severity(value, at),
            scope=self._scope(value, at),
            start=self.whole(value, "start", at + "start"),
            end=self.whole(value, "end", at + "end"),
            quote=self.text(value, "quote", most=MOST_REWRITE, at=at),
            note=self.text(value, "note", most=MOST_TAG_NOTE, at=at),
            pointer=self.text(value, "pointer", most=MOST_POINTER, at=at),
            finding=self.whole(value, "finding", at + "finding"),
        )
        self._refuse_a_torn_span(tag, at)
        return tag

    def _severity(self, value: Mapping[str, object], at: str) -> int:
        severity = value.get("severity")
        if isinstance(severity, int) and not isinstance(severity, bool) and severity in SEVERITIES:
            return severity
        self.refuse(at + "severity", f"One of {', '.join(map(str, SEVERITIES))}.")
        return 0

    def _scope(self, value: Mapping[str, object], at: str) -> Scope:
        scope = value.get("scope")
        if scope in SCOPES:
            return scope
        self.refuse(at + "scope", f"One of {', '.join(SCOPES)}.")
        return "draft"

    def _refuse_a_torn_span(self, tag: TagBody, at: str) -> None:
        if tag.scope == "span":
            if tag.start is None or tag.end is None or tag.end <= tag.start:
                self.refuse(at + "start", "A span has a start, and an end after it.")
            elif not tag.quote:
                self.refuse(at + "quote", "A span quotes its words.")
        elif tag.start is not None or tag.end is not None or tag.quote:
            self.refuse(
                at + "scope",
                f"Only a span has a start, an end and a quote; this is scope {tag.scope!r}.",
            )
