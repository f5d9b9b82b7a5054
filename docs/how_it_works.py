"""Writes docs/how-it-works.md, which shows one program as each stage sees it: `python docs/how_it_works.py`."""

from pathlib import Path

from sessionize import debug

PAGE = Path(__file__).parent / "how-it-works.md"
PROGRAM = b"""\
import requests

def load(years):
    headers = {"Accept": "text/csv"}
    for year in years:
        print(requests.get(f"https://example.com/{year}", headers=headers).text)
"""
ABOUT = """\
# How it works

Six lines of a program, and what each stage makes of them. Data flows one way, from the top of this page to its end.
The folders named here are those of `src/sessionize`; [CONTRIBUTING.md](../CONTRIBUTING.md#architecture) says what else
is in them. This prints the same stages of any file or notebook:

    python -m sessionize.debug fixtures/repeated-headers/bearer-token-constant.before.py
"""
STAGES = {
    debug.text: """\
`files/` makes text of bytes, and knows how to make such bytes of a changed text again. Of a notebook's cells `syntax/`
makes one script, so that no later stage has to know of notebooks.
""",
    debug.outline: """\
`syntax/` goes through Python's tree once, in the order in which the program runs, and keeps plain values: scopes, parts
(statements, and the blocks in them), names that are bound or used, and calls. The `tick` counts that order; behind a
use or a call stands what is done with it. From here on nothing looks at a syntax tree until a fix is written.
""",
    debug.groups: """\
`analysis/` says what a name means and what runs again, `library/` which calls are those of requests. With these
`sharing/` finds the calls that should share a session, why (a loop repeats this one), and a place where the session can
be made (here before the `for`).
""",
    debug.findings: """\
Each module of `rules/` is about one pattern, and reports the calls that show it. It decides nothing: a finding says
what is there, not whether it can be fixed.
""",
    debug.outcomes: """\
`fixes/` decides: a fix, safe or unsafe for a reason, or a refusal with its reason. A fix is a plain value, too: which
calls go to which session, where and how that is made, and which options are set on it once. This one resolves both
findings.
""",
    debug.changes: """\
`write/` carries fixes out on LibCST's tree, and touches no token that they do not speak of. `engine/` leads a text
through all stages, and proves that the result parses and leaves nothing to fix. `report/` shows it, as a diff for
example, and `run/` goes through files and writes them.
""",
}


def page() -> str:
    found = debug.analyse_bytes(PROGRAM, "load.py")
    text = ABOUT
    for stage, about in STAGES.items():
        language = "diff" if stage is debug.changes else "text"
        text += f"\n## {stage.__name__.title()}\n\n{about}\n```{language}\n{stage(found)}```\n"
    return text


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
