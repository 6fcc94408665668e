"""What an editor may decide, what each decision needs, and what it is worth to training.

The rules of the desk in one place: pages, REST and dataset builds ask here. No Django.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal

from accounts.words import translatable

Answer = Literal["yes", "no", "na"]


class Outcome(StrEnum):
    """What an editor can decide about a draft."""

    ACCEPT = "ACCEPT"
    BLAND = "BLAND"
    EDIT = "EDIT"
    REJECT = "REJECT"
    UNREVIEWABLE = "UNREVIEWABLE"
    ESCALATE = "ESCALATE"
    SKIP = "SKIP"


NEUTRAL: Final = 0
MINOR: Final = 1
MAJOR: Final = 5
CRITICAL: Final = 25
SEVERITIES: Final = (NEUTRAL, MINOR, MAJOR, CRITICAL)

MOST_TAGS: Final = 5
# A tag this bad answers the criteria of its category; a neutral one is a matter of taste.
DECIDES_FROM: Final = MINOR

OTHER: Final = "other"
NOT_NOW: Final = "later"

# The short lists, as an editor reads them. "Something else" asks for a note.
REASONS: Final[Mapping[Outcome, Mapping[str, str]]] = {
    Outcome.UNREVIEWABLE: {
        "facts": translatable("The facts are wrong or too thin to judge by"),
        "broken": translatable("The text is cut off or garbled"),
        "language": translatable("The text is in a language the task does not ask for"),
        "item": translatable("The item is gone or cannot be opened"),
        OTHER: translatable("Something else"),
    },
    Outcome.ESCALATE: {
        "guide": translatable("The guide does not say"),
        "harm": translatable("It may hurt somebody"),
        "legal": translatable("A question of law or rights"),
        "facts": translatable("The facts contradict each other"),
        OTHER: translatable("Something else"),
    },
    Outcome.SKIP: {
        "field": translatable("Not my field"),
        "language": translatable("Not a language I edit"),
        "involved": translatable("I am too close to the subject"),
        NOT_NOW: translatable("Not now"),
        OTHER: translatable("Something else"),
    },
}

SENT_BACK: Final = "sent-back"
# Why an editor takes a review back. Nobody has to say so.
UNDO_REASONS: Final[Mapping[str, str]] = {
    "slip": translatable("A slip: the wrong key, or the wrong draft"),
    "second-thoughts": translatable("On second thoughts"),
    "missed": translatable("I had missed something"),
    SENT_BACK: translatable("The golden was sent back"),
    OTHER: translatable("Something else"),
}
NO_REASON: Final = "none"
"""In the place of a reason: none was given."""
NONE_GIVEN: Final = translatable("No reason given")

# What ends a place for good; the others leave it to somebody else.
ENDS_THE_PLACE: Final = frozenset(
    {Outcome.ACCEPT, Outcome.BLAND, Outcome.EDIT, Outcome.REJECT, Outcome.UNREVIEWABLE}
)
# What says something about the text, and with that about what the checks said of it.
JUDGES_FINDINGS: Final = frozenset({Outcome.ACCEPT, Outcome.BLAND, Outcome.EDIT, Outcome.REJECT})


@dataclass(frozen=True, slots=True)
class Decision:
    """What the rules look at: the outcome and what was given with it.

    `severities` are those of the tags, `answers` the values "yes", "no", "na" of the criteria.
    """

    outcome: Outcome
    severities: Sequence[int] = ()
    answers: Sequence[str] = ()
    reason: str = ""
    note: str = ""
    has_rewrite: bool = False
    changed: bool = False


def worse_answer(one: Answer, other: Answer) -> Answer:
    """Return which of two answers to one criterion counts where tags decide it differently."""
    return min(one, other, key=("no", "yes", "na").index)


def settle(decision: Decision) -> Outcome:
    """Return the outcome that counts: an edit that changed nothing is an accept."""
    if decision.outcome is Outcome.EDIT and decision.has_rewrite and not decision.changed:
        return Outcome.ACCEPT
    return decision.outcome


def broken_rules(decision: Decision) -> dict[str, str]:
    """Return what speaks against the decision: a field of the body and a sentence for it.

    Empty when the decision may stand.
    """
    outcome = settle(decision)
    broken: dict[str, str] = {}
    if outcome in {Outcome.ACCEPT, Outcome.BLAND}:
        broken |= _against_an_accept(decision, outcome)
    if outcome is Outcome.EDIT and not decision.has_rewrite:
        broken["rewrite"] = "An edit needs the text that is to stand instead."
    if outcome is Outcome.REJECT and not decision.severities:
        broken["tags"] = "A reject needs a tag that says what is wrong."
    if outcome in REASONS:
        broken |= _against_a_reason(outcome, decision)
    elif decision.reason:
        broken["reason"] = f"{outcome} takes no reason; say it in the note."
    return broken


def _against_an_accept(decision: Decision, outcome: Outcome) -> dict[str, str]:
    broken: dict[str, str] = {}
    if max(decision.severities, default=NEUTRAL) >= MINOR:
        broken["tags"] = (
            "The text is unchanged and a tag of minor or worse stands: "
            "change the words, remove the tag, or make it neutral."
            if decision.outcome is Outcome.EDIT
            else "A draft is not accepted while a tag of minor or worse stands."
        )
    if outcome is Outcome.ACCEPT and "no" in decision.answers:
        broken["answers"] = (
            "A criterion is answered no: accept it as fine but bland, or edit the text."
        )
    if decision.changed and decision.outcome is not Outcome.EDIT:
        broken["rewrite"] = "The text was changed: save it as an edit, or take the change back."
    return broken


def _against_a_reason(outcome: Outcome, decision: Decision) -> dict[str, str]:
    known = REASONS[outcome]
    if decision.reason not in known:
        return {"reason": f"{outcome} needs one of these reasons: {', '.join(known)}."}
    if decision.reason == OTHER and not decision.note.strip():
        return {"note": "Something else needs a note that says what."}
    return {}


@dataclass(frozen=True, slots=True)
class Worth:
    """What one review gives to training.

    `sft` "capped" rows make up at most `MOST_ACCEPTS_IN_SFT` of a dataset. `dpo` names what is
    chosen over the draft. `kto` holds (which text, its label).
    """

    grade: Literal["", "publishable", "exemplary"] = ""
    sft: Literal["no", "yes", "capped"] = "no"
    dpo: Literal["no", "golden", "sibling"] = "no"
    kto: tuple[tuple[Literal["golden", "draft"], bool], ...] = ()


MOST_ACCEPTS_IN_SFT: Final = 0.3

NOTHING: Final = Worth()


def worth(outcome: Outcome, severities: Sequence[int], *, uses_unshown_fact: bool = False) -> Worth:
    """Return what a settled outcome with tags of these severities is worth.

    `uses_unshown_fact` says that the golden rests on a fact which the model was not shown: the
    draft could not have known it, so it is never called the worse one.
    """
    worst = max(severities, default=NEUTRAL)
    match outcome:
        case Outcome.ACCEPT:
            return Worth(grade="exemplary", sft="capped", kto=(("draft", True),))
        case Outcome.BLAND:
            return Worth(grade="publishable")
        case Outcome.EDIT:
            blames = not uses_unshown_fact
            return Worth(
                grade="exemplary",
                sft="yes",
                dpo="golden" if worst >= MINOR and blames else "no",
                kto=(
                    (("golden", True), ("draft", False))
                    if worst >= MAJOR and blames
                    else (("golden", True),)
                ),
            )
        case Outcome.REJECT:
            return Worth(dpo="sibling", kto=(("draft", False),))
    return NOTHING
