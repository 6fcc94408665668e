"""Load a dataset with the libraries that people prepare training with, and count its rows.

    COPYDESK_TOKEN=… python load_everywhere.py FOLDER ADDRESS_OF_ITS_FILES LIBRARY

runs in the environment of the trainers. Prints JSON: {"sft/train": rows, …}.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas
import polars
from datasets import get_dataset_config_names, load_dataset

# What each format must have under its name, and how one of its values is reached.
TEXT_OF = {
    "sft": ("completion", 0, "content"),
    "messages": ("messages", -1, "content"),
    "dpo": ("chosen", 0, "content"),
    "kto": ("completion", 0, "content"),
    "spans": ("draft",),
    "eval": ("golden",),
    "openai-chat": ("messages", -1, "content"),
    "openai-preference": ("preferred_output", 0, "content"),
    "llama-factory-dpo": ("chosen", "content"),
    "llama-factory-kto": ("messages", -1, "content"),
}


def reached(row, slug):
    """Return the text that the format is about, out of a row."""
    value = row
    for step in TEXT_OF[slug]:
        value = value[step]
    assert isinstance(value, str), (slug, value)
    assert value, slug
    return value


def from_folder(folder, _address):
    """`datasets`, by the configurations of the card."""
    for slug in get_dataset_config_names(str(folder)):
        for split, rows in load_dataset(str(folder), slug).items():
            reached(rows[0], slug)
            yield f"{slug}/{split}", len(rows)


def over_http(folder, address):
    """`datasets`, from the running desk, with a token."""
    options = {"headers": {"Authorization": f"Bearer {os.environ['COPYDESK_TOKEN']}"}}
    for path in sorted(folder.glob("sft/*.jsonl")) + sorted(folder.glob("kto/*.jsonl.gz")):
        name = str(path.relative_to(folder))
        rows = load_dataset(
            "json", data_files=f"{address}{name}", storage_options=options, split="train"
        )
        reached(rows[0], name.partition("/")[0])
        yield name.partition(".")[0], len(rows)


def with_pandas(folder, _address):
    """pandas, from Parquet."""
    for slug, name, path in parquet_files(folder):
        rows = pandas.read_parquet(path)
        reached(rows.iloc[0].to_dict(), slug)
        yield name, len(rows)


def with_polars(folder, _address):
    """polars, from Parquet."""
    for slug, name, path in parquet_files(folder):
        rows = polars.read_parquet(path)
        reached(rows.row(0, named=True), slug)
        yield name, len(rows)


def with_duckdb(folder, _address):
    """DuckDB, from Parquet."""
    for slug, name, path in parquet_files(folder):
        found = duckdb.sql(f"SELECT * FROM '{path}'")
        [first] = found.limit(1).fetchall()
        reached(dict(zip(found.columns, first, strict=True)), slug)
        [(count,)] = duckdb.sql(f"SELECT count(*) FROM '{path}'").fetchall()
        yield name, count


def parquet_files(folder) -> Iterator[tuple[str, str, Path]]:
    """Yield format, format with split, and path of each Parquet file."""
    for path in sorted(folder.glob("*/*.parquet")):
        name = str(path.relative_to(folder)).partition(".")[0]
        yield name.partition("/")[0], name, path


LIBRARIES = {
    "datasets": from_folder,
    "datasets-http": over_http,
    "pandas": with_pandas,
    "polars": with_polars,
    "duckdb": with_duckdb,
}


if __name__ == "__main__":
    read = LIBRARIES[sys.argv[3]]
    print(json.dumps(dict(read(Path(sys.argv[1]), sys.argv[2]))))
