"""Shows that the cheap look drops no file with a finding: what it drops in FOLDERS is checked all the same.

    python benchmarks/cheap_look.py FOLDER...

Prints each dropped file that has a finding, and how many files there were.
"""

from __future__ import annotations

import sys
import unicodedata
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from sessionize.engine.check import check_source
from sessionize.files.text import SourceError, decode
from sessionize.library.cheap_look import may_have_findings
from sessionize.profiles import LIBRARIES


def look(path: Path) -> tuple[str, str]:
    """What became of a file, and what is found in it although it was dropped."""
    try:
        data = path.read_bytes()
        if may_have_findings(data):
            return "looked at", ""
        text = decode(data).text
    except (OSError, SourceError) as error:
        return "not readable", str(error)
    if all(library.name not in unicodedata.normalize("NFKC", text) for library in LIBRARIES):
        return "without the word", ""
    found = [diagnostic for diagnostic in check_source(text, str(path)) if diagnostic.code != "RQS901"]
    return "dropped", f"{found[0].code} on line {found[0].start.row}" if found else ""


def main() -> int:
    files = [path for folder in sys.argv[1:] for path in Path(folder).rglob("*.py*") if path.suffix in (".py", ".pyi")]
    with ProcessPoolExecutor() as pool:
        answers = list(pool.map(look, files, chunksize=16))
    wrong = [(path, found) for path, (what, found) in zip(files, answers, strict=True) if what == "dropped" and found]
    for path, found in wrong:
        print(f"{path}: dropped with {found}")
    print(", ".join(f"{count} {what}" for what, count in Counter(what for what, _ in answers).most_common()))
    print(f"dropped with a finding: {len(wrong)}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
