"""Drafts that the embedded model really wrote, labelled by hand: what an editor would tag.

`hand_labelled.jsonl` holds 140 lines under tracks and 60 answers about jobs as SmolLM2-135M wrote
them with the shipped prompts, and for each the families under which a reader of the guide would tag
something, with the words. Only what a family of checks is about is labelled: neither grammar nor
blandness. Facts are from music.jsonl (CC0) and jobs.jsonl (CC BY 4.0, O*NET Resource Center, U.S.
Department of Labor).
"""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from explanations.checks import Finding, run_checks

DRAFTS: Final = Path(__file__).with_name("hand_labelled.jsonl")

Label = Mapping[str, Any]


def measure_by_hand(catalogue: object, shown: int = 0) -> dict[str, dict[str, float]]:
    """Print and return precision and recall a family on the real drafts.

    A label is found where a finding of its family stands on its words, or anywhere where it has
    none; a finding is right where it stands on the words of a label, or is about the whole text.
    """
    labels, found, findings, right = Counter[str](), Counter[str](), Counter[str](), Counter[str]()
    for draft in _drafts():
        said = run_checks(draft["text"], draft, catalogue=catalogue)
        for label in draft["labels"]:
            family = str(label["family"])
            labels[family] += 1
            is_found = any(_fits(finding, label) for finding in said)
            found[family] += is_found
            if shown and not is_found:
                print(f"  missed ({family}): {draft['text']} «{label['words']}»")
        for finding in said:
            findings[finding.check] += 1
            is_right = any(_fits(finding, label) for label in draft["labels"])
            right[finding.check] += is_right
            if shown and not is_right:
                words = draft["text"][finding.start : finding.end] if finding.end else ""
                print(f"  blamed ({finding.check}): {draft['text']} «{words}» {finding.message}")
    families = sorted({*labels, *findings})
    print(f"{'by hand':<14}{'labels':>8}{'findings':>10}{'precision':>11}{'recall':>8}")
    for family in families:
        precision = _share(right[family], findings[family])
        recall = _share(found[family], labels[family])
        counts = f"{labels[family]:>8}{findings[family]:>10}"
        print(f"{family:<14}{counts}{precision:>11}{recall:>8}")
    return {
        "precision_by_hand": _shares(right, findings, families),
        "recall_by_hand": _shares(found, labels, families),
    }


def _drafts() -> list[dict[str, Any]]:
    return [json.loads(line) for line in DRAFTS.read_text(encoding="utf-8").splitlines()]


def _fits(finding: Finding, label: Label) -> bool:
    if finding.check != label["family"]:
        return False
    if finding.start is None or finding.end is None or label["start"] is None:
        return True
    return bool(finding.start < label["end"] and label["start"] < finding.end)


def _share(some: int, of: int) -> str:
    return f"{some / of:.3f}" if of else "–"


def _shares(
    some: Mapping[str, int], of: Mapping[str, int], families: list[str]
) -> dict[str, float]:
    return {family: round(some[family] / of[family], 4) for family in families if of[family]}
