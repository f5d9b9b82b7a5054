"""Proof that the proof has teeth: faults that a person could make, each put into a copy of the package and looked for.

    python tests/proof/faults.py --jobs 4

The fixtures are run against each copy; the generated programs where no fixture notices, or always with `--both`. A fault
that neither catches survives: then a fixture is missing, and the exit status is 1.
"""

import argparse
import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
FIXTURES = ("tests/test_fixtures.py", "-k", "fix_gives_after or untouched_stays")


@dataclass(frozen=True)
class Fault:
    """In `module`, `old` becomes `new`; the name says what was forgotten."""

    name: str
    module: str
    old: str
    new: str


FAULTS = (
    # where a session is made, and what has run before
    Fault("made-on-every-turn", "flow", 'if row.kind == "turn":\n                break', "pass"),
    Fault("made-above-the-docstring", "flow", 'if self.parts[before].kind != "docstring":', "if before:"),
    Fault("made-in-the-middle-of-a-line", "flow", 'while row.form == "lines" and', "while not row.form and"),
    Fault("what-comes-later-ran-before", "flow", "if tick >= place.tick:\n            return False", "pass"),
    Fault("a-branch-always-runs", "flow", "if self.parts[part].kind not in _PLAIN:\n            return False", "pass"),
    Fault("a-handled-try-has-run", "flow", "if attempt in around or any(", "if attempt in around or all("),
    Fault("a-loop-left-on-success-repeats", "flow", "if ways & (NEXT | CONTINUE)]", "if ways]"),
    Fault("a-retry-loop-repeats", "retries", "loop: ways for loop, ways in found.items() if ways & (NEXT | CONTINUE)",
          "loop: NEXT for loop, ways in found.items()"),
    Fault("every-loop-that-is-left-retries", "retries", "(BREAK | RETURN) and self._asks_for_the_same(loop, site)", "(BREAK | RETURN)"),
    Fault("pages-are-the-same", "retries", 'if changed & {"", *attributes}:', "if not binds and seen:"),
    Fault("what-is-counted-ends-the-loop", "retries", " or name in o.within(bind.value)", ""),
    Fault("exclusive-by-a-name-that-changes", "retries", "if any(bind.tick > tick or self.flow.loops(bind.part) for bind in binds):", "if not binds == [*binds]:"),
    Fault("both-arms-run", "flow", "outs = [self.part(arm) for arm in arms]",
          "outs = [self.steps(part, arms)]"),
    Fault("finally-goes-on-below", "flow", "return {(bit if way == NEXT else way): ran", "return {way: ran"),
    # what a name means
    Fault("shadowed-imports", "facts", "= paths.pop() if len(paths) == 1 else None", "= max(paths - {None}, default=None)"),
    Fault("type-checking-imports", "facts", 'if name == "TYPE_CHECKING":', 'if name == "TYPING":'),
    Fault("credentials-are-no-host", "facts", 'found[1].rpartition("@")[2].lower()', 'found[1].partition("@")[0].lower()'),
    Fault("half-a-host", "facts", "if found is None or not (whole or found[2]):", "if found is None:"),
    Fault("hosts-in-a-list-that-changes", "facts", 'if any(use.how != "read" for use', "if any(not use.how for use"),
    Fault("every-generator-is-consumed", "facts", 'return joins or path.removeprefix("builtins.") in EAGER', "return True"),
    # whether an option may move
    Fault("headers-that-change", "steady", " or self.untouched(value.name)", ""),
    Fault("headers-bound-to-anything", "steady", "self.bound_to(value.name, plain_dict) or ", ""),
    Fault("headers-with-none", "steady", "if item == o.NONE:", "if item is None:"),
    Fault("headers-with-any-keys", "steady", 'if not isinstance(key, o.Const) or key.kind != "str":', "if key is None:"),
    Fault("changed-later-in-the-turn", "steady", "(self.forever or tick < self.end or inside)", "(self.forever or tick < self.end)"),
    Fault("not-all-calls-pass-it", "steady", "any(other != value for other in values)", "not any(other == value for other in values)"),
    Fault("another-variable-of-that-name", "steady", "if any(self.names.owner(name, call.site.scope) != owner for call in self.calls):",
          "if owner == -2:"),
    Fault("bound-below", "steady", 'if not any(facts.flow.dominates(bind.part, bind.tick, seen) and bind.how != "declare" for bind in binds):',
          "if not binds:"),
    Fault("deleted-names", "steady", 'if any(bind.how in ("del", "except") for bind in binds):', 'if any(bind.how == "except" for bind in binds):'),
    Fault("values-that-vary-or-raise", "steady", 'reason = "a value in it may vary or raise"', "reason = None"),
    Fault("defaults-change-headers", "facts", '_READING = frozenset({"read",', '_READING = frozenset({"read", ".setdefault()",'),
    Fault("bound-again-elsewhere", "steady", "if outer is None or len(binds) != 1:", "if outer is None:"),
    Fault("numbers-are-text", "steady", 'return kind == "str"', "return True"),
    Fault("any-function-only-looks", "facts", "(path in _LOOKING and not kept)", "(not path or path in _LOOKING)"),
    Fault("passed-once-more-by-stars", "steady", "if any(call.unpacks for call in self.calls):", "if not self.calls:"),
    Fault("passed-once-more-to-an-object", "objects", " or call.unpacks for call", " for call"),
    Fault("kept-by-keyword", "facts", "path in _LOOKING and not kept", "path in _LOOKING"),
    Fault("changed-through-globals", "steady", "if facts.reflection:", "if facts.reflection is None:"),
    # why sharing may not be safe
    Fault("cookies-of-two-users", "doubts", 'if self.settings.cookies == "share" and not self.for_one_user(calls):', "if not calls:"),
    Fault("a-proxy-for-all", "doubts", 'if call.argument("proxies") not in (None, o.NONE):', 'if call.argument("proxy"):'),
    Fault("credentials-of-the-connection", "doubts", "if bound and any(", "if bound and all("),
    Fault("verify-differs", "doubts", "if len({self.identity_of_connection(call) for call in calls}) > 1:", "if len(calls) > 99:"),
    Fault("a-variable-in-locals", "doubts", "if home in self._showing:", "if self._showing is None:"),
    Fault("a-generator-that-leaves", "doubts", "if any(map(self.taken_elsewhere, calls)):", "if not calls:"),
    Fault("requests-is-replaced", "doubts", 'use.how.endswith(("=", "del"))', 'use.how.endswith("del")'),
    Fault("waits-for-nothing", "doubts", "if not all(map(_repeatable, calls)) and", "if not any(map(_repeatable, calls)) and"),
    Fault("any-tuple-is-a-pair", "doubts", 'return auth.kind == "tuple" and len(auth.items) == 2', 'return auth.kind == "tuple"'),
    # the plan
    Fault("star-arguments", "plan", 'if any(arg.stars == "*" for arg in args):', 'if any(arg.stars == "***" for arg in args):'),
    Fault("missing-arguments", "plan", "if missing and not (call.unpacks or call.id < 0):", "if missing and call.unpacks:"),
    Fault("past-what-replaces-it", "doubts", "if calls and self._replaced and not self.settings.moves_patches:", "if not calls:"),
    Fault("import-below-the-session", "plan", "elif self._may_be_missing(kept, place):",
          "elif not kept:"),
    Fault("hoisted-if-one-passes-it", "plan", "if all(h in options[call.id] for call in kept)]\n                    todo",
          "if any(h in options[call.id] for call in kept)]\n                    todo"),
    Fault("a-session-that-keeps-cookies", "existing", 'if self.settings.cookies == "isolate":', 'if self.settings.cookies == "isolated":'),
    Fault("a-session-bound-twice", "existing", "if len(facts.names.binds(scope, bind.name)) > 1:", "if not facts.names.binds(scope, bind.name):"),
    Fault("a-session-not-made-yet", "existing", "if inside and imported and flow.dominates(bind.part, bind.tick, place):", "if inside and imported:"),
    Fault("a-session-with-headers", "existing", "other = sorted(hows - allowed)", "other: list[str] = []"),
    Fault("a-session-that-logged-in", "existing", "if any(call.verb not in READING for call in there):", "if not there:"),
    Fault("a-session-used-behind-its-loop", "plan", 'inside = facts.outline.parts[bind.part].parent in served.around and bind.tick < uses[0].tick',
          "inside = True"),
    Fault("positional-params", "plan", 'return call.verb == "get" and len(args) > 1', 'return call.verb == "got" and len(args) > 1'),
    # names
    Fault("a-name-that-is-taken", "naming", "if name not in around and not self.facts.names.is_taken(name, scope))", "if name not in around)"),
    Fault("an-import-that-is-used", "naming", "len(facts.names.uses(owner, name)) == converted", "converted"),
    Fault("an-attribute-that-is-taken", "naming", "next(n for n in numbered if n not in given and n not in self._seen)", "wanted"),
    # objects and modules
    Fault("init-that-may-leave", "objects", "stops = {self.line(left)} if left is not None else set()", "stops = set()"),
    Fault("functions-in-init-run-later", "objects", "if self.scope in facts.scopes_around(call.site.scope)", "if call.home == self.block"),
    Fault("base-that-calls-back", "objects", "known = {} if self.cls.calls_back() else self.above", "known = self.above"),
    Fault("base-from-elsewhere", "objects", "if self.cls.has_strangers and any(", "if not self.cls and any("),
    Fault("session-for-each-of-many-objects", "objects", "self.strange() or self.numerous()", "self.strange()"),
    Fault("one-session-for-all-users", "plan", " and self.doubts.for_all_objects(kept)", ""),
    Fault("headers-of-some-methods", "objects", 'done.pop("") == len(self.cls.calls)', 'done.pop("") > 0'),
    Fault("slots", "objects", 'if "__slots__" in self.body:', 'if "__slot__" in self.body:'),
    Fault("subclass-without-super", "objects", " or any(map(self.skips_init, self.facts.descendants[self.owner]))", ""),
    Fault("module-constant-below", "homes", "behind = max((behind, *needed))", "behind = max((behind, behind))"),
    Fault("constants-for-now", "homes", "if may_ever_change(facts, option, calls, place) is not None:", "if not calls:"),
    # the rewriting
    Fault("headers-assigned", "rewrite", 'text = f"{name}.{option}.update("', 'text = f"{name}.{option}.setdefault("'),
    Fault("cookies-not-isolated", "rewrite", "if making.policy is not None:", "if making.policy is None:"),
    Fault("option-sent-twice", "rewrite", "for option in fix.hoist:\n            call = _without", "for option in fix.hoist[1:]:\n            call = _without"),
    Fault("with-ends-too-early", "rewrite", "self.last[fix] = max(", "self.last[fix] = min("),
    Fault("with-blocks-cross", "rewrite", "self.last[outer] = max(self.last[outer], self.last[within.pop()])", "within.pop()"),
    Fault("lost-comments", "rewrite", "moved.append(comment)", "pass"),
)  # fmt: skip


def source_of(fault: Fault) -> Path:
    return ROOT / "src" / "sessionize" / f"{fault.module}.py"


def fits(fault: Fault) -> bool:
    """Whether a fault's old text still occurs exactly once."""
    return source_of(fault).read_text(encoding="utf-8").count(fault.old) == 1


def caught_by(fault: Fault, examples: int, *, both: bool) -> list[str]:
    """What notices the fault in a copy of the package: fixtures, programs."""
    with TemporaryDirectory() as folder:
        package = Path(folder) / "sessionize"
        shutil.copytree(ROOT / "src" / "sessionize", package, ignore=shutil.ignore_patterns("__pycache__"))
        module = package / source_of(fault).name
        module.write_text(module.read_text(encoding="utf-8").replace(fault.old, fault.new), encoding="utf-8")
        environment = {**os.environ, "PYTHONPATH": folder, "PYTHONDONTWRITEBYTECODE": "1"}
        programs = [sys.executable, "tests/proof/programs.py", "--examples", str(examples), "--seed", "5", "--first"]
        fixtures = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *FIXTURES]
        caught: list[str] = []
        for name, command in (("fixtures", fixtures), ("programs", programs)):
            if both or not caught:
                status = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True).returncode
                caught += [name] if status == 1 else []
        return caught


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="only these faults")
    parser.add_argument("--examples", type=int, default=500, help="programs for each fault")
    parser.add_argument("--jobs", "-j", type=int, default=1)
    parser.add_argument("--both", action="store_true", help="run the programs also where a fixture notices")
    options = parser.parse_args()
    unknown = set(options.names) - {fault.name for fault in FAULTS}
    stale = [fault.name for fault in FAULTS if not fits(fault)]
    if unknown or stale:
        print(f"no such fault: {sorted(unknown)}; old text not found exactly once: {stale}")
        return 1
    faults = [fault for fault in FAULTS if not options.names or fault.name in options.names]
    score = {"fixtures": 0, "programs": 0, "both or either": 0}
    with ThreadPoolExecutor(options.jobs) as pool:
        caught_each = pool.map(lambda fault: caught_by(fault, options.examples, both=options.both), faults)
        for fault, caught in zip(faults, caught_each, strict=True):
            for name in caught:
                score[name] += 1
            score["both or either"] += bool(caught)
            print(f"{fault.module:8} {fault.name:34} {', '.join(caught) or 'SURVIVES'}", flush=True)
    for name, count in score.items():
        print(f"caught by {name}: {count} of {len(faults)}")
    return 0 if score["both or either"] == len(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
