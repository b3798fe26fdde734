"""Keys, tokens and passwords in a text, by the forms that their issuers give them.

Each form has its prefix and length, and what can be proven is: the checksum of GitHub's tokens, the
header of a JSON Web Token, the entropy of what has no more than a prefix. Keys of documentation
(`AKIAIOSFODNN7EXAMPLE`, `sk_live_xxxx…`) are none.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

from .personal_data import Found

__all__ = ["SECRETS", "SECRET_GATE", "find_secrets"]


def find_secrets(text: str) -> list[Found]:
    """All that is found, in order; the label says whose key it is."""
    found: list[Found] = []
    for label, form in SECRETS.items():
        if not any(sign in text for sign in form.signs):
            continue
        for match in form.pattern.finditer(text):
            start, end = match.span(form.group)
            value = match.group(form.group)
            apart = all(end <= one.start or start >= one.end for one in found)
            if apart and not _is_example(value) and form.proven(value):
                found.append(Found(label, start, end))
    return sorted(found, key=lambda one: one.start)


class _Form(NamedTuple):
    """A kind of secret: literal signs that every text with one has, its pattern, what of the match
    is the secret, and the proof."""

    signs: tuple[str, ...]
    pattern: re.Pattern[str]
    group: int
    proven: Callable[[str], bool]


_LEAST_ENTROPY = 3.0
"""Bits a character: random hexadecimal digits have nearly 4, words and counting numbers less."""

_EXAMPLE = re.compile(
    r"example|x{5,}|\.{3}|\*{3}|1234567|abcdef|0{6,}|your|here|secret_?key|placeholder|redacted"
    r"|dummy|sample|changeme|<|\{",
    re.IGNORECASE,
)


def _is_example(value: str) -> bool:
    return _EXAMPLE.search(value) is not None


def _random(value: str) -> bool:
    """Whether the characters are as even as those of a random key."""
    counts = Counter(value)
    entropy = -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values())
    return entropy >= _LEAST_ENTROPY and any(char.isdigit() for char in value)


def _github(value: str) -> bool:
    """The last six characters are the CRC-32 of the others in base 62
    (https://github.blog/engineering/behind-githubs-new-authentication-token-formats/)."""
    body, checksum = value[4:-6], value[-6:]
    number = zlib.crc32(body.encode())
    digits = ""
    while number:
        number, digit = divmod(number, 62)
        digits = _BASE62[digit] + digits
    return digits.rjust(6, "0") == checksum


_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def _web_token(value: str) -> bool:
    """Whether the first part is a JSON object that names an algorithm (RFC 7515)."""
    head = value.split(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except (binascii.Error, ValueError):
        return False
    return isinstance(header, dict) and "alg" in header


def _always(value: str) -> bool:
    return True


def _password(value: str) -> bool:
    return _random(value) and not value.isalpha()


def _form(
    signs: str, pattern: str, proven: Callable[[str], bool] = _random, group: int = 0
) -> _Form:
    return _Form(tuple(signs.split(" ")), re.compile(pattern), group, proven)


_END = r"(?![A-Za-z0-9_-])"
_BEGIN = r"(?<![A-Za-z0-9_-])"

SECRETS: Mapping[str, _Form] = {
    "PRIVATE_KEY": _form(
        "PRIVATE",
        r"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----\s+[A-Za-z0-9+/=:,\s-]{40,}?"
        r"(?:-----END (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----|\Z)",
        _always,
    ),
    "AWS_ACCESS_KEY": _form("AKIA ASIA", rf"{_BEGIN}(?:AKIA|ASIA)[A-Z2-7]{{16}}{_END}"),
    "GITHUB_TOKEN": _form(
        "ghp_ gho_ ghu_ ghs_ ghr_", rf"{_BEGIN}gh[pousr]_[A-Za-z0-9]{{36}}{_END}", _github
    ),
    "GITHUB_PAT": _form("github_pat_", rf"{_BEGIN}github_pat_\w{{22}}_\w{{59}}{_END}"),
    "GITLAB_TOKEN": _form("glpat-", rf"{_BEGIN}glpat-[\w-]{{20,}}{_END}"),
    "SLACK_TOKEN": _form("xox", rf"{_BEGIN}xox[abposr]-(?:\d{{6,}}-)+[A-Za-z0-9-]{{10,}}{_END}"),
    "SLACK_WEBHOOK": _form(
        "hooks.slack.com",
        r"https://hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}",
    ),
    "STRIPE_KEY": _form("_live_", rf"{_BEGIN}[sr]k_live_[A-Za-z0-9]{{20,}}{_END}"),
    "GOOGLE_API_KEY": _form("AIza", rf"{_BEGIN}AIza[\w-]{{35}}{_END}"),
    "ANTHROPIC_KEY": _form("sk-ant-", rf"{_BEGIN}sk-ant-[\w-]{{40,}}{_END}"),
    "OPENAI_KEY": _form(
        "sk-", rf"{_BEGIN}sk-(?:(?:proj|svcacct|admin)-[\w-]{{40,}}|[A-Za-z0-9]{{40,}}){_END}"
    ),
    "HUGGING_FACE_TOKEN": _form("hf_", rf"{_BEGIN}hf_[A-Za-z0-9]{{34,}}{_END}"),
    "NPM_TOKEN": _form("npm_", rf"{_BEGIN}npm_[A-Za-z0-9]{{36}}{_END}"),
    "PYPI_TOKEN": _form("pypi-AgE", rf"{_BEGIN}pypi-AgE[\w-]{{50,}}{_END}"),
    "SENDGRID_KEY": _form("SG.", rf"{_BEGIN}SG\.[\w-]{{22}}\.[\w-]{{43}}{_END}"),
    "TELEGRAM_TOKEN": _form(":AA", rf"{_BEGIN}\d{{8,10}}:AA[\w-]{{33}}{_END}"),
    "WEB_TOKEN": _form(
        "eyJ", rf"{_BEGIN}eyJ[\w-]{{8,}}\.eyJ[\w-]{{8,}}\.[\w-]{{20,}}{_END}", _web_token
    ),
    "PASSWORD_IN_URL": _form(
        "://", r"\b[a-z][a-z0-9+.-]*://[^\s:/@\"'<>]+:([^\s:/@\"'<>]{8,})@[\w.-]+", _password, 1
    ),
    "PASSWORD": _form(
        "assword asswd ASSWORD ecret ECRET oken OKEN _key -key Key KEY",
        r"(?i:\b[\w.-]*(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|auth[_-]?key)\b"
        r"[\"']?\s*(?:[:=]|=>)\s*[\"'])([^\s\"']{16,100})[\"']",
        _password,
        1,
    ),
}
"""Whose key it is, and how it is found; the more particular forms first."""

SECRET_GATE = (
    r"PRIVATE KEY|A[KS]IA[A-Z2-7]{16}|gh[pousr]_[A-Za-z0-9]{36}|github_pat_|glpat-|xox[abposr]-"
    r"|hooks\.slack\.com|k_live_|AIza[\w-]{30}|sk-[A-Za-z]|hf_[A-Za-z0-9]{30}"
    r"|npm_[A-Za-z0-9]{30}|pypi-AgE|SG\.[\w-]{22}\.|:AA[\w-]{30}|eyJ[\w-]{8,}\.eyJ"
    r"|://[^\s/@:]+:[^\s/@]+@|(?i:passw(?:or)?d|secret|token|key)"
    r"[\"']?\s*(?:[:=]|=>)\s*[\"'][^\s\"']{16}"
)
"""A pattern of RE2 that is found in whatever holds one of them; for tests of whole columns."""
