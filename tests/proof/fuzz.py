"""Programs that nobody would write: `python tests/proof/fuzz.py --minutes 60 --jobs 4`.

The fixtures, changed at random (tokens taken away, doubled, exchanged, borrowed from another fixture; lines moved; cut
off; odd bytes put in), and, where hypothesmith is installed (`pip install hypothesmith`), programs made from Python's
grammar, with requests among their names. Nothing may be raised; what is changed must hold to all that a fix promises.
The same seed and number of jobs make the same programs. Each fault is printed with its program; exits 1 on one.
"""

from __future__ import annotations

import ast
import random
import re
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path

import click
from promises import KINDS, verdict

from sessionize import check_source, fix_source
from sessionize.files.text import decode

PATIENCE = 20  # seconds for one program
FIXTURES = sorted((Path(__file__).parents[2] / "fixtures").rglob("*.py"))
SETTINGS = [
    *KINDS.values(),
    replace(KINDS["unsafe"], session_style="with", cookies="isolate"),
    replace(KINDS["unsafe"], hoist=("headers", "auth", "cookies", "params"), select=("RQS1",)),
]
NAMES = ["requests", "get", "url", "headers", "session", "Session", "post"]
ODD = [
    *("\0", "\x0c", "\x0b", "\x1c", "\x1a", "\x85", "\u2028", "\ufeff", "\ud800", "ﬆ", "ｒ", "é", "\U0001f40d"),  # noqa: RUF001
    *("\t", "\r", "\n", "\r\n", "\\\n", " \\", ";", "#", "# noqa", "# coding: latin-1\n", "'", '"""', "{", "}", "("),
    *("f'{", "t'", "rb'", "0x", "1_", "...", ":=", "->", "@", "**", "*", "~", "!", "$", "?", "`", "lambda: ", "await "),
    *("async ", "yield ", "match ", "case _:", "type ", "global session\n", "del requests\n", "session", "requests."),
    *("for _ in _: ", "while 1: ", "with requests as session: ", "if 1: ", "else: ", "try: ", "finally: ", "return "),
    *("import requests\n", "from requests import *\n", "requests.get(u)\n", "class A: ", "def f(): ", "headers=h, "),
]


def tokens_of(text: str) -> list[str]:
    """A text in the pieces that make it up: words, space, and single signs."""
    return re.findall(r"\w+|[ \t]+|\r\n|.", text, re.DOTALL)


def mutated(chance: random.Random, texts: list[str]) -> str:
    """One of the texts after a few changes."""
    pieces = tokens_of(chance.choice(texts))
    for _ in range(chance.choice((1, 1, 1, 2, 2, 3, 8))):
        here, there = chance.randrange(len(pieces) + 1), chance.randrange(len(pieces) + 1)
        some = slice(here, here + chance.choice((1, 1, 1, 3, 20)))
        match chance.choice(("take", "double", "move", "borrow", "odd", "odd", "line", "rename", "space", "cut")):
            case "take":
                del pieces[some]
            case "double":
                pieces[here:here] = pieces[some]
            case "move":
                moved, pieces[some] = pieces[some], []
                pieces[there:there] = moved
            case "borrow":
                other = tokens_of(chance.choice(texts))
                start = chance.randrange(len(other) + 1)
                pieces[here:here] = other[start : start + chance.choice((1, 3, 40))]
            case "odd":
                pieces.insert(here, chance.choice(ODD))
            case "line":
                lines = "".join(pieces).splitlines(keepends=True) or [""]
                lines.insert(chance.randrange(len(lines)), lines.pop(chance.randrange(len(lines))))
                pieces = tokens_of("".join(lines))
            case "rename":
                if names := [number for number, piece in enumerate(pieces) if piece.isidentifier()]:
                    pieces[chance.choice(names)] = pieces[chance.choice(names)]
            case "space":
                pieces[some] = [chance.choice((" ", "\n", "\n    ", "\t", ", ", "\r"))]
            case "cut" if chance.random() < 0.3:
                del pieces[here:]
    return "".join(pieces)


def readable(chance: random.Random, texts: Iterator[str]) -> Iterator[str]:
    """The texts that Python reads, and a tenth of the others."""
    for text in texts:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ast.parse(text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            if chance.random() < 0.9:
                continue
        yield text


def encoded(chance: random.Random, text: str) -> bytes:
    """The text as bytes, not always as those that it says."""
    data = text.encode(chance.choice(("utf-8", "utf-8", "utf-8", "latin-1", "utf-16", "utf-7")), "replace")
    place = chance.randrange(len(data) + 1)
    odd = chance.randbytes(chance.choice((0, 0, 0, 1, 4)))
    begin = chance.choice(
        (b"", b"", b"\xef\xbb\xbf", b"# coding: latin-1\n", b"# coding: utf-7\n", b"#coding:cp1252\r")
    )
    return begin + data[:place] + odd + data[place:]


def tried(text: str, chance: random.Random) -> tuple[bool, list[str]]:
    """Whether a fix changes one text, or bytes made of it, and what is wrong with the answers."""
    settings = chance.choice(SETTINGS)
    began, faults = time.monotonic(), []
    try:
        check_source(text, "file.py", settings, with_edits=chance.random() < 0.5)
        fix_source(text, "file.py", settings)
    except Exception:  # noqa: BLE001  # that there is none is the promise
        faults.append(traceback.format_exc())
    verdicts = [verdict(data, "file.py", settings) for data in (text.encode("utf-8", "replace"), encoded(chance, text))]
    faults += [fault for verdict in verdicts for fault in verdict.faults]
    if time.monotonic() - began > PATIENCE:
        faults.append(f"takes more than {PATIENCE} s")
    return any(verdict.after is not None for verdict in verdicts), faults


def grammatical(chance: random.Random) -> Iterator[str]:
    """Programs of hypothesmith's; some of their names become those that matter."""
    while True:
        for text in _generated(chance):
            names = {name for name in re.findall(r"\b[^\W\d]\w*\b", text) if name.isascii() and not iskeyword(name)}
            mapping = dict(zip(chance.sample(sorted(names), len(names)), NAMES, strict=False))
            pieces = [mapping.get(piece, piece) for piece in tokens_of(text)]
            yield chance.choice(("", "import requests\n", "import requests as _\n_.get(url)\n")) + "".join(pieces)


def _generated(chance: random.Random) -> list[str]:
    import hypothesmith  # type: ignore[import-not-found, unused-ignore] # noqa: PLC0415
    from hypothesis import HealthCheck, Phase, given, seed, settings  # noqa: PLC0415

    made: list[str] = []

    @seed(chance.randrange(2**32))
    @settings(
        max_examples=10, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck)
    )
    @given(hypothesmith.from_grammar() if chance.random() < 0.5 else hypothesmith.from_node())
    def collect(text: str) -> None:
        made.append(text)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    return made


def worked(number: int, *, seed: int, until: float, grammar: bool) -> tuple[Counter[str], dict[str, str]]:
    """What one process did: how many programs of each kind it tried, and of each kind of fault the shortest program."""
    chance = random.Random(f"{seed} {number}")
    texts = [decode(path.read_bytes()).text for path in FIXTURES]
    sources = {"mutated": readable(chance, iter(partial(mutated, chance, texts), None))}
    if grammar:
        sources["grammatical"] = grammatical(chance)
    counts: Counter[str] = Counter()
    found: dict[str, str] = {}
    while time.time() < until:
        kind = chance.choices(list(sources), (50, 1)[: len(sources)])[0]
        text = next(sources[kind])
        changed, faults = tried(text, chance)
        counts.update([kind, *(["changed"] if changed else []), *(["faulty"] if faults else [])])
        for fault in faults:
            found[fault] = min(found.get(fault, text), text, key=len)
    return counts, found


@click.command(help=__doc__)
@click.option("--minutes", default=10.0, show_default=True)
@click.option("--seed", default=0, show_default=True)
@click.option("--jobs", default=2, show_default=True, help="How many processes work.")
def main(minutes: float, seed: int, jobs: int) -> None:
    grammar = find_spec("hypothesmith") is not None
    work = partial(worked, seed=seed, until=time.time() + 60 * minutes, grammar=grammar)
    counts: Counter[str] = Counter()
    found: dict[str, str] = {}
    with ProcessPoolExecutor(jobs) as executor:
        for some, faults in executor.map(work, range(jobs)):
            counts.update(some)
            for fault, text in faults.items():
                found[fault] = min(found.get(fault, text), text, key=len)
    for fault, text in sorted(found.items()):
        print(f"{fault}\n{text!r}\n")
    print(", ".join(f"{counts[name]} {name}" for name in ("mutated", "grammatical", "changed", "faulty")))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
