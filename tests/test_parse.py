"""Texts that a parser must not be given, or does not take."""

import ast

import pytest

from sessionize.parse import TOO_DEEP, UnreadableError, parse_ast, parse_cst


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
