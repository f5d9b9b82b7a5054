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
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]
FIXTURES = (
    *("tests/test_fixtures.py", "tests/test_cookies.py", "tests/test_doubts.py", "tests/test_accept.py"),
    *("tests/test_callers.py", "tests/test_requirements.py", "tests/test_hoisting.py", "tests/test_project.py"),
    *("tests/test_visitors.py", "tests/test_plan.py", "tests/test_wrapping.py", "tests/test_factory.py"),
    *("tests/test_patches.py", "tests/test_elsewhere.py", "tests/test_profiles.py", "tests/test_httpx.py"),
    *("tests/test_niquests.py", "tests/test_curl_cffi.py"),
    *("-k", "gives_its_goldens or untouched_stays or not test_fixtures"),
)


@dataclass(frozen=True)
class Fault:
    """`old`, which stands in one place of `src`, becomes `new`; the name says what was forgotten."""

    name: str
    old: str
    new: str


FAULTS = (
    # what the profile of a library says
    Fault("unread-patches-are-no-doubt", 'if facts.library.reads_patches:\n        return ""', 'if facts.library:\n        return ""'),
    Fault("patches-of-own-names-are-missed", " or (part == call.root and is_module(parts[:place], module)):", ":"),
    Fault("patches-of-other-modules-count", "(part == call.root and is_module(parts[:place], module)):", "part == call.root:"),
    Fault("patches-in-a-file-itself-are-missed", "if part == facts.library.name or (", "if ("),
    Fault("modules-are-handed-on", "handed_on = path == self.library.name and access in", "handed_on = not path and access in"),
    Fault("a-file-changes-a-library", "if handed_on or (beneath and changed):", "if handed_on:"),
    Fault("a-file-changes-what-is-beneath", "beneath = path.partition", "beneath = not path and path.partition"),
    Fault("a-file-changes-loaded-modules", 'or (path, access.attribute) == ("sys", "modules")', ""),
    Fault("a-file-changes-a-dict", 'changed = access.attribute == "__dict__" or (', "changed = ("),
    Fault("mocks-of-a-library-are-missed", "return self.mocks | {self.name}", "return frozenset({self.name})"),
    Fault("unread-patches-move", "if self.settings.moves_patches and (file := unread_patch(self.facts, call)):", "if (file := '') or False:"),
    Fault("a-file-replaces-what-it-does-not-name", "named_here = naming.search(data) is not None", "named_here = True"),
    Fault("patches-elsewhere-replace-nothing", "(_REPLACING.search(data) or changing", "(changing"),
    Fault("aliases-are-not-told-to-clusters", "names = names.union(_aliases(library.name, data))", "pass"),
    Fault("a-file-replaces-parts-itself", 'if os.path.realpath(other) != file), "")', 'if other), "")'),
    Fault("handed-modules-stay", "or changing.search(data)):", "or False):"),
    Fault("unknown-projects-replace-nothing", 'return "another file"', 'return ""'),
    Fault("other-libraries-set-elsewhere", "and self.of(filename).changes.may_set(self._real(filename), name)", 'and self.of(filename).changes.may_set(self._real(filename), "requests")'),
    Fault("names-of-requests-are-not-told-to-clusters", "            for name in names:\n                self.may_replace(filename, name)", "            pass"),
    Fault("options-of-the-constructor-go-along", "if call.argument(option) is not None:\n            return f", "if False:\n            return f"),
    Fault("unknown-options-go-along", "if library.constructor and call.unpacks:", "if False:"),
    Fault("unknown-options-are-taken", "if taken is not None and (others :=", "if taken is None and (others :="),
    Fault("redirects-lose-their-cookies", "if not follows or may_keep(self.facts, self.settings, calls, owner):", "if calls:"),
    Fault("no-redirect-is-followed", "if not follows or may_keep(self.facts, self.settings, calls, owner):", "if not follows:"),
    Fault("redirects-of-one-call-hold-all-back", "return self._of_redirects([call], None)", 'return ""'),
    Fault("redirects-of-a-group-lose-their-cookies", "if calls and (reason := self._of_redirects(calls, owner)):", "if (reason := ''):"),
    Fault("redirects-that-are-off-count", "not in (None, _FALSE)]", "is not None]"),
    Fault("pools-wait-for-connections", "if in_pool(calls) and 0 < most <= self.facts.threads.width:", "if False:"),
    Fault("small-pools-wait-for-connections", "0 < most <= self.facts.threads.width", "0 < most"),
    Fault("environments-are-read-each-time", "if not self.facts.library.reads_environment_once:", "if True:"),
    Fault("requests-reads-the-environment-once", "if not self.facts.library.reads_environment_once:", "if False:"),
    Fault("what-is-set-first-counts", "if stretch.holds(use.tick, use.part) if at == calls[0].frame else at != 0 or pausing:", "if at == at:"),
    Fault("environments-stay-in-other-functions", "if stretch.holds(use.tick, use.part) if at == calls[0].frame else at != 0 or pausing:", "if at == calls[0].frame and stretch.holds(use.tick, use.part):"),
    Fault("environments-stay-while-a-generator-pauses", "else at != 0 or pausing:", "else at != 0:"),
    Fault("environments-by-another-name", "if use.access.end == VALUE.end and", "if False and"),
    Fault("environments-stay-elsewhere", 'self.facts.around.other_that("changes-the-environment")', '""'),
    Fault("clients-made-outside-of-a-try", "if self._leaves_try(sharing):", "if False:"),
    Fault("tries-around-the-place", "for part in set(flow.ancestors(call.site.part)) - around:", "for part in flow.ancestors(call.site.part):"),
    Fault("tries-that-catch-what-a-call-raises", "return not caught or any(path.partition", "return True or any(path.partition"),
    Fault("next-requests-of-this-file", '"this file" if "next_request" in', '"" if "next_request" in'),
    Fault("next-requests-elsewhere", 'return own or self.facts.around.other_that("follows-redirects")', "return own"),
    Fault("next-requests-of-clients-that-keep-cookies", "if may_keep(self.facts, self.settings, sharing.calls, sharing.owner):", "if False:"),
    Fault("looks-change-the-environment", "return access.rebinds or not looks", "return True"),
    Fault("items-of-the-environment-stay", "return access.rebinds or not looks", "return not looks"),
    Fault("methods-leave-the-environment", "return access.rebinds or not looks", "return access.rebinds"),
    Fault("the-environment-is-put-otherwise", 'steps[:1] in (["putenv"], ["unsetenv"])', "False"),
    Fault("clients-are-left-open", 'if self.settings.session_style == "assign" and self.library.closes_itself:', 'if self.settings.session_style == "assign":'),
    Fault("all-rules-know-a-library", "if rule.code in codes and facts.library.knows(rule.code):", "if rule.code in codes:"),
    Fault("findings-are-planned-by-all", "if self._view_of[finding.call] is planner.facts]", "if planner.facts]"),
    Fault("libraries-give-names-twice", "return [Planner(facts, settings, names) for facts in self.views]", "return [Planner(facts, settings) for facts in self.views]"),
    Fault("a-factory-makes-all-sessions", 'if library.factory else ""', ""),
    Fault("one-library-a-file", "return [library for library in LIBRARIES if library.name in packages] or [REQUESTS]", "return [library for library in LIBRARIES if library.name in packages][:1] or [REQUESTS]"),
    Fault("patches-of-another-library-count", "if self.library.reads_patches else ()", ""),
    Fault("calls-of-all-libraries-wait", "return self.origins.library.waits and", "return"),
    Fault("timeouts-have-one-name", "timeout = call.argument(option, place", 'timeout = call.argument("timeout", place'),
    Fault("all-sessions-are-called-so", 'return wanted.replace("session", self.word)', "return wanted"),
    Fault("mocks-make-no-test", "not (_TESTING | self.library.mocks)", "not _TESTING"),
    Fault("options-that-stay-go-along", "if staying := named & library.staying.keys():", "if staying := named & {*()}:"),
    Fault("certificates-go-along", '"cert": "a session would', '"certs": "a session would'),
    Fault("other-verifications-go-along", '"verify": "a session would', '"verifies": "a session would'),
    Fault("unread-responses-go-along", '"stream": "responses', '"streams": "responses'),
    Fault("sessions-do-as-bare-calls", "return self.facts.library.differs", 'return ""'),
    Fault("niquests-request-goes-along", '"post": ("url", "data", "json"),\n        **dict', '"request": ("method", "url"),\n        **dict'),
    Fault("niquests-opens-any-number", "kept=10,\n    most=10,", "kept=10,\n    most=0,"),
    Fault("other-options-of-niquests-go-along", 'constructor=_CONSTRUCTOR,\n    staying=_STAYING,', "constructor=frozenset(),\n    staying=_STAYING,"),
    Fault("a-policy-for-all-libraries", "            if self.library.policy:\n", "            if self.library:\n"),
    Fault("curl-streams-go-along", '"stream": "a session would open', '"streams": "a session would open'),
    Fault("proxies-of-curl-go-along", '_IDENTITY = frozenset({"cert", "proxies", "proxy"', '_IDENTITY = frozenset({"cert", "proxies", "proxied"'),
    # cells of scripts, visitors, unread answers
    Fault("cells-of-scripts-are-missed", "if end and bisect(", "if not end and bisect("),
    Fault("rulers-begin-cells", r'"#\s*%%(?!%%)|', r'"#\s*%%|'),
    Fault("visitors-share-a-session", "private = self.visitors.gave(call) or", "private ="),
    Fault("objects-of-a-visit-have-sessions", "or self.visitors.is_short_lived(self.owner(call))", "or False"),
    Fault("visitors-join-a-session", "if self.facts.visitors.gave(call):", "if False:"),
    Fault("branches-that-exclude-each-other-count", "found += sites[:1] if apart else sites", "found += sites"),
    Fault("fallbacks-count", "same = len(urls) == 1 and", "same = len(urls) == 0 and"),
    Fault("other-urls-are-fallbacks", "same = len(urls) == 1 and all(map(v.is_known, urls))", "same = bool(urls)"),
    Fault("deprecated-functions-count", '.startswith("deprecated"):', '.startswith("deprecating"):'),
    Fault("ports-are-no-hosts", "holes[: host[0].count(_HOLE) if", "holes[: 1 if"),
    Fault("paths-are-hosts", '[^/?#{_HOLE}]*[.:]{_HOLE})*"', '[^/?#{_HOLE}]*{_HOLE})*"'),
    Fault("views-are-clients", "return handled or (self._serves and _is_view(row))", "return handled"),
    Fault("models-have-sessions", "if declared and self.cls.has_strangers and", "if not declared and"),
    Fault("docstring-of-a-constant-is-cut-off", 'simple = ("simple", "docstring")', 'simple = ("simple",)'),
    Fault("comments-are-wrapped-away", 'if "#" not in code else None', ""),
    Fault("a-bracket-around-an-argument-is-cut", 'strip() != b"(":', 'strip() == b"":'),
    Fault("lines-may-be-too-long-still", "if max(map(len, wrapped)) <= width and", "if"),
    Fault("a-shared-session-keeps-cookies-of-users", "if self.context.keeps_cookies(calls, 0) or self", "if self.settings or self"),
    Fault("any-factory-keeps-no-cookies", 'return self.settings.cookies == "factory" and create', "return create"),
    Fault("the-settings-speak-for-all-sessions", 'return self.settings.cookies == "factory" and create.rpartition(".")[2] == name', 'return self.settings.cookies == "factory"'),
    Fault("a-shared-session-has-no-obstacle", "reason = self.obstacles.of_sharing(calls, 0)", "reason = ''"),
    Fault("headers-on-a-session-are-handed-on", "path in _LOOKING or (_sets_headers(call.value.func) and not self._defines_update)", "path in _LOOKING"),
    Fault("sessions-patches-replace-bare-calls", 'return "Session" in parts and', "return False and"),
    Fault("an-own-update-only-reads", "_sets_headers(call.value.func) and not self._defines_update", "_sets_headers(call.value.func)"),
    Fault("unread-answers-are-not-told", "return streams and all(", "return False and all("),
    # where a session is made, and what has run before
    Fault("made-on-every-turn", 'if row.kind == "turn":\n                break', "pass"),
    Fault("made-above-the-docstring", 'if self.parts[before].kind != "docstring":', "if before:"),
    Fault("made-in-the-middle-of-a-line", "before = self.line_of(before)", "pass"),
    Fault("what-comes-later-ran-before", "if bind.tick >= place.tick:\n            return False", "pass"),
    Fault("a-branch-always-runs", "if self.parts[bind.part].kind not in PLAIN:\n            return False", "pass"),
    Fault("a-handled-try-has-run", "if attempt in around or not instead >= set(passing):", "if attempt in around or ((seen := {*passing}) and seen.isdisjoint(instead)):"),
    Fault("a-loop-left-on-success-repeats", "if state & (NEXT | CONTINUE):\n", "if state:\n"),
    Fault("a-retry-loop-repeats", "return self.good.turns_again(site.part, site.tick) if found else {}", "return dict.fromkeys(found, NEXT)"),
    Fault("every-loop-that-is-left-retries", "(BREAK | RETURN) and self._asks_for_the_same(loop, site)", "(BREAK | RETURN)"),
    Fault("pages-are-the-same", 'if changed & {"", *attributes}:', "if not binds and seen:"),
    Fault("what-is-counted-ends-the-loop", " or name in v.within(bind.value)", ""),
    Fault("exclusive-by-a-name-that-changes", "if self.flow.frame[bind.part] == frame and (bind.tick > tick or self.flow.loops(bind.part)):", "if bind is None:"),
    Fault("both-arms-run", "for arm in arms:\n            _join(out, self.part(arm, ran))", "_join(out, self.steps(part, arms, ran))"),
    Fault("finally-goes-on-below", "{bit if way == NEXT else way: after}", "{way: after}"),
    # what other files say
    Fault("tests-call-again", 'importer.endswith(".py") and not is_test(importer)', 'importer.endswith(".py")'),
    Fault("an-attribute-of-two-kinds", "cls = made.pop() if len(made) == 1 else None", "cls = next(filter(None, made), None)"),
    Fault("one-call-elsewhere-repeats", "if repeating or len(calls) + len(self.graph.calls_of(caller)) > 1:", "if calls:"),
    Fault("credentials-that-another-file-changes", "return constant and not self.facts.is_changed_elsewhere(name)", "return constant"),
    Fault("names-that-others-take-are-hoisted", "if owner == 0 and self.facts.is_changed_elsewhere(name):", "if owner == 0 and self.forever and self.facts.is_taken(name):"),
    Fault("the-highest-requirement-holds", "min(_bounds(Path(root)), default=())", "max(_bounds(Path(root)), default=())"),
    Fault("modules-have-one-name", "closure([module], self._words.aliases.__getitem__)", "[module]"),
    Fault("notebooks-take-nothing", 'if file.endswith(NOTEBOOK):\n        return EVERYTHING', 'if file.endswith(NOTEBOOK):\n        return frozenset()'),
    Fault("star-takes-no-new-name", "if self._adds_public_name(sharing) and", "if sharing.carries and"),
    Fault("mangled-names-are-others", "return mangled or self._names_in_text is None", "return self._names_in_text is None"),
    Fault("sleep-handed-on", "if waiting := waits.sleeping_out_of_sight or", "if waiting :="),
    Fault("threads-elsewhere-share-cookies", "return facts.around.runs_at_once() or (owner", "return (owner"),
    Fault("any-version-tells-connections-apart", "mixing = self.facts.around.oldest() < _UNMIXING", "mixing = False"),
    # what is handed on
    Fault("any-executor-has-threads", "return executor == v.NONE or self.threads.is_pool(executor, site.scope)", "return executor is not None"),
    Fault("partial-by-position", "return (site.into, options) if all(option.keyword for option in options) else (call, ())", "return site.into, options"),
    # what a name means
    Fault("shadowed-imports", "return paths.pop() if len(paths) == 1 else None", "return max(paths - {None}, default=None)"),
    Fault("type-checking-imports", 'v.last_name(around.value) == "TYPE_CHECKING"', 'v.last_name(around.value) == "TYPING"'),
    Fault("credentials-are-no-host", 'found[1].rpartition("@")[2].lower()', 'found[1].partition("@")[0].lower()'),
    Fault("half-a-host", "if found is None or not (whole or found[2]):", "if found is None:"),
    Fault("hosts-in-a-list-that-changes", "if any(access.changed is not None or access.keeps for access in accesses):", "if not accesses:"),
    Fault("every-generator-is-consumed", 'return joins or path.removeprefix("builtins.") in EAGER', "return True"),
    # which headers move, where the calls pass others besides
    Fault("headers-out-of-order", "elif all(ordered and ordered[0] == key for ordered in places):", "elif all(places):"),
    Fault("display-known-elsewhere", "if not adds and not _passes_headers(facts, use, numbers):", "if not use:"),
    Fault(
        "display-that-may-not-run",
        "return same and flow.dominates(bind, flow.place_before(call.site.part))",
        "return same",
    ),
    Fault("attribute-set-later", "return store if store is not None and store.part in self.before_stops else None", "return store"),
    Fault("attribute-set-in-a-loop", "return store if first else None", "return store"),
    Fault("attribute-set-twice", "stays = changes == 1 and", "stays = changes > 0 and"),
    Fault("attribute-set-by-its-mangled-name", "mangled = attr.startswith", "mangled = False and attr.startswith"),
    Fault("key-that-another-class-changes", "own not in self._related(owner) and self._has_own_objects(own)", "own not in self._related(owner)"),
    Fault("object-as-a-text", "return not kept and not own and not self._is_closed", "return not self._is_closed or not own"),
    Fault("headers-that-others-see", "return own and not taken and not facts.mutations.reflection", "return True"),
    Fault("key-in-two-cases", "if str(key.value).lower() in map(str.lower, items):", "if str(key.value) in items:"),
    Fault(
        "session-of-more-doubts",
        "set(more.doubt_names) <= {*found.doubt_names}",
        "True",
    ),
    # whether an option may move
    Fault("headers-that-change", " and self._is_untouched(name)", ""),
    Fault("headers-bound-to-anything", "self._is_bound_to(is_plain_dict, name) and ", ""),
    Fault("headers-with-none", "if not named or item == v.NONE:", "if not named:"),
    Fault("headers-with-any-keys", 'named = isinstance(key, v.Const) and key.kind == "str"', "named = key is not None"),
    Fault("changed-later-in-the-turn", "(self.forever or event.tick < self.end or inside)", "(self.forever or event.tick < self.end)"),
    Fault("not-all-calls-pass-it", "if call.argument(option) != value or call.unpacks:", "if call.unpacks:"),
    Fault("another-variable-of-that-name", "if owners(self.facts, name, self.calls) != {self.names.owner(name, self.scope)}:",
          "if not self.calls:"),
    Fault("bound-below", 'return any(bind.form != "declare" and self.flow.dominates(bind, seen) for bind in binds)',
          "return bool(binds)"),
    Fault("deleted-names", 'isdisjoint(("del", "except"))', 'isdisjoint(("except",))'),
    Fault("values-that-vary-or-raise", "plain = isinstance(value, v.Const | v.Name) or is_text(self.facts, value, self.scope)", "plain = True"),
    Fault("defaults-change-headers", '_READING = frozenset({"get",', '_READING = frozenset({"setdefault", "get",'),
    Fault("bound-again-elsewhere", "if len(binds) != 1 or self.flow.loops(binds[0].part):", "if self.flow.loops(binds[0].part):"),
    Fault("numbers-are-text", 'case v.Const(kind=kind):\n            return kind == "str"\n        case v.Join(parts=parts):\n            return all_shown(parts, lambda', 'case v.Const(kind=kind):\n            return True\n        case v.Join(parts=parts):\n            return all_shown(parts, lambda'),
    Fault("any-function-only-looks", "(not looks or kept)", "(path and not looks)"),
    Fault("passed-once-more-by-stars", "if call.argument(option) != value or call.unpacks:", "if call.argument(option) != value:"),
    Fault("kept-by-keyword", "not looks or kept", "not looks"),
    Fault("changed-through-globals", "if self.facts.mutations.reflection or owner == -1:", "if owner == -1:"),
    # why sharing may not be safe
    Fault("credentials-that-differ", "if len(carried) > 1 or None in carried:", "if None in carried:"),
    Fault("users-that-differ", "if len(passed) > 1 or None in passed:", "if None in passed:"),
    Fault("cookies-of-names-that-differ", "len(passed) > 1 or None in", "None in"),
    Fault("cookies-of-turns", "if not self.steady.is_steady(value, scope):\n                    return None", "if value == scope:\n                    return None"),
    Fault("cookies-of-what-is-written", 'if not call.reads or call.unpacks or call.given("auth")', 'if call.unpacks or call.given("auth")'),
    Fault("cookies-of-odd-headers", "return all(map(_PLAIN_HEADERS.fullmatch, known_keys(self.facts, given, scope) or ()))", "return True"),
    Fault("cookies-of-bodies", "if keys_of_display(self.steady.display(value, scope)) is None:", "if scope == -1:"),
    Fault("cookies-of-keys-that-come-later", 'return (str(use.key.value),) if isinstance(use.key, v.Const) else None', 'return ()'),
    Fault("credentials-set-from-elsewhere", 'constant = name.isupper() or name.startswith("_") or self.owner is None', "constant = True"),
    Fault("credentials-that-a-method-renews", "return access.changed is not None or (access.calls and bool(access.steps))", "return access.changed is not None"),
    Fault("a-proxy-for-all", 'if call.given("proxies") else', 'if call.given("proxy") else'),
    Fault("credentials-of-the-connection", "for call, option in product(calls if bound else (), ", "for call, option in product(bound, "),
    Fault("verify-differs", "if mixing and len(tls_identities(self.facts, sharing.calls)) > 1:", "if len(sharing.calls) > 99:"),
    Fault("elapsed-is-no-value", "if self._reads_elapsed:", "if not sharing.calls:"),
    Fault("certificates-stay", "            if self._may_replace_files:", "            if sharing.calls:"),
    Fault("certificates-stay-elsewhere", 'self.facts.around.other_that("writes-files")', '""'),
    Fault("any-authorization-beside-none", "return value is not None and not self.facts.hosts.prefix(value, call.site.scope)", "return False"),
    Fault("all-packages-leave-requests", 'named = module.startswith(f"{self.library.name}_") and module not in self.library.leaving', "named = False"),
    Fault("a-variable-in-locals", "if frame in self._by_frame:", "if self._by_frame is None:"),
    Fault("a-generator-that-leaves", "if any(is_taken_elsewhere(self.facts, call.site.part) for call in sharing.calls) and", "if not sharing.calls and"),
    Fault("requests-is-replaced", "counts = _BENEATH.fullmatch(patch.target) and not _HARMLESS.fullmatch(patch.target)", "counts = False"),
    Fault("waits-between-writes", "decisive = waits[OTHER]", "decisive = []"),
    Fault("waits-of-any-length", "case v.Const(value=int() | float() as seconds):\n                return (SLEEP if seconds > 1 else SHORT)", "case v.Const(value=int() | float() as seconds):\n                return SHORT"),
    Fault("waits-that-add-up", "return several or any(turn not in", "return False and any(turn not in"),
    Fault("waits-between-reads", "decisive = waits[SLEEP]", "decisive = []"),
    Fault("any-tuple-is-a-pair", 'value.kind == "tuple" and len(value.items) == 2', 'value.kind == "tuple"'),
    Fault("verify-bound-anew", "if here and stretch.holds(bind.tick, bind.part):", "if here and not stretch.loops.isdisjoint(flow.loops(bind.part)):"),
    Fault("verify-of-each-turn", "if here and stretch.holds(bind.tick, bind.part):", "if here and stretch.first < bind.tick < stretch.last:"),
    Fault("verify-bound-by-other-functions", "if not here and (self.facts.tables.function_around(bind.part) != 0 or", "if not here and (bind.part < 0 or"),
    Fault("verify-set-on-an-object", "return self._is_steady(value, calls, owner=None)", "return True"),
    Fault("script-that-runs-nothing", "not opened and self._starting != []", "not opened and self._starting is not None"),
    Fault("decorators-hand-nothing-on", "if not self._calls_at_once(decorator, row.parent):", "if decorator is None:"),
    Fault("functions-handed-on", "in self._leading and use.access not in (CALL, READ)", "in self._leading and use.access.assigns"),
    Fault("generators-handed-on", "if call.name in names and not self.facts.bare.is_taken_here(call.access, call.into):", "if call is None:"),
    Fault("generator-expressions-handed-on", "return any(is_taken_elsewhere(self.facts, call.part) for call in self._all_calls)", "return False"),
    Fault("objects-handed-on", "if self._is_object(use, classes) and self._hands_on(use.access) and not self", "if use is None and not self"),
    Fault("threads-share-cookies", "facts.threads.started_by)", "facts.threads.forked_by)"),
    Fault("pools-share-cookies", "if in_pool(calls) or (", "if ("),
    Fault("pools-of-any-kind", "return self.origins.path_of(v.called(made), scope) in _POOLS", "return isinstance(made, v.Call)"),
    Fault("pools-that-retry", "return v.dotted(value) == ref.shown and not argument.keyword", "return not argument.keyword"),
    Fault("processes-share-connections", "if words & _FORKING and", "if False and words and"),
    Fault("handed-to-what-a-thread-runs", 'v.dotted(run) == f"{use.name}{use.access.path}"', "use.name != ''"),
    Fault("objects-made-for-others", "if call.name in classes and self._hands_on(call.access) and not is_named", "if call is None and not is_named"),
    Fault("methods-that-python-calls", 'by_python = name.startswith("__") and', 'by_python = name.startswith("___") and'),
    Fault("classes-of-frameworks", "if row.name in self._leading and not known.issuperset(", "if not row.name and not known.issuperset("),
    Fault("lambdas-of-a-script", 'return any(self.outline.scopes[scope].kind == "lambda"', 'return any(self.outline.scopes[scope].kind == "class"'),
    Fault("all-doubts-are-accepted", "return Doubt(name, reason, name in self.settings.accept)", "return Doubt(name, reason, True)"),
    # the plan
    Fault("star-arguments", "return any(arg.stars for arg in self", "return False and any(arg.stars for arg in self"),
    Fault("imports-behind-the-call", "(self._imports_at_top and self._is_imported(call))", "self._imports_at_top"),
    Fault("star-imports", "if star.tick > imports[-1].tick and", "if star is None and"),
    Fault("parsed-arguments", 'v.Attribute(attr="parse_args")', 'v.Attribute(attr="parse_args" | "Namespace")'),
    Fault("globals-of-main", "return self._starting == running and once", "return once"),
    Fault("globals-between-calls", "tick > min(calls).tick", "tick > max(calls).tick"),
    Fault("auth-that-binds", "return self._names_binding or not _PACKAGES", "return self._names_binding or False and not _PACKAGES"),
    Fault("missing-arguments", "if not call.unpacks and not call.is_mapped else ():", "if call.is_mapped else ():"),
    Fault("past-what-replaces-it", "if calls and self._replaced and not self.settings.moves_patches:", "if not calls:"),
    Fault("import-below-the-session", "if self._may_be_missing(calls, place):", "if not calls:"),
    Fault("hoisted-if-one-passes-it", "set.intersection(*map(self._options", "set().union(*map(self._options"),
    Fault("a-session-that-keeps-cookies", 'if self.settings.cookies == "isolate":\n            return "it keeps cookies"', 'if self.settings.cookies == "isolated":\n            return "it keeps cookies"'),
    Fault("a-session-bound-twice", "if len(self.names.binds(bind.scope, bind.name)) > 1:", "if not self.names.binds(bind.scope, bind.name):"),
    Fault("a-session-not-made-yet", "if inside and imported and flow.dominates(bind, place):", "if inside and imported:"),
    Fault("a-session-with-headers", 'other = sorted(done - allowed, key=lambda access: "" if access.plain else str(access))', 'other: list[Access] = []'),
    Fault("a-session-that-logged-in", "if not only_read(served):", "if not served:"),
    Fault("a-session-used-behind-its-loop", 'inside = facts.outline.parts[bind.part].parent in served.around and bind.tick < uses[0].tick',
          "inside = True"),
    Fault("positional-params", 'return call.verb == "get" and call.by', 'return call.verb == "got" and call.by'),
    # names
    Fault("a-name-that-is-taken", "name in new or self.names.is_taken(name, scope))", "name in new)"),
    Fault("an-import-that-is-used", "len(self.names.uses(owner, name)) == converted", "converted"),
    Fault("an-attribute-that-is-taken", "_first_free(wanted, lambda name: name in given or name in self._seen)", "wanted"),
    # objects and modules
    Fault("init-that-may-leave", "stops = {*self.tables.returns_in.get(self.scope, ())}", "stops = set()"),
    Fault("functions-in-init-run-later", "if self.scope in self.tables.scopes_around(bare.site.scope):", "if bare.frame == self.block:"),
    Fault("base-that-calls-back", "known = {} if self.cls.calls_back() else self.others", "known = self.others"),
    Fault("base-from-elsewhere", ' or not self.cls.has_strangers:', " or self.cls.has_strangers:"),
    Fault("session-for-each-of-many-objects", "self._why_strange() or ManyObjects(self.cls).reason()", "self._why_strange()"),
    Fault("one-session-for-all-users", "fits = homeless and self.obstacles.for_all_objects(calls)", "fits = homeless"),
    Fault("headers-of-some-methods", 'done.pop("") == len(self.cls.calls)', 'done.pop("") > 0'),
    Fault("slots", 'if "__slots__" in self.cls.body:', 'if "__slot__" in self.cls.body:'),
    Fault("subclass-without-super", " or any(map(cls.skips_init, cls.below[1:]))", ""),
    Fault("module-constant-below", "behind = max((behind, *needed))", "behind = max((behind, behind))"),
    Fault("constants-for-now", "if not Interval(facts, calls, place, forever=True).keeps(option):", "if not calls:"),
    # the rewriting
    Fault("headers-assigned", 'text = f"{name}.{option}.update("', 'text = f"{name}.{option}.setdefault("'),
    Fault("cookies-not-isolated", "if new_session.apart:", "if not new_session.apart:"),
    Fault("option-sent-twice", "(call, (*set_once, *carried))", "(call, (*set_once[1:], *carried))"),
    Fault("cookies-of-a-turn", "if self.facts.flow.loops(first.site.part) or", "if"),
    Fault("cookies-of-two-users", "or self.facts.carried.answer(call) != first.id:", "or call.id == first.id:"),
    Fault("credentials-of-two-users", 'for option in ("auth", "headers", "cert"):', "for option in ():"),
    Fault("cookies-that-change", "or any(map(self._may_change, self", "or False and any(map(self._may_change, self"),
    Fault("answers-of-others", "return None\n    return frozenset().union(", "pass\n    return frozenset().union("),
    Fault("with-ends-too-early", "last = max(self.parts.outline", "last = min(self.parts.outline"),
    Fault("with-blocks-cross", "outer.last = max(outer.last, within.pop().last)", "within.pop()"),
    Fault("lost-comments", "above.append(comment)", "pass"),
    # what other files of the project do
    Fault(
        "names-that-others-set",
        "self.is_used_elsewhere(name) or self.around.may_set(name)",
        "self.is_used_elsewhere(name)",
    ),
    Fault(
        "attributes-that-others-set",
        "return made if stays and not elsewhere else None",
        "return made if stays else None",
    ),
    Fault("any-attribute-of-importers", "if not self.imports.program(file).isdisjoint(self._setting(_ANY) - {file}):", "if False:"),
    Fault("modules-reached-by-a-text", "| ({_ANY} if may_reach_any(self.imports.read(file)) else set())", "| set()"),
    Fault("every-init-counts", "elif not own.makes:", "else:"),
    Fault("own-attributes-count", "yield from () if own.makes and named != attr else (named,)", "yield attr"),
    Fault("classes-with-an-attribute-of-their-own", 'yield f"{name}.{bound}"', "pass"),
    Fault("setattr-handed-on", "any(map(self._may_set, self.outline.uses))", "False"),
    Fault(
        "texts-by-code", "return any(_SHOWN_BY.search(self.imports.read(each)) for each in self.imports.program(file))", "return False"
    ),
    Fault("urls-of-other-files", "if self._is_told_elsewhere(call):", "if False:"),
    Fault("one-user-by-other-files", "or (value is url and self._is_told_elsewhere(call))", ""),
    Fault("parameters-are-own", '.isdisjoint(("import", "param", "params"))', '.isdisjoint(("import",))'),
    Fault("dicts-filled-elsewhere", "or self._is_filled_elsewhere(value, scope):", ":"),
    Fault("looping-over-imports", "for part in parts if not self._is_same(part, scope)", "for part in parts if False"),
    Fault("cookies-read-elsewhere", ' or other_that("reads-cookies") != ""', ""),
    Fault("logins-elsewhere", 'other_that("logs-in") != "" or ', ""),
    Fault("calls-give-own", "not in _MADE_OF_ARGUMENTS", "is None"),
    Fault("servers-elsewhere", 'self._server or self.facts.around.other_that("serves")', "self._server"),
    Fault("forks-elsewhere", 'around.other_that("forks") or', "False or"),
    Fault("processes-elsewhere", 'around.other_that("runs-processes")', '""'),
    Fault("patches-elsewhere", 'if other := self.facts.around.other_that("meddles"):', 'if other := "":'),
    Fault("threads-of-a-module-share-cookies", "if not owner and len(apart) < len(doubts):", "if False:"),
    Fault("threads-that-are-accepted", 'if doubt.name != "threads" or doubt.accepted]', 'if doubt.name != "threads"]'),
    Fault("functions-give-no-sessions", " or self._gives_session(value, scope, timed)", ""),
    Fault("requests-beside", "if self.library.name in self.facts.around.beside():", "if False:"),
    Fault("requests-set-elsewhere", "if named and self.facts.around.may_replace(call.root):", "if False:"),
    Fault("functions-are-no-modules", "if named and self.facts.around.may_replace(call.root):", "if self.facts.around.may_replace(call.root):"),
    Fault("any-name-by-a-text", "others = (self._setting_by_text(name) | self._setting(name)) - {file}", "others = self._setting(name) - {file}"),
    Fault("elapsed-elsewhere", 'if other := self.facts.around.other_that("measures"):', 'if other := "":'),
    Fault("variables-seen-elsewhere", 'if other := self.facts.around.other_that("shows"):', 'if other := "":'),
    Fault("module-seen-elsewhere", "not self.facts.around.seen().isdisjoint(_OF_MODULE)", "False"),
    Fault("script-session-used-elsewhere", 'if bind.scope == 0 and not self.facts.around.seen()', "if False and not self.facts.around.seen()"),
    Fault("scripts-reached-elsewhere", 'return apart and not self.looks.first(file, "reaches")', "return apart"),
    Fault("modules-reached-elsewhere", 'if self.other_that(filename, "reaches"):', "if False:"),
    Fault("sent-headers-that-change", "if self.facts.steady(owner).display(headers, site.scope) is None:", "if False:"),
    Fault("names-in-texts", 'if any("import" in text and name in text.split() for text in self.facts.outline.texts):', "if False:"),
    Fault("what-is-handed-on-by-a-name", "if id(node) not in plain and _is_changeable(reader, node):", "if False:"),
    Fault("methods-behind-every-call", 'if last_name(value) not in ("self", "cls"):', "if False:"),
    Fault("calls-that-change-requests", "case ast.Call(func=func) if any(map(_REPLACING.fullmatch, reader.path(func))):", "case ast.Call(func=func) if False:"),
    Fault("star-imports-of-requests", 'and node.names[0].name == "*" and _LIBRARY', "and False and _LIBRARY"),
    Fault("harmless-settings", " and not _HARMLESS.fullmatch(patch.target)", ""),
    Fault("texts-that-are-no-targets", "if counts and not isinstance(node, ast.Constant):", "if counts:"),
    Fault("insides-of-classes", "[] if _INSIDE.fullmatch(attr) else [value]", "[value]"),
    Fault("ends-of-paths", '_BENEATH.fullmatch(path) and not path.startswith("?")', "_BENEATH.fullmatch(path)"),
    Fault("files-loaded-by-texts", "            yield from self._loaded_by_text(file, data)", "            pass"),
    Fault("folders-loaded-by-texts", "if is_package(file) or not words.isdisjoint(_LISTING) else []", "if False else []"),
    Fault("folders-that-nobody-lists", "if is_package(file) or not words.isdisjoint(_LISTING) else []", "if True else []"),
    Fault("folders-with-other-names", "words & self._folders.keys()", "self._folders.keys()"),
    Fault("programs-that-import-tests", 'if os.path.basename(each) != "conftest.py"}', "if not is_test(each)}"),
    Fault("programs-of-tests", "each for each in self.importers(file) if not is_test(each)", "self.importers(file)"),
    Fault("sessions-in-texts", r"""(?<![\w?&/"'-])(?<!/\{)_*(?:(?:http""", r"""\b_*(?:(?:http"""),
    Fault("forks-by-other-names", r"fork_processes | Forking\w+ | DaemonContext", "DaemonContext"),
    Fault("forks-over-lines", r"(?:\s*\([^)]{0,300}|[^\n#]{0,300})\bfork", r"[^\n#]{0,300}\bfork"),
    Fault("bare-forks", r"(?<![\w.])(?<!def[ ])fork(?:pty)?\(\) | ", ""),
    Fault("servers-that-handle-requests", r"(?:[^\n]*\n){0,50}?[^\n]*\bhandle_request", r"[^\n]*\bhandle_request"),
    Fault("names-of-main-that-are-compared", r"(?:[!=]=|\bin\b|\brun_name[ ]?=)", r"(?:==)"),
    Fault("processes-that-are-counted", r"\.(?:cpu_count|dummy|pool\.ThreadPool)\b", r"\.(?:dummy)\b"),
    Fault("generators-whose-users-sleep", "    if frame in facts.tables.pausing:\n        return True", "    if False:\n        return True"),
    Fault("functions-handed-in-that-sleep", "if here and _is_handed_in(facts, call.value.func, call.scope):", "if False:"),
    Fault("attributes-of-objects-are-handed-in", "case v.Attribute(value=v.Name(name=name), attr=attr):\n            return facts.graph.class_of", "case v.Attribute(value=v.Name(name=name), attr=attr) if False:\n            return facts.graph.class_of"),
    Fault("methods-are-handed-in", "!= 0 and attr not in facts.names_of_functions", "!= 0"),
    Fault("functions-handed-in-behind-the-calls", "== frame and stretch.holds(call.tick, call.part)", "== frame"),
    Fault("texts-that-python-refuses", "(broken := refusal(tree)) and not refusal(parse_ast(text)):", "(broken := ''):"),
    Fault("parameters-named-requests", 'if "requests" in names else ()', 'if "x y" in names else ()'),
    Fault("classes-by-another-name", r'(api|sessions|adapters|models))?(\.Session)?")', r'(api|sessions|adapters|models))?")'),
    Fault("own-file-that-changes-requests", "if code := meddling(", 'if code := (lambda data: "")('),
    Fault("dicts-of-what-is-beneath", "if attr in _CHANGING", "if attr in ()"),
    Fault("factories-by-keyword", 'if _FACTORY.fullmatch(option.arg or "")', "if False"),
    Fault("what-is-handed-to-a-call", "_all_in(args if looking else [])", "_all_in(args)"),
    Fault("dicts-known-by-another-name", "names = [name, _KEPT + name] if inside else [name]", "names = [name]"),
    Fault("classes-that-others-derive-from", "neighbours[base].add(cls)", "pass"),
    Fault("texts-that-may-be-targets", "case ast.Constant(value=str(text)) if text not in known and _TARGET.fullmatch(text):", "case ast.Constant(value=str(text)) if False:"),
    Fault("sleeps-that-no-call-shows", "for use in self.program.outline.uses if self.delays != Delaying() else ():", "for use in ():"),
    Fault("sleeps-handed-on-from-elsewhere", "if use.access.keeps and self.delays.sleep.intersection(names[-1:]):", "if False:"),
    Fault("lengths-set-elsewhere", "if isinstance(last, v.Name) and self.program.is_changed_elsewhere(last.name):", "if False:"),
    Fault("items-that-are-called", "        case v.Item():\n            return True", "        case v.Item():\n            return False"),
    Fault("variables-that-hold-an-item", "bind.form in _HANDED_IN or isinstance(bind.value, v.Item)", "bind.form in _HANDED_IN"),
    Fault("variables-that-are-nothing-at-first", "isinstance(bind.value, v.Item) or bind.value == v.NONE", "isinstance(bind.value, v.Item)"),
    Fault("loops-that-unpack", 'if in_loop and bind.form == "unpack":', "if False:"),
    Fault("items-that-next-gives", 'if path == "builtins.next" and stretch', "if False and stretch"),
    Fault("sources-that-are-called", "return [value.func, *given]", "return given"),
    Fault("sources-in-other-calls", "return [value.func, *given]", "return [value.func]"),
    Fault("ranges-are-no-generators", 'if v.last_name(value.func) != "range" else []', "if True else []"),
    Fault("parameters-that-sleep", "elif goes_through_handed_in(self.facts, sharing.calls):", "elif False:"),
    Fault("forks-in-code-of-others", "lasting = sharing.owner is not None or runs_code_of_others(facts, sharing.calls)", "lasting = sharing.owner is not None"),
    Fault("forks-out-of-sight", "if frames or by or self._forks_out_of_sight:", "if frames or by:"),
    Fault("servers-by-their-methods", "return accepting or next(", "return accepting or '' and next("),
    Fault("classes-of-objects-that-change", 'if attr in FUNCTIONS | {"__init__"} and', "if False and"),
    Fault("modules-that-patch", "_PATCHING.intersection(alias.name for alias in names)", "set().intersection(alias.name for alias in names)"),
    Fault("sleeps-of-derived-classes", "self.imports.needed_by(file) | self._deriving(file)", "self.imports.needed_by(file)"),
    Fault("steps-in-a-dict", 'self.waits.sleeping | {"sleep"}:\n                holding.add(use.part)', "():\n                pass"),
    Fault("waits-in-lambdas-elsewhere", "holding.update(outline.scopes[scope].part for scope in around)", "pass"),
    Fault("unseen-waits-behind-functions", "for use in facts.outline.uses if self.delays.unseen else ():", "for use in ():"),
    Fault("names-that-a-file-does-not-have", 'if name.partition(".")[0] in words', "if name in words"),
    Fault("files-that-use-unseen-waits", "told.sleep | told.unseen |", "told.sleep |"),
    Fault("qualified-waits", 'yield f"{scopes[row.parent].name or module}.{row.name}"', "pass"),
    Fault("names-of-dicts-that-wait", "return () if name in _OF_PYTHON else (name,)", "return (name,)"),
    Fault("own-functions-that-wait-elsewhere", "own -= {call.name for call in outline.calls if isinstance(call.value.func, v.Attribute)}", "own = set(own)"),
    Fault("waits-in-hidden-parts", "if (direct or named in self.waits.sleeping) and self._is_hidden", "if direct and self._is_hidden"),
    Fault("names-made-of-what-waits", "return closure(names | self.waits.delays.unseen, self._made_of.__getitem__)", "return names"),
    Fault("other-waits-far-away", "(frozenset() if sleeps_only else told.other)", "frozenset()"),
    Fault("sleeps-only", "all_repeatable = all(call.repeatable for call in (*self.bare.calls, *self.bare.mapped))", "all_repeatable = False"),
    Fault("lengths-by-their-names", 'or _LONG.search(last_name(last or v.NONE))', ""),
    Fault("texts-of-direct-values", "return self._is_steady_text(inner, scope, depth)", "return self.is_steady(inner, scope, depth)"),
    Fault("waits-elsewhere", "return {SLEEP: sleep - own, SHORT: short - own, OTHER: other - own}", "return {SLEEP: set(), SHORT: set(), OTHER: set()}"),
    Fault("commands-in-functions", 'names = {scopes[around(call.part)].name for call in self._commands} - {""}', "names = set()"),
    Fault("static-methods-have-objects", 'if "staticmethod" not in map(last_name, statement.decorator_list):', "if True:"),
    Fault(
        "data-of-objects", '"__getstate__", "__reduce__", "__reduce_ex__"})\n\n\nclass Classes', "})\n\n\nclass Classes"
    ),
    Fault("names-in-code", "if code := sorted(_OF_CODE & self.facts.outline.attributes):", "if code := []:"),
    Fault("programs-that-git-ignores", "rules if slash or not programs else rules[:1]", "rules"),
    Fault("requests-handed-to-be-changed", "yield from self.of_helper(call)", "pass"),
    Fault("modules-under-another-name", "and not _HANDED.search(data)", ""),
    Fault("headers-of-functions-that-do-more", 'alone = kinds in (["return"], ["docstring", "return"]) and not row.decorators', "alone = True"),
    Fault("headers-of-methods-below", "stored = below or name in", "stored = name in"),
)  # fmt: skip


@cache
def texts() -> dict[Path, str]:
    """The modules of the package."""
    return {module: module.read_text(encoding="utf-8") for module in sorted((ROOT / "src").rglob("*.py"))}


def module_of(fault: Fault) -> Path | None:
    """The module in which a fault's old text stands; None if there is none, or the text stands in several places."""
    counts = {module: text.count(fault.old) for module, text in texts().items()}
    found = [module for module, count in counts.items() if count]
    return found[0] if len(found) == 1 and counts[found[0]] == 1 else None


def caught_by(fault: Fault, examples: int, *, both: bool) -> list[str]:
    """What notices the fault in a copy of the package: fixtures, programs."""
    where = module_of(fault)
    assert where is not None
    with TemporaryDirectory() as folder:
        shutil.copytree(ROOT / "src", folder, ignore=shutil.ignore_patterns("__pycache__"), dirs_exist_ok=True)
        module = Path(folder) / where.relative_to(ROOT / "src")
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
    stale = [fault.name for fault in FAULTS if module_of(fault) is None]
    if unknown or stale:
        print(f"no such fault: {sorted(unknown)}; text that does not stand in one place of src: {stale}")
        return 1
    faults = [fault for fault in FAULTS if not options.names or fault.name in options.names]
    score = {"fixtures": 0, "programs": 0, "both or either": 0}
    with ThreadPoolExecutor(options.jobs) as pool:
        caught_each = pool.map(lambda fault: caught_by(fault, options.examples, both=options.both), faults)
        for fault, caught in zip(faults, caught_each, strict=True):
            for name in caught:
                score[name] += 1
            score["both or either"] += bool(caught)
            print(f"{fault.name:34} {', '.join(caught) or 'SURVIVES'}", flush=True)
    for name, count in score.items():
        print(f"caught by {name}: {count} of {len(faults)}")
    return 0 if score["both or either"] == len(faults) else 1


if __name__ == "__main__":
    sys.exit(main())
