"""Findings as a JUnit report: a suite for each file, a failed test for each finding."""

from __future__ import annotations

import re
from itertools import groupby
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from sessionize.report.fingerprint import relative
from sessionize.report.formats import Failures, Findings, Format
from sessionize.report.terminal import printable
from sessionize.report.wording import row_of

if TYPE_CHECKING:
    from sessionize.engine.results import Diagnostic


def render(findings: Findings, failures: Failures) -> str:
    root = ET.Element("testsuites", _totals("sessionize", len(findings), len(failures)))
    for filename, group in groupby(findings, key=lambda found: found.filename):
        here, path = list(group), _text(relative(filename))
        suite = ET.SubElement(root, "testsuite", _totals(path, len(here), 0))
        for found in here:
            _add_case(suite, path, found)
    for filename, why in failures:
        path, reason = _text(relative(filename)), _text(why)
        suite = ET.SubElement(root, "testsuite", _totals(path, 0, 1))
        case = ET.SubElement(suite, "testcase", name="error", classname=path, file=path)
        ET.SubElement(case, "error", type="error", message=reason).text = f"{path}: {reason}"
    if not (findings or failures):
        suite = ET.SubElement(root, "testsuite", _totals("sessionize", 0, 0))
        ET.SubElement(suite, "testcase", name="sessionize", classname="sessionize")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _totals(name: str, failures: int, errors: int) -> dict[str, str]:
    """The attributes of a suite. One without a test, where all is well, is an error to some readers."""
    return {"name": name, "tests": str(failures + errors or 1), "failures": str(failures), "errors": str(errors)}


def _add_case(suite: ET.Element, path: str, found: Diagnostic) -> None:
    name = f"{found.code} {found.name} ({row_of(found)})"
    case = ET.SubElement(suite, "testcase", name=name, classname=path, file=path)
    if found.region is not None:
        case.set("line", str(found.region[0].row))
    message = _text(found.message)
    failure = ET.SubElement(case, "failure", type=found.code, message=message)
    failure.text = f"{path}:{row_of(found)}: {found.code} {message}\n{_text(found.help)}".rstrip()


def _text(text: str) -> str:
    """Text with what XML has no way to write spelled out."""
    return re.sub("[\ufffe\uffff]", lambda char: f"\\u{ord(char[0]):x}", printable(text))


FORMAT = Format(render)
