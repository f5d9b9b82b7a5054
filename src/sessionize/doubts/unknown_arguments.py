"""The doubt `unknown-arguments`."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind
from sessionize.library.calls import BareCall


class UnknownArguments(Kind):
    """A call passes `*` or `**` arguments, and nothing shows which: `requests.get(url, **options)`.

    ## Why it matters
    Any option may be among them: `proxies=`, `hooks=`, an `auth=` that stays with the connection, a `verify=` that
    differs from call to call. Each is a doubt of its own where it can be seen. By `*` a second argument may come,
    `params`, which `Session.get` takes only by name before requests 2.34.

    ## How to find out
    Look at what the callers pass. Options such as `timeout=`, `params=`, `json=` and `headers=` mean the same on a
    session.

    ## What to do
    Write the options out, or accept the doubt: `--accept unknown-arguments`.
    """

    name = "unknown-arguments"

    def of_call(self, call: BareCall) -> str:
        stars = {arg.stars for arg in call.site.value.args} - {""}
        return f"passes `{min(stars)}` arguments whose contents are not known" if stars else ""
