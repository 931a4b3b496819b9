"""Takes secrets out of text before it is logged, cached, shown or exported.

Pure, idempotent and linear in its input. It would rather hide a harmless value than print a key, but leaves alone what
training logs are full of: `max_tokens=512`, `tokenizer=gpt2`, commit hashes.
"""

from __future__ import annotations

import functools
import re

import msgspec

from fetchers.records import Record

HIDDEN = "[redacted]"
"""What stands where a secret stood; no rule below matches it again."""

_GAP = r"""\\?["']?\s{0,3}(?:=>|[:=])\s{0,3}(?:[bu](?=["']))?(?:\\?["'])?"""
"""Between a name and its value, opening quote included: `: `, `=`, `": "` or, inside a string, `\\": \\"`."""
_CHAR = r"""[^\s"',;&<>\[\]()\\]"""
"""What a value outside quotes is made of."""
_REST = rf"""(?:(?<=["'])[^"'\\\[\]\n]+|{_CHAR}+)"""
"""A value, up to the quote that closes it or to where a word ends."""
_LONG = rf"""(?={_CHAR}{{16}}|{_CHAR}{{0,15}}\d){_CHAR}{{8,}}"""
"""A value that can be a key: eight characters and a digit among them, or sixteen."""

_PEM = (
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[A-Za-z0-9+/=\s]|\\[nr]){0,16384}"
    r"(?:-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
)
_HEADER = rf"authorization{_GAP}"
_SCHEME = r"(?:bearer|basic|token|digest)\s"
_NAMED = (
    r"(?:passw(?:or)?d|passphrase|client[_-]?secret|(?:private|secret(?:[_-]?access)?)[_-]?key(?:[_-]?id)?)(?![a-z])"
)
_KEY = r"(?:api[ _-]?key|access[_-]?key(?:[_-]?id)?|secret|credentials?|token)(?![a-z])"
_LOGIN = r"(?:api[ _-]?key|key|login)\b[^\w\n]{0,4}(?:(?:is|--relogin)[^\w\n]{1,3})?"
_SIGNED = r"[?&](?:sig|key|code|token)=|\bsignature="

_RULES = (
    # A private key, in a file or as the value of a JSON string with \n in it.
    (_PEM, HIDDEN),
    # Headers.
    (rf"(?i)\b({_HEADER}{_SCHEME}{{1,3}})[^\s\"',;\[\]\\]+", rf"\1{HIDDEN}"),
    (rf"(?i)\b({_HEADER})(?!{_SCHEME}){_REST}", rf"\1{HIDDEN}"),
    (r"(?i)\b(bearer\s{1,3})[A-Za-z0-9._~+/=-]{12,}", rf"\1{HIDDEN}"),
    (r"(?i)\b((?:set-)?cookie:\s{0,3})[^\s\[][^\r\n\[]*", rf"\1{HIDDEN}"),
    # Keys whose issuer gave them a shape of their own.
    (r"\bya29\.[A-Za-z0-9._-]{10,}", HIDDEN),
    (r"\b1//0[A-Za-z0-9_-]{20,}", HIDDEN),
    (r"\bGOCSPX-[A-Za-z0-9_-]{10,}", HIDDEN),
    (r"\bAIza[A-Za-z0-9_-]{30,}", HIDDEN),
    (r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?", HIDDEN),
    (r"\bwandb_v1_[A-Za-z0-9_-]{10,}", HIDDEN),
    (r"\blocal-[0-9a-f]{40}\b", HIDDEN),
    (r"\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|glpat-[A-Za-z0-9_-]{16,})", HIDDEN),
    (r"\bhf_[A-Za-z0-9]{20,}", HIDDEN),
    (r"\bsk-[A-Za-z0-9_-]{20,}", HIDDEN),
    (r"\bxox[abeoprs]-[A-Za-z0-9-]{10,}", HIDDEN),
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b", HIDDEN),
    # A W&B key has the shape of a commit hash: hidden where the words before it say what it is.
    (rf"(?i)\b({_LOGIN})[0-9a-f]{{40}}\b", rf"\1{HIDDEN}"),
    # user:password@host and the parameters of signed addresses.
    (r"(?i)(\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@\"']{0,100}:)[^\s/@\"'\[]{1,200}(?=@)", rf"\1{HIDDEN}"),
    (rf"(?i)({_SIGNED})[^\s&\"'#\[]{{6,}}", rf"\1{HIDDEN}"),
    # What is called a secret.
    (rf"(?i)({_NAMED}{_GAP}){_REST}", rf"\1{HIDDEN}"),
    (rf"(?i)({_KEY}(?:{_GAP}|(?<=key)\s{{1,3}}|(?<=token)\s{{1,3}})){_LONG}", rf"\1{HIDDEN}"),
)
"""Patterns of secrets, and what stands there instead."""

_SUSPECT = re.compile(
    r"(?i)key|login|secret|passw|passphrase|token|credential|authorization|bearer|cookie|sig|code=|://|ya29|1//0|GOCSPX"
    r"|AIza|eyJ|wandb_v1|local-|gh[pousr]_|github_pat|glpat|hf_|sk-|xox|AKIA|ASIA"
)
"""What every rule needs: most lines hold none of it and cost one search."""


@functools.cache
def _rules() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Compiled for the first line that needs them: the first frame waits for none."""
    return tuple((re.compile(pattern), replacement) for pattern, replacement in _RULES)


def redact(text: str) -> str:
    """The text with every key, token, password and authorization it shows replaced by `[redacted]`."""
    if _SUSPECT.search(text) is None:
        return text
    for pattern, replacement in _rules():
        text = pattern.sub(replacement, text)
    return text


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
