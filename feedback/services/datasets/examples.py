"""Examples: what was chosen, read through a server-side cursor and made ready for the formats."""

from collections.abc import Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

import orjson
import psycopg

from explanations.models import Guide, ModelVersion, Prompt, Task
from explanations.prompts import opening_messages, user_message
from feedback.formats import About, Example, get_training_format
from feedback.recipe import SPLITS, Recipe, SplitName
from feedback.services.datasets.choosing import Cursor

BATCH: Final = 2_000

Found = tuple[SplitName, Example]
Row = tuple[Any, ...]
# Where in a row the columns begin that only its kind has.
_REST: Final = 13

_COLUMNS: Final = """
    chosen.split, chosen.task_id, lesson."group", lesson.locale, lesson.external_id,
    {golden}, chosen.review_id, lesson.draft_id, lesson.prompt_id, lesson.guide_id,
    lesson.model_version_id, lesson.question, {facts}
"""
_NO_FACTS: Final = "NULL"
_FACTS: Final = """(
    SELECT jsonb_build_object('item', snapshot.item, 'audience', snapshot.audience)
    FROM explanations_factsnapshot snapshot
    WHERE snapshot.id = COALESCE(
        (SELECT golden.snapshot_id FROM feedback_golden golden WHERE golden.id = lesson.golden_id),
        (SELECT draft.snapshot_id FROM explanations_draft draft WHERE draft.id = lesson.draft_id)
    )
)"""
_LESSON: Final = "FROM chosen JOIN feedback_lesson lesson ON lesson.id = chosen.id"
_STATEMENTS: Final[Mapping[About, str]] = {
    About.ANSWERS: """
        SELECT {columns}, lesson.answer {lesson}
        WHERE chosen.answers ORDER BY chosen.review_id
    """,
    About.PAIRS: """
        SELECT {columns}, better.answer, lesson.draft_answer, lesson.tags {lesson}
        JOIN feedback_lesson better ON better.id = chosen.pair_with
        WHERE chosen.pair_with IS NOT NULL ORDER BY chosen.review_id
    """,
    About.JUDGED: """
        SELECT {columns}, lesson.answer, lesson.draft_answer, chosen.likes, chosen.dislikes
        {lesson}
        WHERE chosen.likes OR chosen.dislikes ORDER BY chosen.review_id
    """,
    About.DRAFTS: """
        SELECT {columns}, draft.text, COALESCE(golden.text, ''), lesson.outcome, lesson.tags,
               review.alignment
        {lesson}
        JOIN explanations_draft draft ON draft.id = lesson.draft_id
        JOIN feedback_review review ON review.id = chosen.review_id
        LEFT JOIN feedback_golden golden ON golden.id = lesson.golden_id
        WHERE chosen.drafts ORDER BY chosen.review_id
    """,
    # Other answers to the same question that people stand behind, publishable ones as well.
    About.EXAMINATIONS: """
        SELECT {columns}, lesson.answer, golden.text, ARRAY(
            SELECT DISTINCT other.answer FROM feedback_lesson other
            JOIN feedback_golden approved
              ON approved.id = other.golden_id AND approved.state = 'APPROVED'
            WHERE other.recommendation_id = lesson.recommendation_id
              AND other.question = lesson.question
              AND other.refused = '' AND other.answer <> lesson.answer
            ORDER BY other.answer
        )
        {lesson}
        JOIN feedback_golden golden ON golden.id = lesson.golden_id
        WHERE chosen.examinations ORDER BY chosen.review_id
    """,
}
_GOLDEN: Final = "lesson.golden_id"
_GOLDEN_OF_PAIR: Final = "better.golden_id"


def examples(
    own: psycopg.Connection[Any], recipe: Recipe, about: About, most: int | None = None
) -> Generator[list[Found], None, None]:
    """Yield batch after batch what was chosen of one kind, in the order of its reviews; `most` of
    them, or all.

    Raises explanations.prompts.TemplateError where the recipe names a prompt that cannot be filled.
    """
    desk = _Desk(recipe)
    needs_facts = about in (About.DRAFTS, About.EXAMINATIONS) or bool(recipe.prompts)
    statement = _STATEMENTS[about].format(
        lesson=_LESSON,
        columns=_COLUMNS.format(
            golden=_GOLDEN_OF_PAIR if about is About.PAIRS else _GOLDEN,
            facts=_FACTS if needs_facts else _NO_FACTS,
        ),
    )
    make = _MAKE[about]
    # The next rows come while these are worked on.
    with own.cursor(f"rows_{about}", binary=True) as cursor, ThreadPoolExecutor(1) as beside:
        cursor.itersize = BATCH
        cursor.execute(statement + " LIMIT %s", [most])
        rows = cursor.fetchmany(BATCH)
        while rows:
            following = beside.submit(cursor.fetchmany, BATCH)
            yield [(row[0], make(*desk.asked(row), row[_REST:])) for row in rows]
            rows = following.result()


_COUNT: Final = """
SELECT split, count(*) FILTER (WHERE answers), count(*) FILTER (WHERE pair_with IS NOT NULL),
       count(*) FILTER (WHERE likes OR dislikes), count(*) FILTER (WHERE drafts),
       count(*) FILTER (WHERE examinations), count(*) FILTER (WHERE likes AND dislikes)
FROM chosen GROUP BY split
"""


def count_wanted(cursor: Cursor, recipe: Recipe) -> int:
    """Return how many reviews there are to write, each counted once for each format."""
    return sum(
        reviews[get_training_format(slug).about]
        for reviews, _both in _counted(cursor).values()
        for slug in recipe.formats
    )


def count_rows(cursor: Cursor, recipe: Recipe) -> dict[str, dict[SplitName, int]]:
    """Return format -> split -> rows, as they would be written."""
    counted = _counted(cursor)
    rows: dict[str, dict[SplitName, int]] = {}
    for slug in recipe.formats:
        about = get_training_format(slug).about
        rows[slug] = {
            # A review that likes one text and not the other gives two rows.
            split: counted[split][0][about] + (counted[split][1] if about is About.JUDGED else 0)
            for split in SPLITS
            if split in counted
        }
    return rows


def _counted(cursor: Cursor) -> dict[SplitName, tuple[dict[About, int], int]]:
    cursor.execute(_COUNT)
    return {
        split: (dict(zip(About, numbers, strict=True)), both)
        for split, *numbers, both in cursor.fetchall()
    }


# --- What is the same in thousands of rows -------------------------------------------------------


class _Asked:
    """A prompt, its messages written to JSON once."""

    def __init__(self, prompt: Prompt) -> None:
        self.pk = prompt.pk
        self.number = prompt.number
        self.sha256 = prompt.sha256
        self.template = prompt.user_template
        opening = opening_messages(prompt.system, prompt.examples, prompt.user_template)
        self._begins = b"".join(orjson.dumps(message) + b"," for message in opening)

    def messages(self, question: str) -> bytes:
        return b'%b{"role":"user","content":%b}' % (self._begins, orjson.dumps(question))


class _Desk:
    """What rows name by its id."""

    def __init__(self, recipe: Recipe) -> None:
        self._tasks = dict(Task.objects.values_list("pk", "slug"))
        self._models = dict(ModelVersion.objects.values_list("pk", "name"))
        self._guides = dict(Guide.objects.values_list("pk", "number"))
        self._prompt = cache(lambda pk: _Asked(Prompt.objects.get(pk=pk)))
        # Of the recipe, instead of those that the drafts were made with.
        self._instead = {
            prompt.task_id: _Asked(prompt)
            for slug, number in recipe.prompts.items()
            for prompt in Prompt.objects.filter(task__slug=slug, number=number)
        }

    def asked(self, row: Row) -> tuple[dict[str, object], bytes, str]:
        """Return where an example comes from, what a model is asked, and by which facts."""
        (
            split, task, group, locale, recommendation, golden, review, draft, prompt, guide,
            model, question, facts,
        ) = row[:_REST]  # fmt: skip
        asked = self._instead.get(task)
        if asked is None:
            asked = self._prompt(prompt)
        else:
            question = user_message(asked.template, facts)["content"]
        provenance = {
            "task": self._tasks[task],
            "split": split,
            "group": group,
            "locale": locale,
            "recommendation": recommendation,
            "golden_id": golden,
            "review_id": review,
            "draft_id": draft,
            "prompt_id": asked.pk,
            "prompt_number": asked.number,
            "prompt_sha256": asked.sha256,
            "guide_number": self._guides.get(guide),
            "model": self._models[model],
        }
        return (
            provenance,
            asked.messages(question),
            "" if facts is None else orjson.dumps(facts).decode(),
        )


# --- What each kind has besides ------------------------------------------------------------------

_From = dict[str, object]


def _answer(provenance: _From, prompt: bytes, facts: str, rest: Row) -> Example:
    return Example(provenance, prompt, rest[0])


def _pair(provenance: _From, prompt: bytes, facts: str, rest: Row) -> Example:
    answer, draft_answer, tags = rest
    return Example(provenance, prompt, answer, draft_answer, tags=tags)


def _judged(provenance: _From, prompt: bytes, facts: str, rest: Row) -> Example:
    return Example(provenance, prompt, *rest)


def _draft(provenance: _From, prompt: bytes, facts: str, rest: Row) -> Example:
    draft, golden, outcome, tags, changes = rest
    return Example(
        provenance,
        prompt,
        facts=facts,
        draft=draft,
        golden=golden,
        outcome=outcome,
        tags=tags,
        alignment=[{name: change.get(name) for name in _CHANGE} for change in changes],
    )


_CHANGE: Final = (
    "start", "end", "after_start", "after_end", "before", "after", "tags", "by", "cause",
)  # fmt: skip


def _examination(provenance: _From, prompt: bytes, facts: str, rest: Row) -> Example:
    answer, golden, alternatives = rest
    return Example(
        provenance, prompt, answer, facts=facts, golden=golden, alternatives=alternatives
    )


_MAKE: Final[Mapping[About, Callable[[_From, bytes, str, Row], Example]]] = {
    About.ANSWERS: _answer,
    About.PAIRS: _pair,
    About.JUDGED: _judged,
    About.DRAFTS: _draft,
    About.EXAMINATIONS: _examination,
}
