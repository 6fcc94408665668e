"""The dataset card: README.md, whose head tells `datasets` what to load; for people and hubs."""

from collections.abc import Iterable, Mapping
from typing import Final

from feedback.descriptions.base import Manifest, as_yaml, files_of
from feedback.formats import LISTS, OBJECTS, Kind, get_training_format

_ONE: Final[Mapping[Kind, str]] = {"text": "string", "number": "int64", "truth": "bool"}


def card(manifest: Manifest) -> bytes:
    """Return README.md: `load_dataset(folder, "sft")` works by its head."""
    title = f"{manifest['name']} {manifest['number']}"
    parts = [
        f"---\n{as_yaml(_head(manifest))}---\n",
        f"# {title}\n",
        "Drafts of language models, reviewed and rewritten by editors. Built by Copydesk; this "
        "version never changes. `manifest.json` has its recipe, all counts, and the length and "
        "sha256 of each file.\n",
        *_warnings(manifest),
        "## Rows\n",
        _table(("format", "what for", "split", "rows"), _rows(manifest)),
        "Load one of the formats:\n",
        f'```python\nload_dataset("path/of/this/folder", "{next(iter(manifest["rows"]))}")\n```\n',
        "Rows of one `group` are in one split, in every version with the same salt. Nothing in "
        "validation or test is nearly the same as something in train.\n",
        "## Made up of\n",
        _table(("", "", "reviews"), _mix(manifest)),
        "## Left out\n",
        _table(("why", "number"), manifest["left_out"].items()) or "Nothing.\n",
        "## Where it comes from\n",
        _table(("task", "prompt", "sha256", "reviews"), _prompts(manifest)),
        "Texts of models and of people stand side by side: `model` names who wrote the draft. "
        "Editors are counted under pseudonyms.\n",
    ]
    return "\n".join(part for part in parts if part).encode()


def _warnings(manifest: Manifest) -> Iterable[str]:
    if manifest["warnings"]:
        yield "## Warnings\n"
        yield "".join(f"- {warning}\n" for warning in manifest["warnings"])


def _head(manifest: Manifest) -> dict[str, object]:
    slugs = list(manifest["rows"])
    return {
        "pretty_name": f"{manifest['name']} {manifest['number']}",
        "configs": [
            {
                "config_name": slug,
                "data_files": [
                    {"split": split, "path": file["path"]}
                    for split, file in files_of(manifest, slug).items()
                ],
                **({"default": True} if slug == slugs[0] else {}),
            }
            for slug in slugs
        ],
        "dataset_info": [
            {
                "config_name": slug,
                "features": _features(get_training_format(slug).columns),
            }
            for slug in slugs
        ],
    }


def _features(names: Mapping[str, Kind]) -> list[dict[str, object]]:
    """Return the types, which `datasets` would guess from the first rows, though all be null."""
    return [{"name": name, **_feature(kind)} for name, kind in names.items()]


def _feature(kind: Kind) -> dict[str, object]:
    if kind in LISTS:
        of = LISTS[kind]
        return {"list": _ONE[of] if isinstance(of, str) else _features(of)}
    return {"struct": _features(OBJECTS[kind])} if kind in OBJECTS else {"dtype": _ONE[kind]}


def _rows(manifest: Manifest) -> Iterable[tuple[object, ...]]:
    for slug, by_split in manifest["rows"].items():
        for split, rows in by_split.items():
            yield f"`{slug}`", get_training_format(slug).sentence, split, rows


def _mix(manifest: Manifest) -> Iterable[tuple[object, ...]]:
    for what in ("tasks", "outcomes", "tags", "models", "editors"):
        for name, reviews in manifest[what].items():
            yield what, name, reviews


def _prompts(manifest: Manifest) -> Iterable[tuple[object, ...]]:
    for prompt in manifest["prompts"]:
        yield prompt["task"], prompt["number"], f"`{prompt['sha256'][:12]}…`", prompt["reviews"]


def _table(head: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(map(_cell, row)) for row in rows]
    if not lines:
        return ""
    names = list(head)
    return "".join(f"| {' | '.join(each)} |\n" for each in (names, ["---"] * len(names), *lines))


def _cell(value: object) -> str:
    return str(value).replace("|", "\\|").replace("\n", " ")
