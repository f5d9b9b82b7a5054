"""RQS901: a file that cannot be read as Python."""

from __future__ import annotations

from sessionize.files.settings import Settings
from sessionize.rules.rule import Finding, Rule
from sessionize.sharing.facts import Facts


def check(facts: Facts, settings: Settings) -> tuple[Finding, ...]:
    """## What it does
    Reports a file that imports requests, httpx, niquests or curl_cffi but cannot be parsed or decoded; or that makes
    more than 2,000 calls of one of them, which are not analysed.

    ## Why is this bad?
    Nothing can be said about such a file, and it is never changed. Files that import none of them are not parsed.

    ## Example
    ```python
    print "a file of Python 2"
    ```

    ## Fix safety
    There is no fix.

    ## When not to use
    Leave out files that are not meant to be Python 3, or that a program wrote, with `exclude`.

    ## References
    - [Python: Lexical analysis](https://docs.python.org/3/reference/lexical_analysis.html)
    """
    return ()  # a file with facts was parsed; the engine reports the others


SYNTAX_ERROR = Rule("RQS901", "syntax-error", check, level="error")
