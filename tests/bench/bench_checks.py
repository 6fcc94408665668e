"""How often the checks are right, how fast they are, and how much memory they take.

    python tests/bench/bench_checks.py [--set tuning|measuring] [--lines N] [--family NAME ...]
                                       [--only accuracy|speed|memory] [--show N]

Builds labelled lines from music.jsonl and jobs.jsonl in ../shared/data, or in the folder that
COPYDESK_BENCH_DATA names: for every family N correct lines and N with one fault. Prints precision
and recall a family, then how many drafts a second one core checks with a catalogue of 100,000
names beside one of 1,000, and what the process holds then. ``--show`` prints that many lines of
each kind that went wrong. The last line is JSON.
"""

import argparse
import gc
import json
import resource
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random
from typing import Any, get_args

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from explanations.checks import Finding, run_checks  # noqa: E402
from explanations.checks.catalogue import Catalogue  # noqa: E402
from tests.bench.checks.families import FAMILIES  # noqa: E402
from tests.bench.checks.frame import Corpus, Family, Line, SetName, read_corpus  # noqa: E402
from tests.bench.checks.hand_labelled import measure_by_hand  # noqa: E402
from tests.bench.checks.names import catalogue_of  # noqa: E402

SEED = 20260
LINES = 5_000
MANY_NAMES = 100_000
FEW_NAMES = 1_000
SPEED_LINES = 2_000
SPEED_ROUNDS = 8
PARTS = ("accuracy", "speed", "memory")


@dataclass(slots=True)
class Score:
    """What the checks of a family made of its lines."""

    correct: int = 0
    corrupted: int = 0
    blamed: int = 0
    """Correct lines with a finding of the family."""
    pointed_at: int = 0
    """Corrupted lines with a finding on the wrong words, or on none where none are wrong."""
    noticed: int = 0
    """Corrupted lines with any finding of the family."""
    seconds: float = 0.0
    missed_kinds: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)

    @property
    def precision(self) -> float:
        """Return which share of the lines that were pointed at is corrupted."""
        return self.pointed_at / max(1, self.pointed_at + self.blamed)

    @property
    def recall(self) -> float:
        """Return which share of the corrupted lines was pointed at."""
        return self.pointed_at / max(1, self.corrupted)


def main(arguments: argparse.Namespace) -> None:
    """Measure and print: tables for people, one line of JSON for programs."""
    if arguments.only == "memory":
        print(json.dumps(memory()))
        return
    figures: dict[str, Any] = {"set": arguments.set}
    if arguments.only in {None, "accuracy"}:
        figures |= accuracy(arguments)
    if arguments.only in {None, "speed"}:
        figures |= speed(arguments.set)
        figures |= memory_of_another_process()
    print()
    print(json.dumps(figures))


# --- Accuracy ------------------------------------------------------------------------------------


def accuracy(arguments: argparse.Namespace) -> dict[str, Any]:
    """Print and return precision and recall of the wanted families."""
    corpus = read_corpus(arguments.set)
    catalogue = catalogue_of(read_corpus(), MANY_NAMES, Random(SEED))
    print(
        f"{arguments.lines} correct and {arguments.lines} corrupted lines a family, "
        f"{arguments.set} set, a catalogue of {len(catalogue)} names"
    )
    print(f"{'family':<14}{'precision':>10}{'recall':>8}{'noticed':>9}{'blamed':>8}  missed most")
    scores = {}
    for family in FAMILIES:
        if not arguments.family or family.NAME in arguments.family:
            score = score_of(family, corpus, catalogue, arguments.lines, arguments.show)
            scores[family.NAME] = score
            missed = ", ".join(
                f"{kind} {count}/{score.kinds[kind]}"
                for kind, count in score.missed_kinds.most_common(4)
            )
            print(
                f"{family.NAME:<14}{score.precision:>10.4f}{score.recall:>8.4f}"
                f"{score.noticed / max(1, score.corrupted):>9.4f}{score.blamed:>8}  {missed}",
                flush=True,
            )
    return {
        "precision": {name: round(score.precision, 4) for name, score in scores.items()},
        "recall": {name: round(score.recall, 4) for name, score in scores.items()},
        **(measure_by_hand(catalogue, arguments.show) if not arguments.family else {}),
    }


def score_of(family: Family, corpus: Corpus, catalogue: Catalogue, lines: int, shown: int) -> Score:
    """Check the lines of a family and count."""
    score = Score()
    for line in islice(family.correct_lines(corpus, Random(SEED)), lines):
        findings = findings_of_family(family, line, catalogue)
        score.correct += 1
        if findings:
            score.blamed += 1
            if score.blamed <= shown:
                show("blamed", line, findings)
    missed = 0
    for line in islice(family.corrupted_lines(corpus, Random(SEED + 1)), lines):
        findings = findings_of_family(family, line, catalogue)
        score.corrupted += 1
        score.kinds[line.kind] += 1
        score.noticed += bool(findings)
        if any(points_at(finding, line) for finding in findings):
            score.pointed_at += 1
        else:
            score.missed_kinds[line.kind] += 1
            missed += 1
            if missed <= shown:
                show("missed", line, findings)
    return score


def findings_of_family(family: Family, line: Line, catalogue: Catalogue) -> list[Finding]:
    """Return what the family's own checks say about a line."""
    findings = run_checks(
        line.text, line.recommendation, catalogue=catalogue, published=line.published
    )
    return [finding for finding in findings if finding.check in family.CHECKS]


def points_at(finding: Finding, line: Line) -> bool:
    """Say whether a finding is on the wrong words; where none are, any finding is."""
    if line.wrong is None:
        return True
    if finding.start is None or finding.end is None:
        return False
    start, end = line.wrong
    return finding.start < end and start < finding.end


def show(what: str, line: Line, findings: Iterable[Finding]) -> None:
    """Print a line that went wrong."""
    wrong = f" «{line.text[slice(*line.wrong)]}»" if line.wrong else ""
    print(f"  {what} ({line.kind}): {line.text}{wrong}")
    for finding in findings:
        words = line.text[finding.start : finding.end] if finding.start is not None else ""
        print(f"      {finding.check} {finding.severity} «{words}» {finding.message}")


# --- Speed and memory ----------------------------------------------------------------------------


def speed(name: SetName) -> dict[str, Any]:
    """Print and return how many drafts one core checks a second, with many and with few names."""
    lines = lines_for_speed(name)
    whole = read_corpus()
    rates = {
        count: drafts_per_s(lines, catalogue_of(whole, count, Random(SEED)))
        for count in (FEW_NAMES, MANY_NAMES)
    }
    for count, rate in rates.items():
        print(f"{rate:>10,.0f} drafts/s of processor time with {count:,} names, all checks")
    growth = rates[FEW_NAMES] / rates[MANY_NAMES]
    print(
        f"{growth:>10.2f} times the time of a draft with {MANY_NAMES // FEW_NAMES} times the names"
    )
    return {
        "drafts_per_s": round(rates[MANY_NAMES]),
        "drafts_per_s_with_1000_names": round(rates[FEW_NAMES]),
        "growth": round(growth, 3),
    }


def lines_for_speed(name: SetName) -> Sequence[Line]:
    """Return lines of all families, half of them corrupted."""
    corpus = read_corpus(name)
    share = SPEED_LINES // (2 * len(FAMILIES))
    return [
        line
        for family in FAMILIES
        for make in (family.correct_lines, family.corrupted_lines)
        for line in islice(make(corpus, Random(SEED)), share)
    ]


def drafts_per_s(lines: Sequence[Line], catalogue: Catalogue) -> float:
    """Return the best of some rounds: processor time, so that a busy machine does not count."""
    best = 0.0
    # The rows of the bench are nothing that a desk's worker would have its collector walk through.
    gc.collect()
    gc.freeze()
    for _ in range(SPEED_ROUNDS):
        begun = time.process_time()
        for line in lines:
            run_checks(
                line.text,
                line.recommendation,
                catalogue=catalogue,
                published=line.published,
            )
        best = max(best, len(lines) / (time.process_time() - begun))
    return best


def memory() -> dict[str, float]:
    """Return what this process held at most, checking with 100,000 names."""
    lines = lines_for_speed("measuring")
    catalogue = catalogue_of(read_corpus(), MANY_NAMES, Random(SEED))
    for line in lines:
        run_checks(line.text, line.recommendation, catalogue=catalogue, published=line.published)
    most_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"mb": round(most_kib * 1024 / 1e6, 1)}


def memory_of_another_process() -> dict[str, float]:
    """Measure the memory where nothing else was done before."""
    measured = subprocess.run(
        [sys.executable, __file__, "--only", "memory"], check=True, capture_output=True, text=True
    )
    figures: dict[str, float] = json.loads(measured.stdout.splitlines()[-1])
    print(f"{figures['mb']:>10,.0f} MB held at most by a process with {MANY_NAMES:,} names")
    return figures


def read_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--set", choices=get_args(SetName), default="measuring")
    parser.add_argument("--lines", type=int, default=LINES)
    parser.add_argument("--family", nargs="*", choices=[family.NAME for family in FAMILIES])
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--show", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main(read_arguments())
