"""The findings that a code base puts off: a file lists them, and only others are told.

A finding is known by its file, its rule and the text of its line, never by its row: code above it may come and go.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from sessionize.files.lines import numbered

Line = tuple[str, str]  # a rule's code and the text of a line that shows its pattern
Files = Mapping[str, Mapping[str, Mapping[str, int]]]  # file, code, line, how often
_Finding = TypeVar("_Finding")


class BaselineError(ValueError):
    """A baseline that cannot be used, told in one line."""


@dataclass(frozen=True)
class Baseline:
    """What the file at `path` lists. Names of files are relative to its folder.

    `whole` is false for what `only` gives.
    """

    path: Path
    files: Files = field(default_factory=dict, compare=False, repr=False)
    whole: bool = True

    @classmethod
    def read(cls, path: Path) -> Baseline:
        """The baseline in a file. BaselineError if there is none."""
        try:
            document = json.loads(path.read_bytes())
        except OSError as error:
            raise BaselineError(f"{path}: {error.strerror}") from error
        except (ValueError, RecursionError) as error:
            raise BaselineError(f"{path}: not a baseline: {error}") from error
        if not isinstance(document, dict) or not _counts(document.get("files"), depth=3):
            raise BaselineError(f"{path}: not a baseline; `sessionize check --write-baseline` makes one")
        return cls(path, document["files"])

    @classmethod
    def of(cls, path: Path, findings: Iterable[tuple[str, Line]]) -> Baseline:
        """The baseline for findings, each with the name of its file."""
        base = cls(path)
        files: dict[str, dict[str, dict[str, int]]] = {}
        for (filename, (code, line)), count in sorted(Counter(findings).items()):
            files.setdefault(base.name(filename), {}).setdefault(code, {})[line] = count
        return cls(path, files)

    def write(self) -> None:
        text = json.dumps({"files": self.files}, indent=2, sort_keys=True, ensure_ascii=False)
        self.path.write_bytes(text.encode(errors="backslashreplace") + b"\n")

    def name(self, filename: str) -> str:
        folder = os.path.realpath(self.path.parent)
        return os.path.relpath(os.path.realpath(filename), folder).replace(os.sep, "/")

    def lines(self, filename: str) -> Mapping[str, Mapping[str, int]]:
        """What is listed for a file: how often which line shows the pattern of a rule, by its code."""
        return self.files.get(self.name(filename) if self.whole else filename, {})

    def size(self, filename: str) -> int:
        """How many findings are listed for a file."""
        return sum(count for lines in self.lines(filename).values() for count in lines.values())

    def only(self, filename: str) -> Baseline:
        """What is listed for a file, wherever it lies: a worker may run elsewhere."""
        return Baseline(self.path, {filename: self.lines(filename)}, whole=False)

    def gone(self) -> int:
        """How many findings are listed for files that are no longer there."""
        names = [name for name in self.files if not os.path.lexists(self.path.parent / name)]
        return sum(sum(lines.values()) for name in names for lines in self.files[name].values())

    def unlisted(self, filename: str, findings: Sequence[_Finding], line: Callable[[_Finding], Line]) -> list[_Finding]:
        """The findings in a file, in their order, that are not listed; of equal ones the first count as listed."""
        listed = self.lines(filename)
        keys = numbered(map(line, findings))
        return [
            finding
            for finding, ((code, text), before) in zip(findings, keys, strict=True)
            if before >= listed.get(code, {}).get(text, 0)
        ]


def line_of(code: str, line: str) -> Line:
    """What a finding of a rule on a line is known by."""
    return code, line.strip()


def _counts(value: object, depth: int) -> bool:
    """Whether a value is tables in tables, `depth` deep, of positive numbers."""
    if depth:
        return isinstance(value, dict) and all(_counts(item, depth - 1) for item in value.values())
    return isinstance(value, int) and value > 0
