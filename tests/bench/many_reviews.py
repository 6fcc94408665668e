"""A desk with much behind it: drafts that wait, and what a year of editors has left.

Made by SQL in the database itself, a few rows for each of so many drafts, without triggers and
foreign keys looking at each one: a hundred thousand drafts and a million reviews in minutes.
"""

import random
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

import psycopg
from psycopg.types.json import Jsonb

from editorial.stack.addresses import DATABASE_NAME
from editorial.stack.database import SUPERUSER
from editorial.stack.home import Home
from editorial.stack.secrets import keep
from tests.bench.bench_import import made_lines

TEMPLATES: Final = 2_000
# Tracks are recommended to many people: so many different ones stand behind all drafts.
TITLES_EACH: Final = 20
# Each reviewed draft was wanted so often: a million reviews without a million drafts.
REVIEWS_EACH: Final = 4
PAST_EDITORS: Final = 200
TAGGED: Final = "An electric adrenaline rush"
LINES: Final = (
    TAGGED + " from {artist}, with {title} at its {word} best.",
    "{artist} turn {genre} into something {word} on {title}, and you know the drummer.",
    "If you had {other} on repeat, the {word} chorus of {title} by {artist} is for you.",
    "{title} is {artist} at their most {word}: a slow burn, then the horns.",
)


def fill(home: Home, ready: int, reviews: int) -> None:
    """Put so many READY drafts into the queue, and so many reviews behind it."""
    with psycopg.connect(
        host=str(home.database),
        user=SUPERUSER,
        password=keep(home).database_superuser_password,
        dbname=DATABASE_NAME,
        autocommit=True,
    ) as database:
        database.execute("SET session_replication_role = replica")
        database.execute("SET synchronous_commit = off")
        database.execute("SET maintenance_work_mem = '256MB'")
        _write_templates(database)
        for step in _STEPS:
            begun = time.monotonic()
            database.execute(
                step,
                {
                    "ready": ready,
                    "reviewed": reviews // REVIEWS_EACH,
                    "each": REVIEWS_EACH,
                    "titles": TITLES_EACH,
                    "templates": TEMPLATES,
                    "editors": PAST_EDITORS,
                    "tagged": TAGGED,
                },
            )
            table = step.split()[2]
            print(f"  {table:40}{time.monotonic() - begun:>8.1f} s", flush=True)
        begun = time.monotonic()
        database.execute("VACUUM ANALYZE")
        database.execute("CHECKPOINT")
        print(f"  {'vacuum':40}{time.monotonic() - begun:>8.1f} s", flush=True)


def count_the_past() -> None:
    """Leave the desk's workers nothing to do about what `fill` made, as on a desk that has grown.

    Its days are counted by the desk itself. The lessons of its goldens and rejects are written
    here, alike to none that will be made: to make hundreds of thousands of them takes longer
    than a bench has.
    """
    # Once the desk's database is known.
    from django.db import connection
    from django.utils import timezone

    from explanations.models import Task
    from explanations.services.dismissing import dismissals_of
    from feedback.models import DeskDaysCounted
    from feedback.services.datasets.lessons import judging_rules
    from feedback.services.statistics.desk_days import MARGIN, keep_desk_days

    begun = time.monotonic()
    with connection.cursor() as cursor:
        for task in Task.objects.select_related("guide"):
            rules = judging_rules(task, dismissals_of(task))
            cursor.execute(_LESSONS, {"task": task.pk, "rules": rules})
        cursor.execute("VACUUM ANALYZE feedback_lesson")
    print(f"  {'feedback_lesson':40}{time.monotonic() - begun:>8.1f} s", flush=True)
    begun = time.monotonic()
    # A worker of the desk may be counting already, and then we do not: so the end is looked for.
    counted_up_to = timezone.now() - 5 * MARGIN
    while not DeskDaysCounted.objects.filter(settled_until__gte=counted_up_to).exists():
        if not keep_desk_days():
            time.sleep(0.5)
    print(f"  {'feedback_deskday':40}{time.monotonic() - begun:>8.1f} s", flush=True)


_LESSONS: Final = """
INSERT INTO feedback_lesson
    (review_id, golden_id, task_id, recommendation_id, draft_id, prompt_id, model_version_id,
     guide_id, editor_id, "group", locale, external_id, outcome, reviewed_at, categories, answers,
     tags, sft, dpo, kto_answer, kto_draft, spans, knows_more, question, answer, draft_answer,
     refused, draft_refused, judged_by, judged_at, bands)
SELECT review.id, golden.id, draft.task_id, draft.recommendation_id, draft.id, draft.prompt_id,
       draft.model_version_id, review.guide_id, review.editor_id, 'review ' || review.id,
       recommendation.locale, recommendation.external_id, review.outcome, review.created_at, '{}',
       '{}', '[]', 'yes', 'no', true, false, true, false, '', draft.text, draft.text, '', '',
       %(rules)s, now(), array_fill(0, ARRAY[32])
FROM feedback_review review
JOIN explanations_draft draft ON draft.id = review.draft_id
JOIN explanations_recommendation recommendation ON recommendation.id = draft.recommendation_id
LEFT JOIN feedback_golden golden ON golden.review_id = review.id
WHERE draft.task_id = %(task)s AND (golden.id IS NOT NULL OR review.outcome = 'REJECT')
ON CONFLICT DO NOTHING
"""


def _write_templates(database: psycopg.Connection[Any]) -> None:
    database.execute(
        """
        CREATE TEMPORARY TABLE template
        (number integer, task_id bigint, item jsonb, audience jsonb, text text, output jsonb,
         rests_on text[])
        """
    )
    with database.cursor() as cursor:
        tasks: dict[str, int] = dict(
            cursor.execute("SELECT slug, id FROM explanations_task").fetchall()
        )
        with cursor.copy("COPY template FROM STDIN") as copy:
            for number, (slug, item, audience, text, output, rests_on) in enumerate(_templates()):
                copy.write_row(
                    (
                        number,
                        tasks[slug],
                        Jsonb(item),
                        Jsonb(audience),
                        text,
                        None if output is None else Jsonb(output),
                        rests_on,
                    )
                )
    database.execute("ANALYZE template")


def _templates() -> Iterator[tuple[Any, ...]]:
    """Yield drafts of the length of real ones; `{n}` in a title makes it one of several."""
    from explanations.output_formats import get_output_format

    chance = random.Random(5)
    for line in islice(made_lines(chance, 2019, TEMPLATES), TEMPLATES):
        item, audience = line["item"], line["audience"]
        if line["task"] == "music-oneliner":
            title = item["title"].split(" (")[0]
            item["title"] = title + " {n}"
            text = chance.choice(LINES).format(
                title=item["title"],
                artist=item["artist"],
                genre=item["genre"],
                other=audience["recently_played"][0]["artist"],
                word=item["album"].split()[0].lower(),
            )
            yield line["task"], item, audience, text, None, ["/item/artist", "/item/title"]
            continue
        output: dict[str, Any] = {
            "matches": [
                {
                    "text": f"You have worked with {audience['skills'][index]}.",
                    "fact": f"/audience/skills/{index}",
                }
                for index in range(2)
            ],
            "gaps": [
                {
                    "text": f"{item['skills_wanted'][0]} is wanted.",
                    "fact": "/item/skills_wanted/0",
                    "next_step": "Set up a small server at home and keep it running.",
                }
            ],
            "verdict": "partial",
        }
        text = get_output_format("job-fit").render(output)
        yield (
            line["task"],
            item,
            audience,
            text,
            output,
            ["/audience/skills/0", "/audience/skills/1", "/item/skills_wanted/0"],
        )


# Drafts are numbered from 1: first those that wait, then those that were reviewed. The numbers of
# the desk's own rows are left alone by beginning at a base far above them.
_BASE: Final = 10_000_000
_STEPS: Final = tuple(
    step.replace("BASE", str(_BASE))
    for step in (
        """
        INSERT INTO accounts_person
            (id, password, is_superuser, username, first_name, last_name, email, is_staff,
             is_active, date_joined, is_demo)
        SELECT BASE + number, '', false, 'past' || number, '', '', '', false, true, now(), false
        FROM generate_series(0, %(editors)s - 1) number
        """,
        """
        INSERT INTO explanations_modelversion
            (id, name, kind, trained_on, scores, created_at)
        VALUES (BASE, 'bench', 'base', '', '{}', now())
        """,
        """
        INSERT INTO explanations_run
            (id, task_id, prompt_id, model_version_id, state, selection, drafts_each, created_at)
        SELECT BASE + task.id, task.id, task.prompt_id,
               BASE, 'DONE', '{}', 1, now()
        FROM explanations_task task
        """,
        """
        INSERT INTO explanations_recommendation
            (id, task_id, external_id, "group", locale, priority, content_sha256, snapshot_id,
             created_at, changed_at)
        SELECT BASE + n, task_id, 'past:' || n, 'g' || template.number, 'en',
               n %% 101, '', BASE + n, now(), now()
        FROM generate_series(1, %(ready)s + %(reviewed)s) n
        JOIN template ON template.number = n %% %(templates)s
        """,
        """
        INSERT INTO explanations_factsnapshot
            (id, recommendation_id, number, cause, item, audience, sources, created_at)
        SELECT BASE + n, BASE + n, 1, 'import',
               jsonb_set(item, '{title}', to_jsonb(
                   replace(item ->> 'title', '{n}', (n %% %(titles)s)::text))),
               audience, '{}', now()
        FROM generate_series(1, %(ready)s + %(reviewed)s) n
        JOIN template ON template.number = n %% %(templates)s
        """,
        """
        INSERT INTO explanations_draft
            (id, run_id, task_id, recommendation_id, snapshot_id, prompt_id, model_version_id,
             ordinal, told, priority, blind, state, attempt, tries, setbacks, lost, claimed_by,
             text, language, output, rests_on, request_sha256, served_by, served_model,
             prompt_tokens, completion_tokens, latency_ms, finish_reason, failure_reason, failure,
             settled_outcome, created_at, claimed_at, finished_at)
        SELECT BASE + n, run.id, run.task_id, BASE + n, BASE + n, run.prompt_id,
               run.model_version_id, 1, '', n %% 101, n %% 10 = 0,
               CASE WHEN n <= %(ready)s THEN 'READY' ELSE 'REVIEWED' END, 1, 0, 0, 0, '',
               replace(text, '{n}', (n %% %(titles)s)::text), 'english', output,
               rests_on, repeat('0', 64), 'stub', 'stub', 300, 40, 900, 'stop', '', '',
               CASE WHEN n <= %(ready)s THEN '' ELSE 'ACCEPT' END, now(), now(), now()
        FROM generate_series(1, %(ready)s + %(reviewed)s) n
        JOIN template ON template.number = n %% %(templates)s
        JOIN explanations_run run ON run.id = BASE + template.task_id
        """,
        """
        INSERT INTO explanations_finding
            (draft_id, check_name, check_version, level, message, start, "end", category_id,
             pointer, gist, blocked)
        SELECT draft.id, 'cliches', 1, 'warning', 'The guide names this as a cliché.', 3, 27,
               category.id, '', 'electric adrenaline rush', false
        FROM explanations_draft draft
        JOIN explanations_category category
          ON category.task_id = draft.task_id AND category.slug = 'tone'
        WHERE draft.id > BASE AND starts_with(draft.text, %(tagged)s)
        """,
        """
        INSERT INTO explanations_place (id, draft_id, ordinal, task_id, priority, state)
        SELECT BASE + number, BASE + number, 1, draft.task_id, draft.priority, 'OPEN'
        FROM generate_series(1, %(ready)s) number
        JOIN explanations_draft draft ON draft.id = BASE + number
        UNION ALL
        SELECT BASE + %(ready)s + (number - 1) * %(each)s + nth,
               BASE + %(ready)s + number, nth, draft.task_id, draft.priority, 'DONE'
        FROM generate_series(1, %(reviewed)s) number
        CROSS JOIN generate_series(1, %(each)s) nth
        JOIN explanations_draft draft ON draft.id = BASE + %(ready)s + number
        """,
        """
        INSERT INTO feedback_assignment
            (id, place_id, editor_id, slot, state, leased_until, work, revision, work_saved_at,
             active_ms, created_at, ended_at)
        SELECT place.id, place.id,
               BASE + (place.draft_id * 7 + place.ordinal) %% %(editors)s, 1,
               'SUBMITTED', now(),
               jsonb_build_object('outcome', 'ACCEPT', 'note', '', 'rewrite', '',
                                  'tags', '[]'::jsonb, 'answers', '{}'::jsonb),
               3, now(), 40000, now(), now()
        FROM explanations_place place WHERE place.id > BASE + %(ready)s
        """,
        """
        INSERT INTO feedback_review
            (id, draft_id, place_id, assignment_id, editor_id, key, body_sha256, outcome, reason,
             note, rewrite, alignment, active_ms, created_at)
        SELECT assignment.id, place.draft_id, place.id, assignment.id, assignment.editor_id,
               gen_random_uuid(), repeat('0', 64),
               CASE WHEN place.id %% 20 < 9 THEN 'ACCEPT' WHEN place.id %% 20 < 11 THEN 'BLAND'
                    WHEN place.id %% 20 < 17 THEN 'EDIT' ELSE 'REJECT' END,
               '', '',
               CASE WHEN place.id %% 20 BETWEEN 11 AND 16
                    THEN 'With a horn line that you will hum on the way home. ' || draft.text
                    ELSE '' END,
               CASE WHEN place.id %% 20 BETWEEN 11 AND 16
                    THEN '[{"start": 0, "end": 0, "before": "", "after_start": 0,
                            "after_end": 51, "tags": [1], "by": "near", "cause": "",
                            "after": "With a horn line that you will hum on the way home. "}]'
                         ::jsonb
                    ELSE '[]'::jsonb END,
               40000, now() - interval '1 year' * random()
        FROM feedback_assignment assignment
        JOIN explanations_place place ON place.id = assignment.place_id
        JOIN explanations_draft draft ON draft.id = place.draft_id
        WHERE assignment.id > BASE
        """,
        """
        INSERT INTO feedback_tag
            (review_id, ordinal, category_id, severity, scope, start, "end", quote, note, pointer)
        SELECT review.id, nth, category.id, category.severity, 'span', 0, 6,
               substr(draft.text, 1, 6), '', ''
        FROM feedback_review review
        JOIN explanations_draft draft ON draft.id = review.draft_id
        CROSS JOIN generate_series(1, 2) nth
        JOIN explanations_category category
          ON category.task_id = draft.task_id
          AND category.key = ((review.id * 3 + nth) %% 10)::text
        WHERE review.id > BASE AND review.id %% 20 >= 11
          AND (nth = 1 OR review.id %% 3 = 0)
        """,
        """
        INSERT INTO feedback_criterionanswer (review_id, criterion_id, answer)
        SELECT review.id, criterion.id, 'yes'
        FROM feedback_review review
        JOIN explanations_draft draft ON draft.id = review.draft_id
        JOIN explanations_criterion criterion ON criterion.task_id = draft.task_id
        WHERE review.id > BASE AND review.id %% 2 = 0
        """,
        """
        INSERT INTO feedback_golden
            (id, task_id, recommendation_id, review_id, snapshot_id, prompt_id, text, language,
             output, rests_on, grade, state, state_reason, overridden, created_at, changed_at)
        SELECT review.id, draft.task_id, draft.recommendation_id, review.id, draft.snapshot_id,
               draft.prompt_id,
               CASE review.outcome WHEN 'EDIT' THEN review.rewrite ELSE draft.text END, 'english',
               draft.output, draft.rests_on, 'exemplary', 'APPROVED', '', '[]', now(), now()
        FROM feedback_review review
        JOIN explanations_draft draft ON draft.id = review.draft_id
        WHERE review.id > BASE AND review.outcome IN ('ACCEPT', 'EDIT') AND review.id %% 4 = 0
        """,
        """
        INSERT INTO explanations_publishedline
            (source, task_id, text, words, owner, published_at)
        SELECT 'golden ' || golden.id, golden.task_id, golden.text,
               regexp_split_to_array(lower(golden.text), '\\W+'), golden.recommendation_id::text,
               now()
        FROM feedback_golden golden WHERE golden.id > BASE AND golden.output IS NULL
        """,
        """
        INSERT INTO accounts_logentry (actor_id, action, subject_type, subject_id, detail, at)
        SELECT review.editor_id, 'reviewed', 'draft', review.draft_id,
               jsonb_build_object('review', review.id, 'outcome', review.outcome), now()
        FROM feedback_review review WHERE review.id > BASE
        """,
    )
)
