"""`sessionize check` of a folder of repositories: of all at once, of each by itself, and ruff's nearest rule.

    python benchmarks/many.py FOLDER

The claim: all at once cost no more than the sum of the parts.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measure import ENVIRONMENT, Cost, cost

RUFF = ("ruff", "check", "--isolated", "--no-cache", "--select", "S113")
OURS = (sys.executable, "-m", "sessionize", "check", "--isolated", "--ignore", "RQS901")
NOTHING = (sys.executable, "-c", "import sessionize.cli")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", type=Path, help="a folder in which each folder is a repository")
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    parts = sorted(entry for entry in chosen.folder.iterdir() if entry.is_dir())
    start = min(cost(NOTHING, ENVIRONMENT).cpu for _ in range(5))
    print(f"{len(parts)} repositories; {len(parts) * start:.1f} s of the sum are to start a process for each\n")
    print(f"{'':20}{'wall s':>9}{'cpu s':>9}{'MiB':>8}")
    for _ in range(chosen.runs):
        tell("all at once", cost((*OURS, str(chosen.folder))))
        tell("sum of the parts", total([cost((*OURS, str(part))) for part in parts]))
        tell("ruff S113", cost((*RUFF, str(chosen.folder))))


def total(costs: list[Cost]) -> Cost:
    return Cost(sum(each.wall for each in costs), sum(each.cpu for each in costs), max(each.memory for each in costs))


def tell(name: str, measured: Cost) -> None:
    print(f"{name:20}{measured.wall:9.2f}{measured.cpu:9.2f}{measured.memory:8.1f}", flush=True)


if __name__ == "__main__":
    main()
