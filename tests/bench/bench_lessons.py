"""How fast lessons are made, of texts that are written to a form and of varied ones.

    python tests/bench/bench_lessons.py [goldens]

Starts a PostgreSQL and a broker of its own and fills a desk by SQL as bench_export.py does, with
40,000 goldens of both tasks unless said otherwise, but without their lessons. The jobs are as they
are there: thousands of texts that share most of their words. The lines about music are made of
words by chance: hardly two share any. Then this process makes the lessons as a worker does, batch
by batch; it prints when each two thousand were done, for a desk gets no slower as it grows.
"""

import json
import os
import resource
import sys
import time
from io import StringIO
from pathlib import Path
from typing import Final

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from editorial.stack.home import Home  # noqa: E402
from editorial.stack.testing import embedded_parts  # noqa: E402
from tests.bench import bench_export  # noqa: E402

GOLDENS: Final = 40_000
SAID_EVERY: Final = 2_000
KINDS: Final = {"job-fit": "formulaic", "music-oneliner": "varied"}
VARIED: Final = """
UPDATE feedback_golden SET text = 'A line of ' || (
    SELECT string_agg(translate(left(md5(feedback_golden.id || ' ' || word), 7),
                                '0123456789', 'ghijklmnop'), ' ')
    FROM generate_series(1, 16) word
)
WHERE task_id = (SELECT id FROM explanations_task WHERE slug = 'music-oneliner')
"""


def main(goldens: int) -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    with embedded_parts({}) as parts:
        os.environ.update(parts, DJANGO_SETTINGS_MODULE="editorial.settings")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("load_starter_tasks", stdout=StringIO())
        bench_export.fill(Home(Path(parts["COPYDESK_HOME"])), goldens, STEPS)
        figures = made()
    print()
    for name, value in figures.items():
        print(f"{name.replace('_', ' '):28}{value:>14,.1f}")
    print()
    print(json.dumps({name: round(value, 1) for name, value in figures.items()}))


STEPS: Final = (
    *(step for step in bench_export.STEPS if "lesson" not in step),
    VARIED,
)


def made() -> dict[str, float]:
    """Make all lessons, task by task; return what it took."""
    from explanations.models import Task
    from feedback.models import Golden, NearLessons
    from feedback.services.datasets.lessons import prepare_lessons

    tasks = Task.objects.order_by("pk")
    approved = Golden.objects.filter(state=Golden.State.APPROVED)
    waiting = {task.slug: approved.filter(task=task).count() for task in tasks}
    before_mb = most_mb()
    marks = [(0, time.monotonic())]

    def tell(done: int) -> None:
        marks.append((done, time.monotonic()))
        if done // SAID_EVERY > marks[-2][0] // SAID_EVERY:
            print(f"  {done:>10} lessons{marks[-1][1] - marks[0][1]:>10.1f} s", flush=True)

    prepare_lessons(tell)
    figures: dict[str, float] = {}
    begin = 0
    for slug, number in waiting.items():
        took = _at(marks, begin + number) - _at(marks, begin)
        figures[f"{KINDS[slug]}_lessons"] = number
        figures[f"{KINDS[slug]}_lessons_per_s"] = number / took
        begin += number
    return figures | {"near": NearLessons.objects.count(), "more_mb": most_mb() - before_mb}


def _at(marks: list[tuple[int, float]], done: int) -> float:
    """Return when so many were done."""
    return next(at for number, at in marks if number >= done)


def most_mb() -> float:
    """The most that this process has held until now."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else GOLDENS)
