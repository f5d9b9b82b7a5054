"""Lines that a longer callee has made too long."""

import pytest

from sessionize.write.wrapping import width_of, wrap_lines


@pytest.mark.parametrize(
    ("line", "wrapped"),
    [
        ("    a = self._session.get(url, b=1)\n", "    a = self._session.get(\n        url, b=1\n    )\n"),
        ("return s.get(url, json={1: 2}).json()['a']", "return s.get(\n    url, json={1: 2}\n).json()['a']"),
        ("with s.get(url, stream=True) as answer:\n", "with s.get(\n    url, stream=True\n) as answer:\n"),
        ("for a in s.get(url, x=1).json()['b']:\n", "for a in s.get(\n    url, x=1\n).json()['b']:\n"),
        ("\ta: dict = f(s.get(url), s.get(x)).b\r\n", "\ta: dict = f(\r\n\t    s.get(url), s.get(x)\r\n\t).b\r\n"),
        ("print(s.get('aaaaaaaaa', 'é', **b))\n", "print(\n    s.get('aaaaaaaaa', 'é', **b)\n)\n"),
        ("s.get('aaaaaaaaaaaaaaa', bbbbbbb=(1, 2))\n", "s.get(\n    'aaaaaaaaaaaaaaa',\n    bbbbbbb=(1, 2),\n)\n"),
        # it has no argument, a bracket around one, a comment, or is no statement, or would still be too long
        ("aaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbb.get()\n", None),
        ("print((s.get('aaaaaaaaaaaa', 'b')), 1)\n", None),
        ("print(s.get('aaaaaaaaaaaaaaaa', 'b'))  # c\n", None),
        ("a = b + s.get('aaaaaaaaaaaaaaaa', 'b', c)\n", None),
        ("if s.get('aaaaaaaaaaaaaaaa', 'b', c=1).ok:\n", None),
        ("        s.get('aaaaaaaaaaaaaaaaaaa', 'b', c)),\n", None),
        ("s.get('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa')\n", None),
        ("s.get(aaaaaaaaaaaaaaaaaaaaaaa for b in cccccc)\n", None),
        ("a = s.get(x); b = s.get(aaaaaaaaaaaaaaaa)\n", None),
    ],
)
def test_wrapped(line: str, wrapped: str | None) -> None:
    before = "a = 1\n"
    assert wrap_lines(before, f"{before}{line}", 34, "    ") == before + (wrapped or line)


@pytest.mark.parametrize("quotes", ['"""', "'''"])
@pytest.mark.parametrize("prefix", ["", "f", "rf", "b"])
def test_lines_in_strings_stay(quotes: str, prefix: str) -> None:
    text = f"a({prefix}{quotes}\nprint(s.get('aaaaaaaaaaaaaaaaaa', 1), 2)\n{quotes})\n"
    assert wrap_lines("", text, 34, "    ") == text
    assert wrap_lines("", f"{text}print(s.get('aaaaaaaaaaaaaaaa', 123))\n", 34, "    ") == (
        f"{text}print(\n    s.get('aaaaaaaaaaaaaaaa', 123)\n)\n"
    )


def test_lines_in_the_holes_of_a_text_stay() -> None:
    text = 'a = f"""{\nprint(s.get(\'aaaaaaaaaaaaaaaa\', 123))\n}"""\n'
    assert wrap_lines("", text, 34, "    ") == text


def test_text_that_is_not_read_stays() -> None:
    text = "a = (\nprint(s.get('aaaaaaaaaaaaaaaa', 123))\n"
    assert wrap_lines("", text, 34, "    ") == text


def test_old_lines_and_short_ones_stay() -> None:
    text = "s.get('aaaaaaaaaaaaaaaaaa', bbbbbbbbbb=(1, 2))\n"
    assert wrap_lines(text, text, 20, "    ") == text
    assert wrap_lines("", text, 50, "    ") == text


@pytest.mark.parametrize(("longest", "width"), [(0, 88), (72, 88), (73, 79), (79, 79), (80, 80), (99, 99)])
def test_width(longest: int, width: int) -> None:
    assert width_of(f"a\r\n{'b' * longest}\r\nc\r\n") == width
