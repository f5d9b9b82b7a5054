"""The rules. Adding one is a file of its own, a line in `RULES` and one in `codes.NAMES`."""

from __future__ import annotations

from collections.abc import Iterable

from sessionize.files.codes import matches
from sessionize.rules.carried_cookies import CARRIED_COOKIES
from sessionize.rules.client_without_session import CLIENT_WITHOUT_SESSION
from sessionize.rules.module_without_session import MODULE_WITHOUT_SESSION
from sessionize.rules.patched_request import PATCHED_REQUEST
from sessionize.rules.repeated_headers import REPEATED_HEADERS
from sessionize.rules.repeated_options import REPEATED_OPTIONS
from sessionize.rules.repeated_requests import REPEATED_REQUESTS
from sessionize.rules.request_helper_in_loop import REQUEST_HELPER_IN_LOOP
from sessionize.rules.request_in_loop import REQUEST_IN_LOOP
from sessionize.rules.rule import Finding, Rule
from sessionize.rules.session_call_without_timeout import SESSION_CALL_WITHOUT_TIMEOUT
from sessionize.rules.session_not_reused import SESSION_NOT_REUSED
from sessionize.rules.syntax_error import SYNTAX_ERROR

RULES: tuple[Rule, ...] = (
    REQUEST_IN_LOOP,
    REPEATED_REQUESTS,
    REQUEST_HELPER_IN_LOOP,
    CLIENT_WITHOUT_SESSION,
    MODULE_WITHOUT_SESSION,
    SESSION_NOT_REUSED,
    REPEATED_HEADERS,
    REPEATED_OPTIONS,
    CARRIED_COOKIES,
    PATCHED_REQUEST,
    SESSION_CALL_WITHOUT_TIMEOUT,
    SYNTAX_ERROR,
)
BY_CODE = {rule.code: rule for rule in RULES}

__all__ = ["BY_CODE", "RULES", "SYNTAX_ERROR", "Finding", "Rule", "resolved_by", "selected"]


def resolved_by(cure: str) -> frozenset[str]:
    """The codes of the rules that a kind of fix resolves."""
    return frozenset(rule.code for rule in RULES if rule.cure == cure)


def _turns_on(rule: Rule, selector: str) -> bool:
    """Tell whether a selector puts a rule in force. For one that is off by default `RQS` is not enough; `RQS3` is."""
    return matches(rule.code, selector) and (rule.by_default or selector.upper() == "ALL" or not selector.isalpha())


def selected(select: Iterable[str], ignore: Iterable[str]) -> frozenset[str]:
    """The codes in force. Of two selectors that disagree on a rule, the more specific one wins, else `ignore`."""
    codes = set()
    ignore = tuple(ignore)
    for rule in RULES:
        wanted = max((_weight(rule, selector) for selector in select if _turns_on(rule, selector)), default=-1)
        unwanted = max((_weight(rule, selector) for selector in ignore if matches(rule.code, selector)), default=-1)
        if wanted > unwanted:
            codes.add(rule.code)
    return frozenset(codes)


def _weight(rule: Rule, selector: str) -> int:
    named = selector.upper() == rule.name.upper()
    return len(rule.code) if named else 0 if selector.upper() == "ALL" else len(selector)
