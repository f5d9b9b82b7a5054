"""What tests of the command line share: programs, and what a run comes to. The fixture `run` is in conftest.py."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sessionize.engine.check import check_bytes
from sessionize.engine.fix import fix_bytes
from sessionize.engine.results import Report
from sessionize.files.settings import Settings
from sessionize.files.store import read
from sessionize.run.work import write_fix

SAFE = """\
import requests
for year in years:
    requests.get(f"https://example.com/{year}")
"""
FIXED = """\
import requests
session = requests.Session()
for year in years:
    session.get(f"https://example.com/{year}")
"""
UNSAFE = SAFE.replace('")', '", proxies=proxies)')
UNTIMED = "It has no `timeout=`; `--extend-select RQS302` finds it."
BROKEN = "import requests\nfor year in\n"


@dataclass
class Result:
    status: int
    out: str
    err: str


Run = Callable[..., Result]


def write(files: dict[str, str]) -> None:
    for name, text in files.items():
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        Path(name).write_text(text, encoding="latin-1", newline="")


def codes(result: Result) -> list[str]:
    return [f"{found['filename']}:{found['code']}" for found in json.loads(result.out)]


def check_file(path: Path, settings: Settings, **options: Any) -> Report:
    return check_bytes(read(path), str(path), settings, **options)


def fix_file(path: Path, settings: Settings, *, write: bool = True, **options: Any) -> Report:
    report = fix_bytes(read(path), str(path), settings, **options)
    return write_fix(report) if write else report
