"""What the plugin costs flake8: runs flake8 over a folder with and without it, in turns, and prints the ratio.

    python benchmarks/flake8.py FOLDER [PAIRS]

Processor time of `flake8 --isolated --select=F,RQS -j1`. Without the plugin its entry point is hidden from flake8, as
if sessionize were not installed; all else is the same environment and the same command.
"""

import os
import resource
import statistics
import subprocess
import sys

from measure import ENVIRONMENT

WITHOUT = """
import importlib.metadata, sys
found = importlib.metadata.distributions
importlib.metadata.distributions = lambda: (d for d in found() if d.metadata["Name"] != "sessionize")
"""
RUN = "import sys; from flake8.main.cli import main; sys.exit(main(sys.argv[1:]))"


def run(program: str, folder: str) -> tuple[float, bytes]:
    """Seconds of processor time, and what was said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", program, "--isolated", "--select=F,RQS", "-j1", folder]
    done = subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert not done.stderr, done.stderr
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout


def main() -> None:
    folder, pairs = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 5
    files = sum(name.endswith(".py") for _, _, names in os.walk(folder) for name in names)
    times: dict[str, list[float]] = {"without": [], "with": []}
    found = dict.fromkeys(times, 0)
    for turn in range(pairs):
        for name in sorted(times, reverse=turn % 2 == 0):  # neither is always the first
            took, output = run((WITHOUT if name == "without" else "") + RUN, folder)
            times[name].append(took)
            found[name] = output.count(b" RQS")
    assert not found["without"]
    medians = {name: statistics.median(took) for name, took in times.items()}
    ratios = [plugged / bare for plugged, bare in zip(times["with"], times["without"], strict=True)]
    print(f"{folder}: {files} files, {found['with']} findings, {pairs} pairs of runs, seconds of processor time")
    for name, took in times.items():
        print(f"{name:8}{medians[name]:9.2f}   ({min(took):.2f} to {max(took):.2f})")
    print(f"ratio {medians['with'] / medians['without']:.3f} (median of the pairs' {statistics.median(ratios):.3f})")


if __name__ == "__main__":
    main()
