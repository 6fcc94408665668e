"""A draft's text as its page shows it: findings under their words, facts and assertions linked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from explanations.assertions import Assertion, evidence_in
from explanations.context import Fact, Mention, leaf_facts, pointer_label
from explanations.models import Draft, Finding
from explanations.services.drafts import asserted_by, remarks_of

# More underlines than this, one below the other, nobody tells apart.
MOST_LANES = 5


@dataclass(frozen=True, slots=True)
class ShownAssertion:
    """A sentence or bullet with how it stands and the facts it rests on, by number and name."""

    number: int
    words: str
    standing: str
    facts: tuple[tuple[int, str], ...]

    @property
    def fact_numbers(self) -> str:
        """Return the numbers of its facts, as the page's script reads them."""
        return " ".join(str(number) for number, _label in self.facts)


@dataclass(frozen=True, slots=True)
class LinkedFact:
    """A fact with its number on the page, and the assertions that it stands in."""

    fact: Fact
    number: int
    is_used: bool
    assertions: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class LinkedText:
    """What a draft's page shows of the text and its facts."""

    text: SafeString
    assertions: Sequence[ShownAssertion]
    facts: Sequence[LinkedFact]


def linked(draft: Draft, findings: Sequence[Finding] | None) -> LinkedText:
    """Return a draft's text, facts and assertions, linked to each other by number.

    Without findings (None: they are kept from who may still review it blind) there are no marks and
    no assertions, whose standing would tell them.
    """
    facts = draft.snapshot.facts if draft.snapshot else {}
    leaves = leaf_facts(facts)
    mentions = evidence_in(draft.text, leaves)
    asserted = [] if findings is None else asserted_by(draft, remarks_of(findings), mentions)
    numbers = {fact.pointer: number for number, fact in enumerate(leaves)}
    rests_on = set(draft.rests_on)
    return LinkedText(
        _pieces(draft.text, mentions, findings or (), asserted, numbers),
        shown_assertions(draft.text, asserted, numbers),
        [
            LinkedFact(
                fact,
                numbers[fact.pointer],
                fact.pointer in rests_on,
                tuple(
                    number
                    for number, assertion in enumerate(asserted)
                    if fact.pointer in assertion.pointers
                ),
            )
            for fact in leaves
        ],
    )


def shown_assertions(
    text: str, asserted: Iterable[Assertion], numbers: dict[str, int]
) -> list[ShownAssertion]:
    """Return assertions as pages show them; `numbers` are those of the facts on the page."""
    return [
        ShownAssertion(
            number,
            text[assertion.start : assertion.end],
            assertion.standing,
            tuple(
                (numbers[pointer], pointer_label(pointer))
                for pointer in assertion.pointers
                if pointer in numbers
            ),
        )
        for number, assertion in enumerate(asserted)
    ]


def _pieces(
    text: str,
    mentions: Sequence[Mention],
    findings: Sequence[Finding],
    asserted: Sequence[Assertion],
    numbers: dict[str, int],
) -> SafeString:
    marks = [
        (finding.start, finding.end, finding)
        for finding in findings
        if finding.start is not None and finding.end is not None
    ]
    edges = {0, len(text)}
    for mention in mentions:
        edges |= {mention.start, mention.end}
    for assertion in asserted:
        edges |= {assertion.start, assertion.end}
    for start, end, _finding in marks:
        edges |= {start, min(end, len(text))}
    return format_html_join(
        "",
        "{}",
        (
            (_piece(text[here:there], here, there, mentions, marks, asserted, numbers),)
            for here, there in pairwise(sorted(edges))
        ),
    )


def _piece(
    words: str,
    here: int,
    there: int,
    mentions: Sequence[Mention],
    marks: Sequence[tuple[int, int, Finding]],
    asserted: Sequence[Assertion],
    numbers: dict[str, int],
) -> str | SafeString:
    piece: str | SafeString = words
    covering = [
        (finding, start == here) for start, end, finding in marks if start <= here and there <= end
    ]
    for lane, (finding, begins) in enumerate(covering):
        key = finding.category.key if finding.category else ""
        piece = format_html(
            '<mark class="{}" data-key="{}" title="{}">{}</mark>',
            f"marked marked-finding lane-{min(lane, MOST_LANES - 1)}"
            + f" category-{key}" * bool(key)
            + " begins" * begins,
            key if begins else "",
            finding.message,
            piece,
        )
    facts = [
        str(numbers[mention.pointer])
        for mention in mentions
        if mention.start <= here and there <= mention.end
    ]
    within = [
        number
        for number, assertion in enumerate(asserted)
        if assertion.start <= here and there <= assertion.end
    ]
    if not facts and not within:
        return piece
    return format_html(
        '<span class="{}" data-link="words" data-facts="{}" data-assertion="{}">{}</span>',
        "linked is-mention" if facts else "linked",
        " ".join(dict.fromkeys(facts)),
        within[0] if within else "",
        piece,
    )
