"""What the plugin costs flake8: runs flake8 over a folder with and without it, in turns, and prints the ratio.

    python benchmarks/flake8.py FOLDER [PAIRS [EVERY]]

Processor time of `flake8 --isolated --select=F,RQS -j1`. Without the plugin its entry point is hidden from flake8, as
if sessionize were not installed; all else is the same environment and the same command. The files are dealt into parts
of about a hundred, and a pair is two runs over one part, a few seconds apart: a busy machine meets both. EVERY takes
each so-manieth file of a large folder.
"""

import resource
import statistics
import subprocess
import sys
from pathlib import Path

from measure import ENVIRONMENT

WITHOUT = """
import importlib.metadata, sys
found = importlib.metadata.distributions
importlib.metadata.distributions = lambda: (d for d in found() if d.metadata["Name"] != "sessionize")
"""
RUN = "import sys; from flake8.main.cli import main; sys.exit(main(sys.argv[1:]))"


def run(program: str, paths: list[str]) -> tuple[float, list[bytes]]:
    """Seconds of processor time, and the lines that were said."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-I", "-c", program, "--isolated", "--select=F,RQS", "-j1", *paths]
    done = subprocess.run(command, capture_output=True, check=False, env=ENVIRONMENT)
    assert b"Traceback" not in done.stderr, done.stderr
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, done.stdout.splitlines()


def main() -> None:
    folder = sys.argv[1]
    pairs, every = (int(sys.argv[at]) if len(sys.argv) > at else default for at, default in ((2, 5), (3, 1)))
    files = sorted(map(str, Path(folder).rglob("*.py")))[::every]
    count = round(len(files) / 100) or 1
    parts = [files[number::count] for number in range(count)]
    times: dict[str, list[list[float]]] = {name: [[] for _ in parts] for name in ("without", "with")}
    findings = 0
    for turn in range(pairs):
        for number, part in enumerate(parts):
            said = {}
            for name in sorted(times, reverse=turn % 2 == 0):  # neither is always the first
                took, said[name] = run((WITHOUT if name == "without" else "") + RUN, part)
                times[name][number].append(took)
            ours = [line for line in said["with"] if b" RQS" in line]
            assert said["without"] == [line for line in said["with"] if line not in ours], "flake8 said other things"
            findings += len(ours)
    medians = {name: sum(map(statistics.median, took)) for name, took in times.items()}
    least = {name: sum(map(min, took)) for name, took in times.items()}
    print(f"{folder}: {len(files)} files in {count} parts, {findings // pairs} findings, {pairs} pairs of runs")
    print(f"{'':8}{'median':>9}{'least':>9}   seconds of processor time, summed over the parts")
    for name in times:
        print(f"{name:8}{medians[name]:9.2f}{least[name]:9.2f}")
    print(f"{'ratio':8}{medians['with'] / medians['without']:9.3f}{least['with'] / least['without']:9.3f}")


if __name__ == "__main__":
    main()
