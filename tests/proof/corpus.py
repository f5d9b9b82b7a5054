"""Fixes all files of published packages, and holds the results to what a fix promises.

    python tests/proof/corpus.py PACKAGES.tsv --jobs 4

The first column of the list is `name==version`. Wheels, or sdists where there is none, are downloaded by pip and
unpacked below the cache; nothing of them is run, but what pip itself runs of an sdist to name it. Of every file, under
`fix` and under `fix --unsafe-fixes`: no crash, it still parses, a second fix changes nothing, pyflakes finds no more,
all comments are there, only lines of findings' edits changed; and of the changed files mypy misses no attribute or name
that it knew before (`pip install mypy types-requests`). Exits 1 on a fault.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TextIO

import click
from promises import KINDS, Verdict, verdict

PIP = (
    sys.executable,
    "-m",
    "pip",
    "download",
    "-q",
    "--disable-pip-version-check",
    "--no-deps",
    "--python-version",
    "3.14",
)
# A package may hold what no mypy run likes; only the codes below count.
MYPY = (
    *(sys.executable, "-m", "mypy", "--no-incremental", "--cache-dir=/dev/null", "--ignore-missing-imports"),
    *("--follow-imports=silent", "--check-untyped-defs", "--no-error-summary", "--no-color-output", "--no-pretty"),
    *("--namespace-packages", "--explicit-package-bases", "--allow-redefinition", "--python-version", "3.12"),
)
CODES = re.compile(r"^(?P<file>[^:]+):\d+: error: (?P<said>.*\[(?:attr-defined|name-defined)\])$", re.MULTILINE)
PATIENCE = 600  # seconds for mypy

Found = dict[str, dict[str, Verdict]]  # of each kind of fix, of the files that it changed or that have faults
Checked = tuple[int, Found, "Future[list[str]] | None"]


@dataclass(frozen=True)
class Outcome:
    """What became of one package."""

    files: int
    verdicts: Found
    faults: list[str]


def fetched(package: str, cache: Path) -> Path:
    """The folder of a package's sources. CalledProcessError if pip has no such package."""
    name = package.replace("==", "-")
    archives, sources = cache / "dist" / name, cache / "src" / name
    if not sources.exists():
        if not archives.exists():
            with tempfile.TemporaryDirectory(dir=cache) as folder:
                wheel = subprocess.run([*PIP, "--only-binary=:all:", "-d", folder, package], capture_output=True)
                if wheel.returncode != 0:
                    subprocess.run([*PIP, "-d", folder, package], check=True, stderr=subprocess.PIPE, text=True)
                shutil.copytree(folder, archives)
        (archive,) = archives.iterdir()
        with tempfile.TemporaryDirectory(dir=cache) as folder:
            if zipfile.is_zipfile(archive):
                zipfile.ZipFile(archive).extractall(folder)
            else:
                with tarfile.open(archive) as opened:
                    opened.extractall(folder, filter="data")
            shutil.copytree(folder, sources)
    inner = list(sources.iterdir())
    return inner[0] if len(inner) == 1 and "-" in inner[0].name else sources


def verdicts(folder: Path, file: Path) -> dict[str, Verdict]:
    """What each kind of fix makes of a file."""
    data = file.read_bytes()
    return {kind: verdict(data, str(file.relative_to(folder)), settings) for kind, settings in KINDS.items()}


def unknown(folder: Path, changed: dict[str, bytes], names: Sequence[str]) -> Counter[str] | None:
    """What mypy does not know of these files, once some have changed; None if it gives up."""
    with tempfile.TemporaryDirectory() as copy:
        shutil.copytree(folder, copy, dirs_exist_ok=True, ignore=lambda _, names: _no_sources(names))
        for name, content in changed.items():
            Path(copy, name).write_bytes(content)
        for more in ((), ("--follow-imports=skip",)):
            try:
                result = subprocess.run(
                    [*MYPY, *more, "--", *names], cwd=copy, capture_output=True, text=True, timeout=PATIENCE
                )
            except subprocess.TimeoutExpired:
                continue
            if result.returncode < 2:
                return Counter(f"{found['file']}: {found['said']}" for found in CODES.finditer(result.stdout))
    return None


def _no_sources(names: Sequence[str]) -> set[str]:
    return {name for name in names if "." in name and not name.endswith((".py", ".pyi")) and "-" not in name}


def typed(folder: Path, found: Found) -> list[str]:
    """What mypy knew before a fix and knows no longer."""
    changed = {
        kind: {name: verdict.after for name, verdict in of_files.items() if verdict.after is not None}
        for kind, of_files in found.items()
    }
    names = sorted({name for files in changed.values() for name in files})
    if not names:
        return []
    before = unknown(folder, {}, names)
    faults = []
    for kind, files in changed.items():
        if not files:
            continue
        after = unknown(folder, files, names)
        if before is None or after is None:
            faults.append(f"{kind}: mypy gives up")
        else:
            faults += [f"{kind}: {said}" for said in sorted((after - before).elements())]
    return faults


def outcomes(packages: Sequence[str], cache: Path, executor: ProcessPoolExecutor, *, types: bool) -> Iterator[Outcome]:
    folders = [executor.submit(fetched, package, cache) for package in packages]
    pending = []
    for folder in (future.result() for future in folders):
        files = sorted(path for path in folder.rglob("*.py*") if path.suffix in {".py", ".pyi"} and path.is_file())
        pending.append((folder, files, executor.map(partial(verdicts, folder), files, chunksize=8)))
    checked: deque[Checked] = deque()
    for folder, files, results in pending:
        found: Found = {kind: {} for kind in KINDS}
        for file, result in zip(files, results, strict=True):
            for kind, of_file in result.items():
                if of_file.after is not None or of_file.faults:
                    found[kind][str(file.relative_to(folder))] = of_file
        checked.append((len(files), found, executor.submit(typed, folder, found) if types else None))
        while checked and (checked[0][2] is None or checked[0][2].done()):
            yield outcome(*checked.popleft())
    while checked:
        yield outcome(*checked.popleft())


def outcome(files: int, found: Found, types: Future[list[str]] | None) -> Outcome:
    faults = [
        f"{kind}: {name}: {fault}"
        for kind, of_files in found.items()
        for name, of_file in of_files.items()
        for fault in of_file.faults
    ]
    return Outcome(files, found, faults + ([] if types is None else types.result()))


@click.command(help=__doc__)
@click.argument("packages", type=click.File(encoding="utf-8"))
@click.option("--cache", type=click.Path(path_type=Path), default=click.get_app_dir("sessionize") + "/corpus")
@click.option("--only", multiple=True, metavar="NAME", help="Of these packages only.")
@click.option("--jobs", default=2, show_default=True, help="How many processes work.")
@click.option("--types/--no-types", default=True, show_default=True, help="Whether mypy runs.")
def main(packages: TextIO, cache: Path, only: tuple[str, ...], jobs: int, *, types: bool) -> None:
    listed = [line.split()[0] for line in packages if "==" in line.partition("\t")[0]]
    wanted = [package for package in listed if not only or package.partition("==")[0] in only]
    cache.mkdir(parents=True, exist_ok=True)
    row = "{:40}{:>7}{:>12}{:>12}{:>12}{:>12}{:>8}".format
    print(row("package", "files", "safe files", "safe calls", "all files", "all calls", "faults"))
    totals: Counter[int] = Counter()
    with ProcessPoolExecutor(jobs, get_context("spawn")) as executor:
        for package, result in zip(wanted, outcomes(wanted, cache, executor, types=types), strict=True):
            counts = [result.files]
            for of_files in result.verdicts.values():
                counts.append(sum(of_file.after is not None for of_file in of_files.values()))
                counts.append(sum(of_file.fixed for of_file in of_files.values()))
            counts.append(len(result.faults))
            totals.update(dict(enumerate(counts)))
            print(row(package, *counts), flush=True)
            for fault in result.faults:
                print(f"    {fault}", flush=True)
    print(row("all", *(totals[column] for column in range(6))))
    sys.exit(1 if totals[5] else 0)


if __name__ == "__main__":
    main()
