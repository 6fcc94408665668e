"""What lies beside the rows of a dataset, for people and for the programs that load it. No Django.

All of it is made from the manifest, so that it says nothing else.
"""

from feedback.descriptions.base import Manifest
from feedback.descriptions.card import card
from feedback.descriptions.croissant import croissant
from feedback.descriptions.trainers import axolotl_dpo, axolotl_sft, llama_factory

__all__ = ["Manifest", "descriptions"]


def descriptions(manifest: Manifest) -> dict[str, bytes]:
    """Return path -> content of the files that describe a dataset, for its rows' files."""
    made = {
        "README.md": card(manifest),
        "croissant.json": croissant(manifest),
        "dataset_info.json": llama_factory(manifest),
        "axolotl-sft.yaml": axolotl_sft(manifest),
        "axolotl-dpo.yaml": axolotl_dpo(manifest),
    }
    return {path: content for path, content in made.items() if content}
