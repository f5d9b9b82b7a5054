"""Notebooks: a script and back, no byte of the JSON moved without need, and what a fix may do across cells."""

import json
import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from command import fix_file
from hypothesis import given, settings, strategies as st
from wire import Servers, differences, run

from sessionize.cli import cli
from sessionize.engine.check import check_bytes
from sessionize.engine.fix import fix_bytes
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.syntax.notebook import Notebook
from sessionize.syntax.parse import UnreadableError

IMPORT = "import os\n\nimport requests\n\nBASE = os.environ['BASE']"
LOOP = "for year in (2019, 2020):\n    page = requests.get(f'{BASE}/{year}').text\n    print(page)"
PLOT = {"output_type": "display_data", "metadata": {}, "data": {"image/png": "iVBORw0KGgo=", "text/plain": ["<Plot>"]}}


def cell(source: str, *, kind: str = "code", **more: object) -> dict[str, Any]:
    made: dict[str, Any] = {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)}
    return made | ({"execution_count": 1, "outputs": [PLOT]} if kind == "code" else {}) | more


def document(*cells: str | dict[str, Any], **metadata: object) -> dict[str, Any]:
    made = [cell(each) if isinstance(each, str) else each for each in cells]
    return {"cells": made, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def notebook(*cells: str | dict[str, Any], **metadata: object) -> bytes:
    """A notebook as Jupyter writes it."""
    return (json.dumps(document(*cells, **metadata), indent=1, ensure_ascii=False) + "\n").encode()


def sources(data: bytes | str) -> list[str]:
    return ["".join(each["source"]) for each in json.loads(data)["cells"]]


def fixed(*cells: str | dict[str, Any], **options: Any) -> list[str]:
    """The sources after a fix, which must leave nothing that it could fix; those before it if nothing changed."""
    data = notebook(*cells)
    report = fix_bytes(data, "plot.ipynb", Settings(**options))
    assert report.error is None
    if report.change is None:
        return sources(data)
    old, data = report.change
    assert fix_bytes(data, "plot.ipynb", Settings(**options)).change is None
    for was, now in zip(json.loads(old)["cells"], json.loads(data)["cells"], strict=True):
        assert was | {"source": 0} == now | {"source": 0}
    return sources(data)


def told(report: Report) -> list[str]:
    return [f"{d.cell}:{d.start.row}:{d.start.column} {d.code} {d.applicability}" for d in report.left]


def checked(*cells: str | dict[str, Any], **metadata: object) -> list[str]:
    return told(check_bytes(notebook(*cells, **metadata), "plot.ipynb", Settings()))


# --- the JSON ---------------------------------------------------------------------------------------------------------

LAYOUTS: list[dict[str, Any]] = [
    {"indent": 1, "ensure_ascii": False},
    {"indent": 1},
    {"indent": 4, "sort_keys": True},
    {"indent": "\t"},
    {},
    {"separators": (",", ":")},
    {"separators": (",\n", ": "), "ensure_ascii": False},
]


def written(doc: dict[str, Any], layout: dict[str, Any], whole: bool, split: str) -> str:
    """A document in a layout; `whole`: with each source as one string."""
    for each in doc["cells"]:
        lines = each["source"]
        if whole:
            each["source"] = "".join(lines)
        elif split != "lines":
            each["source"] = re.findall(r"[^\n]*\n|[^\n]+", "".join(lines)) if split == "\n" else ["".join(lines)]
    return json.dumps(doc, **layout)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("whole", [False, True])
def test_only_the_changed_lines_move(layout: dict[str, Any], whole: bool) -> None:
    doc = document("# Übung", IMPORT, cell("# é", kind="markdown"), f"x = 'Größe \f'\n{LOOP}\npage", "x = '\N{SNAKE}'")
    text = written(doc, layout, whole, "lines")
    report = fix_bytes(text.encode(), "plot.ipynb", Settings())
    assert report.after is not None
    expected = ["# Übung", IMPORT, "# é", f"x = 'Größe \f'\n{LOOP}\npage", "x = '\N{SNAKE}'"]
    expected[3] = expected[3].replace("for", "session = requests.Session()\nfor").replace("requests.get", "session.get")
    again = document(*expected)
    again["cells"][2] = doc["cells"][2]
    assert report.after == written(again, layout, whole, "lines")


TEXT = st.text(st.sampled_from('ab\n\r\f\t"\\/\u2028é\N{SNAKE}\ud800\x1b'), max_size=12)


@settings(deadline=None)
@given(
    st.lists(st.tuples(TEXT, TEXT), max_size=4),
    st.sampled_from([layout for layout in LAYOUTS if layout.get("ensure_ascii", True)]),
    st.booleans(),
    st.sampled_from(["lines", "\n", "one"]),
    st.sampled_from(["", "\ufeff"]),
)
def test_any_source_in_any_layout(
    pairs: list[tuple[str, str]], layout: dict[str, Any], whole: bool, split: str, mark: str
) -> None:
    olds, news = [old for old, _ in pairs], [new for _, new in pairs]
    text = mark + written(document(*olds), layout, whole, split)
    opened = Notebook(text.encode())
    assert opened.sources == olds
    assert opened.with_sources(olds) == text
    after = opened.with_sources(news)
    assert sources(after.removeprefix(mark)) == news
    assert Notebook(after.encode()).with_sources(news) == after
    gone = (json.loads(each.removeprefix(mark)) for each in (text, after))
    assert len({json.dumps([each | {"source": 0} for each in doc["cells"]]) for doc in gone}) == 1


@settings(deadline=None)
@given(st.lists(TEXT.filter(lambda text: not text.endswith("\r")), max_size=5))
def test_script_gives_the_sources_back(cells: list[str]) -> None:
    opened = Notebook(json.dumps(document(*cells)).encode())
    script = opened.script()
    assert script.sources(script.text) == cells
    places = script.places(script.text)
    row = 1
    for number, source in enumerate(cells, 1):
        for inside in range(1, len(re.findall(r"\r\n|\r|\n", f"{source}\n")) + 1):
            assert places(row) == (number, inside)
            row += 1
        row += 1


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (r'"https:\/\/a\n"', r'"https:\/\/a\n","b\/c"'),
        (r'"\u0061\n"', r'"\u0061\n","b/c"'),
        (r'"a\u000a"', r'"a\u000a","b/c"'),
        ('"a\\n"  ', '"a\\n","b/c"  '),
        ('\n "a\\n"\n', '\n "a\\n",\n "b/c"\n'),
        ('"a",\t"\\n"', '"a\\n",\t"b/c"'),
    ],
)
def test_escapes_of_what_stays_are_kept(before: str, after: str) -> None:
    around = '{{"nbformat":4,"cells":[{{"cell_type":"code","source":[{}]}}]}}'
    opened = Notebook(around.format(before).encode())
    assert opened.with_sources([f"{opened.sources[0]}b/c"]) == around.format(after)


def test_escapes_in_one_string_are_kept() -> None:
    around = '{{"nbformat":4,"cells":[{{"source":"{}","cell_type":"code"}}],"x":"\\u00e9"}}'
    opened = Notebook(around.format(r"\u0061 \\n\nb\/\u00e9\n").encode())
    (source,) = opened.sources
    assert source == "a \\n\nb/é\n"
    assert opened.with_sources([f"{source}ü/"]) == around.format(r"\u0061 \\n\nb\/\u00e9\n\u00fc\/")


def test_the_last_of_two_keys_counts() -> None:
    text = '{"cells":[],"nbformat":4,"cells":[{"source":"a","cell_type":"code","source":["b"]},3,{}]}'
    opened = Notebook(text.encode())
    assert (opened.numbers, opened.sources) == ([1], ["b"])
    assert opened.with_sources(["c"]) == text.replace('"b"', '"c"')
    assert opened.with_sources([""]) == text.replace('["b"]', "[]")


@pytest.mark.parametrize(
    ("data", "message", "row"),
    [
        (b'{\n"cells": [}', "not valid JSON", 2),
        (b"\xff", "decode byte 0xff", 1),
        (b"[" * 100_000, "is nested too deeply", 1),
        (b"1" * 10_000, "digit", 1),
        (b'{"nbformat": 3, "worksheets": []}', "format 3, save it as format 4", 1),
        (b'{"nbformat": 4, "cells": {}}', "not a notebook", 1),
        (b"[]", "not a notebook", 1),
    ],
)
def test_no_notebook(data: bytes, message: str, row: int) -> None:
    with pytest.raises(UnreadableError, match=message) as caught:
        Notebook(data)
    assert caught.value.row == row


def test_broken_notebook_is_one_finding() -> None:
    report = check_bytes(b'{"requests"\n}', "plot.ipynb", Settings())
    (found,) = report.left
    assert (found.code, found.cell, found.start.row) == ("RQS901", None, 2)
    assert check_bytes(b'{"x": "\\u00e9"\n', "plot.ipynb", Settings()) == Report("plot.ipynb")


@pytest.mark.parametrize(
    "metadata",
    [
        {"kernelspec": {"name": "ir", "language": "R"}},
        {"language_info": {"name": "julia"}, "kernelspec": {"language": "python"}},
    ],
)
def test_other_languages_are_not_for_us(metadata: dict[str, Any]) -> None:
    assert checked(IMPORT, LOOP, **metadata) == []


@pytest.mark.parametrize(
    "metadata", [{}, {"kernelspec": {"name": "x", "language": "Python"}}, {"language_info": {"name": "python"}}]
)
def test_python_is_found(metadata: dict[str, Any]) -> None:
    assert checked(IMPORT, LOOP, **metadata) == ["2:2:12 RQS101 safe"]


def test_only_cells_of_python_are_read() -> None:
    shell = cell(LOOP, metadata={"vscode": {"languageId": "shellscript"}})
    python = cell(LOOP, metadata={"vscode": {"languageId": "python"}})
    others: list[str | dict[str, Any]] = [
        cell(LOOP, kind="markdown"),
        cell(LOOP, kind="raw"),
        shell,
        cell("") | {"source": [1]},
        "%%bash\n" + LOOP,
    ]
    assert checked(IMPORT, *others, python) == ["7:2:12 RQS101 safe"]


# --- what is found, and what is fixed ---------------------------------------------------------------------------------


def test_session_is_made_in_the_cell_of_the_calls() -> None:
    assert fixed(IMPORT, "%matplotlib inline", LOOP + "\npage") == [
        IMPORT,
        "%matplotlib inline",
        "session = requests.Session()\n" + LOOP.replace("requests.get", "session.get") + "\npage",
    ]


def test_session_of_functions_is_made_in_the_cell_of_the_import() -> None:
    functions = [f"def {name}():\n    return requests.get(f'{{BASE}}/{name}')" for name in ("issues", "users")]
    assert fixed(IMPORT, *functions, unsafe_fixes=True)[0].endswith(
        "# Each call has its own cookies, as before.\n"
        "_session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))\n\nBASE = os.environ['BASE']"
    )


def test_factory_is_imported_in_the_cell_of_requests() -> None:
    cells = "import requests\nrequests.codes", "import os", LOOP
    assert fixed(*cells, session_factory="shop.http:make_session") == [
        "import requests\n\nfrom shop.http import make_session\nrequests.codes",
        "import os",
        "session = make_session()\n" + LOOP.replace("requests.get", "session.get"),
    ]


def test_session_of_several_cells_is_made_behind_the_import() -> None:
    first, second = "a = requests.get(f'{BASE}/a')\na", "!ls\nb = requests.get(f'{BASE}/b');"
    assert fixed(IMPORT, first, second) == [
        IMPORT.replace("import requests\n", "import requests\n\nsession = requests.Session()\n"),
        first.replace("requests.get", "session.get"),
        second.replace("requests.get", "session.get"),
    ]


@pytest.mark.parametrize(
    ("imports", "rest"),
    [
        ("import requests\nimport pandas\n%matplotlib inline\nimport numpy\n", "\nX = 1"),
        ("import requests\ntry:\n    import tqdm\nexcept ImportError:\n    tqdm = None\n", "X = 1"),
        ("import requests\n", "%matplotlib inline"),
        ("import requests\n", "pandas = 1\nimport numpy"),
        ("import requests\n", "import pandas; pandas.show()"),
        ("import requests\n", "try:\n    import pandas\nexcept ImportError:\n    requests.get(a)"),
    ],
)
def test_session_is_made_behind_all_imports_of_the_cell(imports: str, rest: str) -> None:
    cells = fixed(imports + rest, "requests.get(b)", "requests.get(c)")
    assert cells[0] == f"{imports}\nsession = requests.Session()\n{rest.replace('requests.get', 'session.get')}"


def test_import_in_the_last_cell() -> None:
    assert fixed("requests.get(a)", "requests.get(b)", "import requests") == [
        "session.get(a)",
        "session.get(b)",
        "import requests\n\nsession = requests.Session()",
    ]


@pytest.mark.parametrize("style", ["assign", "with"])
@pytest.mark.parametrize("cookies", ["share", "isolate"])
def test_last_expression_stays_last(style: str, cookies: str) -> None:
    cells = fixed(
        "import requests",
        "requests.get(a)\nrequests.get(b)",
        "x = 1; requests.get(c)",
        "%%time\nrequests.get(d);",
        session_style=style,
        cookies=cookies,
    )
    assert cells[1:] == [
        "session.get(a)\nsession.get(b)",
        "x = 1; session.get(c)",
        "%%time\nsession.get(d);",
    ]
    assert "import requests\n\nsession = " in cells[0]


def test_with_block_inside_of_a_function() -> None:
    function = "def load(urls):\n    !ls\n    for url in urls:\n        %dirs\n        requests.get(url)"
    assert fixed("import requests", function, session_style="with")[1] == (
        "def load(urls):\n    !ls\n    with requests.Session() as session:\n        for url in urls:\n"
        "            %dirs\n            session.get(url)"
    )


def test_import_that_shows_something_gets_nothing_behind_it() -> None:
    cells = ("import requests; requests.__version__", "requests.get(a)", "requests.get(b)")
    assert fixed(*cells) == list(cells)
    report = check_bytes(notebook(*cells), "plot.ipynb", Settings())
    assert {found.applicability for found in report.left} == {"unsafe"}


@pytest.mark.parametrize(
    "cells",
    [
        ("import requests\nrequests.get(a)", "import requests\nrequests.get(b)"),
        ("import requests", "import requests\nrequests.get(a)", "requests.get(b)"),
        ("try:\n    import requests\nexcept ImportError:\n    raise", "requests.get(a)", "requests.get(b)"),
        ("import requests", "session = requests.Session()\nsession.get(c)", "requests.get(a)", "requests.get(b)"),
        ("import requests", "for u in us: requests.Session().get(u)", "for u in us: requests.Session().get(u)"),
    ],
)
def test_cell_that_runs_without_the_one_of_the_session(cells: tuple[str, ...]) -> None:
    assert fixed(*cells) == list(cells)
    report = check_bytes(notebook(*cells), "plot.ipynb", Settings())
    fixes = [found for found in report.left if found.applicability is not None]
    assert fixes
    for found in fixes:
        assert found.help.endswith("a cell can be run without the cell that would create its session [reach]")
        assert found.applicability == "unsafe"
    assert fixed(*cells, unsafe_fixes=True) != list(cells)


def test_session_that_is_there_is_used() -> None:
    cells = ("import requests\n\nsession = requests.Session()", "requests.get(a)", "session.get(b)\nrequests.get(c)")
    assert fixed(*cells) == [cells[0], "session.get(a)", "session.get(b)\nsession.get(c)"]


def test_two_imports_in_one_cell() -> None:
    cells = ("import requests\nfrom requests import get", "requests.get(a)", "get(b)")
    assert fixed(*cells) == [
        "import requests\n\nsession = requests.Session()",
        "session.get(a)",
        "session.get(b)",
    ]


def test_cell_of_which_nothing_is_left() -> None:
    assert fixed("import requests", "from requests import get", "requests.get(a)", "for u in us: get(u)") == [
        "import requests",
        "from requests import get",
        "requests.get(a)",
        "for u in us: get(u)",
    ]
    assert fixed("import requests", "from requests import get", "for u in us:\n    get(u)") == [
        "import requests",
        "",
        "session = requests.Session()\nfor u in us:\n    session.get(u)",
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("from requests import get\n\nx = 1", "x = 1"),
        ("x = 1\n\nfrom requests import get", "x = 1"),
        ("x = 1\n\nfrom requests import get\n\n\ny = 2", "x = 1\n\n\ny = 2"),
    ],
)
def test_blank_lines_around_an_import_that_goes(before: str, after: str) -> None:
    assert fixed("import requests", before, "for u in us:\n    get(u)")[1] == after


@pytest.mark.parametrize("cell", ["import os\n", ""])
def test_policy_is_imported_in_the_cell_of_requests(cell: str) -> None:
    cells = fixed("import os", f"{cell}import requests", "requests.get(a)\nrequests.get(b)", cookies="isolate")
    line = "from http.cookiejar import DefaultCookiePolicy\n"
    assert cells[:2] == ["import os", f"{cell}{line}" + ("" if cell else "\n") + "import requests"]


def test_options_stay_on_calls_in_several_cells() -> None:
    call = "requests.get(a, headers={'Accept': 'text/csv'})"
    assert fixed("import requests", call, call)[1:] == [call.replace("requests", "session")] * 2
    assert fixed("import requests", f"{call}\n{call}")[1].startswith("session = requests.Session()\nsession.headers")
    told = check_bytes(notebook("import requests", call, call), "plot.ipynb", Settings()).left
    helps = {found.help for found in told if found.code == "RQS201"}
    assert helps == {
        "Not fixed: the calls stand in several cells, and what they pass may be edited in between",
    }


def test_posts_in_several_cells_are_unsafe() -> None:
    cells = ("import requests", "requests.post(a)", "requests.post(b)")
    assert checked(*cells) == ["2:1:1 RQS102 unsafe", "3:1:1 RQS102 unsafe"]
    assert checked(cells[0], "\n".join(cells[1:])) == ["2:1:1 RQS102 safe", "2:2:1 RQS102 safe"]


@pytest.mark.parametrize(
    ("line", "applicability"),
    [
        ("%matplotlib inline", "safe"),
        ("!pip install requests session", "safe"),
        ("%timeit len(pages)", "safe"),
        ("%time print(page)", "safe"),
        ("%%bash\ncurl localhost", "safe"),
        ("%run load.py", "unsafe"),
        ("%reset -f", "unsafe"),
        ("%%sql\nselect 1", "unsafe"),
        ("%timeit requests.get(BASE)", "unsafe"),
        ("def f(:", "unsafe"),
    ],
)
def test_what_a_magic_may_do(line: str, applicability: str) -> None:
    assert checked(IMPORT, line, LOOP)[-2 if "(:" in line else -1 :][0] == f"3:2:12 RQS101 {applicability}"


def test_magic_does_not_reach_into_functions() -> None:
    function = "def load(urls):\n    for url in urls:\n        requests.get(url)"
    assert checked("import requests", "%run load.py", function) == ["3:3:9 RQS101 safe"]
    assert checked("import requests", "def f(:", function) == ["3:3:9 RQS101 unsafe", "2:1:7 RQS901 None"]


def test_wait_in_a_shell_line() -> None:
    assert checked("import requests", "requests.post(a)\n!sleep 60\nrequests.post(b)")[0].endswith("unsafe")


def test_name_that_a_magic_uses_stays_imported() -> None:
    cells = ("from requests import get\nx = 1", "def f(us):\n    for u in us:\n        get(u)")
    assert fixed(*cells)[0] == "from requests import Session\nx = 1"
    assert fixed(*cells, "!curl {get('x').url}")[0] == "from requests import Session, get\nx = 1"


def test_header_that_a_magic_may_change_stays_on_the_calls() -> None:
    cells = ("import requests\nh = {'a': 'b'}", "def f(us):\n    for u in us:\n        requests.get(u, headers=h)")
    assert "headers.update(h)" in fixed(*cells)[1]
    assert "get(u, headers=h)" in fixed(*cells, "%time h.clear()")[1]


def test_cell_that_cannot_be_read_is_left_out() -> None:
    cells = (IMPORT, "x = 1\nprint 'requests'", LOOP)
    assert checked(*cells) == ["3:2:12 RQS101 unsafe", "2:2:1 RQS901 None"]
    after = "session = requests.Session()\n" + LOOP.replace("requests.get", "session.get")
    assert fixed(*cells, unsafe_fixes=True)[1:] == [cells[1], after]
    report = check_bytes(notebook(*cells), "plot.ipynb", replace(Settings(), ignore=("RQS901",)))
    assert told(report) == ["3:2:12 RQS101 unsafe"]


def test_noqa_is_for_its_line() -> None:
    assert checked(IMPORT, LOOP.replace(".text", ".text  # noqa: RQS101"), LOOP) == ["3:2:12 RQS101 safe"]
    assert checked(IMPORT, "# flake8: noqa", LOOP) == checked(IMPORT, "# ruff: noqa: RQS101", LOOP) == []
    long = LOOP.replace(".text", ".text + '''\n'''  # noqa: RQS101")
    assert checked(IMPORT, f"%dirs\n{long}", "# ruff: ignore[RQS101]") == []
    assert checked(IMPORT, "# ruff: ignore[RQS101]", LOOP) == ["3:2:12 RQS101 safe"]


def test_name_in_escapes_is_seen() -> None:
    data = notebook(IMPORT, LOOP).replace(b"requests", b"\\u0072equests")
    assert told(check_bytes(data, "plot.ipynb", Settings())) == ["2:2:12 RQS101 safe"]
    assert sources(fix_bytes(data, "plot.ipynb", Settings()).after or "")[1].startswith("session = requests.Session()")


def test_notebook_without_requests_is_not_parsed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionize.syntax.notebook.Script", None)
    assert check_bytes(notebook("x = 1"), "plot.ipynb", Settings()) == Report("plot.ipynb")
    data = notebook("x = 'é'", cell("requests", kind="markdown"))
    assert (
        check_bytes(data, "plot.ipynb", Settings()) == fix_bytes(data, "plot.ipynb", Settings()) == Report("plot.ipynb")
    )


def test_edits_are_those_of_their_cells() -> None:
    data = notebook("import requests", "%dirs\nrequests.get(a)", "requests.get(b)\nx = 1")
    report = check_bytes(data, "plot.ipynb", Settings(), with_edits=True)
    assert len({id(found.edits) for found in report.left}) == 1
    assert [(edit.cell, edit.start.row, edit.end.row, edit.content) for edit in report.left[0].edits] == [
        (1, 2, 2, "\nsession = requests.Session()\n"),
        (2, 2, 3, "session.get(a)\n"),
        (3, 1, 2, "session.get(b)\n"),
    ]


def test_fix_that_cannot_be_given_back_to_its_cells_is_not_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sessionize.syntax.notebook.Script.sources", lambda *_: None)
    report = fix_bytes(notebook(IMPORT, LOOP), "plot.ipynb", Settings())
    assert report.change is None
    assert "please report" in str(report.error)


def test_script_of_another_shape_has_no_sources() -> None:
    script = Notebook(notebook("a", "b")).script()
    assert script.sources(script.text.replace("__cell__()", "    __cell__()")) is None
    assert script.sources(script.text + "c") is None


# --- the same requests ------------------------------------------------------------------------------------------------

PROGRAMS: list[tuple[str, ...]] = [
    (IMPORT, LOOP, "print(page)"),
    (IMPORT, "a = requests.get(BASE + '/a').text", "print(a)", "print(requests.get(BASE + '/b').json())"),
    (IMPORT, "def load(path):\n    return requests.get(BASE + path).text", LOOP, "print(load('/x'))\n" + LOOP),
    (
        IMPORT + "\nHEADERS = {'Accept': 'text/csv'}",
        "for page in range(3):\n    print(requests.get(f'{BASE}/{page}', headers=HEADERS).status_code)",
        "print(requests.get(BASE, headers=HEADERS).text)",
    ),
]


@pytest.mark.parametrize("cells", PROGRAMS)
@pytest.mark.parametrize("unsafe", [False, True])
def test_wire_is_the_same(cells: tuple[str, ...], unsafe: bool, servers: Servers) -> None:
    after = fixed(*cells, "%dirs", unsafe_fixes=unsafe)[:-1]
    was, now = run("\n".join(cells), servers), run("\n".join(after), servers)
    assert differences(was, now) == []
    assert was.error is None
    assert sum(now.connections) < sum(was.connections)


@pytest.mark.parametrize("cells", PROGRAMS)
def test_every_order_of_cells_that_ran_before_still_runs(cells: tuple[str, ...], servers: Servers) -> None:
    """Cells again, left out and in another order, after the first, without which none of them ran."""
    after = fixed(*cells)
    count = len(cells)
    orders: Iterable[list[int]] = (
        [0, *range(1, count), *range(1, count)],
        [0, *reversed(range(1, count)), *range(1, count)],
        [0, count - 1],
        [0, 1, 0, count - 1],
    )
    for order in orders:
        was, now = (run("\n".join(each[number] for number in order), servers) for each in (cells, after))
        assert differences(was, now) == []


# --- the command line -------------------------------------------------------------------------------------------------


def sessionize(*args: str, **more: Any) -> tuple[int, str]:
    result = CliRunner().invoke(cli, [*args, "--isolated", "-q"], standalone_mode=False, **more)
    assert result.exception is None
    return result.return_value, result.output


@pytest.fixture
def plot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "plot.ipynb"
    path.write_bytes(notebook(cell("# Plot", kind="markdown"), IMPORT, "%dirs\n" + LOOP))
    return path


def test_folders_are_searched_for_notebooks(plot: Path) -> None:
    (plot.parent / ".ipynb_checkpoints").mkdir()
    (plot.parent / ".ipynb_checkpoints" / "plot-checkpoint.ipynb").write_bytes(plot.read_bytes())
    status, output = sessionize("check", "--output-format", "concise")
    assert (status, output.splitlines()) == (
        1,
        ["plot.ipynb:cell 3:3:12: RQS101 [*] `requests.get` in a loop opens a new connection on every iteration"],
    )


def test_line_of_the_cell_is_shown(plot: Path) -> None:
    assert "3|     page = requests.get(f'{BASE}/{year}').text\n |            ^^^^^^^^^^^^\n" in sessionize("check")[1]


def test_json_names_the_cell(plot: Path) -> None:
    (found,) = json.loads(sessionize("check", "--output-format", "json")[1])
    assert (found["cell"], found["location"], found["noqa_row"]) == (3, {"row": 3, "column": 12}, 3)
    assert [edit["cell"] for edit in found["fix"]["edits"]] == [3, 3]


def test_diff_is_one_of_cells(plot: Path) -> None:
    before = plot.read_bytes()
    status, output = sessionize("fix", "--diff")
    assert (status, output.splitlines()) == (
        1,
        [
            "--- plot.ipynb:cell 3",
            "+++ plot.ipynb:cell 3",
            "@@ -1,4 +1,5 @@",
            " %dirs",
            "+session = requests.Session()",
            " for year in (2019, 2020):",
            "-    page = requests.get(f'{BASE}/{year}').text",
            "+    page = session.get(f'{BASE}/{year}').text",
            "     print(page)",
        ],
    )
    assert plot.read_bytes() == before


def test_fix_writes(plot: Path) -> None:
    before = plot.read_text(encoding="utf-8")
    assert sessionize("fix") == (0, "")
    changed = set(plot.read_text(encoding="utf-8").splitlines()) - set(before.splitlines())
    assert changed == {
        '    "session = requests.Session()\\n",',
        "    \"    page = session.get(f'{BASE}/{year}').text\\n\",",
    }
    assert fix_file(plot, Settings()).change is None


def test_standard_input(plot: Path) -> None:
    data = plot.read_bytes()
    status, output = sessionize("fix", "-", "--stdin-filename", "x.ipynb", input=data)
    assert (status, output.encode()) == (0, fix_bytes(data, "x.ipynb", Settings()).change[1])  # type: ignore[index]


def test_findings_at_one_place_of_two_cells_are_two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plot.ipynb").write_bytes(notebook("import requests", "requests.get(a)", "requests.get(b)"))
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(cli, ["check", "--isolated"], standalone_mode=False)
    assert "Found 2 calls to fix in 1 file" in result.output


def test_comments_are_added_to_cells(plot: Path) -> None:
    status, output = sessionize("check", "--add-noqa")
    assert (status, output) == (0, "")
    assert sources(plot.read_bytes())[1:] == [IMPORT, "%dirs\n" + LOOP.replace(".text", ".text  # noqa: RQS101")]
    assert sessionize("check") == (0, "")


def test_baseline_knows_lines_of_cells(plot: Path) -> None:
    assert sessionize("check", "--write-baseline", "known.json")[0] == 0
    assert "page = requests.get" in (plot.parent / "known.json").read_text(encoding="utf-8")
    assert sessionize("check", "--baseline", "known.json") == (0, "")


@pytest.mark.parametrize("style", ["github", "junit"])
def test_reports_name_the_cell(plot: Path, style: str) -> None:
    assert "plot.ipynb:cell 3:3:12: RQS101" in sessionize("check", "--output-format", style)[1]


@pytest.mark.parametrize(("token", "kept"), [("'a'", True), ("token", False)])
def test_token_that_another_cell_may_bind_anew(token: str, *, kept: bool) -> None:
    """The session of a cell that was run lives on, with the cookies of the token before."""
    loop = f"for x in y:\n    requests.put(x, headers={{'Authorization': {token}}})"
    assert ("set_policy" not in fixed("import requests", "token = input()", loop)[2]) is kept
