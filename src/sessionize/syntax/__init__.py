"""One file as an `Outline` of plain values, read through Python's own tree or through LibCST's."""
