"""`dataset_info.json` and axolotl's snippets, field by field against what those trainers document.

LLaMA-Factory: `data/README.md` of its repository, at 0.9. axolotl: its pages "Config Reference",
"Dataset Formats: Conversation" and "RLHF", `chat_template.default`, at 0.19. The schemas below say
in JSON Schema what those pages say of files on this machine; an entry with a field that they do not
know, or a row that is not as its entry says, is wrong. `make test-trainers` hands the same files to
the readers of both.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft202012Validator

from accounts.models import Person
from feedback.formats import training_format_slugs
from feedback.models import Dataset
from tests.feedback.building_desk import built, content_of, dataset_folder, rows_of
from tests.feedback.test_choosing import THIRDS
from tests.feedback.test_descriptions import worked_desk

__all__ = ["dataset_folder", "worked_desk"]

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("dataset_folder", "worked_desk"),
]

Schema = Mapping[str, Any]

TEXT: Final[Schema] = {"type": "string", "minLength": 1}
COLUMN: Final[Schema] = {"type": ["string", "null"], "minLength": 1}


def fields(known: Mapping[str, Any], *needed: str) -> dict[str, Any]:
    """An object with these fields and no others."""
    return {
        "type": "object",
        "properties": known,
        "required": list(needed),
        "additionalProperties": False,
    }


LLAMA_FACTORY_COLUMNS: Final = (
    *("prompt", "query", "response", "history", "messages", "system", "tools"),
    *("images", "videos", "audios", "chosen", "rejected", "kto_tag"),
)
LLAMA_FACTORY_TAGS: Final = (
    *("role_tag", "content_tag", "user_tag", "assistant_tag"),
    *("observation_tag", "function_tag", "system_tag"),
)
LLAMA_FACTORY: Final = fields(
    {
        # Of the endings that it reads.
        "file_name": {"type": "string", "pattern": r"\.(json|jsonl|csv|parquet|arrow)$"},
        "formatting": {"enum": ["alpaca", "sharegpt"]},
        "ranking": {"type": "boolean"},
        "subset": TEXT,
        "split": TEXT,
        "folder": TEXT,
        "num_samples": {"type": "integer", "minimum": 1},
        "columns": fields(dict.fromkeys(LLAMA_FACTORY_COLUMNS, COLUMN)),
        "tags": fields(dict.fromkeys(LLAMA_FACTORY_TAGS, TEXT)),
    },
    "file_name",
)
AXOLOTL_DATASET: Final = {
    "path": TEXT,
    "ds_type": {"enum": ["json", "arrow", "parquet", "text", "csv"]},
    "split": TEXT,
    "name": TEXT,
    "data_files": TEXT,
    "field_messages": TEXT,
    "message_property_mappings": fields({"role": TEXT, "content": TEXT}, "role", "content"),
    "roles": {"type": "object"},
}
AXOLOTL_SFT: Final = fields(
    {
        **AXOLOTL_DATASET,
        "type": {"const": "chat_template"},
        "chat_template": TEXT,
        "roles_to_train": {"type": "array", "items": TEXT},
        "train_on_eos": {"enum": ["all", "turn", "last", "none"]},
    },
    *("path", "type"),
)
AXOLOTL_DPO: Final = fields(
    {
        **AXOLOTL_DATASET,
        "type": {"const": "chat_template.default"},
        "field_chosen": TEXT,
        "field_rejected": TEXT,
    },
    *("path", "type"),
)


def axolotl(of_datasets: Schema, **more: Any) -> dict[str, Any]:
    """A configuration, as far as it is about data."""
    several = {"type": "array", "items": of_datasets, "minItems": 1}
    return fields({"datasets": several, "test_datasets": several, **more}, "datasets", *more)


AXOLOTL: Final[Mapping[str, Schema]] = {
    "axolotl-sft.yaml": axolotl(AXOLOTL_SFT),
    "axolotl-dpo.yaml": axolotl(AXOLOTL_DPO, rl={"const": "dpo"}),
}


# What a row has to be, as its entry says ---------------------------------------------------------


def message(role_key: str, content_key: str, *roles: str) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": {role_key: {"enum": list(roles)}, content_key: TEXT},
        "required": [role_key, content_key],
    }


def sharegpt_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    """One message of the system may come first; then user and assistant take turns, and the user
    is asked last where two answers are ranked, the assistant answers last where none are.
    """
    columns, tags = entry["columns"], entry["tags"]
    keys = tags["role_tag"], tags["content_tag"]
    system, user, assistant = tags["system_tag"], tags["user_tag"], tags["assistant_tag"]
    known: dict[str, Any] = {
        columns["messages"]: {
            "type": "array",
            "minItems": 1,
            "items": message(*keys, system, user, assistant),
        }
    }
    if entry.get("ranking"):
        known |= {columns[name]: message(*keys, assistant) for name in ("chosen", "rejected")}
    if "kto_tag" in columns:
        known[columns["kto_tag"]] = {"type": "boolean"}
    return {"type": "object", "properties": known, "required": list(known)}


def turns(entry: Mapping[str, Any], row: Mapping[str, Any]) -> list[str]:
    role = entry["tags"]["role_tag"]
    return [each[role] for each in row[entry["columns"]["messages"]]]


def take_turns(entry: Mapping[str, Any], roles: list[str]) -> bool:
    tags = entry["tags"]
    spoken = roles[1:] if roles[0] == tags["system_tag"] else roles
    both = (tags["user_tag"], tags["assistant_tag"])
    last = tags["user_tag"] if entry.get("ranking") else tags["assistant_tag"]
    in_turn = [both[place % 2] for place in range(len(spoken))]
    return bool(spoken) and spoken[-1] == last and spoken == in_turn


def axolotl_row(entry: Mapping[str, Any]) -> dict[str, Any]:
    keys = tuple(entry["message_property_mappings"][name] for name in ("role", "content"))
    messages = {
        "type": "array",
        "minItems": 1,
        "items": message(*keys, "system", "user", "assistant"),
    }
    known: dict[str, Any] = {entry["field_messages"]: messages}
    for field in ("field_chosen", "field_rejected"):
        if field in entry:
            known[entry[field]] = message(*keys, "assistant")
    return {"type": "object", "properties": known, "required": list(known)}


def wrong(schema: Schema, value: object) -> list[str]:
    """What is not as the schema says."""
    return [error.message for error in Draft202012Validator(schema).iter_errors(value)]


# The files ---------------------------------------------------------------------------------------


@pytest.fixture(params=["jsonl", "parquet"])
def dataset(request: pytest.FixtureRequest, ml_engineer: Person) -> Dataset:
    """A dataset of every format, as lines and as Parquet."""
    kinds = list(dict.fromkeys(["jsonl", request.param]))
    return built(ml_engineer, shares=THIRDS, formats=training_format_slugs(), files=kinds)


def rows_named(dataset: Dataset, path: str) -> list[dict[str, Any]]:
    """The rows of a file; of Parquet the same ones, which lie beside it as lines."""
    assert dataset.files.filter(path=path).exists()
    return rows_of(dataset, path.replace(".parquet", ".jsonl"))


def test_every_entry_for_llama_factory_is_as_it_documents_and_so_is_every_row(
    dataset: Dataset,
) -> None:
    told = json.loads(content_of(dataset, "dataset_info.json"))

    assert {"music-sft-sft", "music-sft-dpo", "music-sft-kto"} <= set(told)
    for name, entry in told.items():
        assert wrong(LLAMA_FACTORY, entry) == [], name
        assert entry["formatting"] == "sharegpt"
        rows = rows_named(dataset, entry["file_name"])
        assert rows, name
        for row in rows:
            assert wrong(sharegpt_row(entry), row) == [], name
            assert take_turns(entry, turns(entry, row)), name


def test_every_snippet_for_axolotl_is_as_it_documents_and_so_is_every_row(
    dataset: Dataset,
) -> None:
    for name, schema in AXOLOTL.items():
        told = yaml.safe_load(content_of(dataset, name))
        assert wrong(schema, told) == [], name
        for entry in [*told["datasets"], *told.get("test_datasets", [])]:
            rows = rows_named(dataset, entry["path"])
            assert rows, name
            assert [found for row in rows for found in wrong(axolotl_row(entry), row)] == []


def damaged(entry: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield {**entry, "file": entry["file_name"]}
    yield {**entry, "formatting": "messages"}
    yield {**entry, "columns": {**entry["columns"], "label": "label"}}
    yield {**entry, "file_name": "kto/train.jsonl.gz"}
    yield {key: value for key, value in entry.items() if key != "file_name"}


@pytest.mark.parametrize("dataset", ["jsonl"], indirect=True)
def test_what_is_not_documented_would_be_found(dataset: Dataset) -> None:
    """The control: entries and rows as they have been wrong in earlier versions of such files."""
    told = json.loads(content_of(dataset, "dataset_info.json"))
    dpo, kto = told["music-sft-dpo"], told["music-sft-kto"]
    [pair, *_more] = rows_of(dataset, dpo["file_name"])

    assert all(wrong(LLAMA_FACTORY, entry) for entry in damaged(kto))
    # TRL's rows: a list of one message, and no question of its own.
    assert wrong(sharegpt_row(dpo), {**pair, "chosen": [pair["chosen"]]})
    assert wrong(sharegpt_row(kto), {"messages": pair["messages"], "label": "true"})
    assert not take_turns(kto, turns(dpo, pair))
    assert not take_turns(dpo, ["system", "user", "user"])
