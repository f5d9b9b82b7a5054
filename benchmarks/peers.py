"""What `sessionize check` costs beside other tools that look for one thing in calls of requests.

    python benchmarks/peers.py --install
    python benchmarks/peers.py FOLDER [--runs N] [--only NAME]...

FOLDER is best akshare 1.19.5, unpacked. `--install` gets each peer from PyPI, in the version below, into an environment
of its own in the user's cache. All work in one process where they let us, on a copy of FOLDER that pyupgrade does not
share; it rewrites its own in the run that does not count, so that the others find nothing left to do. With `--runs 1`
all runs count, as codemodder may take minutes: best run it so, alone, and the others three times. Processor time
is compared, as the peers differ in how many processors they take. The last line says whether the claims hold: faster
than the first five, and 20 times faster than Fixit and codemodder.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

from measure import in_turn

PINNED = {
    "bandit": ["bandit==1.9.4"],
    "pyupgrade": ["pyupgrade==3.22.0"],
    "semgrep": ["semgrep==1.182.0"],
    "flake8": ["flake8==7.5.0", "flake8-timeout==2.0.0"],
    "pylint": ["pylint==4.1.4"],
    "fixit": ["fixit==2.2.1"],
    "codemodder": ["codemodder==6.5.5"],
    "ast-grep": ["ast-grep-cli==0.51.1"],
    "ruff": ["ruff==0.17.6"],
}
TIMES_SLOWER = {"bandit": 1, "pyupgrade": 1, "semgrep": 1, "flake8": 1, "pylint": 1, "fixit": 20, "codemodder": 20}
# semgrep would wait for its makers' servers. Nothing listens on that port.
OFFLINE = [f"{name}=http://127.0.0.1:9" for name in ("HTTP_PROXY", "HTTPS_PROXY", "SEMGREP_URL")]
OFFLINE += ["SEMGREP_SEND_METRICS=off", "SEMGREP_ENABLE_VERSION_CHECK=0"]

SEMGREP_RULE = """\
rules:
  - id: request-in-loop
    languages: [python]
    severity: WARNING
    message: a request in a loop
    patterns:
      - pattern-either: [{pattern: requests.get(...)}, {pattern: requests.post(...)}]
      - pattern-either: [{pattern-inside: "for $X in $Y: ..."}, {pattern-inside: "while $X: ..."}]
"""
AST_GREP_RULE = """\
id: request-in-loop
language: Python
rule:
  any: [{pattern: requests.get($$$)}, {pattern: requests.post($$$)}]
  inside: {stopBy: end, any: [{kind: for_statement}, {kind: while_statement}]}
"""
FIXIT_RULE = """\
import libcst as cst
from fixit import LintRule
from libcst.metadata import QualifiedNameProvider

class RequestInLoop(LintRule):
    MESSAGE = "a request in a loop"
    METADATA_DEPENDENCIES = (QualifiedNameProvider,)

    def __init__(self):
        super().__init__()
        self.loops = 0

    def visit_For(self, node):
        self.loops += 1

    def leave_For(self, node):
        self.loops -= 1

    visit_While, leave_While = visit_For, leave_For

    def visit_Call(self, node):
        if self.loops:
            names = {found.name for found in self.get_metadata(QualifiedNameProvider, node, ())}
            if names & {"requests.get", "requests.post"}:
                self.report(node)
"""
FIXIT_SETTINGS = '[tool.fixit]\nroot = true\nenable = [".request_in_loop"]\ndisable = ["fixit.rules"]\n'


def home() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"), "sessionize-benchmarks", "peers")


def install() -> None:
    for name, packages in PINNED.items():
        done = home() / name / "installed"  # scripts carry the path of their environment: it cannot be moved
        if not done.exists() or done.read_text() != repr(packages):
            venv.create(done.parent, clear=True)
            python = str(done.parent / "bin" / "python")
            pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet"]
            subprocess.run([*pip, *packages], check=True)
            done.write_text(repr(packages))
        print(*packages)


def commands(folder: Path, scratch: Path) -> dict[str, list[str]]:
    """What is run, by the peer's name. Its rules and its copies of the folder are written to scratch."""
    shared, rewritten, rules = (scratch / name for name in ("shared", "rewritten", "rules"))
    for copy in (shared, rewritten):
        shutil.copytree(folder, copy, ignore=lambda where, names: [n for n in names if not keep(Path(where, n))])
    rules.mkdir()
    (rules / "semgrep.yml").write_text(SEMGREP_RULE)
    (rules / "ast-grep.yml").write_text(AST_GREP_RULE)
    (shared / "request_in_loop.py").write_text(FIXIT_RULE)
    (shared / "pyproject.toml").write_text(FIXIT_SETTINGS)
    files = [str(path) for path in sorted(rewritten.rglob("*.py"))]
    print(f"{len(files)} files")
    tree = str(shared)
    return {
        "bandit": ["bandit", "-q", "-r", "-t", "B113", tree],
        "pyupgrade": ["pyupgrade", "--py310-plus", *files],
        "semgrep": [
            *("semgrep", "scan", "--quiet", "--metrics=off", "--disable-version-check", "--no-git-ignore", "--jobs=1"),
            *("--config", str(rules / "semgrep.yml"), tree),
        ],
        "flake8": ["flake8", "--isolated", "-j1", "--select=TIM", tree],
        "pylint": ["pylint", "--rcfile=/dev/null", "--disable=all", "--enable=missing-timeout", "--exit-zero", tree],
        "fixit": ["fixit", "--quiet", "lint", tree],
        "codemodder": [
            *("codemodder", tree, "--dry-run", "--codemod-include=pixee:python/add-requests-timeouts"),
            *("--output", str(scratch / "codemodder.json")),
        ],
        "ast-grep": ["ast-grep", "scan", "--rule", str(rules / "ast-grep.yml"), tree],
        "ruff": ["ruff", "check", "--isolated", "--no-cache", "--select=S113", tree],
    }


def paths(name: str) -> str:
    """Where a peer finds itself and what it runs: codemodder runs semgrep."""
    return os.pathsep.join((*(str(home() / each / "bin") for each in (name, "semgrep")), os.environ["PATH"]))


def keep(path: Path) -> bool:
    return path.is_dir() or path.suffix == ".py"


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("folder", nargs="?", type=Path)
    options.add_argument("--install", action="store_true", help="get the peers from PyPI")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--only", action="append", choices=PINNED, help="run just this peer, or these")
    chosen = options.parse_args()
    if chosen.install:
        install()
    if chosen.folder is None:
        return 0
    with tempfile.TemporaryDirectory() as scratch:
        peers = commands(chosen.folder.resolve(), Path(scratch))
        ours = [sys.executable, "-m", "sessionize", "check", "-j1", "--isolated", "-q", "--output-format=concise"]
        turns = {
            name: ["env", *OFFLINE, f"HOME={scratch}", f"PATH={paths(name)}", *command]
            for name, command in peers.items()
            if name in (chosen.only or PINNED)
        }
        turns["sessionize"] = [*ours, str(Path(scratch, "shared"))]
        costs = in_turn(turns, chosen.runs, warm=chosen.runs > 1)

    base = costs["sessionize"]
    print(f"{'':36}{'cpu s':>9}{'wall s':>9}{'cpu, times ours':>17}")
    broken = []
    for name, rows in costs.items():
        wall, cpu, _ = (statistics.median(column) for column in zip(*rows, strict=True))
        ratio = statistics.median(row.cpu / our.cpu for row, our in zip(rows, base, strict=True))
        print(f"{' '.join(PINNED.get(name, [name])):36}{cpu:9.2f}{wall:9.2f}{ratio:17.2f}")
        if ratio < TIMES_SLOWER.get(name, 0):
            broken.append(f"{name} is not {TIMES_SLOWER[name]} times slower")
    print("; ".join(broken) or "all claims hold")
    return bool(broken)


if __name__ == "__main__":
    sys.exit(main())
