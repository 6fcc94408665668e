"""How fast deliveries go in, and how much memory the importing process takes.

    python tests/bench/bench_import.py

Starts a PostgreSQL of its own, makes a delivery of the size of real ones, and imports it three
times by the command that people use: new, again, and with one fact changed in every line. Beside
it stand what the same machine needs, in the same minute, to read the lines as JSON and to COPY
them into a table with nothing on it.
"""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import psycopg

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from editorial.stack.testing import embedded_parts  # noqa: E402

LINES = 100_000
BAD_LINES_PER_THOUSAND = 2
WORDS = [
    *("amber", "bitter", "calm", "drifting", "electric", "faded", "gentle", "hollow", "ivory"),
    *("jagged", "kinetic", "lunar", "midnight", "neon", "open", "paper", "quiet", "rising"),
    *("silver", "tidal", "upward", "velvet", "winter", "young", "zero", "café", "señor", "über"),
]
SKILLS = [f"{word.capitalize()} {kind}" for word in WORDS for kind in ("suite", "script", "works")]


def main() -> None:
    """Measure and print: a table for people, one line of JSON for programs."""
    with embedded_parts({}) as parts, tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, **parts, "DJANGO_SETTINGS_MODULE": "editorial.settings"}
        manage(environment, "migrate", "--verbosity", "0")
        manage(environment, "load_starter_tasks")
        delivery = Path(folder, "delivery.jsonl")
        write_delivery(delivery, year=2019)
        changed = Path(folder, "changed.jsonl")
        write_delivery(changed, year=2020)

        reference = read_as_json(delivery)
        copied = copy_plainly(parts["DATABASE_URL"], delivery)
        new = imported(environment, delivery)
        again = imported(environment, delivery)
        other = imported(environment, changed)

    rows = [
        ("orjson.loads alone", reference, None),
        ("COPY into a bare jsonb table", copied, None),
        ("import, all new", new["lines_per_s"], new["peak_mb"]),
        ("import, nothing changed", again["lines_per_s"], again["peak_mb"]),
        ("import, every line changed", other["lines_per_s"], other["peak_mb"]),
    ]
    print(f"{LINES:,} lines, {BAD_LINES_PER_THOUSAND * LINES // 1000} of them bad\n")
    print(f"{'':32}{'lines/s':>10}{'peak MB':>10}")
    for name, rate, peak in rows:
        print(f"{name:32}{rate:>10,.0f}{peak if peak is not None else '':>10}")
    print()
    print(
        json.dumps(
            {
                "lines": LINES,
                "new": new["new"],
                "refused": new["refused"],
                "lines_per_s": new["lines_per_s"],
                "again_lines_per_s": again["lines_per_s"],
                "changed_lines_per_s": other["lines_per_s"],
                "peak_mb": max(new["peak_mb"], again["peak_mb"], other["peak_mb"]),
                "copy_lines_per_s": copied,
                "json_lines_per_s": reference,
                "share_of_copy": round(new["lines_per_s"] / copied, 2),
            }
        )
    )


def write_delivery(path: Path, *, year: int) -> None:
    """Write the lines; the same ones for every `year` but for that fact."""
    chance = random.Random(7)
    with path.open("wb") as file:
        for number, line in enumerate(made_lines(chance, year)):
            if number % 1000 < BAD_LINES_PER_THOUSAND:
                file.write(b'{"task": "music-oneliner", "external_id": 7}\n')
            else:
                file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))


def made_lines(chance: random.Random, year: int, lines: int = LINES) -> Iterator[dict[str, Any]]:
    """Yield tracks and jobs in turn, of the size and shape of real ones."""

    def words(count: int) -> str:
        return " ".join(chance.choices(WORDS, k=count))

    def track(number: int) -> dict[str, Any]:
        return {
            "task": "music-oneliner",
            "external_id": f"track:{number}",
            "group": words(2).title(),
            "locale": "en",
            "priority": chance.randrange(101),
            "item": {
                "kind": "track",
                "title": f"{words(3).title()} (feat. {words(2).title()})",
                "artist": words(2).title(),
                "album": words(3).title(),
                "edition_released": f"{year}-06-14",
                "genre": "pop",
                "subgenre": "dance pop",
                "tempo_bpm": chance.randrange(60, 200),
                "energy": round(chance.random(), 2),
                "danceability": round(chance.random(), 2),
                "acousticness": round(chance.random(), 2),
                "mood_valence": round(chance.random(), 2),
                "duration_s": chance.randrange(90, 400),
            },
            "audience": {
                "recently_played": [
                    {"title": words(4).title(), "artist": words(2).title()} for _ in range(4)
                ],
                "favourite_subgenres": [words(2), words(2)],
            },
        }

    def job(number: int) -> dict[str, Any]:
        return {
            "task": "job-fit",
            "external_id": f"job:{number}",
            "group": words(2).title(),
            "locale": "en",
            "priority": chance.randrange(101),
            "item": {
                "kind": "job",
                "title": words(3).title(),
                "description": words(35).capitalize() + ".",
                "skills_wanted": chance.sample(SKILLS, 8),
                "responsibilities": [words(16).capitalize() + "." for _ in range(5)],
                "years_wanted": chance.randrange(12),
                "posted": year,
            },
            "audience": {
                "headline": words(3).title(),
                "skills": chance.sample(SKILLS, 8),
                "years_of_experience": chance.randrange(20),
                "did": [words(16).capitalize() + "." for _ in range(3)],
            },
        }

    for number in range(lines):
        yield track(number) if number % 5 < 3 else job(number)


def read_as_json(path: Path) -> int:
    """Lines a second that one thread only reads."""
    started = time.perf_counter()
    with path.open("rb") as file:
        for line in file:
            orjson.loads(line)
    return round(LINES / (time.perf_counter() - started))


def copy_plainly(database_url: str, path: Path) -> int:
    """Lines a second into a table without a key, an index or a check."""
    with psycopg.connect(database_url) as connection:
        connection.execute("CREATE UNLOGGED TABLE bare (line jsonb)")
        started = time.perf_counter()
        with path.open("rb") as file, connection.cursor().copy("COPY bare FROM STDIN") as copy:
            for line in file:
                copy.write_row((line.decode(),))
        connection.commit()
        rate = round(LINES / (time.perf_counter() - started))
        connection.execute("DROP TABLE bare")
    return rate


def imported(environment: dict[str, str], path: Path) -> dict[str, int]:
    """Import in a process of its own, which says how long it took and how large it grew."""
    said = manage(environment, "import", str(path))
    result: dict[str, int] = json.loads(said.splitlines()[-1])
    assert result["new"] + result["changed"] + result["unchanged"] + result["refused"] == LINES
    return result


def manage(environment: dict[str, str], *arguments: str) -> str:
    """Run a management command, or the import of this file, in a process of its own."""
    program = [__file__] if arguments[0] == "import" else ["manage.py"]
    # Not by fork: a child's peak would begin with what this process holds.
    done = subprocess.run(
        [sys.executable, *program, *arguments],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def import_here(path: str) -> None:
    """Import by the command, in this process, and print the figures as one line of JSON."""
    import django

    django.setup()
    from django.core.management import call_command

    from explanations.models import Import

    started = time.perf_counter()
    with open(os.devnull, "w") as nowhere:
        call_command("import_recommendations", path, stdout=nowhere, stderr=nowhere)
    seconds = time.perf_counter() - started
    delivery = Import.objects.latest("id")
    status = Path("/proc/self/status").read_text()
    peak_kb = next(int(row.split()[1]) for row in status.splitlines() if row.startswith("VmHWM"))
    print(
        json.dumps(
            {
                "lines_per_s": round(delivery.lines / seconds),
                "peak_mb": round(peak_kb / 1024),
                "new": delivery.new,
                "changed": delivery.changed,
                "unchanged": delivery.unchanged,
                "refused": delivery.refused,
            }
        )
    )


if __name__ == "__main__":
    if sys.argv[1:2] == ["import"]:
        import_here(sys.argv[2])
    else:
        main()
