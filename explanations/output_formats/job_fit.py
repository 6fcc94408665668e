"""``job-fit``: a verdict, up to three matches and up to three gaps, each resting on a fact.

The model writes the evidence before the conclusion: matches, gaps, verdict. People read the verdict
first.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import regex

from explanations.context import (
    Fact,
    FactMissing,
    Mention,
    clean_model_text,
    cut,
    fold,
    get_fact,
    leaf_facts,
    plain_text,
)
from explanations.output_formats.base import (
    EditForm,
    FormField,
    FormGroup,
    Output,
    ParsedOutput,
    UnusableOutput,
    count_words,
    render_lines,
)

VERDICTS: Final = ("strong", "partial", "weak")
MOST_BULLETS = 3
FEWEST_CHARACTERS = 6
MOST_CHARACTERS = 160
MOST_ANSWER_CHARACTERS = 8_000
# The longest sentence that a schema lets a model write; people may take a little more.
SENTENCE_CHARACTERS = 100
LABEL_CHARACTERS = 80
# A schema offers the model no more facts than it can weigh; a person may use any.
MOST_OFFERED_FACTS = 6

MATCH_KEYS: Final = ("fact", "text")
GAP_KEYS: Final = ("fact", "text", "next_step")
OUTPUT_KEYS: Final = ("matches", "gaps", "verdict")

_FINISHED = regex.compile(r"[.!?…]['\"’”)]*$")


# --- The rule of the verdict
# --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Fit:
    """What the facts alone say: how many wanted skills the profile has, and the years it is
    short.
    """

    skills_wanted: int
    skills_met: int
    years_short: float

    @property
    def verdict(self) -> str:
        """Strong with half of the skills and the years, weak under a third or three years
        short, else partial.
        """
        if self.skills_met * 3 < self.skills_wanted or self.years_short >= 3:
            return "weak"
        if self.skills_met * 2 >= self.skills_wanted and self.years_short <= 0:
            return "strong"
        return "partial"


def fit_of(facts: Mapping[str, object]) -> Fit:
    """Compare a job with a profile by the rule of the guide. A job that wants no years or
    skills lacks none.
    """
    wanted = _strings(facts, "/item/skills_wanted")
    has = {_key(skill) for skill in _strings(facts, "/audience/skills")}
    return Fit(
        skills_wanted=len(wanted),
        skills_met=sum(_key(skill) in has for skill in wanted),
        years_short=_number(facts, "/item/years_wanted")
        - _number(facts, "/audience/years_of_experience"),
    )


def match_facts(facts: Mapping[str, object]) -> list[Fact]:
    """Return the facts of the profile that speak for the person, the most telling first."""
    wanted = {_key(skill) for skill in _strings(facts, "/item/skills_wanted")}
    profile = [fact for fact in leaf_facts(facts) if fact.pointer.startswith("/audience/")]
    shared = [fact for fact in _below(profile, "/audience/skills") if _key(fact.value) in wanted]
    years = [
        fact
        for fact in profile
        if fact.pointer == "/audience/years_of_experience"
        and _number(facts, fact.pointer) > 0
        and fit_of(facts).years_short <= 0
    ]
    background = [fact for fact in profile if fact.pointer == "/audience/headline"]
    # A skill in common says more than an occupation, which a model tends to embroider.
    return shared + years or background + _below(profile, "/audience/did")


def gap_facts(facts: Mapping[str, object]) -> list[Fact]:
    """Return the facts of the job that the profile does not meet, the most telling first."""
    has = {_key(skill) for skill in _strings(facts, "/audience/skills")}
    job = [fact for fact in leaf_facts(facts) if fact.pointer.startswith("/item/")]
    years = [
        fact
        for fact in job
        if fact.pointer == "/item/years_wanted" and fit_of(facts).years_short > 0
    ]
    return years + [
        fact for fact in _below(job, "/item/skills_wanted") if _key(fact.value) not in has
    ]


def fact_label(fact: Fact) -> str:
    """Return the words by which a model names a fact: a skill as it is, a number with what it
    counts.
    """
    if isinstance(fact.value, str):
        return cut(plain_text(fact.value), LABEL_CHARACTERS)
    return f"{fact.label}: {fact.value}"


# --- The format
# ---------------------------------------------------------------------------------------------


class JobFit:
    """Structured output with pointers to facts, and the bulleted text made from it."""

    slug = "job-fit"
    edit_form: EditForm = (
        FormField(
            name="verdict",
            label="Verdict",
            kind="choice",
            choices=VERDICTS,
            line="{verdict} fit",
        ),
        FormGroup(
            name="matches",
            label="Matches",
            at_least=0,
            at_most=MOST_BULLETS,
            line="+ {text}",
            fields=(
                FormField(name="text", label="Match", kind="text", max_characters=MOST_CHARACTERS),
                FormField(name="fact", label="Fact of the profile", kind="fact", side="audience"),
            ),
        ),
        FormGroup(
            name="gaps",
            label="Gaps",
            at_least=0,
            at_most=MOST_BULLETS,
            line="− {text} {next_step}",
            fields=(
                FormField(name="text", label="Gap", kind="text", max_characters=MOST_CHARACTERS),
                FormField(name="fact", label="Fact of the job", kind="fact", side="item"),
                FormField(
                    name="next_step", label="Next step", kind="text", max_characters=MOST_CHARACTERS
                ),
            ),
        ),
    )

    def response_schema(self, facts: Mapping[str, object]) -> dict[str, object] | None:
        """Return a schema whose ``fact`` fields can hold nothing but facts of this row."""
        return _object(
            {
                "matches": _bullets("matches", match_facts(facts)),
                "gaps": _bullets("gaps", gap_facts(facts)),
                "verdict": {"type": "string", "enum": list(VERDICTS)},
            }
        )

    def fixed_schema(self) -> dict[str, object] | None:
        """Return a schema whose ``fact`` fields hold any short text; ``parse`` finds out whose
        it is.
        """
        fact: dict[str, object] = {
            "type": "string",
            "minLength": 1,
            "maxLength": LABEL_CHARACTERS,
        }
        return _object(
            {
                **{
                    name: {
                        "type": "array",
                        "items": _object({"fact": fact, **_FIELDS[name]}),
                        "maxItems": MOST_BULLETS,
                    }
                    for name in ("matches", "gaps")
                },
                "verdict": {"type": "string", "enum": list(VERDICTS)},
            }
        )

    def parse(self, completion_text: str, facts: Mapping[str, object]) -> ParsedOutput:
        """Read a JSON answer strictly. Raises UnusableOutput: no JSON, another shape, no
        fact, cut words.
        """
        if len(completion_text) > MOST_ANSWER_CHARACTERS:
            raise UnusableOutput("too_long", "The answer is far too long to be a few bullets.")
        try:
            answer = json.loads(completion_text, object_pairs_hook=_object_without_doubles)
        except (ValueError, RecursionError):
            raise UnusableOutput(
                "not_json", "The answer is not the JSON that was asked for."
            ) from None
        output = self.validated(_with_pointers(answer, facts), facts)
        _require_whole_sentences(output)
        return ParsedOutput(self.render(output), output)

    def validated(self, output: object, facts: Mapping[str, object]) -> Output:
        """Check an output with JSON pointers for its shape, its bounds and its facts.
        Raises UnusableOutput.
        """
        _require_keys(output, OUTPUT_KEYS, "The answer")
        assert isinstance(output, dict)  # noqa: S101  (said above; for the type checker)
        checked: Output = {
            "matches": _checked_bullets(output["matches"], MATCH_KEYS, "match", "audience", facts),
            "gaps": _checked_bullets(output["gaps"], GAP_KEYS, "gap", "item", facts),
            "verdict": output["verdict"],
        }
        if output["verdict"] not in VERDICTS:
            raise UnusableOutput("no_verdict", "The verdict is none of strong, partial and weak.")
        if not checked["matches"] and not checked["gaps"]:
            raise UnusableOutput("no_evidence", "The answer names neither a match nor a gap.")
        return checked

    def render(self, output: Output) -> str:
        """Return the verdict, then the matches, then the gaps with their next steps, a
        line each.
        """
        return render_lines(self.edit_form, output)

    def completion(self, text: str, output: Output | None, facts: Mapping[str, object]) -> str:
        """Return the JSON a model would have answered, facts named by their labels.
        Raises UnusableOutput.
        """
        checked = self.validated(output, facts)
        named = {
            key: [
                bullet | {"fact": fact_label(_fact_at(bullet["fact"], facts))}
                for bullet in _records(checked[key])
            ]
            for key in ("matches", "gaps")
        }
        return json.dumps(named | {"verdict": checked["verdict"]}, ensure_ascii=False)

    def word_count(
        self, text: str, facts: Mapping[str, object], mentions: Sequence[Mention] | None = None
    ) -> int:
        """Count all words that people see."""
        return count_words(text)

    def facts_of_lines(self, output: Output | None) -> list[list[str]]:
        """Return the facts of each bullet; the verdict, on the first line, rests on all of them."""
        if output is None:
            return []
        bullets = [*_records(output["matches"]), *_records(output["gaps"])]
        facts = [bullet["fact"] for bullet in bullets]
        return [list(dict.fromkeys(facts)), *([fact] for fact in facts)]

    def rests_on(
        self,
        text: str,
        output: Output | None,
        facts: Mapping[str, object],
        mentions: Sequence[Mention] | None = None,
    ) -> list[str]:
        """Return the facts that the bullets name, in their order."""
        if output is None:
            return []
        bullets = [*_records(output["matches"]), *_records(output["gaps"])]
        return list(dict.fromkeys(bullet["fact"] for bullet in bullets))


# --- The schema ----------------------------------------------------------------------------------

# One sentence that ends: no full stop inside but in ".NET". Small models otherwise
# run on until the bound cuts them off.
_INSIDE = r'([^."\\\n]|\.NET)'


def _sentence(opening: str) -> dict[str, object]:
    return {"type": "string", "pattern": rf"^{opening}{_INSIDE}{{6,{SENTENCE_CHARACTERS}}}\.$"}


# House style, and a rail for small models: a match speaks to "you", a gap of "the job".
_FIELDS: Final = {
    "matches": {"text": _sentence("You ")},
    "gaps": {"text": _sentence("The job "), "next_step": _sentence("[A-Z]")},
}


def _object(properties: dict[str, object]) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _bullets(name: str, candidates: Sequence[Fact]) -> dict[str, object]:
    """Return the schema of a list of bullets, each with facts of its own to choose from.

    The facts are dealt out like cards, so that no two bullets can rest on the same one, which no
    keyword of JSON schema forbids. The more facts there are, the more bullets.
    """
    labels = list(dict.fromkeys(fact_label(fact) for fact in candidates))[:MOST_OFFERED_FACTS]
    if not labels:
        return {"type": "array", "items": _bullet(name, ["none"]), "maxItems": 0}
    count = min(MOST_BULLETS, (len(labels) + 1) // 2)
    return {
        "type": "array",
        "prefixItems": [_bullet(name, labels[position::count]) for position in range(count)],
        "minItems": count,
        "maxItems": count,
    }


def _bullet(name: str, labels: Sequence[str]) -> dict[str, object]:
    return _object({"fact": {"type": "string", "enum": list(labels)}, **_FIELDS[name]})


# --- Reading an answer
# --------------------------------------------------------------------------------------


def _object_without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


def _with_pointers(answer: object, facts: Mapping[str, object]) -> object:
    """Replace the labels by which the model named facts with pointers; what is unknown stays
    for the check.
    """
    if not isinstance(answer, dict):
        return answer
    return answer | {
        key: [_bullet_with_pointer(bullet, side, facts) for bullet in answer[key]]
        for key, side in (("matches", "audience"), ("gaps", "item"))
        if isinstance(answer.get(key), list)
    }


def _bullet_with_pointer(bullet: object, side: str, facts: Mapping[str, object]) -> object:
    if not isinstance(bullet, dict) or not isinstance(bullet.get("fact"), str):
        return bullet
    named = _key(bullet["fact"])
    for fact in leaf_facts({side: facts.get(side)}):
        if _key(fact_label(fact)) == named:
            return bullet | {"fact": fact.pointer}
    return bullet


def _checked_bullets(
    value: object, keys: Sequence[str], name: str, side: str, facts: Mapping[str, object]
) -> list[dict[str, str]]:
    if not isinstance(value, list):
        raise UnusableOutput(
            "wrong_shape",
            f"The {name}es are no list." if name == "match" else "The gaps are no list.",
        )
    if len(value) > MOST_BULLETS:
        raise UnusableOutput(
            "too_many_bullets", f"There are {len(value)} bullets where {MOST_BULLETS} are the most."
        )
    return [_checked_bullet(bullet, keys, name, side, facts) for bullet in value]


def _checked_bullet(
    bullet: object, keys: Sequence[str], name: str, side: str, facts: Mapping[str, object]
) -> dict[str, str]:
    _require_keys(bullet, keys, f"A {name}")
    assert isinstance(bullet, dict)  # noqa: S101  (said above; for the type checker)
    checked = {key: _checked_words(bullet[key], name) for key in keys if key != "fact"}
    pointer = bullet["fact"]
    if (
        not isinstance(pointer, str)
        or not pointer.startswith(f"/{side}/")
        or not _is_leaf(pointer, facts)
    ):
        whose = "profile" if side == "audience" else "job"
        raise UnusableOutput(
            "no_such_fact", f"A {name} rests on something that is no fact of the {whose}."
        )
    return {key: pointer if key == "fact" else checked[key] for key in keys}


def _checked_words(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise UnusableOutput("wrong_shape", f"A {name} is not written in words.")
    words = " ".join(clean_model_text(value).split())
    if sum(character.isalnum() for character in words) < FEWEST_CHARACTERS:
        raise UnusableOutput("empty_bullet", f"A {name} says next to nothing.")
    if len(words) > MOST_CHARACTERS or not _FINISHED.search(words):
        raise UnusableOutput("cut_bullet", f"A {name} is too long or breaks off in the middle.")
    return words


def _require_whole_sentences(output: Output) -> None:
    """Refuse what fills the schema's bound: there the server wrote the full stop."""
    bullets = [*_records(output["matches"]), *_records(output["gaps"])]
    sentences = [
        bullet[key] for bullet in bullets for key in ("text", "next_step") if key in bullet
    ]
    if any(len(sentence) > SENTENCE_CHARACTERS for sentence in sentences):
        raise UnusableOutput("cut_bullet", "A bullet is too long or breaks off in the middle.")


def _require_keys(value: object, keys: Sequence[str], what: str) -> None:
    if not isinstance(value, dict) or set(value) != set(keys):
        raise UnusableOutput("wrong_shape", f"{what} does not have exactly {', '.join(keys)}.")


# --- Small helpers
# ------------------------------------------------------------------------------------------


def _records(value: object) -> list[dict[str, str]]:
    return (
        [bullet for bullet in value if isinstance(bullet, dict)] if isinstance(value, list) else []
    )


def _below(candidates: Sequence[Fact], pointer: str) -> list[Fact]:
    return [fact for fact in candidates if fact.pointer.startswith(pointer + "/")]


def _is_leaf(pointer: str, facts: Mapping[str, object]) -> bool:
    try:
        return isinstance(get_fact(facts, pointer), str | int | float)
    except FactMissing:
        return False


def _fact_at(pointer: str, facts: Mapping[str, object]) -> Fact:
    return next(fact for fact in leaf_facts(facts) if fact.pointer == pointer)


def _strings(facts: Mapping[str, object], pointer: str) -> list[str]:
    try:
        value = get_fact(facts, pointer)
    except FactMissing:
        return []
    return (
        [member for member in value if isinstance(member, str)] if isinstance(value, list) else []
    )


def _number(facts: Mapping[str, object], pointer: str) -> float:
    try:
        value = get_fact(facts, pointer)
    except FactMissing:
        return 0
    return value if isinstance(value, int | float) else 0


def _key(value: object) -> str:
    return fold(str(value)).characters.strip()
