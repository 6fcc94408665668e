"""Examples: what was chosen, read through a server-side cursor and made ready for the formats."""

from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Final

import orjson
import psycopg
from psycopg.types.string import ByteaBinaryLoader

from explanations.models import Guide, ModelVersion, Prompt, Task
from explanations.prompts import opening_messages, user_message
from feedback.formats import About, Example, get_training_format
from feedback.recipe import SPLITS, Recipe, SplitName
from feedback.services.datasets.choosing import Cursor

BATCH: Final = 2_000

Found = tuple[SplitName, Example]
ChosenRow = tuple[Any, ...]
COMMON: Final = (
    "split", "task", "group", "locale", "recommendation", "golden_id", "review_id", "draft_id",
    "prompt", "guide", "model", "question", "facts",
)  # fmt: skip
SPLIT: Final = COMMON.index("split")
REST: Final[Mapping[About, tuple[str, ...]]] = {
    About.ANSWERS: ("answer",),
    About.PAIRS: ("answer", "draft_answer", "tags"),
    About.JUDGED: ("answer", "draft_answer", "likes_answer", "dislikes_draft"),
    About.DRAFTS: ("draft", "golden", "outcome", "tags", "alignment"),
    About.EXAMINATIONS: ("answer", "golden", "alternatives"),
}
"""What only rows of one kind have, by the names of `Example`."""
LOOSE: Final = frozenset({"tags", "alignment"})
"""What is JSON in the database already, which writes it with spaces."""
_AS_JSON: Final[Mapping[str, str]] = {
    **dict.fromkeys(("split", "task", "locale", "prompt", "guide", "model"), "{}::text"),
    **dict.fromkeys(("review_id", "draft_id", *LOOSE), "{}::text"),
    **dict.fromkeys(("likes_answer", "dislikes_draft"), "{}::text"),
    "golden_id": "COALESCE({}::text, 'null')",
}

_COLUMNS: Final = """
    chosen.split, chosen.task_id, lesson."group", lesson.locale, lesson.external_id,
    {golden}, chosen.review_id, lesson.draft_id, lesson.prompt_id, lesson.guide_id,
    lesson.model_version_id, lesson.question, {facts}
"""
_NO_FACTS: Final = "''"
_FACTS: Final = """(
    SELECT jsonb_build_object('item', snapshot.item, 'audience', snapshot.audience)::text
    FROM explanations_factsnapshot snapshot
    WHERE snapshot.id = COALESCE(
        (SELECT golden.snapshot_id FROM feedback_golden golden WHERE golden.id = lesson.golden_id),
        (SELECT draft.snapshot_id FROM explanations_draft draft WHERE draft.id = lesson.draft_id)
    )
)"""
# Both lie in the order of their reviews, and so the rows come in it without being sorted. A review
# may have lessons of several goldens; were their ids said to be equal, the database would take that
# for rare and expect hardly any row.
_LESSON: Final = """
    FROM chosen
    JOIN feedback_lesson lesson
      ON lesson.review_id = chosen.review_id AND lesson.id BETWEEN chosen.id AND chosen.id
"""
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
               COALESCE((
                   SELECT jsonb_agg(jsonb_build_object(
                       'start', change -> 'start', 'end', change -> 'end',
                       'after_start', change -> 'after_start', 'after_end', change -> 'after_end',
                       'before', change -> 'before', 'after', change -> 'after',
                       'tags', change -> 'tags', 'by', change -> 'by', 'cause', change -> 'cause'
                   ) ORDER BY nth)
                   FROM jsonb_array_elements(review.alignment) WITH ORDINALITY each (change, nth)
               ), '[]')
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
) -> Iterator[list[Found]]:
    """Yield batch after batch what was chosen of one kind, in the order of its reviews; `most` of
    them, or all.

    Raises explanations.prompts.TemplateError where the recipe names a prompt that cannot be filled.
    """
    desk = Desk(recipe)
    for rows in read_rows(own, recipe, about, most):
        yield [(row[SPLIT], desk.example(row, about)) for row in rows]


def read_rows(
    own: psycopg.Connection[Any], recipe: Recipe, about: About, most: int | None = None
) -> Generator[list[ChosenRow], None, None]:
    """Yield the same as rows of the database: the columns of `COMMON`, then those of `REST`."""
    desk = Desk(recipe)
    with own.cursor(f"rows_{about}", binary=True) as cursor:
        for rows in _fetched(cursor, _statement(recipe, about), most):
            yield [desk.asked_otherwise(row) for row in rows] if recipe.prompts else rows


def read_json(
    own: psycopg.Connection[Any], recipe: Recipe, about: About
) -> Generator[list[ChosenRow], None, None]:
    """Yield the same columns as the bytes that the database writes: texts and lists of them as JSON
    is written here too, `LOOSE` ones as JSON with spaces, all others plainly; no number is `null`.

    Not for a recipe that names prompts.
    """
    names = COMMON + REST[about]
    columns = ", ".join(_AS_JSON.get(name, "to_json({})").format(f'"{name}"') for name in names)
    found = ", ".join(f'"{name}"' for name in names)
    statement = f"SELECT {columns} FROM ({_statement(recipe, about)}) found ({found})"  # noqa: S608
    with own.cursor(f"json_{about}", binary=True) as cursor:
        for written in ("text", "json"):
            cursor.adapters.register_loader(written, ByteaBinaryLoader)
        yield from _fetched(cursor, statement, None)


def _statement(recipe: Recipe, about: About) -> str:
    needs_facts = about in (About.DRAFTS, About.EXAMINATIONS) or bool(recipe.prompts)
    return _STATEMENTS[about].format(
        lesson=_LESSON,
        columns=_COLUMNS.format(
            golden=_GOLDEN_OF_PAIR if about is About.PAIRS else _GOLDEN,
            facts=_FACTS if needs_facts else _NO_FACTS,
        ),
    )


def _fetched(
    cursor: Any, statement: str, most: int | None
) -> Generator[list[ChosenRow], None, None]:
    """Yield batch after batch; the next rows come while these are worked on."""
    with ThreadPoolExecutor(1) as beside:
        cursor.itersize = BATCH
        cursor.execute(statement + " LIMIT %s", [most])
        rows = cursor.fetchmany(BATCH)
        while rows:
            following = beside.submit(cursor.fetchmany, BATCH)
            yield rows
            rows = following.result()


_COUNT: Final = """
SELECT split, sum(reviews) FILTER (WHERE answers), sum(reviews) FILTER (WHERE pairs),
       sum(reviews) FILTER (WHERE likes OR dislikes), sum(reviews) FILTER (WHERE drafts),
       sum(reviews) FILTER (WHERE examinations), sum(reviews) FILTER (WHERE likes AND dislikes)
FROM kind GROUP BY split
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
        for split, *numbers, both in (
            (split, *(int(number or 0) for number in numbers))
            for split, *numbers in cursor.fetchall()
        )
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


class Desk:
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

    def example(self, row: ChosenRow, about: About) -> Example:
        """Return the row as formats read it."""
        common = dict(zip(COMMON, row, strict=False))
        asked = self._prompt(common["prompt"])
        provenance = {
            "task": self._tasks[common["task"]],
            "split": common["split"],
            "group": common["group"],
            "locale": common["locale"],
            "recommendation": common["recommendation"],
            "golden_id": common["golden_id"],
            "review_id": common["review_id"],
            "draft_id": common["draft_id"],
            "prompt_id": asked.pk,
            "prompt_number": asked.number,
            "prompt_sha256": asked.sha256,
            "guide_number": self._guides.get(common["guide"]),
            "model": self._models[common["model"]],
        }
        rest = dict(zip(REST[about], row[len(COMMON) :], strict=True))
        prompt = asked.messages(common["question"])
        return Example(provenance, prompt, facts=common["facts"], **rest)

    def asked_otherwise(self, row: ChosenRow) -> ChosenRow:
        """Return the row with the prompt that the recipe names for its task, if it names one."""
        common = dict(zip(COMMON, row, strict=False))
        asked = self._instead.get(common["task"])
        if asked is None:
            return row
        question = user_message(asked.template, orjson.loads(common["facts"]))["content"]
        return (
            *(common | {"prompt": asked.pk, "question": question}).values(),
            *row[len(COMMON) :],
        )
