"""Takes secrets out of text before it is logged, cached, shown or exported.

Pure, idempotent and linear in its input; lines stay as many as they are. It would rather hide a harmless value than
print a key, but leaves alone what training logs are full of: `max_tokens=512`, `tokenizer=gpt2`, commit hashes.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

import msgspec

from fetchers.private_keys import BEGINS, ENCODED, ENCODED_ALONE, ENDS, lines_of_keys
from fetchers.records import Record

HIDDEN = "[redacted]"
"""What stands where a secret stood; no rule below matches it again."""

REACH = 1_000
"""Characters behind a place where a text is to be cut that have to be looked at, or a secret is cut in half unseen."""

_GAP = r"""\\?["']?\s{0,3}(?:=>|[:=])\s{0,3}(?:[bu](?=["']))?(?:\\?["'])?"""
"""Between a name and its value, opening quote included: `: `, `=`, `": "` or, inside a string, `\\": \\"`."""
_CHAR = r"""[^\s"',;&<>\[\]()\\]"""
"""What a value outside quotes is made of."""
_REST = rf"""(?:(?<=["'])[^"'\\\[\]\n]+|{_CHAR}+)"""
"""A value, up to the quote that closes it or to where a word ends."""
_LONG = rf"""(?={_CHAR}{{16}}|{_CHAR}{{0,15}}\d){_CHAR}{{8,}}"""
"""A value that can be a key: eight characters and a digit among them, or sixteen."""

_PEM = rf"{BEGINS}(?:[A-Za-z0-9+/=\s]|\\[nr]){{0,16384}}(?:{ENDS})?"
_PEM_END = rf"(?<![A-Za-z0-9+/=\\])(?:[A-Za-z0-9+/=]|\\[nr])++{ENDS}"
_HEADER = rf"authorization{_GAP}"
_SCHEME = r"(?:bearer|basic|token|digest)\s"
_NAMED = (
    r"(?:passw(?:or)?d|passphrase|client[_-]?secret|(?:private|secret(?:[_-]?access)?)[_-]?key(?:[_-]?id)?)(?![a-z])"
)
_KEY = r"(?:(?:api ?|access|account|auth|encryption|signing)[_-]?key(?:[_-]?id)?|secret|credentials?|token)(?![a-z])"
_OPTION = r"--?[a-z][a-z0-9_-]{0,40}"
_APART = r"""(?:\s{1,3}|["'],\s{0,3})["']?"""
"""Between an option and its value, in a command or in a list of its words."""
_PROSE = (
    r"""(?![A-Z_]+\b|[<\[{$(-]|(?i:a|an|and|are|argument|as|at|be|but|by|can|flag|for|from|has|if|in|instead|is|it|may|must"""
    r"""|needs?|not|of|on|option|or|parameter|required|should|so|than|that|the|then|to|was|when|will|with|without)\b)"""
)
"""No value: the name of one in a usage text, or the next word of a sentence."""
_ENVIRONMENT = (
    r"(?:[A-Z0-9]_(?:PASS|PWD)|(?i:;\s{0,2}pwd|\b(?:db|ftp|mysql|pg|postgres|redis|root|smtp|sql|user)[_-]?pass))"
)
_ADDRESS = r"\b[a-z][a-z0-9+.-]{1,15}://"
_WEBHOOK = (
    r"hooks\.slack\.com/(?:services|workflows|triggers)/|discord(?:app)?\.com/api/webhooks/\d{1,30}/"
    r"|webhook\.office\.com/webhookb2/|api\.telegram\.org/bot(?=\d)"
)
_LOGIN = r"(?:api[ _-]?key|key|login)\b[^\w\n]{0,4}(?:(?:is|--relogin)[^\w\n]{1,3})?"
_SIGNED = r"[?&](?:sig|key|code|token)=|\bsignature="

_SHAPES = (
    r"ya29\.[A-Za-z0-9._-]{10,}",
    r"1//0[A-Za-z0-9_-]{20,}",
    r"GOCSPX-[A-Za-z0-9_-]{10,}",
    r"AIza[A-Za-z0-9_-]{30,}",
    r"(?<!-)eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?",
    r"wandb_v1_[A-Za-z0-9_-]{10,}",
    r"local-[0-9a-f]{40}\b",
    r"gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,}",
    r"hf_[A-Za-z0-9]{20,}",
    r"sk-[A-Za-z0-9_-]{20,}",
    r"xox[abeoprs]-[A-Za-z0-9-]{10,}|xapp-[A-Za-z0-9-]{10,}",
    r"AKIA[A-Z0-9]{16}\b|ASIA[A-Z0-9]{16}\b",
    r"[rs]k_(?:live|test)_[A-Za-z0-9]{10,}|whsec_[A-Za-z0-9+/=]{10,}",
    r"npm_[A-Za-z0-9]{20,}|dckr_pat_[A-Za-z0-9_-]{16,}|nvapi-[A-Za-z0-9_-]{20,}",
    r"pypi-(?:Ag[A-Za-z0-9_-]{8,}|(?=[a-z_-]*+[A-Z0-9])[A-Za-z0-9_-]{32,})",
    r"SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}",
)
"""Keys whose issuer gave them a shape of their own."""

_RULES = (
    # A private key, in a file or as the value of a JSON string with \n in it.
    (_PEM, HIDDEN),
    (_PEM_END, HIDDEN),
    (ENCODED, HIDDEN),
    (ENCODED_ALONE, HIDDEN),
    # Headers.
    (rf"(?i)\b({_HEADER}{_SCHEME}{{1,3}})[^\s\"',;\[\]\\]+", rf"\1{HIDDEN}"),
    (rf"(?i)\b({_HEADER})(?!{_SCHEME}){_REST}", rf"\1{HIDDEN}"),
    (r"(?i)\b(bearer\s{1,3})[A-Za-z0-9._~+/=-]{12,}", rf"\1{HIDDEN}"),
    (r"(?i)\b((?:set-)?cookie:\s{0,3})[^\s\[][^\r\n\[]*", rf"\1{HIDDEN}"),
    (rf"(?:\b|(?<=\\[nrt]))(?:{'|'.join(_SHAPES)})", HIDDEN),
    # A W&B key has the shape of a commit hash: hidden where the words before it say what it is.
    (rf"(?i)\b({_LOGIN})[0-9a-f]{{40}}\b", rf"\1{HIDDEN}"),
    # user:password@host, token@host, addresses that are secrets, and the parameters of signed ones.
    (
        rf"(?i)({_ADDRESS})(?=[^\s/:@]{{16}}|[^\s/:@]{{0,15}}\d)[^\s/:@\"'\[]{{8,200}}+(?=(?::|:x-oauth-basic)?@)",
        rf"\1{HIDDEN}",
    ),
    (rf"(?i)({_ADDRESS}[^\s/:@\"']{{0,100}}:)[^\s/@\"'\[]{{1,200}}(?=@)", rf"\1{HIDDEN}"),
    (rf"(?i)({_WEBHOOK})[^\s\"'\[<>]+", rf"\1{HIDDEN}"),
    (rf"(?i)({_SIGNED})[^\s&\"'#\[]{{6,}}", rf"\1{HIDDEN}"),
    # What is called a secret.
    (rf"(?i)({_NAMED}{_GAP}){_REST}", rf"\1{HIDDEN}"),
    (rf"(?i)({_KEY}(?:{_GAP}|(?<=key)\s{{1,3}}|(?<=token)\s{{1,3}})){_LONG}", rf"\1{HIDDEN}"),
    (rf"({_ENVIRONMENT}{_GAP})(?!\d+\b|[/$]|(?i:true|false|none|null)\b){_REST}", rf"\1{HIDDEN}"),
    # The next word of a command.
    (rf"((?i:{_OPTION}(?<=passw|passp)(?:ord|d|hrase)){_APART}){_PROSE}{_REST}", rf"\1{HIDDEN}"),
    (rf"((?i:{_OPTION}(?:secret|token|(?:api|access|account|auth)[_-]?key)){_APART}){_PROSE}{_LONG}", rf"\1{HIDDEN}"),
    (r"(?i)(\blogin\s{1,3}\S{1,100}\s{1,3}password\s{1,3})[^\s\[]+", rf"\1{HIDDEN}"),
    (r"(\bsshpass -p ?)[^\s\[]+", rf"\1{HIDDEN}"),
    (r"(\bcurl\b.{0,400}?\s(?:-u|--user)[ =][\"']?[^\s:\"']{1,64}:)[^\s\"'\[]+", rf"\1{HIDDEN}"),
    (r"(\bdocker login\b.{0,200}?\s-p[ =])[^\s\[]+", rf"\1{HIDDEN}"),
)
"""Patterns of secrets, and what stands there instead."""

_SUSPECT = re.compile(
    r"key|login|secret|pass|pwd|token|credential|authorization|bearer|cookie|sig|code=|://|ya29|1//0|gocspx|aiza|eyj"
    r"|wandb_v1|local-|gh[pousr]_|github_pat|glpat|hf_|sk-|xox|xapp-|akia|asia|[rs]k_|whsec_|npm_|dckr_|nvapi-|pypi-"
    r"|sg\.|hooks?\.|discord|telegram|curl"
)
"""What every rule needs but that of a long run, in small letters: most lines hold none of it and cost one search."""
_BLANK = re.compile(r"""[\s"',;{}]""")
_RUN = re.compile(r"(?<![\w+/-])[A-Za-z0-9+/]{40}")

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\U000e0000-\U000e007f]")
"""Characters of no width, and those that only say in which direction to write."""


@functools.cache
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled for the first line that needs them: the first frame waits for none."""
    return tuple((re.compile(pattern), replacement) for pattern, replacement in _RULES)


def redact(text: str) -> str:
    """The text with every key, token, password and authorization it shows replaced by `[redacted]`."""
    return "\n".join(redact_lines(text.split("\n"))) if "\n" in text else _redacted(text)


def redact_lines(lines: Iterable[str]) -> list[str]:
    """As many lines, without secrets; also a private key that is spread over them is hidden."""
    known = list(lines)
    keys = lines_of_keys([_visible(line) for line in known])
    return [HIDDEN if place in keys else _redacted(line) for place, line in enumerate(known)]


def first_of(text: str, most: int) -> str:
    """The first characters of a text; where it has to be cut, secrets are taken out first: none is cut in half."""
    if len(text) <= most:
        return text
    clean = redact(text[: most + REACH])
    whole = len(text) <= most + REACH or clean.endswith(HIDDEN)
    return clean[: most if whole else min(most, max(0, len(clean) - REACH))]


def last_of(text: str, most: int) -> str:
    """The last characters of a text, cut at a blank or quote behind a redaction: no secret is shown by its end."""
    if len(text) <= most:
        return text
    clean = redact(text)[-most:]
    blank = _BLANK.search(clean)
    return clean[blank.start() :] if blank else ""


def _redacted(line: str) -> str:
    clean = visible = _visible(line)
    if _SUSPECT.search(visible.lower()) is None and _RUN.search(visible) is None:
        return line
    for pattern, replacement in _rules():
        clean = pattern.sub(replacement, clean)
    return line if clean == visible else clean


def _visible(line: str) -> str:
    """The line as it looks: a character without width in the name of a secret hides the name, not the secret."""
    return line if line.isascii() else _INVISIBLE.sub("", line)


def redacted(record: Record) -> Record:
    """The record with every secret taken out of its texts; where it has none, the record itself."""
    reason = record.reason
    if reason is not None:
        advice = redact(reason.advice) if reason.advice else None
        reason = msgspec.structs.replace(reason, text=redact(reason.text), advice=advice)
    detail = {key: redact(value) if isinstance(value, str) else value for key, value in record.detail.items()}
    if (reason, detail) == (record.reason, record.detail) and redact(record.name) == record.name:
        return record
    return msgspec.structs.replace(record, name=redact(record.name), reason=reason, detail=detail)
