"""What the review screen shows of one draft: the page's context, made from rows."""

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from accounts.models import Person
from explanations.assertions import Assertion, Remark, evidence_in
from explanations.context import SIDES, Fact, leaf_facts, names_of
from explanations.models import Draft, StandingFinding
from explanations.output_formats import FormGroup, get_output_format
from explanations.services.drafts import asserted_by
from explanations.views.linked_text import shown_assertions
from feedback.models import Assignment, FactReport
from feedback.outcomes import REASONS, Outcome
from feedback.services.desk import around
from feedback.services.goldens import facts_seen
from feedback.views.evidence import Marks, evidence, item_address, value_in_words
from feedback.views.home import decided_today
from feedback.views.keys import keys_context
from feedback.views.rewrite_form import rewrite_form

# A rewrite may be longer than a draft should be; the format says no when it is saved.
MOST_TYPED_CHARACTERS = 2_000
MOST_OPTION_CHARACTERS = 70
# The names that do not count as words of a line.
UNCOUNTED = ("/item/title", "/item/artist")

REASON_DIALOGS = (
    (Outcome.UNREVIEWABLE, "unreviewable", _("Unreviewable")),
    (Outcome.ESCALATE, "escalate", _("To the lead")),
    (Outcome.SKIP, "skip", _("Skip")),
)


def desk_context(
    request: HttpRequest, editor: Person, assignment: Assignment | None
) -> dict[str, Any]:
    """Return the context of `feedback/desk.html`: one draft with all about it, or an empty desk."""
    wish = wish_of(request)
    desk = around(editor, assignment.place.draft if assignment else None)
    context: dict[str, Any] = {
        "assignment": assignment,
        "wish": f"?{wish}" if wish else "",
        "last_review": desk.last_review,
        **keys_context(editor),
    }
    if assignment is None:
        return context | {"decided_today": decided_today(editor)["decided"]}
    draft = assignment.place.draft
    facts, sources = facts_seen(draft)
    leaves = leaf_facts(facts)
    mentions = evidence_in(draft.text, leaves)
    remarks = [
        Remark(finding["start"], finding["end"], finding["category"])
        for finding in draft.standing_findings
    ]
    # How an assertion stands follows from the findings, which the blind sample does not show.
    asserted = [] if draft.blind else asserted_by(draft, remarks, mentions)
    numbers = {fact.pointer: number for number, fact in enumerate(leaves)}
    options = [(fact.pointer, _option(fact)) for fact in leaves]
    return context | {
        "place": assignment.place,
        "draft": draft,
        "item_address": item_address(draft.task.item_url_template, facts),
        "evidence": evidence(
            facts,
            Marks(
                sources,
                {mention.pointer for mention in mentions},
                desk.reported,
                numbers,
                _assertions_by_fact(asserted),
            ),
        ),
        "assertions": shown_assertions(draft.text, asserted, numbers),
        "fact_options": _joined(options, ""),
        "taxonomy": desk.taxonomy,
        "rewrite_form": rewrite_form(
            draft, {side: _joined(options, f"/{side}/") for side in SIDES}
        ),
        "most_characters": MOST_TYPED_CHARACTERS,
        "reasons": [
            {"name": name, "title": title, "reasons": REASONS[outcome].items()}
            for outcome, name, title in REASON_DIALOGS
        ],
        "problems": FactReport.Problem.choices,
        "page": {
            "assignment": {
                "id": assignment.pk,
                "person": editor.pk,
                "revision": assignment.revision,
                "active_ms": assignment.active_ms,
                "save": reverse("review-save", args=[assignment.pk]),
                "check": reverse("review-check", args=[assignment.pk]),
                "renew": reverse("review-renew", args=[assignment.pk]),
            },
            "submit": reverse("review-submit", args=[assignment.pk]) + context["wish"],
            "address": reverse("review-draft", args=[assignment.pk]) + context["wish"],
            "draft": {
                "id": draft.pk,
                "text": draft.text,
                "output": draft.output,
                "locale": draft.recommendation.locale,
            },
            "categories": [
                {
                    "slug": category.slug,
                    "key": category.key,
                    "name": category.name,
                    "severity": category.severity,
                    "decides": category.decides,
                }
                for category in desk.taxonomy.categories
            ],
            "findings": [_shown_finding(finding) for finding in draft.standing_findings],
            "mentions": [
                {
                    "start": mention.start,
                    "end": mention.end,
                    "fact": str(numbers[mention.pointer]),
                }
                for mention in mentions
            ],
            "assertions": [{"start": each.start, "end": each.end} for each in asserted],
            "names": _uncounted_names(draft, leaves),
            "word_limit": draft.task.word_limit,
            "lines": _lines(draft),
            "every_change_explained": draft.task.every_change_explained,
            "work": assignment.work,
        },
    }


def wish_of(request: HttpRequest) -> str:
    """Return what the editor asked to review, as a query string that the next draft keeps."""
    kept = {key: request.GET[key] for key in ("task", "escalated") if request.GET.get(key)}
    return urlencode(kept)


def _option(fact: Fact) -> SafeString:
    value = value_in_words(fact.value)
    if len(value) > MOST_OPTION_CHARACTERS:
        value = Truncator(value).chars(MOST_OPTION_CHARACTERS)
    return format_html('<option value="{}">{}: {}</option>', fact.pointer, fact.label, value)


def _joined(options: Iterable[tuple[str, SafeString]], below: str) -> SafeString:
    """Return the options of the facts whose pointers begin so."""
    kept = ((option,) for pointer, option in options if pointer.startswith(below))
    return format_html_join("", "{}", kept)


def _shown_finding(finding: StandingFinding) -> Mapping[str, object]:
    return {
        "id": finding["id"],
        "category": finding["category"] or None,
        "message": finding["message"],
        "start": finding["start"],
        "end": finding["end"],
        "pointer": finding["pointer"],
        "dismiss": reverse("dismiss-finding", args=[finding["id"]]),
    }


def _assertions_by_fact(asserted: Iterable[Assertion]) -> dict[str, tuple[int, ...]]:
    """Return in which assertions each fact stands, counted from one as people do."""
    found: dict[str, tuple[int, ...]] = {}
    for number, assertion in enumerate(asserted, start=1):
        for pointer in assertion.pointers:
            found[pointer] = (*found.get(pointer, ()), number)
    return found


def _uncounted_names(draft: Draft, leaves: list[Fact]) -> list[str]:
    if draft.output is not None:
        return []
    return [name for fact in leaves if fact.pointer in UNCOUNTED for name in names_of(fact)]


def _lines(draft: Draft) -> list[dict[str, object]]:
    """Return how the fields of a structured draft make the lines that people read."""
    if draft.output is None:
        return []
    form = get_output_format(draft.task.output_format).edit_form
    return [
        {"name": part.name, "repeats": isinstance(part, FormGroup), "line": part.line}
        for part in form
    ]
