"""The words that name a user, a key, a token, a session or a password, in names, literal keys and other texts."""

from __future__ import annotations

import re
from functools import cached_property

from sessionize.library.profile import REQUESTS
from sessionize.syntax import outline as o, values as v

_WORDS = re.compile(
    r"user(?![-_ ]?agent)|log[-_ ]?[io]n|sign[-_ ]?in|account|passw|passphrase|passcode|pwd|secret|token|sess|cookie"
    r"|cred|tenant|(?:api|app|access|client)[-_ ]?(?:key|id)|auth(?!or(?!i[sz]))|bearer|jwt|customer|member|mail"
    r"|signature|ticket|identity|impersonat|behalf|principal|subscriber|@"
    r"|(?<![a-z])(?:access|keys?|sid|uid|pins?|otp|bots?|me|owner|actor|usr|pw|pass|phone)(?![a-z])",
    re.IGNORECASE,
)
_FAR = 100_000  # characters that are looked through
# The names of sessions and of keys of dicts, which name no user where they are assigned.
_INNOCENT = re.compile(r"_*(?:http_|requests_)?(?:sessions?|keys?)(?:_\d+)?", re.IGNORECASE)


class Words:
    """The words of one file."""

    def __init__(self, outline: o.Outline) -> None:
        self.outline = outline

    @cached_property
    def name_user(self) -> bool:
        """True if a name, an attribute, a keyword or a text of the file names a user."""
        outline = self.outline
        names = {scope.name for scope in outline.scopes}
        for use in outline.uses:
            names.update((use.name, *use.access.attributes))
        for call in outline.calls:
            names.update(call.access.attributes)
            names.update(arg.keyword for arg in call.value.args if arg.keyword and arg.value != v.NONE)
        told = any(map(is_name_of_user, names)) or any(map(names_user, outline.texts))
        return told or any(map(_binds_user, outline.binds))


def _binds_user(bind: o.Bind) -> bool:
    """Tell whether a name that is bound names a user: `token = x`, `for session in x`, but not `session = x`."""
    of_library = isinstance(bind.value, v.Imported) and REQUESTS.owns(bind.value.path)
    return is_name_of_user(bind.name) if bind.form in ("assign", "with") or of_library else names_user(bind.name)


def names_user(text: str) -> bool:
    """Tell whether a text has a word that names a user, a key or a session: `api_key`, `X-Auth-Key`, `/login?name=`.

    One that is very long may do so.
    """
    return len(text) > _FAR or _WORDS.search(text) is not None


def is_name_of_user(name: str) -> bool:
    """Tell the same of a variable, an attribute or a keyword."""
    return _INNOCENT.fullmatch(name) is None and names_user(name)
