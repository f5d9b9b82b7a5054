"""What LibCST reads otherwise is put back line by line; and lines are compared."""

import difflib

import pytest
from hypothesis import given, strategies as st

from sessionize.files.matcher import Matcher
from sessionize.syntax.cst_text import restore_lines


def test_lines_that_stay_keep_their_own_indentation() -> None:
    """Also between two changes, where a hundred lines look alike."""
    text = "first\n" + "\tpass\n        pass\n" * 150 + "last\n"
    read = text.expandtabs(8)
    changed = read.replace("first", "erste").replace("last", "letzte")
    assert restore_lines(text, read, changed) == text.replace("first", "erste").replace("last", "letzte")


@given(st.lists(st.sampled_from("abcdefgh")), st.lists(st.sampled_from("abcdefgh")))
def test_opcodes_lead_from_one_to_the_other(old: list[str], new: list[str]) -> None:
    matcher = Matcher(old, new)
    made: list[str] = []
    done = 0
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        assert (i1, j1) == (done, len(made))
        assert (tag == "equal") == (old[i1:i2] == new[j1:j2])
        made += new[j1:j2]
        done = i2
    assert (made, done) == (new, len(old))
    ends = [(block.a + block.size, block.b + block.size) for block in matcher.get_matching_blocks()[:-1]]
    starts = [(block.a, block.b) for block in matcher.get_matching_blocks()[1:]]
    assert all(end != start for end, start in zip(ends, starts, strict=True) if start != (len(old), len(new)))


def test_lines_that_stand_once_hold_the_others() -> None:
    """Not the longest run of equal lines, which is in another function."""
    old = ["def one", "x", "x", "", "def two", "y"]
    new = ["def zero", "x", "x", "", "def one", "y", "", "def two", "y"]
    equal = [(block.a, block.b, block.size) for block in Matcher(old, new).get_matching_blocks()]
    assert equal == [(0, 4, 1), (3, 6, 3), (6, 9, 0)]


def test_a_line_that_moved_costs_no_other_its_place() -> None:
    old, new = list("abcdef"), list("bcdefa")
    assert [tuple(block) for block in Matcher(old, new).get_matching_blocks()] == [(1, 0, 5), (6, 6, 0)]


def test_lines_that_were_pasted_twice_cost_no_more_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """None of them stands once; difflib alone looks through all of them for each change."""
    looked: list[int] = []
    find = difflib.SequenceMatcher.find_longest_match

    def counted(self: difflib.SequenceMatcher[str], alo: int, ahi: int, blo: int, bhi: int) -> difflib.Match:
        looked.append(ahi - alo)
        return find(self, alo, ahi, blo, bhi)

    monkeypatch.setattr(difflib.SequenceMatcher, "find_longest_match", counted)
    half = [line for row in range(150) for line in (f"get({row})", f"print({row})")]
    old = ["head", *half, *half, "foot"]
    new = ["head", *(line for number, line in enumerate(half) if number % 20), *half, "foot"]
    blocks = Matcher(old, new).get_matching_blocks()
    assert [old[i] for block in blocks for i in range(block.a, block.a + block.size)] == new
    assert len(blocks) == 17
    assert sum(looked) < len(old)
