"""A dataset of hundreds of goldens, pulled from a running desk, trains as it is.

`make test-trainers` installs the trainers in an environment of their own and runs this.
"""

import json
import math
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest
from django.core.management import call_command
from pytest_django import DjangoDbBlocker

from accounts import roles
from accounts.models import AccessToken
from feedback.models import Golden
from feedback.recipe import SPLITS
from tests.conftest import person
from tests.feedback.building_desk import built
from tests.feedback.running_web import web_server
from tests.trainers.many_goldens import many_goldens
from training.pull import pull

# No test writes to the desk: they share one, and nothing of it is swept away between them.
pytestmark = pytest.mark.django_db

ENVIRONMENT: Final = Path(os.environ.get("TRAINERS_ENVIRONMENT", ".venv-trainers")).resolve()
HERE: Final = Path(__file__).parent
PATIENCE_S: Final = 600
FORMATS: Final = (
    *("sft", "messages", "dpo", "kto", "spans", "eval", "openai-chat", "openai-preference"),
    *("llama-factory-dpo", "llama-factory-kto"),
)


@dataclass(frozen=True)
class Pulled:
    """A dataset as a training job has it."""

    folder: Path
    address: str
    """Of its files at the desk, with a slash at the end."""
    token: str

    @property
    def rows(self) -> dict[str, int]:
        """Format and split -> rows, as the manifest counts them."""
        manifest = json.loads((self.folder / "manifest.json").read_bytes())
        return {
            f"{slug}/{split}": rows
            for slug, by_split in manifest["rows"].items()
            for split, rows in by_split.items()
        }


@pytest.fixture(scope="module")
def pulled(
    tmp_path_factory: pytest.TempPathFactory,
    django_db_setup: None,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Pulled]:
    """A desk of hundreds of goldens that runs as long as this file, and its dataset."""
    with django_db_blocker.unblock():
        ada = person("ada", "Ada", "Okafor", roles.EDITOR)
        mia = person("mia", "Mia", "Sørensen", roles.ML_ENGINEER)
        many_goldens(ada, mia)
        assert Golden.objects.count() >= 600
        built(
            mia,
            name="both",
            tasks=["music-oneliner", "job-fit"],
            formats=list(FORMATS),
            files=["jsonl", "jsonl.gz", "parquet"],
            shares={"train": 0.8, "validation": 0.1, "test": 0.1},
        )
        _row, token = AccessToken.objects.create(
            user=mia, name="training", scopes=["datasets:read"], prefix="desk_"
        )
        with web_server(threads=2) as port:
            desk = f"http://127.0.0.1:{port}"
            folder = pull(desk, "both", "newest", tmp_path_factory.mktemp("job"), str(token))
            yield Pulled(folder, f"{desk}/api/v1/datasets/both/1/files/", str(token))
        call_command("flush", interactive=False, verbosity=0)


def said_by(script: str, dataset: Pulled, *arguments: str) -> Any:
    """Run a script in the environment of the trainers; return the JSON that it prints last."""
    ended = subprocess.run(
        [ENVIRONMENT / "bin/python", HERE / script, dataset.folder, *arguments],
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(dataset.folder.parent),
            "COPYDESK_TOKEN": dataset.token,
            # Nothing may come from anywhere but the desk; `datasets` takes being offline to mean
            # that too.
            "HF_ENDPOINT": "http://127.0.0.1:9",
            "HF_HUB_OFFLINE": "0" if "datasets-http" in arguments else "1",
            "HF_DATASETS_DISABLE_PROGRESS_BARS": "1",
            "HF_HOME": str(dataset.folder.parent / "cache"),
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr[-4000:]
    return json.loads(ended.stdout.splitlines()[-1])


def test_it_holds_hundreds_of_rows_of_both_tasks(pulled: Pulled) -> None:
    lines = [
        json.loads(line)
        for split in SPLITS
        for line in (pulled.folder / f"sft/{split}.jsonl").read_bytes().splitlines()
    ]

    tasks = [line["task"] for line in lines]
    assert len(tasks) >= 500
    assert min(tasks.count("music-oneliner"), tasks.count("job-fit")) >= 150


@pytest.mark.parametrize("trainer", ["sft", "sft-lora", "dpo", "kto"])
def test_trl_takes_a_step_on_it(pulled: Pulled, trainer: str) -> None:
    said = said_by("take_a_step.py", pulled, trainer)

    assert said["rows"] == pulled.rows[f"{trainer.partition('-')[0]}/train"] > 100
    assert math.isfinite(said["loss"])
    assert said["loss"] > 0
    assert said["moved"]


@pytest.mark.parametrize("library", ["datasets", "pandas", "polars", "duckdb"])
def test_every_format_loads_with_all_its_rows(pulled: Pulled, library: str) -> None:
    assert said_by("load_everywhere.py", pulled, pulled.address, library) == pulled.rows


def test_datasets_loads_it_from_the_running_desk_with_a_token(pulled: Pulled) -> None:
    rows = said_by("load_everywhere.py", pulled, pulled.address, "datasets-http")

    expected = {name: count for name, count in pulled.rows.items() if name.startswith("sft/")}
    expected |= {name: count for name, count in pulled.rows.items() if name.startswith("kto/")}
    assert rows == expected


def test_llama_factory_reads_every_row_by_its_own_functions(pulled: Pulled) -> None:
    read = said_by("read_as_trainers_do.py", pulled, "llama-factory")

    rows = pulled.rows
    for name, slug in (
        ("both-sft", "messages"),
        ("both-dpo", "llama-factory-dpo"),
        ("both-kto", "llama-factory-kto"),
    ):
        assert read[name]["used"] == read[name]["rows"] == rows[f"{slug}/train"]
    assert read["both-sft"]["answers"] == [1]
    # Of a pair both answers; of a judged one the other place is empty.
    assert read["both-dpo"]["answers"] == read["both-kto"]["answers"] == [2]
    assert read["both-dpo"]["liked"] == read["both-dpo"]["rows"]
    assert 0 < read["both-kto"]["liked"] < read["both-kto"]["rows"]
    assert all(entry["used"] == entry["rows"] for entry in read.values())


def test_axolotl_turns_every_row_into_tokens_by_its_own_strategies(pulled: Pulled) -> None:
    read = said_by("read_as_trainers_do.py", pulled, "axolotl")

    for name, rows in (
        ("axolotl-sft/datasets", "messages/train"),
        ("axolotl-sft/test_datasets", "messages/validation"),
        ("axolotl-dpo/datasets", "llama-factory-dpo/train"),
        ("axolotl-dpo/test_datasets", "llama-factory-dpo/validation"),
    ):
        assert read[name]["used"] == read[name]["rows"] == pulled.rows[rows]
