"""The meaning of an outline in Python: names, control flow, calls; no library is known."""
