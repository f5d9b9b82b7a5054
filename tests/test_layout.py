"""What LibCST reads otherwise is put back line by line."""

from sessionize.layout import restored


def test_lines_that_stay_keep_their_own_indentation() -> None:
    """Also between two changes, where a hundred lines look alike."""
    text = "first\n" + "\tpass\n        pass\n" * 150 + "last\n"
    read = text.expandtabs(8)
    changed = read.replace("first", "erste").replace("last", "letzte")
    assert restored(text, read, changed) == text.replace("first", "erste").replace("last", "letzte")
