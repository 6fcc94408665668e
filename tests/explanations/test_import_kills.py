"""`kill -9` of whoever imports: what is in stays in once, and the next attempt brings the rest."""

import json
import os
import random
import subprocess
import sys
import time
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.db import connection
from django.db.models.functions import Now

from explanations.models import FactSnapshot, Import, Recommendation, Task
from explanations.services import importing
from tests.conftest import TRACK

pytestmark = pytest.mark.django_db(transaction=True)

LINES = 24_000
KILLS = 6

WORKER = """
import sys, time
import django
django.setup()
from explanations.services import importing
importing.BATCH_LINES = 100
bring_in = importing._bring_in
def bring_in_slowly(*given):
    time.sleep(0.02)  # so that much is left to do when it is killed, however late that is
    bring_in(*given)
importing._bring_in = bring_in_slowly
print("at work", flush=True)
importing.run_delivery(int(sys.argv[1]), seconds=300)
"""


def database_url() -> str:
    """The database of the test, for another process."""
    told = connection.settings_dict
    return (
        f"postgresql://{quote(told['USER'])}:{quote(told['PASSWORD'])}@/{told['NAME']}"
        f"?host={quote(told['HOST'], safe='')}" + (f"&port={told['PORT']}" if told["PORT"] else "")
    )


def worker(delivery: Import) -> "subprocess.Popen[str]":
    """A process that imports, once it has claimed the delivery."""
    before = delivery.attempt
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(delivery.pk)],
        env={**os.environ, "DATABASE_URL": database_url()},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    while delivery.attempt == before and process.poll() is None:
        delivery.refresh_from_db()
        time.sleep(0.01)
    return process


def test_an_import_killed_again_and_again_ends_with_every_line_once(music_task: Task) -> None:
    good = [
        json.dumps({"task": "music-oneliner", "external_id": f"t{n % 22_000}", "item": TRACK})
        for n in range(LINES)
    ]
    delivery = importing.receive(
        ((line if n % 100 else "{").encode() + b"\n" for n, line in enumerate(good)), name="tracks"
    )
    chance = random.Random(3)

    for _kill in range(KILLS):
        process = worker(delivery)
        assert process.poll() is None, "nothing is left to kill; give it more lines"
        time.sleep(chance.uniform(0, 0.2))
        process.kill()
        process.wait()
        Import.objects.filter(state=Import.State.RUNNING).update(
            lease_until=Now() - timedelta(seconds=1), tries=0
        )
    assert worker(delivery).wait() == 0

    delivery.refresh_from_db()
    bad = LINES // 100
    repeated = sum(1 for n in range(22_000, LINES) if n % 100)
    assert (delivery.state, delivery.lines) == ("DONE", LINES)
    assert (delivery.new, delivery.changed, delivery.unchanged) == (LINES - bad - repeated, 0, 0)
    assert delivery.refused == bad + repeated
    assert Recommendation.objects.count() == FactSnapshot.objects.count() == delivery.new
