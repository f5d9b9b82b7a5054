"""Holds both readers to the same outline and the same places on every Python file below some folders.

    python tests/proof/readers.py FOLDERS...

Exits 1 on a difference. Files that only one of Python and LibCST can read are counted apart.
"""

import ast
import re
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import libcst as cst

from sessionize.files.text import SourceError, decode
from sessionize.syntax.read_ast import Places, read_ast
from sessionize.syntax.read_cst import Nodes, places, read_cst


def differences(text: str) -> list[str]:
    """What the readers do not agree on; raises what the two parsers and readers raise."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(text)
    module = cst.parse_module(text)
    ours, known = read_ast(tree, text)
    theirs, nodes = read_cst(module)
    found = []
    for name, mine, other in zip(ours._fields, ours, theirs, strict=True):
        if mine != other:
            found.append(f"{name}: {_first_difference(mine, other)}")
    return found or _misplaced(module, known, nodes)


def _first_difference(mine: object, other: object) -> str:
    if isinstance(mine, tuple) and isinstance(other, tuple):
        for one, two in zip(mine, other, strict=False):
            if one != two:
                return f"\n    ast {one}\n    cst {two}"
        return f"{len(mine)} in ast, {len(other)} in cst"
    if isinstance(mine, frozenset) and isinstance(other, frozenset):
        return f"only in ast {sorted(mine - other)}, only in cst {sorted(other - mine)}"
    return f"ast {mine}, cst {other}"


def _misplaced(module: cst.Module, known: Places, nodes: Nodes) -> list[str]:
    if known.sites.keys() != nodes.sites.keys():
        return ["not the same call sites"]
    span = places(module, nodes)
    found = []
    for site, node in nodes.sites.items():
        # To Python, the parentheses of a tuple or generator belong to it.
        enclosed = isinstance(node, cst.Call) and isinstance(node.func, cst.Tuple | cst.GeneratorExp)
        if known.span(site) not in (None, span(site)) and not enclosed:
            found.append(f"{module.code_for_node(node)}: ast {known.span(site)}, cst {span(site)}")
    return found


def outcome(path: Path) -> tuple[str, list[str]]:
    """What became of a file, and the differences in it."""
    sys.setrecursionlimit(5000)
    try:
        text = decode(path.read_bytes()).text
    except (SourceError, OSError):
        return "undecodable", []
    readable = [parse for parse in (ast.parse, cst.parse_module) if _reads(parse, text)]
    if len(readable) < 2:
        return f"read by {readable[0].__module__} only" if readable else "read by neither", []
    try:
        found = differences(text)
    except RecursionError:
        return "too deep", []
    return ("different" if found else "equal"), found


def _reads(parse: Callable[[str], object], text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            parse(text)
    except (SyntaxError, ValueError, cst.ParserSyntaxError, cst.CSTValidationError, RecursionError, MemoryError):
        return False
    return True


def main(folders: list[str]) -> int:
    paths = [path for folder in folders for path in sorted(Path(folder).rglob("*.py")) if path.is_file()]
    counts: Counter[str] = Counter()
    with ProcessPoolExecutor(max_workers=2) as pool:
        for path, (what, found) in zip(paths, pool.map(outcome, paths, chunksize=16), strict=True):
            counts[what] += 1
            for line in found:
                print(f"{path}: {re.sub(' +', ' ', line)}"[:600], flush=True)
    print(*(f"{what} {count}" for what, count in counts.most_common()), sep=", ")
    return 1 if counts["different"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
