"""Every decision about findings: which calls share a session, where it is made, what it holds, whether that is safe.

The reasons to refuse or to call a fix unsafe are those of the safety contract; each is stated as a user should read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sessionize.files.settings import Settings
from sessionize.fixes.context import ALONG, CARRIED, ELSEWHERE, IDLE, LASTING, LOCAL, SHARING, Context, Wanted
from sessionize.fixes.lasting import LastingFixes
from sessionize.fixes.local import LocalFixes
from sessionize.fixes.naming import NewNames
from sessionize.fixes.obstacles import CHOSEN
from sessionize.fixes.outcome import Fix, ImportEdit, Outcome, Refusal
from sessionize.fixes.underused import UnderusedFixes
from sessionize.library.calls import ANY
from sessionize.rules import Finding
from sessionize.sharing.facts import Facts


class Planner:
    """Plans for one file."""

    def __init__(self, facts: Facts, settings: Settings, names: NewNames | None = None) -> None:
        """names: those that fixes for other libraries bring into the file, too."""
        self.facts = facts
        self.context = Context(facts, settings, names or NewNames())

    def plan(self, findings: Iterable[Finding], *, of_all_rules: bool = False) -> list[Outcome]:
        """A fix, or a refusal, for every call with a finding that a fix may resolve.

        of_all_rules: whether the findings are those of all rules. Of a rule that is not in force, it is not known here
        whether its fix would resolve those of others.
        """
        wanted = Wanted(findings)
        local = _resolving(LocalFixes(self.context, wanted).outcomes(), LOCAL | ALONG)
        lasting = _resolving(LastingFixes(self.context, wanted).outcomes(local), LASTING | ALONG)
        taken = _answered(lasting, LOCAL)
        outcomes = [outcome for outcome in local if taken.isdisjoint(outcome.calls)] + lasting
        sites = wanted.codes.keys() - _answered(outcomes, SHARING)
        outcomes += _resolving(self._refuse_references(sites), SHARING | ALONG)
        if of_all_rules or any(codes & SHARING for codes in wanted.codes.values()):
            outcomes += _refuse_carried(wanted, outcomes)
        return outcomes + _resolving(UnderusedFixes(self.context, wanted).outcomes(), IDLE)

    def unused(self, fixes: Sequence[Fix]) -> list[ImportEdit]:
        """The names that nothing uses any more when these fixes are made (see `Naming.unused`)."""
        return self.context.naming.unused(fixes)

    def _refuse_references(self, sites: set[int]) -> list[Refusal]:
        """The refusals for the functions of requests that are handed on: `pool.submit(requests.get, url)`."""
        refusals = []
        facts = self.context.facts
        for reference in facts.bare.references:
            if reference.id in sites:
                reason = "other code calls this function; create a session and pass its method, e.g. `session.get`"
                if reference.verb == ANY:
                    reason = CHOSEN
                elif reference.taker != -1 and facts.threads.forked_by:
                    reason = "other processes may call it, and each needs a session of its own"
                refusals.append(Refusal((reference.id,), reason))
        return refusals


def _refuse_carried(wanted: Wanted, outcomes: Iterable[Outcome]) -> list[Refusal]:
    """The refusals for cookies that are handed on, where none of the outcomes is a session that carries them."""
    sites = sorted(wanted.codes.keys() - _answered(outcomes, CARRIED))
    return [Refusal((call,), ELSEWHERE, CARRIED) for call in sites if wanted.codes[call] & CARRIED]


def _answered(outcomes: Iterable[Outcome], codes: frozenset[str]) -> set[int]:
    """The calls that outcomes about rules of these codes are about."""
    return {call for outcome in outcomes if outcome.resolves & codes for call in outcome.calls}


def _resolving(outcomes: Iterable[Outcome], codes: frozenset[str]) -> list[Outcome]:
    return [outcome if outcome.resolves else outcome._replace(resolves=codes) for outcome in outcomes]
