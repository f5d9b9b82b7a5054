"""The commands of `proof/` that fix what others wrote notice what is wrong: each promise, broken on purpose."""

from dataclasses import replace
from pathlib import Path
from random import Random

import corpus
import fuzz
import promises
import pytest
from click.testing import CliRunner
from promises import KINDS, verdict

from sessionize.engine.fix import fix_bytes
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.library.surroundings import Surroundings

BEFORE = b"""\
import os, requests
# all years
for year in range(2020, 2026):
    requests.get(f"https://example.com/{year}")  # one request
print(os.name)
"""
AFTER = BEFORE.replace(b"# all", b"session = requests.Session()\n# all").replace(
    b"    requests.get", b"    session.get"
)


def broken(monkeypatch: pytest.MonkeyPatch, content: bytes) -> tuple[str, ...]:
    """The faults of a fix that makes that content of `BEFORE`, and nothing of anything else."""

    def wrong(data: bytes, filename: str, settings: Settings, surroundings: Surroundings) -> Report:
        report = fix_bytes(data, filename, settings, surroundings=surroundings)
        return replace(report, change=(BEFORE, content) if data == BEFORE else None)

    monkeypatch.setattr(promises, "fix_bytes", wrong)
    return verdict(BEFORE, "a.py", KINDS["safe"]).faults


def test_right_fix_keeps_all_promises() -> None:
    result = verdict(BEFORE, "a.py", KINDS["safe"])
    assert (result.fixed, result.faults) == (1, ())
    assert result.after is not None
    assert b"session.get" in result.after


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (AFTER.replace(b"    session.", b"    session "), "does not parse"),
        (AFTER.replace(b"  # one request", b""), "comments: "),
        (AFTER.replace(b"session = requests", b"http = requests"), "pyflakes: UndefinedName session"),
        (AFTER.replace(b"print(os.name)", b"print( os.name)"), "lines changed that no finding's edits touch"),
        (AFTER.replace(b"import os, requests", b"import os\nimport requests"), "lines changed that no finding"),
    ],
)
def test_broken_promise_is_told(monkeypatch: pytest.MonkeyPatch, content: bytes, said: str) -> None:
    (fault,) = broken(monkeypatch, content)
    assert fault.startswith(said)


def test_fix_that_does_not_come_to_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    report = fix_bytes(BEFORE, "a.py", Settings())
    monkeypatch.setattr(promises, "fix_bytes", lambda *_, **__: report)
    assert verdict(BEFORE, "a.py", KINDS["safe"]).faults == ("a second fix changes it",)


def test_crash_and_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = fix_bytes(BEFORE + b")", "a.py", Settings())
    monkeypatch.setattr(promises, "fix_bytes", lambda *_, **__: refused)
    assert verdict(BEFORE, "a.py", KINDS["safe"]).faults == ("Python reads it, but: unmatched ')'",)
    monkeypatch.setattr(promises, "fix_bytes", lambda *_, **__: Report("a.py", error="the fix would break it"))
    assert verdict(BEFORE, "a.py", KINDS["safe"]).faults == ("the fix would break it",)
    monkeypatch.setattr(promises, "fix_bytes", lambda *_, **__: 1 / 0)
    (fault,) = verdict(BEFORE, "a.py", KINDS["safe"]).faults
    assert fault.endswith("ZeroDivisionError: division by zero\n")


@pytest.mark.slow
def test_fuzz_of_some_programs() -> None:
    """Enough to see that it changes programs, and that some are still fixed."""
    chance = Random("some programs")
    texts = [path.read_text(encoding="utf-8") for path in fuzz.FIXTURES[:40] if path.name.endswith(".before.py")]
    results = [fuzz.tried(fuzz.mutated(chance, texts), chance) for _ in range(30)]
    assert [faults for _, faults in results if faults] == []
    assert any(changed for changed, _ in results)


def test_corpus(tmp_path: Path) -> None:
    """Of a package that is there already, so nothing is fetched."""
    folder = tmp_path / "cache/src/years-1.0/years"
    folder.mkdir(parents=True)
    (folder / "a.py").write_bytes(BEFORE)
    (folder / "b.py").write_bytes(b"print('requests')\n")
    (tmp_path / "list.tsv").write_text("package\tfiles\nyears==1.0\t2\nother==1.0\t1\n")
    arguments = [str(tmp_path / "list.tsv"), f"--cache={tmp_path / 'cache'}", "--no-types", "--only=years", "--jobs=1"]
    result = CliRunner().invoke(corpus.main, arguments)
    assert result.exit_code == 0, result.output
    assert [line.split() for line in result.output.splitlines()[1:]] == [
        ["years==1.0", "2", "1", "1", "1", "1", "0"],
        ["all", "2", "1", "1", "1", "1", "0"],
    ]
