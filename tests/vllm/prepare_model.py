"""Make the folders that vLLM serves: a model out of the GGUF file, and a tiny random adapter.

Runs in vLLM's own environment, never in the desk's:

    .venv-vllm/bin/python tests/vllm/prepare_model.py WEIGHTS.gguf FOLDER

FOLDER/model and FOLDER/adapter are written once and kept; a folder that is half written by a killed
run has no `done` file and is made again.
"""

import json
import shutil
import sys
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

ADAPTER_RANK = 4


def convert_weights(weights: Path, folder: Path) -> None:
    """Write the GGUF weights as a folder of safetensors, with tokenizer and chat template."""
    model = AutoModelForCausalLM.from_pretrained(
        weights.parent,
        gguf_file=weights.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    tokenizer = AutoTokenizer.from_pretrained(weights.parent, gguf_file=weights.name)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_random_adapter(model: Path, folder: Path) -> None:
    """Write a LoRA adapter with small random weights on the query projection of every layer.

    Written by hand in peft's file format, so that no trainer has to be installed for it.
    """
    config = json.loads((model / "config.json").read_text())
    torch.manual_seed(0)
    tensors = {}
    for layer in range(config["num_hidden_layers"]):
        projection = f"base_model.model.model.layers.{layer}.self_attn.q_proj"
        hidden = config["hidden_size"]
        tensors[f"{projection}.lora_A.weight"] = torch.randn(ADAPTER_RANK, hidden) * 0.02
        tensors[f"{projection}.lora_B.weight"] = torch.randn(hidden, ADAPTER_RANK) * 0.02
    folder.mkdir(parents=True)
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(
        json.dumps(
            {
                "peft_type": "LORA",
                "task_type": "CAUSAL_LM",
                "base_model_name_or_path": str(model),
                "r": ADAPTER_RANK,
                "lora_alpha": 8,
                "lora_dropout": 0.0,
                "bias": "none",
                "target_modules": ["q_proj"],
                "inference_mode": True,
            }
        )
    )


def main() -> None:
    """Prepare what is missing."""
    weights, folder = Path(sys.argv[1]), Path(sys.argv[2])
    done = folder / "done"
    if done.exists():
        return
    shutil.rmtree(folder, ignore_errors=True)
    convert_weights(weights, folder / "model")
    make_random_adapter(folder / "model", folder / "adapter")
    done.touch()


if __name__ == "__main__":
    main()
