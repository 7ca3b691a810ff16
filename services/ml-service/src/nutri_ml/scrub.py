"""Takes out of a text what no log may hold: by its looks, for errors of drivers quote what they
were given. Mirrors the backend's `src/scrub.ts`.
"""

import re
from collections.abc import Mapping

REDACTED = "[redacted]"
DEPTH_MAX = 8
NAMES = r"password|passwd|passphrase|pwd|secret|token|api[-_]?key|authorization|cookie"
SECRET_NAME = re.compile(
    r"pass(word|wd|phrase)|secret|token$|^token|authori[sz]ation|cookie|credential|api[-_]?key"
    r"|email|dsn$",
    re.IGNORECASE,
)

# In this order: the address of a database has an @ too. What may begin anywhere has an end, or it
# would be walked again from each of its characters.
LOOKS = [
    # The user and password of any URL.
    (
        re.compile(r"\b([a-z][a-z0-9+.-]{0,30}://)[^\s/?#@\"']*(?:@[^\s/?#@\"']*)*@", re.I),
        rf"\1{REDACTED}@",
    ),
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.I), rf"\1 {REDACTED}"),
    # JWTs, refresh tokens, kept passwords.
    (re.compile(r"\beyJ[\w-]{1,512}\.[\w-]+(?:\.[\w-]*)?"), REDACTED),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f-]{27}\.[0-9a-f]{8}-[0-9a-f-]{27}\.[\w-]+", re.I), REDACTED),
    (re.compile(r"\$argon2\w*\$[^\s\"']+|\bscrypt(?:\$\d+){3}\$[^\s\"']+"), REDACTED),
    # Headers, as written or as a pair of bytes: the whole value, whatever its scheme.
    (
        re.compile(
            r"(\b(?:password|passwd|passphrase|pwd|set-cookie|cookie|authorization|x-api-key):\s*)\S.*",
            re.I,
        ),
        rf"\1{REDACTED}",
    ),
    # `password=…`, `'token': '…'`, `(b'cookie', b'…')`
    (
        re.compile(rf"((?:{NAMES})[\"']?\s{{0,9}}=\s*[\"']?)[^\s\"',;&}}]+", re.I),
        rf"\1{REDACTED}",
    ),
    (
        re.compile(
            rf"([\"'][\w-]{{0,64}}(?:{NAMES})[\"']\s*[:,]\s*b?([\"']))(?:(?!\2)[^\\]|\\.)*", re.I
        ),
        rf"\1{REDACTED}",
    ),
    # JSON in JSON, and what is printed as `token: '…'`.
    (
        re.compile(rf'(\\"[\w-]{{0,64}}(?:{NAMES})\\"\s{{0,9}}:\s{{0,9}}\\")[^\\]*', re.I),
        rf"\1{REDACTED}",
    ),
    (re.compile(rf"((?:{NAMES}):\s{{0,9}}[\"'])(?:[^\"'\\]|\\.)*", re.I), rf"\1{REDACTED}"),
    (re.compile(r"[^\W_][\w.%+-]{0,63}@[^\W_][\w-]{0,62}(?:\.[^\W_][\w-]*)+"), "[email]"),
]


def scrub_text(text: str) -> str:
    for pattern, stays in LOOKS:
        text = pattern.sub(stays, text)
    return text


def scrub(value: object, depth: int = 0) -> object:
    """A copy without secrets, of anything that a log line may be given."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if depth >= DEPTH_MAX:
        return "[too deep]"
    if isinstance(value, Mapping):
        return {
            scrub_text(str(name)): _scrub_field(str(name), it, depth) for name, it in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [scrub(it, depth + 1) for it in value]
    return scrub_text(str(value))


def _scrub_field(name: str, value: object, depth: int) -> object:
    return REDACTED if SECRET_NAME.search(name) and value is not None else scrub(value, depth + 1)
