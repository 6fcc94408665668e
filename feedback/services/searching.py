"""Find drafts and goldens: by their words, by a pattern, by what people and checks said of them.

Every search has a time limit of its own in the database, so that none holds up the desk: a regular
expression can be written that would take for ever.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal, TypeVar

import orjson
import psycopg
from django.core.exceptions import EmptyResultSet
from django.db import DatabaseError, connection, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Value
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import Person
from explanations.models import Draft, Finding
from explanations.models.text_search import HoldsWordsOf, Says, SharedWords
from explanations.services.drafts import without_those_to_review_blind
from feedback.models import Golden, Review, Tag

Text = TypeVar("Text", Draft, Golden)
About = Literal["drafts", "goldens"]
DRAFTS: Final[About] = "drafts"
GOLDENS: Final[About] = "goldens"

A_PAGE: Final = 50
MOST_CHARACTERS: Final = 200
# What a bigint holds, and so no number of a row is beyond.
MOST_NUMBER: Final = 2**63 - 1
LONGEST_S: Final = 5.0
# Of the words of two texts, how many both must have for them to be alike.
ALIKE: Final = 0.5


class SearchRefused(ValueError):
    """A search that cannot be made; `field` names what is wrong with it, the text says why."""

    def __init__(self, field: str, sentence: str) -> None:
        self.field = field
        super().__init__(sentence)


class TookTooLong(SearchRefused):
    """A search that was stopped at its time limit."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for. What is asked for together must hold together.

    `words` are found in the text's own language, `pattern` is a regular expression of PostgreSQL.
    `category` is the slug of one with which a review that stands has tagged the draft, `check` the
    name of one with a finding on it that nobody has dismissed for the whole task. `made_from` and
    `made_to` are days of the desk, both included; `similar_to` is a draft's number. For a golden,
    model, run and check are those of the draft that it was made from.
    """

    about: About = DRAFTS
    words: str = ""
    pattern: str = ""
    task: str = ""
    states: Sequence[str] = ()
    category: str = ""
    check: str = ""
    model: str = ""
    prompt: int | None = None
    run: int | None = None
    made_from: date | None = None
    made_to: date | None = None
    similar_to: int | None = None

    def as_asked(self) -> dict[str, Any]:
        """Return what was asked for as JSON, without what was not asked."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in asdict(self).items()
            if value not in (None, "", ()) and value != []
        }

    @classmethod
    def from_asked(cls, asked: Mapping[str, Any]) -> "Search":
        """Return the search that `as_asked` has written down."""
        days = {
            name: date.fromisoformat(asked[name])
            for name in ("made_from", "made_to")
            if name in asked
        }
        return cls(**{**asked, **days})


@dataclass(frozen=True, slots=True)
class Found:
    """One page of what was found, newest first, and how many there are in all, by state.

    `by_state` counts in every state, `total` in those that were asked for. `older` is where the
    next page begins, None on the last one.
    """

    by_state: Mapping[str, int]
    total: int
    drafts: Sequence[Draft] = ()
    goldens: Sequence[Golden] = ()
    older: int | None = None


_LOOK: Final = """
WITH found (id, state) AS MATERIALIZED ({found}),
wanted AS (SELECT id, state FROM found WHERE cardinality(%s::text[]) = 0 OR state = ANY(%s))
SELECT
    (SELECT coalesce(jsonb_object_agg(state, texts), '{{}}') FROM (
        SELECT state, count(*) AS texts FROM found GROUP BY state
    ) AS by_state),
    (SELECT count(*) FROM wanted),
    ARRAY(SELECT id FROM wanted WHERE id < %s ORDER BY id DESC LIMIT %s)
"""


def search(
    wanted: Search, person: Person, *, before: int | None = None, page_size: int = A_PAGE
) -> Found:
    """Count what is found and return a page of it: the newest, or those `before` a number.

    `person` learns nothing of what checks say about drafts that they may still review blind.
    Raises SearchRefused for what cannot be searched for, TookTooLong at the time limit.
    """
    states = list(wanted.states)
    newest = MOST_NUMBER if before is None else before
    with bounded(wanted, LONGEST_S):
        found, parameters = matching(replace(wanted, states=()), person)
        with connection.cursor() as cursor:
            cursor.execute(
                _LOOK.format(found=found),
                [*parameters, states, states, newest, page_size + 1],
            )
            by_state, total, ids = cursor.fetchone()
    page = ids[:page_size]
    return Found(
        by_state=orjson.loads(by_state),
        total=total,
        drafts=_drafts(page) if wanted.about == DRAFTS else (),
        goldens=_goldens(page) if wanted.about == GOLDENS else (),
        older=page[-1] if len(ids) > page_size else None,
    )


def matching(wanted: Search, person: Person) -> tuple[str, tuple[Any, ...]]:
    """Return a statement, with its parameters, that yields the id and state of all that is found.

    To be run within `bounded`. Raises SearchRefused.
    """
    found = _drafts_found(wanted, person) if wanted.about == DRAFTS else _goldens_found(wanted)
    if wanted.states:
        found = found.filter(state__in=list(wanted.states))
    try:
        return found.order_by().values_list("pk", "state").query.sql_with_params()
    except EmptyResultSet:
        return "SELECT NULL::bigint, NULL::text WHERE false", ()


@contextmanager
def bounded(wanted: Search, longest_s: float) -> Iterator[None]:
    """Stop every statement of the block after `longest_s`. Raises TookTooLong and SearchRefused.

    The block is a transaction, rolled back when it was stopped.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_setting('statement_timeout'),"
                " set_config('statement_timeout', %s, true)",
                [str(int(longest_s * 1000))],
            )
            (before, _now) = cursor.fetchone()
            _refuse_a_bad_pattern(wanted)
            yield
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])
    except DatabaseError as error:
        cause = error.__cause__
        if isinstance(cause, psycopg.errors.QueryCanceled):
            raise TookTooLong(*_stopped(wanted, longest_s)) from error
        if isinstance(cause, psycopg.errors.InvalidRegularExpression):
            said = (cause.diag.message_primary or "").removeprefix("invalid regular expression: ")
            raise SearchRefused(
                "pattern", _("This is no regular expression: %(why)s.") % {"why": said}
            ) from error
        raise


def _refuse_a_bad_pattern(wanted: Search) -> None:
    """Let PostgreSQL read the pattern before any text is held against it. Raises SearchRefused."""
    for field in ("words", "pattern"):
        if len(getattr(wanted, field)) > MOST_CHARACTERS:
            raise SearchRefused(
                field,
                _("At most %(most)d characters can be searched for.") % {"most": MOST_CHARACTERS},
            )
    if wanted.pattern:
        with connection.cursor() as cursor:
            cursor.execute("SELECT '' ~ %s", [wanted.pattern])


def _stopped(wanted: Search, longest_s: float) -> tuple[str, str]:
    if wanted.pattern:
        return (
            "pattern",
            _(
                "This regular expression was stopped after %(seconds)s seconds, the most that one "
                "may take. Make it simpler, or narrow the search by words, task, run or date."
            )
            % {"seconds": f"{longest_s:g}"},
        )
    return (
        "words",
        _(
            "This search was stopped after %(seconds)s seconds, the most that one may take. "
            "Narrow it by task, run or date."
        )
        % {"seconds": f"{longest_s:g}"},
    )


# --- What fits -----------------------------------------------------------------------------------


def _drafts_found(wanted: Search, person: Person) -> QuerySet[Draft]:
    found = Draft.objects.without_trials()
    findings = Finding.objects.standing().filter(draft=OuterRef("pk"))
    if wanted.check:
        found = without_those_to_review_blind(found, person)
    standing = Review.objects.standing().filter(draft=OuterRef("pk"))
    return _made(_saying(found, wanted), wanted).filter(
        *_where(wanted.task, task__slug=wanted.task),
        *_where(wanted.model, run__model_version__name=wanted.model),
        *_where(wanted.prompt, run__prompt__number=wanted.prompt),
        *_where(wanted.run, run=wanted.run),
        *_when(wanted.check, Exists(findings.filter(check_name=wanted.check))),
        *_when(wanted.category, Exists(standing.filter(tags__category__slug=wanted.category))),
    )


def _goldens_found(wanted: Search) -> QuerySet[Golden]:
    findings = Finding.objects.standing().filter(draft=OuterRef("review__draft"))
    tags = Tag.objects.filter(review=OuterRef("review"))
    return _made(_saying(Golden.objects.all(), wanted), wanted).filter(
        *_where(wanted.task, task__slug=wanted.task),
        *_where(wanted.model, review__draft__run__model_version__name=wanted.model),
        *_where(wanted.prompt, prompt__number=wanted.prompt),
        *_where(wanted.run, review__draft__run=wanted.run),
        *_when(wanted.check, Exists(findings.filter(check_name=wanted.check))),
        *_when(wanted.category, Exists(tags.filter(category__slug=wanted.category))),
    )


def _where(asked: object, **condition: object) -> list[Q]:
    return [] if asked in (None, "") else [Q(**condition)]


def _when(asked: object, condition: Exists) -> list[Exists]:
    return [] if asked in (None, "") else [condition]


def _saying(texts: QuerySet[Text], wanted: Search) -> QuerySet[Text]:
    """Keep the texts that say what is looked for."""
    if not (wanted.words or wanted.pattern or wanted.similar_to is not None):
        return texts
    texts = texts.exclude(text="")
    if wanted.words:
        texts = texts.filter(Says(wanted.words))
    if wanted.similar_to is not None:
        language, text = _words_of(wanted.similar_to)
        texts = texts.filter(HoldsWordsOf(Value(language), Value(text))).alias(
            shared=SharedWords(Value(language), Value(text))
        )
        texts = texts.filter(shared__gte=ALIKE)
    if wanted.pattern:
        texts = texts.filter(text__regex=wanted.pattern)
    return texts


def _words_of(draft_id: int) -> tuple[str, str]:
    found = (
        Draft.objects.without_trials()
        .filter(pk=draft_id)
        .exclude(text="")
        .values_list("language", "text")
        .first()
    )
    if found is None:
        raise SearchRefused(
            "similar_to", _("There is no draft %(number)d with a text.") % {"number": draft_id}
        )
    return found


def _made(texts: QuerySet[Text], wanted: Search) -> QuerySet[Text]:
    if wanted.made_from is not None:
        texts = texts.filter(created_at__gte=_midnight(wanted.made_from))
    if wanted.made_to is not None:
        texts = texts.filter(created_at__lt=_midnight(wanted.made_to + timedelta(days=1)))
    return texts


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


# --- What is shown -------------------------------------------------------------------------------


def _drafts(ids: Sequence[int]) -> list[Draft]:
    return list(
        Draft.objects.filter(pk__in=ids)
        .select_related("task", "recommendation", "model_version", "prompt")
        .order_by("-pk")
    )


def _goldens(ids: Sequence[int]) -> list[Golden]:
    return list(
        Golden.objects.filter(pk__in=ids)
        .select_related("task", "recommendation", "review__editor", "rewritten_by")
        .order_by("-pk")
    )
