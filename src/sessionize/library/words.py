"""The words that name a user, a key, a token, a session or a password, in names, literal keys and other texts."""

from __future__ import annotations

import re
from itertools import filterfalse
from operator import attrgetter

from sessionize.profiles import REQUESTS
from sessionize.syntax import outline as o, values as v

# Words that count inside of others, too: `username`, `signIn`.
_PARTS = re.compile(
    r"user(?![-_ ]?agent)|log[-_ ]?[io]n|sign[-_ ]?in|signature|account|passw|passphrase|passcode|pwd|secret|token|sess"
    r"|cookie|cred|tenant|ticket|api[-_ ]?(?:key|id)|app[-_ ]?(?:key|id)|access[-_ ]?(?:key|id)|client[-_ ]?(?:key|id)"
    r"|auth(?!or(?!i[sz]))|bearer|jwt|customer|member|mail|identity|impersonat|behalf|principal|subscriber|@"
    r"|patient|employee|student|person|people|nick|birth|payroll|sudo|run[-_ ]?as|netrc|hmac|nonce"
    r"|player|visitor|voter|passenger|driver|citizen|friend|profile"
    r"|pswd|pword|wallet|seller|buyer|iban|oidc|saml|who[-_ ]?am"
    r"|benutzer|nutzer|passwort|kennwort|anmeld|spieler|usuario|contrase|jugador|inicio[-_ ]?de[-_ ]?sesi|utilisateur"
    r"|mot[-_ ]?de[-_ ]?passe|connexion|identifiant|joueur|profil|senha|entrar|utente|accedi|gebruiker|wachtwoord|inlog"
    r"|bruker|bruger|passord|adgangskode|lösenord|användar|salasana|käyttäj|uzytkowni|użytkowni|heslo"
    r"|uživatel|uzivatel|kullan.c|parola"
    r"|пользов|парол|логин|用户|用戶|密码|密碼|登录|登錄|ユーザ|ログイン|사용자|회원|비밀번호|로그인"
)
# Words that count by themselves: `X-Key`, `owner_id`, `ownerId`.
_WHOLE = frozenset(
    ("access", "key", "keys", "sid", "uid", "pin", "pins", "otp", "bot", "bots", "me", "owner", "actor", "usr", "pw")
) | frozenset(
    ("pass", "phone", "sig", "psw", "mdp", "clave", "sso", "su", "staff", "admin", "guest", "role", "roles", "operator")
)
_WORDS = re.compile(r"[A-Za-z]+")
_CAMEL = re.compile(r"KeyError|[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_FAR = 100_000  # characters that are looked through
# The names of a session, and of a key of a dict, which name no user where they are assigned.
_INNOCENT = re.compile(r"_*(?:http_|requests_)?(?:session|key)(?:_\d+)?", re.IGNORECASE)


def file_names_user(outline: o.Outline, factory: str) -> bool:
    """Tell whether a name, an attribute, a keyword or a text of a file names a user.

    factory: the path of a function that makes sessions, which names none.
    """
    names = {*map(attrgetter("name"), outline.scopes), *outline.attributes}
    for use in outline.uses:
        names.update((use.name, *use.access.attributes))
    for call in outline.calls:
        names.update(call.access.attributes)
        for arg in call.value.args:
            if arg.keyword and arg.value != v.NONE:
                names.add(arg.keyword)
    telling = {*filterfalse(_INNOCENT.fullmatch, names - {"keys"}), *filterfalse(REQUESTS.owns, outline.modules)}
    telling |= {bind.name for bind in outline.binds if not _is_innocent(bind)}
    telling -= {factory, factory.rpartition(".")[2]}
    longest = max(map(len, outline.texts), default=0)
    return longest > _FAR or text_names_user("\n".join((*telling, *outline.texts)))


def _is_innocent(bind: o.Bind) -> bool:
    """Tell whether it is `session = x`; `for session in x` may give those of users."""
    of_library = isinstance(bind.value, v.Imported) and REQUESTS.owns(bind.value.path)
    return (bind.form in ("assign", "with") or of_library) and _INNOCENT.fullmatch(bind.name) is not None


def text_names_user(text: str) -> bool:
    """Tell whether a text has a word that names a user, a key or a session: `api_key`, `ownerId`, `/login?name=`."""
    if _PARTS.search(text.lower()) is not None:
        return True
    return any(not _WHOLE.isdisjoint(map(str.lower, words.findall(text))) for words in (_WORDS, _CAMEL))


def identifier_names_user(name: str) -> bool:
    """Tell the same of a variable, an attribute or a keyword."""
    return _INNOCENT.fullmatch(name) is None and text_names_user(name)
