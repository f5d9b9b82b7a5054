"""Long literals, which LibCST is not given to read: fixes are the same, and no byte of them changes."""

from dataclasses import replace
from typing import Literal
from unittest.mock import patch

import pytest

from sessionize.engine.fix import fix_source
from sessionize.files.settings import Settings
from sessionize.syntax import cst_text, parse

UNSAFE = replace(Settings(), unsafe_fixes=True)
ITEMS = ["'a',", "# 2", "#2", "-1, 2.5, None,", "('b', {'c': [], 'd': {1, 2}}),", "'''", "#3", "''',", "", "\t b'e',"]
ITEMS += ["'ü',"]
LOOP = "for url in URLS:\n    print(requests.get(url).text)\n"
FUNCTIONS = "\ndef a():\n    return requests.get(BASE)\n\n\ndef b():\n    return requests.get(BASE)\n"


def literal(before: str, after: str) -> str:
    return f"{before}\n" + "\n".join(ITEMS * 3) + f"\n{after}\n"


@pytest.mark.parametrize(
    "source",
    [
        literal("DATA = [", "]") + LOOP,
        literal("DATA = [", "]  # all of them") + FUNCTIONS,  # the session stands right behind it
        literal("ü = A = ([", "] )") + literal("B: dict = {0: [", "]}") + FUNCTIONS,
        literal("if 1: x\nDATA = (", ")") + LOOP,
        literal("if 1:\n\tif a:\n                x\n\telse:\n\t\ty\nDATA = [", "]") + FUNCTIONS,  # tabs and spaces
        (literal("DATA = [", "]") + FUNCTIONS).replace("\n", "\r\n"),
    ],
)
def test_long_literals_are_not_read_by_libcst(source: str) -> None:
    source = f"import requests\n{source}"
    plain = fix_source(source, settings=UNSAFE).after
    with patch.object(cst_text, "_LONG", 5), patch.object(parse, "_tree", wraps=parse._tree) as tree:
        found = fix_source(source, settings=UNSAFE).after
    assert found == plain != source
    assert all("None" not in call.args[0] for call in tree.call_args_list)


@pytest.mark.parametrize(
    ("source", "style"),
    [
        (literal("DATA = [", "]; MORE = [").rstrip() + "\n" + literal("", "]") + LOOP, "assign"),
        # what is on the first line, or on the last, changes itself
        (literal("a = requests.get(X); DATA = [1, 2,", "]") + "b = requests.get(Y)\n", "assign"),
        (literal("DATA = [", "3, 4]; a = requests.get(X); b = requests.get(Y)"), "assign"),
        # the lines right beside the literal change
        ("a = requests.get(X); b = requests.get(Y)\n" + literal("DATA = [", "]"), "assign"),
        # it moves into a block
        ("a = requests.get(X)\n" + literal("DATA = [", "]") + "b = requests.get(Y)\n", "with"),
        (literal(f"# {cst_text.MARK}\nDATA = [", "]") + LOOP, "assign"),
    ],
)
def test_long_literals_beside_what_changes(source: str, style: Literal["assign", "with"]) -> None:
    source = f"import requests\n{source}"
    settings = Settings(session_style=style)
    plain = fix_source(source, settings=settings).after
    with patch.object(cst_text, "_LONG", 5):
        assert fix_source(source, settings=settings).after == plain != source


@pytest.mark.parametrize("ends", [("DATA = [x, ", "]"), ("DATA = [", "] + []"), ("print([", "])")])
def test_what_is_no_long_literal_is_read_by_libcst(ends: tuple[str, str]) -> None:
    with patch.object(cst_text, "_LONG", 5), patch.object(parse, "_tree", wraps=parse._tree) as tree:
        assert fix_source(f"import requests\n{literal(*ends)}{LOOP}").after is not None
    assert "None" in tree.call_args_list[0].args[0]
