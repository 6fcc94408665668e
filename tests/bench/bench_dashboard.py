"""How long the numbers of the dashboard take where a million reviews stand behind them.

    python tests/bench/bench_dashboard.py

Starts a PostgreSQL of its own and fills it with 1,000,000 reviewed drafts of two tasks, four
models, four prompts, three locales and a year, and 3,000,000 tags. The keeper counts them all from
nothing, a recount proves it right, and each view is asked about many questions, right after
PostgreSQL was started anew, through the web server's own code. Beside them stands the same question
asked of the reviews themselves.

    REVIEWS=100000 python tests/bench/bench_dashboard.py

is done sooner. DASHBOARD_HOME keeps the filled database in a folder and finds it there again.
"""

import json
import os
import random
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import StringIO
from pathlib import Path
from typing import Any, Final

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from editorial.stack import database, secrets  # noqa: E402
from editorial.stack.addresses import DATABASE_NAME  # noqa: E402
from editorial.stack.database import SUPERUSER  # noqa: E402
from editorial.stack.home import Home  # noqa: E402
from editorial.stack.testing import _running  # noqa: E402

REVIEWS: Final = int(os.environ.get("REVIEWS", "1000000"))
TIMES: Final = 30
RAW_TIMES: Final = 3


def main() -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    kept = os.environ.get("DASHBOARD_HOME", "")
    home = Home(Path(kept or tempfile.mkdtemp(prefix="copydesk-bench-")))
    home.prepare()
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "editorial.settings",
        "COPYDESK_HOME": str(home.root),
        "LLM_URL": "http://127.0.0.1:9/v1",
        "BROKER_URL": "redis://127.0.0.1:9/0",
        "LOG_LEVEL": "ERROR",
    }
    os.environ.pop("DATABASE_URL", None)
    try:
        figures = measure(home)
    finally:
        if not kept:
            shutil.rmtree(home.root, ignore_errors=True)
    print()
    print(json.dumps(figures))


def measure(home: Home) -> dict[str, Any]:
    """Fill, count and ask."""
    figures: dict[str, Any] = {"cores": os.cpu_count() or 1, "reviews": REVIEWS}
    with postgresql(home):
        import django

        django.setup()
        figures |= filled_and_counted(home)
    p95, queries, raw, medians = {}, {}, {}, {}
    for view, path in VIEWS.items():
        with postgresql(home):
            asked = Asked(view, path)
            p95[view], medians[view], queries[view] = asked.p95_ms, asked.p50_ms, asked.queries
            print(f"{view:24}{asked.p50_ms:>9.0f}{asked.p95_ms:>9.0f}  ms   {asked.queries}")
    with postgresql(home):
        for name, seconds in asked_of_the_reviews().items():
            raw[name] = seconds
            print(f"{name:24}{seconds * 1000:>9.0f}  ms  of the reviews themselves")
    figures["memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures | {"p95_ms": p95, "p50_ms": medians, "queries": queries, "raw_s": raw}


@contextmanager
def postgresql(home: Home) -> Iterator[None]:
    """A PostgreSQL that has just been started, as a desk runs it."""
    from django.db import connection

    kept = secrets.keep(home)
    database.prepare(home, kept, lambda _line: None, survives_power_cut=False)
    with _running(
        home, "database", database.command(home, database.SETTINGS), database.STOP_SIGNAL
    ) as is_running:
        database.wait_until_ready(home, kept, lambda _line: None, is_running)
        database.make_application_database(home, kept)
        yield
        connection.close()


# What is asked ------------------------------------------------------------------------------------

VIEWS: Final[Mapping[str, str]] = {
    "glance": "/dashboard/",
    "errors": "/dashboard/errors/",
    "outcomes": "/dashboard/outcomes/",
    "criteria": "/dashboard/criteria/",
    "effort": "/dashboard/effort/",
    "comparison": "/dashboard/comparison/",
    "drafts": "/dashboard/drafts/",
    "figures_rest": "/api/v1/stats/figures/",
    "parts_rest": "/api/v1/stats/parts/model/",
    "over_weeks_rest": "/api/v1/stats/over-time/week/",
    "over_months_rest": "/api/v1/stats/over-time/month/",
    "errors_over_weeks_rest": "/api/v1/stats/errors-over-time/week/",
    "comparison_rest": "/api/v1/stats/comparison/",
    "first_screen_rest": "/api/v1/stats/first-screen/",
    "drafts_rest": "/api/v1/stats/drafts/",
    "choices_rest": "/api/v1/stats/choices/",
    "desk": "/dashboard/desk/",
    "people": "/dashboard/people/",
    "desk_rest": "/api/v1/stats/desk/",
}


def questions(view: str) -> Iterator[str]:
    """Yield query strings that people would follow: all of a year, a month, one category."""
    chance = random.Random(view)
    narrowings = {
        view: ["category=generic", "severity=critical", "outcome=unreviewable", ""]
        for view in ("drafts", "drafts_rest")
    }
    for number in range(TIMES):
        task = chance.choice(["music-oneliner", "job-fit"])
        days = ["", "&from=2026-01-01", "&from=2025-12-09&to=2026-10-21", "&from=2026-10-25"]
        sample = chance.choice(["", "&sample=blind", "&sample=queue&stratum=niche"])
        asked = f"task={task}{days[number % len(days)]}{sample}"
        if view == "comparison_rest":
            yield f"{asked}&model=bench-0&against.model=bench-1"
        else:
            yield f"{asked}&{chance.choice(narrowings.get(view, ['']))}"


class Asked:
    """One view, asked many questions, the first ones of a PostgreSQL that remembers nothing."""

    def __init__(self, view: str, path: str) -> None:
        from django.db import connection, reset_queries
        from django.test import Client
        from django.test.utils import CaptureQueriesContext

        from accounts.models import Person

        browser = Client(SERVER_NAME="localhost")
        browser.force_login(Person.objects.get(username="max"))
        times, counts = [], set()
        for query in questions(view):
            # Django keeps the last 9,000 statements only: beyond them each question would count 0.
            reset_queries()
            with CaptureQueriesContext(connection) as captured:
                begun = time.perf_counter()
                answer = browser.get(f"{path}?{query}")
                times.append(time.perf_counter() - begun)
            assert answer.status_code == 200, (query, answer.content[:500])
            counts.add(len(captured))
        self.p50_ms = round(1000 * statistics.median(times), 1)
        self.p95_ms = round(1000 * sorted(times)[len(times) * 95 // 100], 1)
        self.queries = max(counts)


def asked_of_the_reviews() -> dict[str, float]:
    """Return the seconds of questions that are asked of the reviews and their tags."""
    from django.db import connection

    found = {}
    for name, statement in RAW.items():
        times = []
        for _ in range(RAW_TIMES):
            with connection.cursor() as cursor:
                begun = time.perf_counter()
                cursor.execute(statement)
                cursor.fetchall()
                times.append(time.perf_counter() - begun)
        found[name] = round(statistics.median(times), 3)
    return found


_STANDING: Final = """
    FROM explanations_draft draft
    JOIN explanations_task task ON task.id = draft.task_id AND task.slug = 'music-oneliner'
    JOIN feedback_review review ON review.draft_id = draft.id
     AND review.outcome = draft.settled_outcome
     AND NOT EXISTS (SELECT FROM feedback_review later WHERE later.supersedes_id = review.id)
"""
RAW: Final[Mapping[str, str]] = {
    "errors": f"""
        SELECT tag.category_id, tag.severity, count(*), count(DISTINCT review.id)
        {_STANDING}
        LEFT JOIN feedback_tag tag ON tag.review_id = review.id
        GROUP BY tag.category_id, tag.severity
    """,
    "weeks": f"""
        SELECT date_trunc('week', review.created_at), review.outcome, count(*),
               sum((SELECT count(*) FROM feedback_tag tag
                    WHERE tag.review_id = review.id AND tag.severity > 0))
        {_STANDING} GROUP BY 1, 2
    """,
    "drafts": f"""
        SELECT draft.id, review.created_at
        {_STANDING}
        WHERE EXISTS (
            SELECT FROM feedback_tag tag JOIN explanations_category category
              ON category.id = tag.category_id AND category.slug = 'generic'
            WHERE tag.review_id = review.id AND tag.severity > 0)
        ORDER BY review.created_at DESC LIMIT 51
    """,
    "minutes": f"""
        SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY review.active_ms) {_STANDING}
    """,
}


# What is asked about ------------------------------------------------------------------------------


def filled_and_counted(home: Home) -> dict[str, Any]:
    """Fill the database where it is empty, and let the keeper count it from nothing."""
    from django.core.management import call_command

    from feedback.models import DeskDay, DraftToCount, JudgedDraft
    from feedback.services.statistics.desk_days import keep_desk_days
    from feedback.services.statistics.keeping import keep_statistics
    from feedback.services.statistics.recounting import recount

    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    figures: dict[str, Any] = {}
    has_days = DeskDay.objects.exists()
    if not JudgedDraft.objects.exists() and not DraftToCount.objects.exists():
        fill(home)
    if DraftToCount.objects.exists():
        begun = time.monotonic()
        counted = keep_statistics()
        figures["keeper_s"] = round(time.monotonic() - begun, 1)
        print(f"{'counted from nothing':24}{counted:>12,}{figures['keeper_s']:>9} s", flush=True)
        begun = time.monotonic()
        found = recount()
        figures["recount_s"] = round(time.monotonic() - begun, 1)
        print(f"{'proved by a recount':24}{found.drafts:>12,}{figures['recount_s']:>9} s")
        assert found.is_right, found
    if not has_days:
        begun = time.monotonic()
        while keep_desk_days():
            pass
        figures["desk_days_s"] = round(time.monotonic() - begun, 1)
        days = DeskDay.objects.count()
        print(f"{'days of editors counted':24}{days:>12,}{figures['desk_days_s']:>9} s", flush=True)
        with as_superuser(home) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
    return figures


def as_superuser(home: Home) -> psycopg.Connection[Any]:
    """Return a connection of somebody who may switch triggers off."""
    return psycopg.connect(
        host=str(home.database),
        user=SUPERUSER,
        password=secrets.keep(home).database_superuser_password,
        dbname=DATABASE_NAME,
        autocommit=True,
    )


def fill(home: Home) -> None:
    """Write tasks, drafts, reviews, tags and answers."""
    from django.contrib.auth.models import Group
    from django.core.management import call_command

    from accounts import roles
    from accounts.models import Person

    call_command("load_starter_tasks", stdout=StringIO())
    manager = Person.objects.create(username="max")
    manager.groups.add(Group.objects.get(name=roles.MANAGER))
    with as_superuser(home) as connection:
        connection.execute("SET session_replication_role = replica")
        connection.execute("SET synchronous_commit = off")
        connection.execute("SET maintenance_work_mem = '256MB'")
        for step in FILL:
            begun = time.monotonic()
            connection.execute(step.replace("BASE", "1000000"), {"reviews": REVIEWS})
            print(f"  {step.split()[2]:40}{time.monotonic() - begun:>8.1f} s", flush=True)
            connection.execute("ANALYZE")


# Words are not searched for here, and their index would take most of the time.
FILL: Final = (
    "DROP INDEX IF EXISTS draft_words",
    "DROP INDEX IF EXISTS golden_words",
    """
    INSERT INTO accounts_person
        (id, password, is_superuser, username, first_name, last_name, email, is_staff, is_active,
         date_joined, is_demo)
    SELECT BASE + n, '', false, 'past' || n, '', '', '', false, true, now(), false
    FROM generate_series(0, 49) n
    """,
    """
    INSERT INTO explanations_modelversion (id, name, kind, trained_on, scores, created_at)
    SELECT BASE + n, 'bench-' || n, 'base', '', '{}', now() FROM generate_series(0, 3) n
    """,
    """
    INSERT INTO explanations_prompt
        (id, number, note, created_at, system, user_template, examples, parameters, schema, sha256,
         task_id)
    SELECT BASE + task.id * 10 + n, 100 + n, '', now(), 's', 'u', '[]', '{}', 'none',
           repeat('0', 64), task.id
    FROM explanations_task task, generate_series(0, 1) n
    """,
    """
    INSERT INTO explanations_guide (id, number, note, created_at, text, rules, task_id)
    SELECT BASE + task.id * 10 + n, 100 + n, '', now(), 't', '{}', task.id
    FROM explanations_task task, generate_series(0, 3) n
    """,
    """
    UPDATE explanations_task SET model_version_id = BASE
    """,
    """
    INSERT INTO explanations_run
        (id, task_id, prompt_id, model_version_id, state, selection, drafts_each, created_at)
    SELECT BASE + task.id * 100 + model * 10 + prompt, task.id, BASE + task.id * 10 + prompt,
           BASE + model, 'DONE', '{}', 1, now()
    FROM explanations_task task, generate_series(0, 3) model, generate_series(0, 1) prompt
    """,
    """
    INSERT INTO explanations_recommendation
        (id, task_id, external_id, "group", locale, priority, content_sha256, snapshot_id,
         created_at, changed_at)
    SELECT BASE + n, task.id, 'past:' || n, 'g' || n %% 900,
           CASE n / 2 %% 10 WHEN 0 THEN 'de' WHEN 1 THEN 'fr' ELSE 'en' END,
           n * 7 %% 101, '', BASE + n, now(), now()
    FROM generate_series(0, 39999) n
    JOIN explanations_task task
      ON task.slug = CASE n %% 2 WHEN 0 THEN 'music-oneliner' ELSE 'job-fit' END
    """,
    """
    INSERT INTO explanations_factsnapshot
        (id, recommendation_id, number, cause, item, audience, sources, created_at)
    SELECT BASE + n, BASE + n, 1, 'import', '{"title": "A title"}', '{}', '{}', now()
    FROM generate_series(0, 39999) n
    """,
    # Half a year of models 0 and 1, then 1, 2 and 3; a new guide each quarter.
    """
    INSERT INTO explanations_draft
        (id, run_id, task_id, recommendation_id, snapshot_id, prompt_id, model_version_id, ordinal,
         told, priority, blind, state, attempt, tries, setbacks, lost, claimed_by, text, language,
         rests_on, request_sha256, served_by, served_model, finish_reason, failure_reason, failure,
         settled_outcome, created_at)
    SELECT BASE + n, run.id, run.task_id, about.id, about.id, run.prompt_id, run.model_version_id,
           n / 40000 + 1, '', 50, n / 20 %% 10 = 0, 'REVIEWED', 1, 0, 0, 0, '',
           'A line of words that is about as long as such lines are, the ' || n || 'th.', 'english',
           '{}', '', '', '', 'stop', '', '',
           CASE WHEN n * 7919 %% 100 < 20 THEN 'ACCEPT' WHEN n * 7919 %% 100 < 24 THEN 'BLAND'
                WHEN n * 7919 %% 100 < 74 THEN 'EDIT' WHEN n * 7919 %% 100 < 99 THEN 'REJECT'
                ELSE 'UNREVIEWABLE' END,
           now()
    FROM generate_series(0, %(reviews)s::bigint - 1) n
    JOIN explanations_recommendation about ON about.id = BASE + n %% 40000
    JOIN explanations_run run ON run.id = BASE + about.task_id * 100
      + (CASE WHEN n * 2 < %(reviews)s THEN n / 3 %% 2 ELSE 1 + n / 3 %% 3 END) * 10 + n / 7 %% 2
    """,
    """
    INSERT INTO feedback_review
        (id, draft_id, place_id, editor_id, key, body_sha256, outcome, reason, note, rewrite,
         alignment, guide_id, active_ms, created_at)
    SELECT draft.id, draft.id, draft.id, BASE + draft.id * 31 %% 50, gen_random_uuid(), '',
           draft.settled_outcome,
           CASE WHEN draft.settled_outcome = 'UNREVIEWABLE' THEN 'broken' ELSE '' END, '',
           CASE WHEN draft.settled_outcome = 'EDIT' THEN 'Another line.' ELSE '' END,
           CASE WHEN draft.settled_outcome = 'EDIT' THEN jsonb_build_array(jsonb_build_object(
                'start', 0, 'end', 6, 'before', 'A line', 'after_start', 0, 'after_end', 12,
                'after', repeat('word ', 1 + (draft.id %% 12)::int), 'tags', '[]'::jsonb))
                ELSE '[]' END,
           BASE + draft.task_id * 10 + (draft.id - BASE) * 4 / %(reviews)s,
           (30000 * exp(random_normal(0, 0.8)))::int,
           '2026-11-22'::timestamptz
               - interval '1 year' * (1 - (draft.id - BASE)::float8 / %(reviews)s)
    FROM explanations_draft draft WHERE draft.id >= BASE
    """,
    """
    INSERT INTO feedback_tag
        (review_id, ordinal, category_id, severity, scope, start, "end", quote, note, pointer)
    SELECT draft.id, nth, category.id,
           CASE WHEN (draft.id * 13 + nth) %% 97 = 0 THEN 25 ELSE category.severity END,
           'span', 0, 6, 'A line', '', ''
    FROM explanations_draft draft CROSS JOIN generate_series(1, 4) nth
    JOIN explanations_category category ON category.task_id = draft.task_id
      AND category.key = ((draft.id / 3 * 7 + nth * nth) %% 10)::text
    WHERE draft.id >= BASE AND draft.settled_outcome IN ('EDIT', 'REJECT')
    """,
    """
    INSERT INTO feedback_criterionanswer (review_id, criterion_id, answer, by_tag)
    SELECT draft.id, criterion.id,
           CASE WHEN (draft.id + criterion.id) %% 7 = 0 THEN 'no' ELSE 'yes' END, false
    FROM explanations_draft draft
    JOIN explanations_criterion criterion ON criterion.task_id = draft.task_id
    WHERE draft.id >= BASE AND draft.id / 2 %% 2 = 0 AND draft.settled_outcome <> 'UNREVIEWABLE'
    """,
    """
    INSERT INTO feedback_golden
        (id, task_id, recommendation_id, review_id, snapshot_id, prompt_id, text, language,
         rests_on, grade, state, state_reason, overridden, created_at, changed_at)
    SELECT draft.id, draft.task_id, draft.recommendation_id, draft.id, draft.snapshot_id,
           draft.prompt_id, 'Another line.', 'english', '{}', 'exemplary', 'APPROVED', '', '[]',
           now(), now()
    FROM explanations_draft draft WHERE draft.id >= BASE AND draft.settled_outcome = 'EDIT'
    """,
    """
    INSERT INTO feedback_drafttocount (draft_id)
    SELECT id FROM explanations_draft WHERE id >= BASE ORDER BY id
    """,
)


if __name__ == "__main__":
    main()
