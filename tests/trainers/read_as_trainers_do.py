"""Read a dataset with the readers of LLaMA-Factory and of axolotl, by what the desk tells them.

    python read_as_trainers_do.py FOLDER llama-factory|axolotl

runs in the environment of the trainers. Both are installed there without what they require: their
readers need little of it, and their own versions of it do not fit each other. Prints JSON: what
each entry was read as.
"""

import importlib.util
import json
import sys
import types
from pathlib import Path
from typing import get_args

import yaml
from datasets import load_dataset
from own_tokenizer import tokenizer_of

NOT_TRAINED_ON = -100
# What else stands in a configuration of axolotl, and is none of a dataset's business.
OF_WHO_TRAINS = {"chat_template": "tokenizer_default", "sequence_len": 4096}


# LLaMA-Factory -----------------------------------------------------------------------------------


def with_llama_factory(folder):
    """Its `dataset_info.json`, read and brought into its own form by its own functions."""
    _leave_out_pictures_and_sound()
    from llamafactory.data.converter import align_dataset
    from llamafactory.data.parser import get_dataset_list
    from llamafactory.extras.constants import FILEEXT2TYPE

    for name in json.loads((folder / "dataset_info.json").read_bytes()):
        [told] = get_dataset_list([name], str(folder))
        kind = FILEEXT2TYPE[told.dataset_name.rpartition(".")[2]]
        path = str(folder / told.dataset_name)
        rows = load_dataset(kind, data_files=path, split=told.split)
        wanted = types.SimpleNamespace(
            streaming=False, preprocessing_num_workers=None, overwrite_cache=True, media_dir=folder
        )
        read = align_dataset(rows, told, wanted, types.SimpleNamespace(local_process_index=0))
        # What it cannot use it leaves without a question, with a line in its log.
        used = [row for row in read if row["_prompt"]]
        for row in used:
            assert row["_prompt"][-1]["role"] == "user", row
            assert row["_system"], row
        yield (
            name,
            {
                "rows": len(rows),
                "used": len(used),
                "answers": sorted({len(row["_response"]) for row in used}),
                "liked": sum(bool(row["_response"][0]["content"]) for row in used),
                "first": used[0]["_response"][0]["content"],
            },
        )


def _leave_out_pictures_and_sound():
    """Let its modules about data be imported without the others of their package, which need
    libraries for pictures and sound."""
    package = types.ModuleType("llamafactory.data")
    place = importlib.util.find_spec("llamafactory").origin
    package.__path__ = [str(Path(place).parent / "data")]
    sys.modules["llamafactory.data"] = package


# axolotl -----------------------------------------------------------------------------------------


def with_axolotl(folder):
    """Its snippets, checked by its own schema and turned into tokens by its own strategies."""
    from axolotl.utils.dict import DictDefault
    from axolotl.utils.schemas.datasets import DatasetConfig
    from pydantic import TypeAdapter

    schema = TypeAdapter(DatasetConfig)
    fields = {name for kind in get_args(DatasetConfig) for name in kind.model_fields}
    for path in sorted(folder.glob("axolotl-*.yaml")):
        told = yaml.safe_load(path.read_text("utf-8"))
        for part in ("datasets", "test_datasets"):
            for entry in told.get(part, []):
                unknown = set(entry) - fields
                assert not unknown, (path.name, unknown)
                # As it goes on with it: what the kind of entry that it took this for does not
                # have is forgotten, and its strategy has to do without.
                known = schema.validate_python(dict(entry)).model_dump(exclude_none=True)
                file = str(folder / entry["path"])
                rows = load_dataset(entry["ds_type"], data_files=file, split=entry["split"])
                tokenizer = tokenizer_of(
                    message["content"] for row in rows for message in row[entry["field_messages"]]
                )
                config = DictDefault({**told, **OF_WHO_TRAINS, "datasets": [known]})
                learn = _pairs if told.get("rl") == "dpo" else _answers
                used = learn(rows, config, tokenizer)
                yield f"{path.stem}/{part}", {"rows": len(rows), "used": used}


def _answers(rows, config, tokenizer):
    """Fine-tuning: the answer is trained on, the question is not. Return how many rows are used."""
    from axolotl.prompt_strategies.chat_template import load

    strategy = load(tokenizer, config, ds_cfg=dict(config.datasets[0]))
    used = 0
    for row in rows:
        read = strategy.tokenize_prompt(row)
        learned = [
            token
            for token, label in zip(read["input_ids"], read["labels"], strict=True)
            if label != NOT_TRAINED_ON
        ]
        answer, question = row["messages"][-1]["content"], row["messages"][-2]["content"]
        said = tokenizer.decode(learned, skip_special_tokens=True)
        assert said.endswith(answer), (said, answer)
        assert question not in said, (said, question)
        used += 1
    return used


def _pairs(rows, config, tokenizer):
    """Preferences: what is chosen and what is rejected. Return how many rows are used."""
    from axolotl.prompt_strategies.dpo import load

    transform, _more = load(config.datasets[0].type, config, dataset_idx=0)
    used = 0
    for row in rows:
        read = transform(row, tokenizer=tokenizer)
        assert read["prompt"].endswith("<|assistant|>"), read
        assert read["chosen"].startswith(row["chosen"]["content"]), read
        assert read["rejected"].startswith(row["rejected"]["content"]), read
        assert read["chosen"] != read["rejected"], read
        used += 1
    return used


if __name__ == "__main__":
    reader = {"llama-factory": with_llama_factory, "axolotl": with_axolotl}[sys.argv[2]]
    print(json.dumps(dict(reader(Path(sys.argv[1])))))
