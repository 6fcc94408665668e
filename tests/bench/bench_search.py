"""How long a search over 100,000 drafts takes, and an action on 10,000 of them.

    python tests/bench/bench_search.py

Starts a PostgreSQL of its own and fills it with drafts of the length of real ones, each with its
place in the queue. Beside the searches stands what a plain scan of the same texts takes, beside the
actions a bare UPDATE of as many drafts, with nothing looked at and nothing kept to take it back, in
the same minute. While a pattern without end is being stopped, somebody else reads a page.
"""

import json
import os
import random
import statistics
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from editorial.stack.testing import embedded_parts  # noqa: E402

if TYPE_CHECKING:
    from accounts.models import Person
    from explanations.models import Draft

DRAFTS: Final = 100_000
MEANT: Final = 10_000
WORDS_EACH: Final = 14
# One draft in ten says so, and those are meant by the actions.
MARK: Final = "adrenaline"
# PostgreSQL's engine needs references back to be kept busy, where others do not.
WITHOUT_END: Final = r"^(.+)(.+)(.+)\1\2\3!$"
WITHOUT_END_ELSEWHERE: Final = r"([a-z]+)+\d$"
TIMES: Final = 5


def main() -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    with embedded_parts({}) as parts:
        os.environ.update(parts, DJANGO_SETTINGS_MODULE="editorial.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("load_starter_tasks", stdout=StringIO())
        with psycopg.connect(parts["DATABASE_URL"], autocommit=True) as database:
            lead = fill(database)
            figures = {**searches(database, lead), **actions(database, lead)}
    print(f"{DRAFTS:,} drafts, {MEANT:,} of them meant; seconds\n")
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):44}{value:>10,.3f}")
    print()
    print(json.dumps({"drafts": DRAFTS, "meant": MEANT, **figures}))


# What is searched ---------------------------------------------------------------------------------


def fill(database: psycopg.Connection[Any]) -> "Person":
    """Write the drafts and a place for each; return the lead who searches them."""
    from accounts.models import Person
    from explanations.models import ModelVersion, Run, Task

    task = Task.objects.get(slug="music-oneliner")
    lead = Person.objects.create_superuser("lead")
    assert task.prompt is not None
    run = Run.objects.create(
        task=task, prompt=task.prompt, model_version=ModelVersion.objects.create(name="bench")
    )
    with database.transaction(), database.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE line (number integer, text text) ON COMMIT DROP")
        with cursor.copy("COPY line (number, text) FROM STDIN") as copy:
            for row in enumerate(lines()):
                copy.write_row(row)
        for statement in FILL:
            cursor.execute("ANALYZE")
            cursor.execute(statement, {"run": run.pk})
    database.execute("VACUUM ANALYZE")
    return lead


FILL: Final = (
    """
    INSERT INTO explanations_recommendation
        (task_id, external_id, "group", locale, priority, content_sha256)
    SELECT run.task_id, 'bench:' || number, 'g', 'en', number %% 101, ''
    FROM line, explanations_run run WHERE run.id = %(run)s
    """,
    """
    INSERT INTO explanations_factsnapshot
        (recommendation_id, number, cause, item, audience, sources)
    SELECT id, 1, 'import', jsonb_build_object('title', external_id), '{}', '{}'
    FROM explanations_recommendation WHERE external_id LIKE 'bench:%%'
    """,
    """
    UPDATE explanations_recommendation recommendation SET snapshot_id = snapshot.id
    FROM explanations_factsnapshot snapshot
    WHERE snapshot.recommendation_id = recommendation.id
      AND recommendation.external_id LIKE 'bench:%%'
    """,
    """
    INSERT INTO explanations_draft
        (run_id, task_id, recommendation_id, snapshot_id, prompt_id, model_version_id, ordinal,
         priority, blind, state, attempt, tries, claimed_by, text, rests_on, request_sha256,
         served_by, served_model, finish_reason, failure_reason, failure, settled_outcome)
    SELECT run.id, run.task_id, about.id, about.snapshot_id, run.prompt_id, run.model_version_id, 1,
           50, false, 'READY', 1, 0, '', line.text, '{}', '', '', '', 'stop', '', '', ''
    FROM line
    JOIN explanations_recommendation about ON about.external_id = 'bench:' || line.number
    CROSS JOIN explanations_run run
    WHERE run.id = %(run)s
    ORDER BY line.number
    """,
    """
    INSERT INTO explanations_place (draft_id, ordinal, task_id, priority, state)
    SELECT id, 1, task_id, priority, 'OPEN' FROM explanations_draft
    """,
)


def lines() -> Iterator[str]:
    """Yield texts of words that are as many and as rare as a catalogue's."""
    chance = random.Random(11)
    words = ["".join(chance.choices("abcdefghijklmnoprstuvw", k=7)) for _ in range(6_000)]
    for number in range(DRAFTS):
        line = chance.choices(words, k=WORDS_EACH)
        if number % (DRAFTS // MEANT) == 0:
            line[1 + number % (WORDS_EACH - 1)] = MARK
        yield " ".join(line).capitalize() + "!"


# Measuring ----------------------------------------------------------------------------------------


def searches(database: psycopg.Connection[Any], lead: "Person") -> dict[str, float]:
    """Return the medians of searches, each with its counts and its first page."""
    from explanations.models import Draft
    from feedback.services.searching import Search, search

    first = Draft.objects.earliest("pk")
    rare = first.text.split()[1]

    def scan() -> None:
        database.execute("SELECT count(*) FROM explanations_draft WHERE text LIKE '%adrenaline%'")

    def finds(wanted: Search) -> Callable[[], object]:
        return lambda: search(wanted, lead)

    return {
        "scan_of_all_texts": median(scan),
        "no_condition": median(finds(Search())),
        "word_in_10000": median(finds(Search(words=MARK))),
        "rare_word": median(finds(Search(words=rare))),
        "pattern": median(finds(Search(pattern=r"\madren\w+e\M"))),
        "pattern_without_end_elsewhere": median(finds(Search(pattern=WITHOUT_END_ELSEWHERE))),
        "similar_to_one": median(finds(Search(similar_to=first.pk))),
        **stopped(lead, first),
    }


def median(step: Callable[[], object]) -> float:
    """Return the median seconds of a few goes."""
    return round(statistics.median(timed(step) for _ in range(TIMES)), 4)


def timed(step: Callable[[], object]) -> float:
    """Return the seconds that a step takes."""
    started = time.perf_counter()
    step()
    return round(time.perf_counter() - started, 4)


def stopped(lead: "Person", draft: "Draft") -> dict[str, float]:
    """Return when a pattern without end was stopped, and how long a page's reads took meanwhile."""
    from django.db import connection

    from explanations.services.drafts import whole_drafts
    from feedback.services.searching import LONGEST_S, Search, TookTooLong, search

    over = threading.Event()
    reads: list[float] = []

    def read_pages() -> None:
        while not over.is_set():
            reads.append(timed(lambda: whole_drafts().get(pk=draft.pk)))
            over.wait(0.05)
        connection.close()

    def search_without_end() -> None:
        try:
            search(Search(pattern=WITHOUT_END), lead)
        except TookTooLong as refused:
            print(refused, "\n")
        else:
            raise AssertionError("The pattern came to an end.")

    reader = threading.Thread(target=read_pages)
    reader.start()
    seconds = timed(search_without_end)
    over.set()
    reader.join()
    return {
        "pattern_stopped": seconds,
        "pattern_limit": LONGEST_S,
        "slowest_page_meanwhile": max(reads),
    }


def actions(database: psycopg.Connection[Any], lead: "Person") -> dict[str, float]:
    """Return the seconds of each step of two actions on all drafts that say MARK."""
    from explanations.models import Draft
    from feedback.models import BulkAction
    from feedback.services.bulk_actions import do, prepare, undo
    from feedback.services.searching import Search

    def bare_update() -> None:
        with database.transaction(force_rollback=True):
            changed = database.execute(
                "UPDATE explanations_draft SET state = 'QUARANTINED'"
                " WHERE state = 'READY' AND text LIKE %s",
                [f"%{MARK}%"],
            ).rowcount
            assert changed == MEANT, changed

    figures = {"bare_update_of_10000": timed(bare_update)}
    for kind in (BulkAction.Kind.QUARANTINE, BulkAction.Kind.REDRAFT):
        figures[f"{kind}_preview"] = timed(partial(prepare, kind, Search(words=MARK), lead))
        action = BulkAction.objects.latest("pk")
        figures[f"{kind}_done"] = timed(partial(do, action.pk, lead, "A bench."))
        assert not Draft.objects.filter(state="READY", text__contains=MARK).exists()
        figures[f"{kind}_undone"] = timed(partial(undo, action.pk, lead))
        action.refresh_from_db()
        assert (action.changed, action.restored) == (MEANT, MEANT)
        assert Draft.objects.filter(state="READY").count() == DRAFTS
    return figures


if __name__ == "__main__":
    main()
