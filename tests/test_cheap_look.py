"""The cheap look never drops a file with a finding: fixtures, ways to write an import, encodings, letters."""

import random
import sys
import unicodedata
from functools import cache
from pathlib import Path

import pytest

from sessionize.engine.check import check_source
from sessionize.files.text import SourceError, decode
from sessionize.library.cheap_look import may_have_findings
from sessionize.profiles import LIBRARIES

NAMES = [library.name for library in LIBRARIES]
FIXTURES = sorted((Path(__file__).parent.parent / "fixtures").rglob("*.py"))
BLANKS = [" ", "\t", "  \x0c ", " \\\n", "\\\n", "\\\r\n  ", " \\\r", " \\\n\\\n\t"]
TODO = "import time\nfor name in names:\n    {call}(name)\n"


@cache
def lookalikes() -> dict[str, str]:
    """What letters Python takes for others that stand in a name."""
    letters = (chr(code) for code in range(128, sys.maxunicode + 1) if f"a{chr(code)}".isidentifier())
    plain = {letter: unicodedata.normalize("NFKC", letter) for letter in letters}
    return {letter: same for letter, same in plain.items() if set(same) & set("".join(NAMES))}


def found(text: str) -> bool:
    return any(diagnostic.code != "RQS901" for diagnostic in check_source(text))


def test_fixtures() -> None:
    assert len(FIXTURES) > 100
    for path in FIXTURES:
        data = path.read_bytes()
        assert may_have_findings(data) or not found(decode(data).text), path


@pytest.mark.parametrize("plain_name", NAMES)
def test_letters(plain_name: str) -> None:
    assert len(lookalikes()) > 80
    for letter, plain in lookalikes().items():
        for at in range(len(plain_name)):
            if plain_name.startswith(plain, at):
                name = plain_name[:at] + letter + plain_name[at + len(plain) :]
                assert may_have_findings(f"import {name}\n".encode()), ascii(name)


def imports(some: random.Random, library: str) -> str:
    """A loop of bare calls, behind an import of a library in one of the ways that Python reads."""
    odd = some.random() < 0.7

    def blank() -> str:
        return some.choice(BLANKS) if odd else " "

    def gap() -> str:
        return some.choice(["", blank()])

    odd_letters = {plain: [odd for odd, same in lookalikes().items() if same == plain] for plain in library}
    name = "".join(some.choice(odd_letters[letter]) if some.random() < 0.05 else letter for letter in library)
    statement, call = some.choice(
        [
            (f"import{blank()}{name}", f"{library}.get"),
            (f"import{blank()}{name}{blank()}as{blank()}http", "http.get"),
            (f"import{blank()}os{gap()},{gap()}{name}{gap()},{gap()}sys", f"{library}.get"),
            (f"import{blank()}os{blank()}as{blank()}system,{gap()}json,{gap()}{name}", f"{library}.get"),
            (f"import{blank()}os{',os' * 400},{gap()}{name}", f"{library}.get"),
            (f"import{blank()}{name}{gap()}.{gap()}exceptions", f"{library}.get"),
            (f"from{blank()}{name}{blank()}import{blank()}get", "get"),
            (f"from{blank()}{name}{gap()}.{gap()}api{blank()}import{gap()}(get)", "get"),
            (f"from{blank()}{name}{blank()}import{blank()}api", "api.get"),
            (f"from{blank()}{name}{blank()}import{blank()}*", "get"),
        ]
    )
    before = some.choice(["", "pass; ", "# " + "x" * 1500 + "\n", "pass;" * 300, "import os" + ",os" * 500 + "; "])
    return f"{before}{statement}\n" + TODO.format(call=call)


ENCODINGS = [
    "utf-8",
    "utf-8-sig",
    "latin-1",
    "ascii",
    "utf-7",
    "utf-16",
    "cp1252",
    "shift_jis",
    "gb18030",
    "unicode_escape",
]
COOKIES = [
    "# coding: {}\n",
    "# -*- coding:{} -*-\n",
    "#!/usr/bin/python\n# vim: set fileencoding={} :\n",
    "\r# coding={}\r",
]


@pytest.mark.parametrize("library", NAMES)
@pytest.mark.parametrize("seed", range(10))
def test_ways_to_import(seed: int, library: str) -> None:
    some = random.Random(seed)
    hits = 0
    for _ in range(40):
        encoding = some.choice(ENCODINGS) if some.random() < 0.3 else "utf-8"
        text = imports(some, library)
        if encoding != "utf-8" or some.random() < 0.5:
            text = some.choice(COOKIES).format(encoding) + text
        data = text.encode(encoding, "ignore")
        try:
            dropped = not may_have_findings(data)
            if found(decode(data).text):
                hits += 1
                assert not dropped, data
        except SourceError:
            continue
    assert hits > 8
