"""The doubt `hooks`."""

from __future__ import annotations

from sessionize.doubts.doubt import Kind
from sessionize.library.calls import BareCall


class Hooks(Kind):
    """A call passes `hooks=`: `requests.get(url, hooks={"response": log})`.

    ## Why it matters
    A hook is handed the response with the connection that it came by, and may send a request of its own on it: on a
    session that is the connection of other calls, too.

    ## How to find out
    Does the hook only read the response, or does it call `response.connection.send`?

    ## What to do
    Accept the doubt where hooks only read: `--accept hooks`.
    """

    name = "hooks"

    def of_call(self, call: BareCall) -> str:
        return "passes `hooks=`, and a hook may send requests itself" if call.given("hooks") else ""
