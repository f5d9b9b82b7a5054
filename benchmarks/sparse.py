"""`sessionize check` of a tree in which few files call requests, against ruff's nearest rule.

    python benchmarks/sparse.py [TREE]

TREE is an installed site-packages; without it one is made with pip, in the user's cache. The claims: at most 0.6 of the
wall time of `ruff check --select S113`, and at most 80 MiB in any process, for half of the files as for all of them.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from measure import in_turn, table

from sessionize.files.paths import SUFFIXES
from sessionize.files.settings import Settings
from sessionize.files.walk import discover

PACKAGES = """
    ansible-core==2.16.14 babel==2.17.0 boto3==1.40.0 botocore==1.40.0 django==5.2.4 matplotlib==3.10.3 networkx==3.4.2
    numpy==2.2.6 pandas==2.3.1 pip==25.1.1 requests==2.32.4 scikit-learn==1.7.1 scipy==1.15.3 setuptools==80.9.0
    sphinx==8.1.3 sqlalchemy==2.0.41 statsmodels==0.14.5 sympy==1.14.0 twisted==25.5.0
"""
RUFF = ("ruff", "check", "--isolated", "--no-cache", "--select", "S113")
OURS = (sys.executable, "-m", "sessionize", "check", "--isolated")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("tree", nargs="?", type=Path, help="an installed site-packages")
    options.add_argument("--runs", type=int, default=9)
    chosen = options.parse_args()
    tree = chosen.tree or made()

    seen = sum(isinstance(found, str) for found in discover([tree], Settings()))
    listed = subprocess.run([*RUFF[:3], "--show-files", tree], check=True, capture_output=True, text=True).stdout.split(
        "\n"
    )
    theirs = sum(name.endswith(SUFFIXES) for name in listed)
    half = [str(entry) for entry in sorted(tree.iterdir())][::2]
    print(f"{seen} Python files, {theirs} for ruff; usable processors: {len(os.sched_getaffinity(0))}\n")
    commands = {
        "sessionize, every other": (*OURS, *half),
        "sessionize -j1": (*OURS, "-j1", str(tree)),
        "sessionize": (*OURS, str(tree)),
        "ruff S113": (*RUFF, str(tree)),
    }
    print(table(in_turn(commands, chosen.runs)))


def made() -> Path:
    tree = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "sessionize-benchmarks", "sparse")
    if not tree.exists():
        half_made = tree.with_suffix(".part")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", str(half_made)]
        subprocess.run([*pip, *PACKAGES.split()], check=True)
        half_made.rename(tree)
    return tree


if __name__ == "__main__":
    main()
