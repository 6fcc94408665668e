"""What the descriptions of a dataset share."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

import orjson
import yaml

from feedback.recipe import SPLITS

Manifest = Mapping[str, Any]
File = Mapping[str, Any]
"""As the manifest describes it."""

# Of the kinds of file that a dataset has, what a loader is given: Parquet says its types itself.
PREFERRED: Final = ("parquet", "jsonl", "jsonl.gz")


def files_of(
    manifest: Manifest, format_slug: str, kinds: Iterable[str] = PREFERRED
) -> dict[str, File]:
    """Return split -> file of a format: of one kind, the first of `kinds` that there is."""
    for kind in kinds:
        found = {
            file["split"]: file
            for file in manifest["files"]
            if file["format"] == format_slug and file["path"].endswith(f".{kind}")
        }
        if found:
            return {split: found[split] for split in SPLITS if split in found}
    return {}


def as_json(document: object) -> bytes:
    """Return JSON that people can read."""
    return orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def as_yaml(document: object) -> str:
    """Return YAML that people can read, in the order in which it was made."""
    # Through JSON, so that nothing is the same object twice: YAML would refer to the first one, and
    # `datasets` takes apart what it has read.
    plain = orjson.loads(orjson.dumps(document))
    written: str = yaml.safe_dump(plain, sort_keys=False, allow_unicode=True, width=1000)
    return written
