"""Measure what comes back from damaged databases, by relevel and its peers.

    PYTHONPATH=. python bench/bench_damage.py [--seeds N] [--variants NAMES] [--damage NAMES] [--contestants NAMES] [--json FILE]

Every damage is done to every variant with every seed, scored against the true history. One line is printed for each damage and
contestant: means over the variants and seeds in percent of live entries, sums of the rest.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import random
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from damage.contestants import CONTESTANTS
from damage.histories import VARIANTS, make
from damage.score import Score, score

from damage.operators import OPERATORS, Patient

Cell = tuple[str, str, str, int]
"""Damage, contestant, variant, seed."""


def measure(variant: str, seed: int, damages: list[str], contestants: list[str]) -> dict[Cell, Score]:
    """All damages to one database."""
    cells: dict[Cell, Score] = {}
    with tempfile.TemporaryDirectory() as folder:
        history = make(variant, seed, Path(folder))
        for damage in damages:
            for contestant in contestants:
                scratch = Path(folder) / "scratch"
                scratch.mkdir()
                patient = scratch / "patient"
                shutil.copytree(history.path, patient)
                try:
                    hurt = OPERATORS[damage](Patient(history, patient, random.Random(f"{seed} {variant} {damage}")))
                except LookupError:
                    shutil.rmtree(scratch)
                    continue
                try:
                    result = CONTESTANTS[contestant](patient, scratch)
                    found = score(
                        history, hurt, result.found, result.told, complete=result.complete, seconds=result.seconds
                    )
                    found = dataclasses.replace(found, error=result.problem, reasons=result.reasons)
                except Exception as error:  # noqa: BLE001 - what a contestant does is what is measured
                    found = Score(
                        entries=len(history.live), lost=len(history.live), error=f"{type(error).__name__}: {error}"
                    )
                cells[damage, contestant, variant, seed] = found
                shutil.rmtree(scratch)
    return cells


HEADER = (
    "exact %",
    "hurt back %",
    "lost",
    "of intact",
    "stale",
    "resurr.",
    "foreign",
    "untold",
    "wrong 0",
    "wrong 1",
    "errors",
    "s",
)


def line(scores: list[Score]) -> list[str]:
    """The figures of one damage and contestant."""
    exact = sum(each.exact / each.entries for each in scores) / len(scores) * 100
    hurt = [1 - (each.entries - each.exact - each.lost_intact) / each.hurt for each in scores if each.hurt]
    sums = [
        sum(getattr(each, name) for each in scores)
        for name in ("lost", "lost_intact", "stale", "resurrected", "foreign", "untold")
    ]
    told = [each for each in scores if each.says_complete is not None]
    return [
        f"{exact:.4f}",
        f"{sum(hurt) / len(hurt) * 100:.1f}" if hurt else "-",
        *map(str, sums),
        str(sum(bool(each.says_complete) and not each.is_perfect for each in told)),
        str(sum(not each.says_complete and each.is_perfect for each in told)),
        str(sum(bool(each.error) for each in scores)),
        f"{sum(each.seconds for each in scores) / len(scores):.2f}",
    ]


def print_table(cells: dict[Cell, Score], contestants: Iterable[str]) -> None:
    """Print one line for each damage and contestant."""
    print(f"{'':32}" + "".join(f"{name:>12}" for name in HEADER))
    groups: dict[tuple[str, str], list[Score]] = defaultdict(list)
    for (damage, contestant, _, _), found in cells.items():
        groups[damage, contestant].append(found)
    for damage in OPERATORS:
        for contestant in contestants:
            if scores := groups.get((damage, contestant)):
                print(f"{damage:22}{contestant:10}" + "".join(f"{figure:>12}" for figure in line(scores)))


def print_silence(scores: list[Score]) -> None:
    """Say how many results were perfect without saying so, and why: by what the reports give as reasons."""
    silent = [each for each in scores if each.says_complete is False and each.is_perfect]
    share = len(silent) / len(scores) * 100 if scores else 0.0
    print(f"perfect, and not said to be: {len(silent)} of {len(scores)} ({share:.1f} %)")
    for reasons, count in Counter(each.reasons for each in silent).most_common():
        print(f"{count:8} {', '.join(reasons)}")


def main() -> None:
    """Parse the command line, measure, print. Exits with 1 where relevel's result was worse than its report says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--variants", nargs="+", default=list(VARIANTS), choices=VARIANTS)
    parser.add_argument("--damage", nargs="+", default=list(OPERATORS), choices=OPERATORS)
    parser.add_argument("--contestants", nargs="+", default=["relevel"], choices=CONTESTANTS)
    parser.add_argument("--json", type=Path, help="write every single score to this file")
    parser.add_argument("--verbose", action="store_true", help="name every result that is not perfect")
    options = parser.parse_args()
    tasks = [
        (variant, seed)
        for seed in range(options.first_seed, options.first_seed + options.seeds)
        for variant in options.variants
    ]
    cells: dict[Cell, Score] = {}
    work = partial(measure, damages=options.damage, contestants=options.contestants)
    with ProcessPoolExecutor(2) as workers:
        for measured in workers.map(work, *zip(*tasks, strict=True)):
            cells |= measured
    print_table(cells, options.contestants)
    ours = [found for cell, found in cells.items() if cell[1] == "relevel"]
    print_silence(ours)
    for cell, found in cells.items():
        if options.verbose and (not found.is_perfect or found.error or found.says_complete is False):
            print(cell, {name: value for name, value in dataclasses.asdict(found).items() if value})
    if options.json is not None:
        listed = [
            {"damage": cell[0], "contestant": cell[1], "variant": cell[2], "seed": cell[3], **dataclasses.asdict(found)}
            for cell, found in cells.items()
        ]
        options.json.write_text(json.dumps(listed, indent=1))
    sys.exit(int(any(found.untold or found.error or (found.says_complete and not found.is_perfect) for found in ours)))


if __name__ == "__main__":
    main()
