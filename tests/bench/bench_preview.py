"""How long somebody waits who looks at a recipe before it is built.

    python tests/bench/bench_preview.py [goldens]

Starts a PostgreSQL and a broker of its own and fills a desk by SQL as `bench_export.py` does, with
200,000 goldens unless said otherwise. Each recipe is looked at many times through the page's own
code, the first time of a desk that has looked at nothing yet. Beside them stands a bare count of
the reviews that the recipe is about, in the same run.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from editorial.stack.home import Home  # noqa: E402
from editorial.stack.testing import embedded_parts  # noqa: E402
from tests.bench.bench_export import fill  # noqa: E402
from tests.bench.bench_review import percentile, print_times  # noqa: E402

GOLDENS: Final = 200_000
TIMES: Final = 20

_BOTH: Final = ["music-oneliner", "job-fit"]
_PLAIN: Final[Mapping[str, Any]] = {
    "name": "looked-at",
    "tasks": _BOTH,
    "formats": ["sft"],
    "file_kinds": ["jsonl"],
    "agreement": "any",
    "share_train": "90",
    "share_validation": "5",
    "share_test": "5",
}
# What reads all that is in it, and not one in so many groups.
_ONE_TASK: Final[Mapping[str, Any]] = {**_PLAIN, "tasks": ["music-oneliner"]}
_FORMATS: Final[Mapping[str, Any]] = {
    **_PLAIN,
    "formats": ["sft", "messages", "dpo", "kto", "spans", "eval", "openai-preference"],
}
_FILTERED: Final[Mapping[str, Any]] = {
    **_FORMATS,
    "reviewed_from": "2020-01-01",
    "reviewed_until": "2035-12-31",
    "agreement": "agreed",
    "editors": [f"past{number}" for number in range(100)],
    "tags": ["tone"],
    "answer_specific": "yes",
    "locales": "en",
    "models": ["bench"],
    "most_per_group": "20",
    "most_per_editor": "2000",
}
RECIPES: Final[Mapping[str, Mapping[str, Any]]] = {
    "plain": _PLAIN,
    "one task": _ONE_TASK,
    "seven formats": _FORMATS,
    "filters and caps": _FILTERED,
}
_BARE: Final = """
SELECT count(*) FROM feedback_lesson lesson
JOIN explanations_task task ON task.id = lesson.task_id
WHERE task.slug = ANY(%s) AND lesson.refused = ''
"""


def main(goldens: int) -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    with embedded_parts({}) as parts:
        os.environ.update(parts, DJANGO_SETTINGS_MODULE="editorial.settings", LOG_LEVEL="ERROR")
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        call_command("load_starter_tasks", stdout=StringIO())
        fill(Home(Path(parts["COPYDESK_HOME"])), goldens)
        times, figures = looked_at()
    print_times("look at a recipe", times)
    figures |= {
        f"{what.replace(' ', '_')}_p{percent}_ms": percentile(seconds, percent)
        for what, seconds in times.items()
        for percent in (50, 95)
    }
    print()
    print(json.dumps({"goldens": goldens, **figures}))


def looked_at() -> tuple[dict[str, list[float]], dict[str, object]]:
    """Look at each recipe so often; return the seconds, and what was asked of the database."""
    from django.contrib.auth.models import Group
    from django.db import connection, reset_queries
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from accounts import roles
    from accounts.models import Person

    mia = Person.objects.create_user("mia")
    mia.groups.add(Group.objects.get(name=roles.ML_ENGINEER))
    browser = Client(SERVER_NAME="localhost")
    browser.force_login(mia)
    times: dict[str, list[float]] = {}
    figures: dict[str, object] = {}
    for name, fields in RECIPES.items():
        asked = {"key": str(uuid4()), "step": "preview", **fields}
        took = times.setdefault(name, [])
        for _ in range(TIMES):
            reset_queries()
            with CaptureQueriesContext(connection) as captured:
                begun = time.perf_counter()
                answer = browser.post("/datasets/new/", asked, headers={"HX-Request": "true"})
                took.append(time.perf_counter() - begun)
            said = answer.content.decode()
            assert "What it would give now" in said, said[:2000]
        figures[f"{name.replace(' ', '_')}_queries"] = len(captured)
        figures[f"{name.replace(' ', '_')}_first_ms"] = round(1000 * took[0], 1)
    bare = times.setdefault("a bare count", [])
    for _ in range(TIMES):
        with connection.cursor() as cursor:
            begun = time.perf_counter()
            cursor.execute(_BARE, [_BOTH])
            cursor.fetchall()
            bare.append(time.perf_counter() - begun)
    return times, figures


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else GOLDENS)
