"""Baselines: a file lists the findings that a code base puts off, and only others are told.

A finding is known by its file, its rule and the text of its line, never by its row: code above it may come and go.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sessionize.files.lines import numbered

Line = tuple[str, str]  # a rule's code and the text of a line that shows its pattern
_Counts = Mapping[str, Mapping[str, int]]  # by a rule's code and the text of a line, how often the line shows it
_Finding = TypeVar("_Finding")


class BaselineError(ValueError):
    """A baseline that cannot be used, told in one line."""


@dataclass(frozen=True)
class Baseline:
    """The findings that the file at `path` lists, in files that are named relative to its folder.

    whole: False for one that `for_file` gives, whose file is named as the run names it.
    """

    path: Path
    files: Mapping[str, _Counts] = field(default_factory=dict, compare=False, repr=False)
    whole: bool = True

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The baseline in a file. BaselineError if there is none."""
        import json  # noqa: PLC0415  # most runs have none

        try:
            document = json.loads(path.read_bytes())
        except OSError as error:
            raise BaselineError(f"{path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise BaselineError(f"{path}: not a baseline: {error}") from error
        if not isinstance(document, dict) or not _is_table(document.get("files"), depth=3):
            raise BaselineError(f"{path}: not a baseline; `sessionize check --write-baseline` makes one")
        return cls(path, document["files"])

    @classmethod
    def of(cls, path: Path, findings: Iterable[tuple[str, Line]]) -> Baseline:
        """The baseline for findings, each with the name of its file."""
        base = cls(path)
        files: dict[str, dict[str, dict[str, int]]] = {}
        for (filename, (code, line)), count in sorted(Counter(findings).items()):
            files.setdefault(base._listed_name(filename), {}).setdefault(code, {})[line] = count
        return cls(path, files)

    def write(self) -> None:
        import json  # noqa: PLC0415

        text = json.dumps({"files": self.files}, indent=2, sort_keys=True, ensure_ascii=False)
        self.path.write_bytes(text.encode(errors="backslashreplace") + b"\n")

    def for_file(self, filename: str) -> Baseline:
        """The part for one file, wherever it lies: a worker may run elsewhere."""
        return Baseline(self.path, {filename: self._listed(filename)}, whole=False)

    def count(self, filename: str) -> int:
        """The number of findings that are listed for a file."""
        return _total(self._listed(filename))

    def count_gone(self) -> int:
        """The number of findings that are listed for files that are no longer there."""
        folder = self.path.parent
        return sum(_total(lines) for name, lines in self.files.items() if not os.path.lexists(folder / name))

    def unlisted(self, filename: str, findings: Sequence[_Finding], line: Callable[[_Finding], Line]) -> list[_Finding]:
        """The findings in a file, in their order, that are not listed; of equal ones the first count as listed."""
        listed = self._listed(filename)
        keys = numbered(map(line, findings))
        unlisted = []
        for finding, ((code, text), before) in zip(findings, keys, strict=True):
            if before >= listed.get(code, {}).get(text, 0):
                unlisted.append(finding)
        return unlisted

    def _listed_name(self, filename: str) -> str:
        folder = os.path.realpath(self.path.parent)
        return os.path.relpath(os.path.realpath(filename), folder).replace(os.sep, "/")

    def _listed(self, filename: str) -> _Counts:
        return self.files.get(self._listed_name(filename) if self.whole else filename, {})


def line_of(code: str, line: str) -> Line:
    """The key of a finding: its rule's code, and its line without the indentation."""
    return code, line.strip()


def _total(counts: _Counts) -> int:
    return sum(sum(lines.values()) for lines in counts.values())


def _is_table(value: object, depth: int) -> bool:
    """True for tables in tables, `depth` deep, of positive numbers."""
    if depth:
        return isinstance(value, dict) and all(_is_table(item, depth - 1) for item in value.values())
    return isinstance(value, int) and value > 0
