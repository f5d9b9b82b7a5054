"""Real packages' own tests, before and after a fix: `python tests/proof/suites.py --help`.

It fetches nothing. The sources and the environments are there already, and the tests run without a network. A safe fix
must not make a test fail that passed; what fails after an unsafe one is printed by name.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from xml.etree import ElementTree as ET

import click

ROOT = Path(__file__).parents[2]
FIXES = {
    "before": None,
    "safe": (),
    "unsafe": ("--unsafe-fixes",),
    "with patches": ("--unsafe-fixes", "--rewrite-patches"),
}
OFFLINE = ("unshare", "--net", "sh", "-c", 'ip link set lo up; exec "$@"', "sh")


@dataclass(frozen=True)
class Suite:
    """One row of the table: a package, and how its tests are run."""

    name: str
    source: Path
    python: Path
    arguments: tuple[str, ...]
    variables: dict[str, str]
    roots: tuple[str, ...]


@dataclass(frozen=True)
class Outcome:
    """What became of the tests: of each its name, and whether it passed; and how many files the fix changed."""

    passed: frozenset[str]
    failed: frozenset[str]
    changed: int = 0
    error: str = ""

    def __str__(self) -> str:
        return self.error or f"{len(self.passed)} passed, {len(self.failed)} failed, {self.changed} files changed"


def suites(table: Path, sources: Path, environments: Path, names: tuple[str, ...]) -> Iterator[Suite]:
    """The suites of a table (tab-separated, with a header) whose sources and environments are there."""
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE):
            name = row["name"]
            python = environments / name / "bin" / "python"
            if names and name not in names:
                continue
            if not (sources / name).is_dir() or not python.exists():
                click.echo(f"{name}: no source or no environment", err=True)
                continue
            variables = dict(pair.split("=", 1) for pair in shlex.split(row["env"] or ""))
            variables["DESELECT_FILE"] = str(table.parent / "deselect" / f"{name}.txt")
            roots = ("", *(row["import_roots"] or "").split(), str(table.parent))
            yield Suite(name, sources / name, python, tuple(shlex.split(row["pytest_args"])), variables, roots)


def outcome(suite: Suite, options: tuple[str, ...] | None, patience: int) -> Outcome:
    """Runs the tests in a copy of the source; `options` are those of the fix that is made first."""
    with tempfile.TemporaryDirectory(prefix=f"{suite.name}-") as folder:
        copy = Path(folder, suite.name)
        shutil.copytree(suite.source, copy, symlinks=True)
        changed = 0
        if options is not None:
            fix = [sys.executable, "-m", "sessionize", "fix", "--isolated", "--quiet", *options, "."]
            tool = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
            done = subprocess.run(fix, cwd=copy, env=tool, capture_output=True, text=True, check=False)
            if done.returncode not in (0, 1):
                return Outcome(frozenset(), frozenset(), error=f"fix failed: {done.stderr.strip()[-500:]}")
            files = [(new, suite.source / new.relative_to(copy)) for new in copy.rglob("*.py") if new.is_file()]
            changed = sum(new.read_bytes() != old.read_bytes() for new, old in files)
        results = Path(folder, "results.xml")
        paths = os.pathsep.join(str(copy / root) for root in suite.roots)
        programs = f"{suite.python.parent}{os.pathsep}{os.environ['PATH']}"
        variables = {**os.environ, **suite.variables, "PYTHONPATH": paths, "PATH": programs, "TMPDIR": folder}
        pytest = [str(suite.python), "-m", "pytest", "-q", "-o", "addopts=", "-p", "no:cacheprovider"]
        pytest += ["-p", "deselect_plugin", f"--junitxml={results}", *suite.arguments]
        try:
            subprocess.run(
                [*OFFLINE, *pytest], cwd=copy, env=variables, capture_output=True, timeout=patience, check=False
            )
        except subprocess.TimeoutExpired:
            return Outcome(frozenset(), frozenset(), changed, f"not done after {patience} s")
        if not results.exists():
            return Outcome(frozenset(), frozenset(), changed, "no tests were run")
        return Outcome(*_results(results, folder), changed)


def _results(file: Path, folder: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names of the tests that passed and that failed; one that fails as it is torn down is named twice."""
    passed, failed = set(), set()
    for case in ET.parse(file).iter("testcase"):
        name = re.sub(r":\d{4,5}\b", ":PORT", f"{case.get('classname')}::{case.get('name')}".replace(folder, ""))
        if case.find("failure") is not None or case.find("error") is not None:
            failed.add(name)
        elif case.find("skipped") is None:
            passed.add(name)
    return frozenset(passed - failed), frozenset(failed)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--table", type=click.Path(path_type=Path), required=True, help="The suites: selftests.tsv.")
@click.option("--sources", type=click.Path(path_type=Path), required=True, help="A folder with SOURCES/NAME.")
@click.option(
    "--environments", type=click.Path(path_type=Path), required=True, help="With ENVIRONMENTS/NAME/bin/python."
)
@click.option("--jobs", default=2, show_default=True, help="How many suites run at a time.")
@click.option("--patience", default=1800, show_default=True, help="The seconds that one run may take.")
def main(names: tuple[str, ...], table: Path, sources: Path, environments: Path, jobs: int, patience: int) -> None:
    """Run the tests of packages before and after each kind of fix, and compare.

    The exit status is 1 if no test passes before, or if a safe fix cannot be made, or makes a test fail that passed;
    twice, as some fail at times.
    """
    wrong = False
    chosen = list(suites(table.resolve(), sources.resolve(), environments.absolute(), names))
    with ThreadPoolExecutor(jobs) as pool:
        runs = partial(_all_outcomes, patience=patience)
        for suite, outcomes in zip(chosen, pool.map(runs, chosen), strict=True):
            before = outcomes["before"]
            for kind, after in outcomes.items():
                broken = sorted(before.passed - after.passed)
                click.echo(f"{suite.name:16} {kind:12} {after}, {len(broken)} newly failing")
                for test in broken:
                    click.echo(f"{'':16} {'':12} {test}")
                wrong |= kind == "safe" and bool(broken or after.error)
            wrong |= bool(before.error or not before.passed)  # what never passed proves nothing
    sys.exit(wrong)


def _all_outcomes(suite: Suite, patience: int) -> dict[str, Outcome]:
    outcomes = {kind: outcome(suite, options, patience) for kind, options in FIXES.items()}
    if outcomes["before"].passed - outcomes["safe"].passed:  # some tests depend on the time they are given
        again = outcome(suite, FIXES["safe"], patience)
        passed = outcomes["safe"].passed | again.passed
        outcomes["safe"] = replace(again, passed=passed, failed=again.failed - passed)
    return outcomes


if __name__ == "__main__":
    main()
