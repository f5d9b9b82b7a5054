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
    number, errors = len(findings), len(failures)
    root = ET.Element("testsuites", name="sessionize", tests=str(number + errors or 1), failures=str(number))
    root.set("errors", str(errors))
    for filename, group in groupby(findings, key=lambda found: found.filename):
        here, path = list(group), _text(relative(filename))
        total = str(len(here))
        suite = ET.SubElement(root, "testsuite", name=path, tests=total, failures=total, errors="0")
        for found in here:
            _add_case(suite, path, found)
    for filename, why in failures:
        path, reason = _text(relative(filename)), _text(why)
        suite = ET.SubElement(root, "testsuite", name=path, tests="1", failures="0", errors="1")
        case = ET.SubElement(suite, "testcase", name="error", classname=path, file=path)
        ET.SubElement(case, "error", type="error", message=reason).text = f"{path}: {reason}"
    if not (findings or failures):  # a report without a test is an error to some readers
        suite = ET.SubElement(root, "testsuite", name="sessionize", tests="1", failures="0", errors="0")
        ET.SubElement(suite, "testcase", name="sessionize", classname="sessionize")
    ET.indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


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
