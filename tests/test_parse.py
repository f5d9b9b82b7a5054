"""Texts that a parser must not be given, or does not take."""

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

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
