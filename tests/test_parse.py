"""Texts that a parser must not be given, or does not take."""

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import libcst as cst
import pytest

from sessionize import check_source, fix_source
from sessionize.syntax import ast_expressions, cst_expressions, read_ast, read_cst
from sessionize.syntax.parse import TOO_DEEP, UnreadableError, parse_ast, parse_cst


@pytest.mark.parametrize("text", ["x = " + "-" * 10_000 + "1", "x = " + "1 + " * 1500 + "1"])
def test_what_would_end_libcst_is_not_given_to_it(text: str) -> None:
    with pytest.raises(UnreadableError):
        parse_cst(text)


def test_a_tree_that_is_known_is_measured() -> None:
    tree = parse_ast("x = 1")
    for _ in range(1001):
        tree = ast.Module([ast.If(ast.Constant(value=True), [*tree.body], [])], [])
    with pytest.raises(UnreadableError, match=TOO_DEEP):
        parse_cst("x = 1", tree)


def test_a_newer_syntax_may_be_libcsts(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(text: str) -> None:
        raise SyntaxError("not yet")

    monkeypatch.setattr(ast, "parse", refuse)
    assert parse_cst("x = 1\n").code == "x = 1\n"
    with pytest.raises(UnreadableError, match="not yet"):
        parse_cst("x = = 1\n")


def test_threads_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    inside = threading.Semaphore(1)
    parse = ast.parse

    def alone(text: str) -> ast.Module:
        assert inside.acquire(blocking=False)
        time.sleep(0.01)
        inside.release()
        return parse(text)

    monkeypatch.setattr(ast, "parse", alone)
    with ThreadPoolExecutor(4) as threads:
        assert len(list(threads.map(parse_ast, ["x = 1\n"] * 8))) == 8


NEWER = {
    "lazy import": "lazy import requests\n\nfor x in range(3):\n    requests.get(f'http://a.test/{x}')\n",
    "lazy from": "lazy from requests import Timeout, get\n\nfor x in range(3):\n    get(f'http://a.test/{x}')\n",
    "unpacking": "import requests\na = {**d for d in [requests.get(x).json() for x in range(3)]}\n",
}


@pytest.mark.skipif(not hasattr(cst, "LazyImport"), reason="LibCST reads it since 1.9")
@pytest.mark.parametrize("name", NEWER)
def test_syntax_of_python_3_15(name: str) -> None:
    """Also where an older Python runs, by LibCST; imports keep their form."""
    after = fix_source(NEWER[name]).after
    assert after is not None
    assert "session.get(" in after
    assert after.startswith(
        {"lazy from": "lazy from requests import Session, Timeout, get\n"}.get(name, NEWER[name].partition("\n")[0])
    )


@pytest.mark.parametrize(("text", "unknown"), [("match x:\n  case 1: y\n", "Match"), ("a[0]\n", "Subscript")])
def test_syntax_that_is_not_known_yet(text: str, unknown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"import requests\n{text}"
    readers = (read_ast, read_cst) if unknown == "Match" else (ast_expressions, cst_expressions)
    for reader, nodes in zip(readers, (ast, cst), strict=True):
        assert check_source(text) == ()
        methods = getattr(reader, "_STATEMENTS" if unknown == "Match" else "_EXPRESSIONS")
        monkeypatch.delitem(methods, getattr(nodes, unknown))
    (found,) = check_source(text)
    assert (found.code, found.message) == ("RQS901", f"sessionize does not know the syntax {unknown} yet")
