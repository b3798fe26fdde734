"""The numbers, signs and words of a text, as far as arithmetic in it is concerned.

Typographic and LaTeX forms of a sign become one form; what ends a statement becomes a break.
One pass of one regular expression without nested repetition, and one pass over its tokens.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

from .words import Literal, Token, resolve_words

__all__ = ["Literal", "Token", "literal_of", "tokenise"]

MOST_DIGITS = 40


def tokenise(text: str) -> list[Token]:
    """The tokens of a text, with brackets paired."""
    tokens: list[Token] = []
    for found in _TOKEN.finditer(text):
        if token := _token(text, found):
            token.money = token.kind == "number" and text[token.start - 1 : token.start] == "$"
            tokens.append(token)
    tokens = resolve_words(tokens)
    _pair(tokens)
    return tokens


_TOKEN = re.compile(
    r"(?P<cut>\.\.\.|…)"
    r"|(?P<opaque>[0-9]+(?::[0-9]+)+)"
    r"|(?P<number>[0-9]+(?:[.,][0-9]+)*(?:[eE][+-]?[0-9]{1,4}(?!\w))?|\.[0-9]+)"
    r"|(?P<latex>\\[A-Za-z]+|\\[^A-Za-z])"
    r"|(?P<stop><=|>=|!=|=>|->|:=|[<>≤≥≠→⇒⇔±∓—;:?!|])"
    r"|(?P<relation>={1,3}|≈|≅|≃|~=|∼)"
    r"|(?P<power>(?:(?<=[0-9)\]])|(?<=[0-9)\]]\s))\*\*(?=\s?[(0-9-])|\^|[⁰¹²³⁴⁵⁶⁷⁸⁹]+)"
    r"|(?P<times>(?<=[0-9)%\s])[xX](?=\s*[.0-9(\[$€£¥]))"
    r"|(?P<joint>(?<=[0-9])-(?=[^\W\d_]))"
    r"|(?P<vulgar>[½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞])"
    r"|(?P<word>[^\W\d_]\w*(?:[-'’][^\W\d_]\w*)*)"
    r"|(?P<bold>\*\*)"
    r"|(?P<sign>[-+*/−–‐‑﹣－＋×⋅·∙✕✖∗÷⁄∕%％°$€£¥₹¢&(){}\[\]√,.\n])"
    r"|(?P<other>[^\s\"'“”‘’`_*#~\w])"
)

_OPERATORS = (
    dict.fromkeys("+＋", "+")
    | dict.fromkeys("-−–‐‑﹣－", "-")
    | dict.fromkeys("*×⋅·∙✕✖∗", "*")
    | dict.fromkeys("/÷⁄∕", "/")
)
_LATEX = {
    "times": "*",
    "cdot": "*",
    "ast": "*",
    "div": "/",
    "bmod": "%",
    "mod": "%",
    "approx": "≈",
    "simeq": "≈",
    "eq": "=",
}
_SILENT = frozenset((
    "left", "right", "quad", "qquad", "text", "textbf", "mathrm", "mathbf", "mathit",
    "displaystyle", "boxed", "bf", "rm", "big", "Big", "operatorname", "phantom", "begin",
    "end",
))  # fmt: skip
_SUPERSCRIPT = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")

_PLAIN = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]+)?")
_EUROPEAN = re.compile(r"[0-9]{1,3}(?:\.[0-9]{3})*(?:,[0-9]+)?")


def _token(text: str, found: re.Match[str]) -> Token | None:
    kind, start, end = found.lastgroup or "", found.start(), found.end()
    shown = found.group()
    if kind == "number":
        return _number(shown, start, end)
    if kind == "relation":
        return Token("relation", "=" if shown[0] == "=" else "≈", start, end)
    if kind == "power":
        digits = shown.translate(_SUPERSCRIPT)
        value = literal_of(digits) if digits.isdecimal() and len(digits) < 5 else None
        return Token("power", "^", start, end, value)
    if kind == "times":
        return Token("operator", "*", start, end)
    if kind == "joint":
        return Token("word", "-", start, end)
    if kind == "latex":
        return _latex(shown[1:], start, end)
    if kind == "vulgar":
        part = Fraction(unicodedata.numeric(shown)).limit_denominator(10)
        return Token("vulgar", shown, start, end, Literal(part, None, Fraction(0), 0, False, shown))
    if kind == "sign":
        return _sign(text, shown, start, end)
    if kind == "bold":
        return None
    if kind in ("stop", "other"):
        return Token("break", shown, start, end)
    return Token(kind, shown, start, end)


def _number(shown: str, start: int, end: int) -> Token:
    value = literal_of(shown)
    if value is None:
        return Token("opaque", shown, start, end)
    odd = len(shown) > 1 and shown[0] == "0" and shown[1].isdigit()
    return Token("number", shown, start, end, value, odd=odd)


@functools.lru_cache(maxsize=4096)
def literal_of(shown: str) -> Literal | None:
    """The number, or None for what is no number: a version, a date, too many digits."""
    base, _, exponent = shown.lower().partition("e")
    if len(base) > MOST_DIGITS or (exponent and abs(int(exponent)) > 300):
        return None
    power = Fraction(10) ** int(exponent or 0)
    if base.startswith("."):
        base = f"0{base}"
    english = _PLAIN.fullmatch(base) or _THOUSANDS.fullmatch(base)
    european = ("," in base or base.count(".") == 1) and _EUROPEAN.fullmatch(base)
    other = None
    if european and ("," in base or len(base.partition(".")[2]) == 3):
        other = Fraction(base.replace(".", "").replace(",", ".")) * power
    if english:
        plain = base.replace(",", "")
    elif other is not None:
        plain = base.replace(".", "").replace(",", ".")
    else:
        return None
    decimals = len(plain.partition(".")[2])
    value = Fraction(plain) * power
    return Literal(value, other, power / 10**decimals, decimals, False, shown)


def _latex(name: str, start: int, end: int) -> Token | None:
    if name in ("frac", "dfrac", "tfrac", "cfrac"):
        return Token("fraction", name, start, end)
    if name == "sqrt":
        return Token("root", name, start, end)
    if name in ("%",):
        return Token("percent", name, start, end)
    if name in _SILENT or name in "()[],;!: $&{}":
        return None
    if name == "\\":
        return Token("break", "\n", start, end)
    form = _LATEX.get(name)
    if form is None:
        return Token("word", name, start, end, variable=True)
    return Token("relation" if form in "≈=" else "operator", form, start, end)


def _sign(text: str, shown: str, start: int, end: int) -> Token | None:
    if shown in _OPERATORS:
        tight = not (text[start - 1 : start].isspace() or text[end : end + 1].isspace())
        return Token("operator", _OPERATORS[shown], start, end, tight=tight)
    if shown in "%％":
        return Token("percent", "%", start, end)
    if shown in "$€£¥₹¢°&":
        return Token("word", "¢", start, end) if shown == "¢" else None
    if shown in "([{":
        return Token("open", shown, start, end)
    if shown in ")]}":
        return Token("shut", shown, start, end)
    if shown == "√":
        return Token("root", shown, start, end)
    if shown == "\n" and text[end : end + 200].lstrip(" \t\n&$*")[:1] in ("=", "≈"):
        return None  # a chain that goes on in the next line
    if shown in ",.\n":
        return Token("break", shown, start, end)
    return None


# Brackets ------------------------------------------------------------------------------------

_CLOSING = {"(": ")", "[": "]", "{": "}"}


@dataclass(slots=True)
class _Open:
    place: int
    relation: bool = False
    digits: bool = False
    words: bool = False


def _pair(tokens: list[Token]) -> None:
    """Pair brackets. A bracket without partner, or one around a whole statement, is a break."""
    stack: list[_Open] = []
    for place, token in enumerate(tokens):
        if token.kind == "open":
            stack.append(_Open(place))
        elif token.kind == "shut":
            if not stack or _CLOSING[tokens[stack[-1].place].text] != token.text:
                token.kind = "break"
                continue
            opened = stack.pop()
            first = tokens[opened.place]
            if opened.relation:
                first.kind = token.kind = "break"
            else:
                first.partner = place
                first.digits = opened.digits
                inside = tokens[opened.place + 1]
                first.remark = not opened.digits or opened.words or inside.kind == "shut"
            if stack:
                stack[-1].relation |= opened.relation
                stack[-1].digits |= opened.digits
        elif stack:
            stack[-1].relation |= token.kind == "relation"
            stack[-1].digits |= token.kind in ("number", "vulgar")
            stack[-1].words |= token.kind == "break" or (
                token.kind == "word" and not stack[-1].digits
            )
    for opened in stack:
        tokens[opened.place].kind = "break"
