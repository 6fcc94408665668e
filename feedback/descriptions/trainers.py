"""What LLaMA-Factory and axolotl have to be told about a dataset."""

from collections.abc import Mapping
from typing import Any, Final

from feedback.descriptions.base import Manifest, as_json, as_yaml, files_of

_TAGS: Final = {
    "role_tag": "role",
    "content_tag": "content",
    "user_tag": "user",
    "assistant_tag": "assistant",
    "system_tag": "system",
}
# Format -> (what its entry is called, what else the entry says); the first of a name counts.
_LLAMA_FACTORY: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "messages": ("sft", {"columns": {"messages": "messages"}}),
    "openai-chat": ("sft", {"columns": {"messages": "messages"}}),
    "llama-factory-dpo": (
        "dpo",
        {
            "ranking": True,
            "columns": {"messages": "messages", "chosen": "chosen", "rejected": "rejected"},
        },
    ),
    "llama-factory-kto": ("kto", {"columns": {"messages": "messages", "kto_tag": "label"}}),
}
# It goes by the ending of a file, and knows no packed one.
_LLAMA_FACTORY_READS: Final = ("parquet", "jsonl")
_AXOLOTL_READS: Final = {"jsonl": "json", "parquet": "parquet"}
_MAPPINGS: Final = {"role": "role", "content": "content"}


def llama_factory(manifest: Manifest) -> bytes:
    """Return `dataset_info.json`, with this folder as its `dataset_dir`; nothing where the dataset
    has no format that LLaMA-Factory reads.
    """
    entries: dict[str, object] = {}
    for slug, (purpose, more) in _LLAMA_FACTORY.items():
        for split, file in files_of(manifest, slug, _LLAMA_FACTORY_READS).items():
            name = "-".join((manifest["name"], purpose, *([] if split == "train" else [split])))
            entries.setdefault(
                name,
                {"file_name": file["path"], "formatting": "sharegpt", **more, "tags": _TAGS},
            )
    return as_json(entries) if entries else b""


def axolotl_sft(manifest: Manifest) -> bytes:
    """Return what to copy into axolotl's configuration to fine-tune on whole conversations."""
    for slug in ("messages", "openai-chat"):
        more = {
            "type": "chat_template",
            "field_messages": "messages",
            "message_property_mappings": _MAPPINGS,
            "roles_to_train": ["assistant"],
        }
        if written := _axolotl(manifest, slug, {}, more):
            return written
    return b""


def axolotl_dpo(manifest: Manifest) -> bytes:
    """Return what to copy into axolotl's configuration to train on pairs."""
    more = {
        "type": "chat_template.default",
        "field_messages": "messages",
        "field_chosen": "chosen",
        "field_rejected": "rejected",
        "message_property_mappings": _MAPPINGS,
    }
    # One message each is what all of its versions read; the newer ones take lists as well.
    return _axolotl(manifest, "llama-factory-dpo", {"rl": "dpo"}, more) or _axolotl(
        manifest, "dpo", {"rl": "dpo"}, more | {"field_messages": "prompt"}
    )


def _axolotl(
    manifest: Manifest, slug: str, begins: Mapping[str, object], more: Mapping[str, object]
) -> bytes:
    files = files_of(manifest, slug, _AXOLOTL_READS)
    told: dict[str, object] = dict(begins)
    for name, split in (("datasets", "train"), ("test_datasets", "validation")):
        if split in files:
            path = files[split]["path"]
            kind = _AXOLOTL_READS[path.rpartition(".")[2]]
            # A file of one split is to axolotl, as to `datasets`, the split "train".
            told[name] = [{"path": path, "ds_type": kind, "split": "train", **more}]
    if "datasets" not in told:
        return b""
    return ("# For axolotl. Paths are from this folder.\n" + as_yaml(told)).encode()
