"""`check` and `fix` of one file, as a hook or an editor runs them, against importing what they stand on.

    python benchmarks/one_file.py [FILE] [RUNS]

Whole processes, in a folder of the file's own: what lies around a file is read too, for what its tests replace by name.
sessionize and its dependencies are best installed (`pip install .`, not -e), so that both sides are compiled.
The claims: `check` takes at most 3 times `import click`, `fix` at most 1.5 times `import click, libcst`.
"""

from __future__ import annotations

import os
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measure import in_turn, table

FILE = Path(__file__).parents[1] / "fixtures" / "request-in-loop" / "yearly-download-loop.before.py"


def main() -> int:
    file = Path(sys.argv[1]).absolute() if len(sys.argv) > 1 else FILE
    runs = int(sys.argv[2]) if len(sys.argv) > 2 else 25
    python, tool = [sys.executable, "-c"], [sys.executable, "-m", "sessionize"]
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(file, Path(folder, "download.py"))
        os.chdir(folder)
        commands = {
            "check": [*tool, "check", "download.py"],
            "import click": [*python, "import click"],
            "fix --diff": [*tool, "fix", "--diff", "download.py"],
            "import click, libcst": [*python, "import click, libcst"],
        }
        costs = in_turn(commands, runs)
        os.chdir(file.parent)
    kept = True
    for ours, base, most in (("check", "import click", 3), ("fix --diff", "import click, libcst", 1.5)):
        print(table({name: costs[name] for name in (ours, base)}))
        ratio = statistics.median(a.cpu / b.cpu for a, b in zip(costs[ours], costs[base], strict=True))
        print(f"{ours}: {ratio:.2f} times, at most {most}: {'kept' if ratio <= most else 'not kept'}\n")
        kept &= ratio <= most
    return not kept


if __name__ == "__main__":
    sys.exit(main())
