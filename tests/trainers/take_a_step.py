"""Take a step of training on a dataset with one of TRL's trainers, as its documentation shows.

    python take_a_step.py FOLDER sft|sft-lora|dpo|kto

runs in the environment of the trainers, without the desk and without a network: the model is a
Llama of two layers that nobody trained, its tokenizer is made of the dataset's own words. Prints
JSON: the rows that were loaded, the loss, and whether the weights moved.
"""

import json
import sys
import tempfile

import torch
from datasets import load_dataset
from own_tokenizer import tokenizer_of
from peft import LoraConfig
from transformers import LlamaConfig, LlamaForCausalLM
from trl import DPOConfig, DPOTrainer, KTOConfig, KTOTrainer, SFTConfig, SFTTrainer

USUAL = {
    "max_steps": 1,
    "per_device_train_batch_size": 4,
    "learning_rate": 0.01,
    "report_to": [],
    "save_strategy": "no",
    "use_cpu": True,
    "disable_tqdm": True,
    "max_length": 512,
    "seed": 1,
}


def small_llama(tokenizer):
    """Make a Llama of two layers, its weights drawn by chance."""
    torch.manual_seed(1)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=1024,
            pad_token_id=tokenizer.pad_token_id,
            eos_token_id=tokenizer.eos_token_id,
            bos_token_id=None,
        )
    )


def trainer_of(name, model, tokenizer, rows, folder):
    """Return the trainer of this name, as set up as its users have it."""
    given = {"model": model, "train_dataset": rows, "processing_class": tokenizer}
    match name:
        case "sft":
            return SFTTrainer(args=SFTConfig(folder, **USUAL), **given)
        case "sft-lora":
            return SFTTrainer(args=SFTConfig(folder, **USUAL), peft_config=LoraConfig(r=8), **given)
        case "dpo":
            return DPOTrainer(args=DPOConfig(folder, **USUAL), **given)
        case "kto":
            return KTOTrainer(args=KTOConfig(folder, **USUAL), **given)
    raise ValueError(name)


def main(folder, name):
    """Load, train for one step, and say what happened."""
    rows = load_dataset(folder, name.partition("-")[0], split="train")
    texts = [
        message["content"]
        for row in rows.select(range(min(len(rows), 200)))
        for message in row["prompt"]
    ]
    tokenizer = tokenizer_of(texts)
    with tempfile.TemporaryDirectory() as kept:
        # DPO and KTO load the model a second time, to compare with.
        small_llama(tokenizer).save_pretrained(kept)
        model = LlamaForCausalLM.from_pretrained(kept)
        trainer = trainer_of(name, model, tokenizer, rows, kept)
        learns = [weight for weight in trainer.model.parameters() if weight.requires_grad]
        before = [weight.detach().clone() for weight in learns]
        loss = trainer.train().training_loss
    moved = any(not torch.equal(one, other) for one, other in zip(before, learns, strict=True))
    print(json.dumps({"rows": len(rows), "loss": loss, "moved": moved}))


if __name__ == "__main__":
    main(*sys.argv[1:])
