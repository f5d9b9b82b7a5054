"""What a finding's question about its project costs: `sessionize check` of one file among 10,000, and of it alone.

    python benchmarks/project.py [--files 10000]

The tree is made for the run: packages of modules of about 6 KB that import each other. The file has a helper that
another one calls in a loop, calls that a test patches, and a constant that is hoisted; so all that can be asked is. The
claim: at most 0.15 s for 1,000 files.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from measure import in_turn, table

OURS = (sys.executable, "-m", "sessionize", "check", "--isolated")
API = """\
import requests

HEADERS = {"Accept": "application/json"}


def fetch(name):
    return requests.get(f"https://example.com/{name}", headers=HEADERS, timeout=5).json()


def load(names):
    for name in names:
        print(requests.get(f"https://example.com/{name}", headers=HEADERS, timeout=5).json())
"""
CALLER = "from package_0.api import fetch\n\nfor name in open('names'):\n    fetch(name)\n"
TEST = 'from unittest.mock import patch\n\nfrom package_0 import api\n\n\n@patch("requests.get")\ndef test(get): ...\n'
FUNCTION = '''

def work_{n}(values, scale=1.0):
    """Adds up some values, each {n} times, and tells how many there were."""
    total = 0.0
    for value in values:
        if value is None or value < {n}:
            continue
        total += scale * value * {n}
    return total, len(values)
'''


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--runs", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        among, alone = Path(folder, "among"), Path(folder, "alone")
        make(among, chosen.files)
        make(alone, 1)
        costs = in_turn(
            {
                "among all": (*OURS, str(among / "package_0" / "api.py")),
                "alone": (*OURS, str(alone / "package_0" / "api.py")),
            },
            chosen.runs,
        )
    print(table(costs))
    pairs = zip(costs["among all"], costs["alone"], strict=True)
    more = statistics.median(big.cpu - small.cpu for big, small in pairs)
    print(f"\n{1000 * more / chosen.files:.3f} s of CPU for 1,000 files")


def make(tree: Path, files: int) -> None:
    """A project of so many modules, fifty in a package."""
    for number in range(files):
        package = tree / f"package_{number // 50}"
        if number % 50 == 0:
            package.mkdir(parents=True)
            (package / "__init__.py").write_text(f"from .module_{number} import work_1\n")
        imported = f"import os\nimport json\n\nfrom package_{number // 77}.module_{50 * (number // 77)} import work_2\n"
        text = imported + "".join(FUNCTION.format(n=n) for n in range(1, 18))
        (package / f"module_{number}.py").write_text(text)
    (tree / "package_0" / "api.py").write_text(API)
    (tree / "jobs.py").write_text(CALLER)
    (tree / "test_api.py").write_text(TEST)
    (tree / "pyproject.toml").write_text("")


if __name__ == "__main__":
    main()
