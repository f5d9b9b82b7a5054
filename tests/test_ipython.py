"""What IPython reads otherwise than Python is replaced, row by row, and comes back as it was."""

import ast
import re
from itertools import chain

import pytest
from hypothesis import given, settings, strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from sessionize.syntax.ipython import CELL, LINE, Cells
from sessionize.syntax.parse import parse_ast

PLAIN = [
    "x = 1",
    "import requests",
    "r = requests.get(url)  # !not a command",
    "y = 7 % x",
    "text = '''",
    "%not a magic",
    "!nor a command",
    "nor?",
    "'''",
    "y = (x",
    "%x",
    "* 2)",
    "y = x \\",
    "% 2",
    "d = {'a=!b': '%c'}",
    "if x != y: pass",
    "",
    "# what?",
]
SPECIAL = [
    "%matplotlib inline",
    "%time requests.get(url)",
    "!pip install requests",
    "!!ls",
    "files = !ls {folder}",
    "x = %env HOME",
    "d['a'] = !ls $HOME",
    "a, b = !ls",
    "requests.get?",
    "requests.get??",
    "?requests",
    "%time?",
    "x.y*?",
    ";print a b",
    ",print a b",
    "/print a",
    "%cd C:\\dir",
    "!echo 'it''s'",
    "!echo (",
    "    %time x",
    "    !ls",
]


def as_python(*cells: str) -> tuple[list[str], Cells]:
    """The cells as Python, none of which may be left out."""
    translated = Cells()
    texts = []
    for number, cell in enumerate(cells, 1):
        text, wrong = translated.python(cell, number)
        assert wrong is None, (cell, wrong)
        texts.append(text)
    return texts, translated


def rows(text: str) -> int:
    return len(re.findall(r"\r\n|\r|\n", text))


def of_ipython(cell: str) -> set[int]:
    """The rows that IPython transforms; each must be a line of its own."""
    manager = TransformerManager()  # type: ignore[no-untyped-call]
    after = manager.transform_cell(cell).split("\n")
    before = cell.split("\n")
    assert len(before) == len(after) - (not cell.endswith("\n"))
    return {row for row, (was, now) in enumerate(zip(before, after, strict=False)) if was != now}


def of_ours(cell: str) -> set[int]:
    (text,), _ = as_python(cell)
    return {row for row, line in enumerate(text.split("\n")) if LINE in line}


@pytest.mark.parametrize("line", [line for line in SPECIAL if not line.startswith(" ")])
def test_line_is_replaced(line: str) -> None:
    cell = f"x = 1\n{line}\ny = 2"
    (text,), cells = as_python(cell)
    assert [LINE in row for row in text.split("\n")] == [False, True, False]
    assert cells.restored(text) == cell
    ast.parse(text)


def test_plain_cell_is_left_alone() -> None:
    cell = "\n".join(PLAIN)
    assert as_python(cell)[0] == [cell]


def test_plain_lines_around_a_magic_are_left_alone() -> None:
    cell = "\n".join([*PLAIN, "%matplotlib inline", *PLAIN])
    assert of_ours(cell) == {len(PLAIN)} == of_ipython(cell)


BLOCKS = st.sampled_from(
    [
        *(line for line in SPECIAL if not line.startswith((" ", "x.y*", "!echo ("))),  # IPython looks for the `)`
        *("x = 1", "# what?", "", "text = '''\n%not\n!nor\nnor?\n'''", 'text = """\n!it\'s"""', "y = (x\n% 2\n)"),
        *(
            "y = x \\\n% 2",
            "if x:\n    %time x\n    y = 1",
            "for x in y:\n    !ls\n    z = !ls\nelse:\n    x?",
            "f('%a')",
        ),
    ]
)


@settings(deadline=None)
@given(st.lists(BLOCKS, min_size=1, max_size=8))
def test_same_rows_as_ipython(blocks: list[str]) -> None:
    cell = "\n".join(["x = 1", *blocks])  # IPython strips what is empty from the top
    assert of_ours(cell) == of_ipython(cell)


@settings(deadline=None)
@given(st.text(st.sampled_from("%!?=;,/'\"\\()\n\r\t #ax1:"), max_size=30))
def test_any_text_comes_back(cell: str) -> None:
    cells = Cells()
    text, wrong = cells.python(cell, 1)
    parse_ast(text)  # without warnings of odd escapes
    assert cells.restored(text) == cell
    assert rows(text) == rows(cell)
    assert wrong is None or text.startswith(f"{LINE}(0, 'cell 1'")


@pytest.mark.parametrize("name", ["time", "capture out", "prun -q", "debug"])
def test_cell_of_python(name: str) -> None:
    cell = f"%%{name}\nx = requests.get(url)\n!ls"
    (text,), cells = as_python(cell)
    assert text.split("\n")[1] == "x = requests.get(url)"
    assert text.count(LINE) == 2
    assert cells.restored(text) == cell


@pytest.mark.parametrize(
    "cell", ["%%bash\nls (\n", "%%html\n<a href='?'>", "\n%%writefile x.py\nimport requests", "%%!\nls", "%%python3\n1"]
)
def test_cell_of_another_language(cell: str) -> None:
    (text,), cells = as_python(cell)
    (statement,) = ast.parse(text).body
    assert isinstance(statement, ast.Expr)
    assert "'" not in text.replace("f'", "")
    assert cells.restored(text) == cell
    assert rows(text) == rows(cell)


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("%run load.py", "%run"),
        ("%store -r x", "%store"),
        ("x = %sql select 1", "%sql"),
        ("%time x = 1", "%time"),
        ("%time )", "%time"),
        ("%time (x := 1)", "%time"),
        ("%timeit exec(y)", "%timeit"),
        (";print a", "% ;"),
        ("%%timeit\nx = 1", "%%timeit"),
        ("%%sql\nselect 1", "%%sql"),
        ("%%bash --out x\nls", "%%bash"),
    ],
)
def test_what_may_run_any_code_says_so(line: str, runs: str) -> None:
    (text,), _ = as_python(line)
    assert f"{LINE}(0, {runs!r}" in text


def test_names_are_arguments() -> None:
    texts, _ = as_python("%run load.py if url", "%timeit len(pages)", "!curl {url} $x None", "!ls -1", "%pwd\nx = 1")
    assert texts == [
        "__ipython__(0, '%run', run, load, py, url).wait()",
        "__ipython__(1, ..., len, pages).wait()",
        '__ipython__(2, f"{curl}{url}{x}").wait()',
        '__ipython__(3, f"{ls}").wait()',
        '__ipython__(4, f"{pwd}").wait()\nx = 1',
    ]
    assert as_python("!1")[0] == ["__ipython__(0, None).wait()"]


def test_continued_line_keeps_its_rows() -> None:
    cell = "!ls \\\n  -l \\\r\n  -a\nx = 1"
    (text,), cells = as_python(cell)
    assert text.split("\n")[-1] == "x = 1"
    assert rows(text) == rows(cell)
    assert cells.restored(text) == cell


def test_magic_without_its_sign() -> None:
    (text,), cells = as_python("pip install requests\n")
    assert text.startswith(LINE)
    assert cells.restored(text) == "pip install requests\n"


@pytest.mark.parametrize(
    ("cell", "row", "column"),
    [
        ("def f(:", 1, 7),
        ("x = 1\nprint 'x'\n", 2, 1),
        ("%%time\nx = 1\nprint 'x'\n", 3, 1),
        ("!ls\nx = )", 2, 5),
        ("pip install requests\nx = 1", 1, 5),
        ("frobnicate the cell", 1, 12),
    ],
)
def test_cell_that_is_left_out(cell: str, row: int, column: int) -> None:
    cells = Cells()
    text, wrong = cells.python(cell, 3)
    assert wrong is not None
    assert (wrong.row, wrong.column) == (row, column)
    assert "'cell 3'" in text
    assert cells.restored(text) == cell
    assert rows(text) == rows(cell)


@pytest.mark.parametrize("cell", [f"{CELL}()", f"x = {LINE}(0).wait()"])
def test_our_own_names_are_not_for_cells(cell: str) -> None:
    cells = Cells()
    text, wrong = cells.python(cell, 1)
    assert wrong is not None
    assert cells.restored(text) == cell


@pytest.mark.parametrize("cell", ["x = '\0'", "x = '\ud800'", "(" * 300 + ")" * 300, "-" * 100_000 + "1"])
def test_what_python_cannot_read(cell: str) -> None:
    cells = Cells()
    text, wrong = cells.python(cell, 1)
    assert wrong is not None
    assert str(wrong)
    assert cells.restored(text) == cell


def test_replacements_are_told_apart() -> None:
    sources = [f"%cd {number}\nx = {number}" for number in range(12)]
    texts, cells = as_python(*sources)
    assert list(map(cells.restored, texts)) == sources
    assert list(chain.from_iterable(re.findall(rf"{LINE}\((\d+)", text) for text in texts)) == [
        str(n) for n in range(12)
    ]
