"""What a text about a job says, clause by clause: the person has it, lacks it, the job wants it."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

import regex

from explanations.checks.job_fit.claim import Span


class Stance(Enum):
    """What a clause says about what it names."""

    HAS = "the person has it"
    LACKS = "the person lacks it"
    WANTS = "the job wants it"
    STEP = "what to do next"
    OPEN = "neither"


@dataclass(frozen=True, slots=True)
class Clause:
    """A stretch of the text that takes one stance. `is_gap` says that it stands under a gap."""

    start: int
    end: int
    stance: Stance
    sentence: int
    is_gap: bool = False
    is_inherited: bool = False
    """Whether the clause itself says nothing of its stance, and the one before it does."""


_SENTENCE_END: Final = regex.compile(r"(?<!\be\.g|\bi\.e|\betc|\bapprox)[.!?;]+(?=\s|$)")
_CLAUSE_BREAK: Final = regex.compile(
    r",?\s+(?:but|while|whereas|although|though|yet)\s+(?=\p{L})"
    r"|,\s+(?:and\s+)?(?=(?:you|your|the|this|it|they|which|that|where|so|what)\b)"
    r"|\s+(?=(?:where|which|that|what|because|since|as)\s+(?:the|this|your|you|it)\b)"
    r"|\s+and\s+(?=(?:you|your|the (?:job|role|position|employer|posting))\b)"
    r"|,\s+and\s+(?=(?:\d+|\w+)\s+years?\b)"
    r"|\s+(?=(?:the|this) (?:job|role|position)\s+"
    r"(?:asks?|wants?|requires?|needs?|calls?|expects?)\b)"
    r"|:\s+|\s[—–]\s|\s*[()]\s*",
    flags=regex.IGNORECASE,
)
# What every break has in it.
_BREAK_SIGNS: Final = (
    *(",", "(", ")", ": ", " — ", " – ", " but ", " while ", " whereas ", " although ", " though "),
    *(" yet ", " where ", " which ", " that ", " what ", " because ", " since ", " as ", " and "),
    *(" the job", " the role", " the position", " this job", " this role", " this position"),
)
_BULLET: Final = regex.compile(r"\s*(?:(?P<match>[+✓✔✅])|(?P<gap>[−–✗✘❌])|[-*•])\s*")
_GAP_SIGN: Final = regex.compile(r"\s*-\s")
# "Gaps: Excel and SAP", or a heading over a list.
_GAPS_HEADING: Final = regex.compile(
    r"\W*(?:gaps?|missing|what is missing|what's missing|weaknesses|(?:skills? )?to (?:add|learn)|"
    r"what you (?:lack|need|would need(?: to add)?)|areas? (?:to improve|for growth))\W*",
    flags=regex.IGNORECASE,
)
_MATCHES_HEADING: Final = regex.compile(
    r"\W*(?:strengths?|match(?:es)?|what (?:speaks|counts) for you|what you (?:have|bring)|"
    r"pros)\W*",
    flags=regex.IGNORECASE,
)
_STEP: Final = regex.compile(
    r"\s*(?:try|take|build|practi[sc]e|ask|read|write|show|volunteer|look|start|consider|complete|"
    r"learn|explore|enrol+|join|work through|work on|make|find|spend|set|put|use|add|pick|get|do|"
    r"follow|watch|create|begin|open|import|enter|prepare|highlight|mention|"
    r"a (?:short|good|free) )\b",
    flags=regex.IGNORECASE,
)
_LACKS: Final = regex.compile(
    r"\b(?:lack(?:s|ing|ed)?|missing|miss|misses|without|unfamiliar|absent)\b"
    r"|\b(?:you|profile|it|cv|skills?|experience|that|which)\s+(?:\w+\s+)?"
    r"(?:do(?:es)?|did|have|has|is|are)(?:\s+not|n['’]t)\b"
    r"|\b(?:do(?:es)?|did|have|has)(?:\s+not|n['’]t)\s+(?:yet\s+)?(?:show|list|name|mention|include|"
    r"hold|have|used?|work|cover|know|say|contain|appear|meet)"
    r"|\bnot\s+(?:yet\s+)?(?:shown?|listed|named|mentioned|in your profile|there|on your|part of|"
    r"something you|among|know|have|familiar|used)\b"
    r"|\bno\s+(?:\w+\s+)?(?:experience|evidence|mention|sign|trace|knowledge|background|record)\b"
    r"|\b(?:no|not|never|nothing about|nothing on)\s+(?=(?-i:\p{Ll}*\p{Lu}))"
    r"|\bnever\s+(?:used|worked)\b"
    r"|\byou(?:['’]d| would| will| still|['’]ll)?\s+(?:still\s+|also\s+)?need\b"
    r"|\b(?:gaps?|weak(?:ness)? (?:spot|point)s?)\s+(?:is|are|in|include|would be|remains?)\b"
    r"|\b(?:have|has|need)\s+(?:still\s+|yet\s+)?to\s+(?:learn|pick up|use|show)\b|\bnot yet\b"
    r"|\b(?:still|yet) to (?:learn|come|be shown)\b|\bfall(?:s)? short\b|\bcould not find\b",
    flags=regex.IGNORECASE,
)
# What every one of these has in it; most clauses have none.
_LACK_SIGNS: Final = (
    *("lack", "miss", "without", "unfamiliar", "absent", "not", "n't", "n’t", "no ", "never"),
    *("need", "gap", "weak", "to learn", "to pick", "to use", "to show", "to come", "short"),
)
_WANTS: Final = regex.compile(
    r"\b(?:job|role|position|employer|posting|advert|ad|opening|vacancy|description|company|they|"
    r"it|title|work)\s+(?:\w+\s+)?(?:asks?|wants?|requires?|needs?|looks? for|calls? for|expects?|"
    r"lists?|names?|prefers?|seeks?|demands?|mentions?)\b"
    r"|\b(?:required|wanted|requirements?|needed|asked for|listed)\b",
    flags=regex.IGNORECASE,
)
_WANT_SIGNS: Final = (
    *("ask", "want", "requir", "need", "look", "call", "expect", "list", "name", "prefer", "seek"),
    *("demand", "mention"),
)
_HAS: Final = regex.compile(
    r"\byou(?:['’]ve| have| already| also| can| do| both| currently| clearly)?\s+"
    r"(?:\w+ly\s+|already\s+|also\s+|both\s+)?(?:know|have|work|use|used|bring|hold|share|offer|own|meet|cover|master|"
    r"understand|speak|write|run|worked|got|come|possess|show|handle|apply|list|match|are|did|"
    r"built|managed|led|spent|studied|earned|completed|trained|graduated)\b"
    r"|\byou['’](?:ve|re)\b|\byour\s+(?:\w+\s+){0,4}(?:shows?|includes?|covers?|lists?|names?|has|"
    r"have|holds?|matches|match|fits?|meets?|is|are|carr(?:y|ies)|helps?|counts?|gives?|brings?|"
    r"spans?|overlaps?)\b"
    r"|\b(?:in|on|of) your (?:profile|cv|skills|list)\b"
    r"|\bboth (?:know|have|there)\b|\balready (?:in|on|know|have|work|there)\b",
    flags=regex.IGNORECASE,
)
_HAS_SIGNS: Final = ("you", "both", "already")


def clauses_of_text(text: str) -> Iterator[Clause]:
    sentence = 0
    at = 0
    heading = Stance.OPEN
    for line in text.split("\n"):
        bullet = _BULLET.match(line)
        body = bullet.end() if bullet else 0
        is_match = bool(bullet and bullet.group("match"))
        is_gap = bool(bullet and bullet.group("gap"))
        if line.rstrip().endswith(":"):
            heading = _stance(line)
        elif not bullet:
            heading = Stance.OPEN
        default = Stance.HAS if is_match else Stance.WANTS if is_gap else heading
        for number, (start, end) in enumerate(_sentences(line, body)):
            sentence += 1
            if is_gap and number > 0 and _STEP.match(line, start):
                yield Clause(at + start, at + end, Stance.STEP, sentence)
                continue
            span = (at + start, at + end)
            yield from _clauses_of(text, span, sentence, default, is_gap and number == 0)
        at += len(line) + 1


def _sentences(line: str, start: int) -> Iterator[Span]:
    for found in _SENTENCE_END.finditer(line, start):
        yield start, found.end()
        start = found.end()
    if line[start:].strip():
        yield start, len(line)


def _clauses_of(
    text: str, span: Span, sentence: int, default: Stance, is_gap: bool
) -> Iterator[Clause]:
    start, end = span
    lower = text[start:end].lower()
    may_break = any(sign in lower for sign in _BREAK_SIGNS)
    breaks = (
        [found.span() for found in _CLAUSE_BREAK.finditer(text, start, end)] if may_break else []
    )
    begun = start
    stances: list[tuple[int, int, Stance]] = []
    for stop, following in [*breaks, (end, end)]:
        if stop > begun:
            stances.append((begun, stop, _stance(text[begun:stop])))
            begun = following
    said = {stance for _, _, stance in stances}
    before = default
    for first, last, stance in stances:
        is_inherited = stance is Stance.OPEN
        before = stance = before if is_inherited else stance
        gap = is_gap or (stance is Stance.WANTS and Stance.LACKS in said)
        stands_as_gap = is_gap or (gap and Stance.HAS not in said)
        yield Clause(first, last, stance, sentence, stands_as_gap, is_inherited)


def _stance(clause: str) -> Stance:
    if _GAPS_HEADING.fullmatch(clause):
        return Stance.LACKS
    if _MATCHES_HEADING.fullmatch(clause):
        return Stance.HAS
    lower = clause.lower()
    if any(sign in lower for sign in _LACK_SIGNS) and _LACKS.search(clause):
        return Stance.LACKS
    if any(sign in lower for sign in _WANT_SIGNS) and _WANTS.search(clause):
        return Stance.WANTS
    if any(sign in lower for sign in _HAS_SIGNS) and _HAS.search(clause):
        return Stance.HAS
    if _STEP.match(clause):
        return Stance.STEP
    return Stance.OPEN


def shifted(found: "regex.Match[str]", clause: Clause) -> Span:
    """Return where in the text something stands that was found in the words of a clause."""
    return clause.start + found.start(), clause.start + found.end()
