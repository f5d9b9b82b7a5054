"""The project around a file: its imports, who calls whom across files, what its tests replace, what it requires."""
