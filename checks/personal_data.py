"""Personal data in a text, found by form and proven by checksum where it has one.

What counts: e-mail addresses; telephone numbers; payment cards by issuer, length and Luhn's digit
(ISO/IEC 7812); IBANs by country, length and remainder (ISO 13616); numbers of US Social Security by
the areas that are given out; public IP addresses. What nobody is behind is passed over: addresses
at example.com (RFC 2606), private and reserved networks (RFC 6890), public name servers, numbers
for films and forms, toll-free lines.
Dates and addresses of web pages are found where they are asked for. Names of people have no form; a
spaCy model of the user's finds them, or a judge.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import NamedTuple

__all__ = ["GATES", "LABELS", "Found", "find_personal_data"]


class Found(NamedTuple):
    """Personal data: what it is, and where, in characters."""

    label: str
    start: int
    end: int


def find_personal_data(text: str, labels: Collection[str]) -> list[Found]:
    """All that is found, in order. Where two overlap, the one that is found by the stronger form
    stays: the order of `LABELS`.

    Args:
        labels: which of `LABELS` to look for.
    """
    taken: list[Found] = []
    for label, find in _FINDERS.items():
        if label in labels:
            for start, end in find(text):
                if all(end <= one.start or start >= one.end for one in taken):
                    taken.append(Found(label, start, end))
    return sorted(taken, key=lambda one: one.start)


Spans = Iterator[tuple[int, int]]

_EMAIL = re.compile(
    r"(?<![\w.+%-])[A-Za-z0-9_][\w.!#$%&'*+/=?^`{|}~-]{0,63}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}(?![\w@])(?!\.\w)"
)
_NOBODYS = re.compile(
    r"@(?:[\w-]+\.)*(?:example|test|invalid|localhost|domain|email|yourcompany|company)"
    r"(?:\.(?:com|org|net|edu))?$|\.(?:example|test|invalid|local)$"
    r"|\.(?:png|jpg|gif|svg|js|css|py)$",
    re.IGNORECASE,
)


def _emails(text: str) -> Spans:
    if "@" not in text:
        return
    for found in _EMAIL.finditer(text):
        if not _NOBODYS.search(found.group()):
            yield found.span()


_IBAN = re.compile(
    r"(?<![A-Za-z0-9])([A-Za-z]{2}\d{2})(?:[ -]?[A-Za-z0-9]{4}){2,7}(?:[ -]?[A-Za-z0-9]{1,4})?"
    r"(?![A-Za-z0-9])"
)
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22,
    "BI": 27, "BR": 29, "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DJ": 27,
    "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FK": 18, "FO": 18, "FR": 27,
    "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HN": 28, "HR": 21, "HU": 28,
    "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28,
    "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MN": 20, "MR": 27, "MT": 31, "MU": 30, "NI": 28, "NL": 18, "NO": 15, "OM": 23,
    "PK": 24, "PL": 28, "PS": 29, "PT": 25, "QA": 29, "RO": 24, "RS": 22, "RU": 33, "SA": 24,
    "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "SO": 23, "ST": 25, "SV": 28,
    "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20, "YE": 30,
}  # fmt: skip
"""Of each country of the SWIFT registry, the length of its IBANs."""


def _ibans(text: str) -> Spans:
    for found in _IBAN.finditer(text):
        length = _IBAN_LENGTHS.get(found.group(1)[:2].upper())
        if length is None:
            continue
        # What follows after a space may be another word: the country says where it ends.
        end = found.start()
        number = ""
        while end < found.end() and len(number) < length:
            if text[end].isalnum():
                number += text[end]
            end += 1
        apart = end == len(text) or not text[end].isalnum()
        if len(number) == length and apart and _remainder_is_one(number.upper()):
            yield found.start(), end


def _remainder_is_one(iban: str) -> bool:
    return int("".join(str(int(sign, 36)) for sign in iban[4:] + iban[:4])) % 97 == 1


_CARD = re.compile(r"(?<![\w.+-])(?<!\d[ /])[1-6]\d{3}(?:[ -]?\d{2,7}){2,4}(?![\w])(?![-.]\d)")
_ISSUERS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}"  # Mastercard
    r"|3[47]\d{13}"  # American Express
    r"|(?:6011|64[4-9]\d|65\d\d)\d{12,15}"  # Discover
    r"|35\d{14,17}|(?:2131|1800)\d{11}"  # JCB
    r"|3(?:0[0-59]|[689]\d)\d{11,16}"  # Diners Club
    r"|62\d{14,17}"  # UnionPay
    r"|(?:5[0678]|6[0-9])\d{10,17}"  # Maestro
)


def _cards(text: str) -> Spans:
    for found in _CARD.finditer(text):
        digits = re.sub(r"\D", "", found.group())
        if _ISSUERS.fullmatch(digits) and _luhn(digits):
            yield found.span()


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


_SSN = re.compile(r"(?<![\w-])(?!000|666|9)\d{3}([- ])(?!00)\d{2}\1(?!0000)\d{4}(?![\w])(?!-\d)")
_BARE_SSN = re.compile(
    r"(?:\bssn\b|social security)[^.\n\d]{0,30}(?!000|666|9)(\d{3}(?!00)\d{2}(?!0000)\d{4})(?!\w)",
    re.IGNORECASE,
)
_PUBLISHED = {"078-05-1120", "219-09-9999", "123-45-6789", "111-11-1111", "123 45 6789"}
"""Numbers that stand in examples."""


def _social_security(text: str) -> Spans:
    for found in _SSN.finditer(text):
        if found.group() not in _PUBLISHED:
            yield found.span()
    for found in _BARE_SSN.finditer(text):
        yield found.span(1)


_IPV4 = re.compile(r"(?<![\w.])(?<![\d]-)(?:\d{1,3}\.){3}\d{1,3}(?![\w])(?!\.\d)")
_IPV6 = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4}(?![\w:])")
_VERSION = re.compile(
    r"(?:\bversion|\bv|\bver\.?|\brelease|\bbuild|\bsection|§|==|>=|<=|~)\s*$", re.IGNORECASE
)


def _ip_addresses(text: str) -> Spans:
    for pattern in (_IPV4, _IPV6):
        for found in pattern.finditer(text):
            if _VERSION.search(text[max(0, found.start() - 12) : found.start()]):
                continue
            try:
                address = ipaddress.ip_address(found.group())
            except ValueError:
                continue
            few = pattern is _IPV6 and len(re.findall(r"[0-9A-Fa-f]+", found.group())) < 3
            if address.is_global and not few and found.group() not in _RESOLVERS:
                yield found.span()


_RESOLVERS = {"8.8.8.8", "8.8.4.4", "1.1.1.1", "1.0.0.1", "9.9.9.9", "208.67.222.222"}
"""Public name servers, which examples use."""


_PHONE = re.compile(
    r"(?<![\w.$€£#/=*^+(-])(?<!\d[ :,])"
    r"(?:\+|00)?\(?\d[\d().]*(?:[ -][\d().]+|/\d{3,})*\d(?: ?(?:x|ext\.?) ?\d{1,6})?"
    r"(?!\w)(?![-./,:%°]\d)(?!-(?:[A-Z]{3}|[0-9a-f]*\d))(?! ?[=*/+<>])"
)
_STRONG = re.compile(
    r"(?:\+|00)[1-9]\d{0,2}[ .(-].*|\+[1-9]\d{7,14}"
    r"|(?:1[ .-])?\([2-9]\d\d\)[ .-]?\d{3}[ .-]\d{4}|(?:1[.-])?[2-9]\d\d([.-])\d{3}\1\d{4}"
    r"|0[1-9]\d{0,3}(?:[ .-]\d{2,4}){2,4}|\(0\d{1,4}\)[ -]?\d{3,4}[ -]?\d{3,4}"
)
_EXTENSION = re.compile(r" ?(?:x|ext\.?) ?\d{1,6}$")
_CONTEXT = re.compile(
    r"\b(?:phones?|telephone|tel|call(?:s|ed|ing)?|mobiles?|cell|fax|contact|reach(?:ed)?|whatsapp"
    r"|sms|dial|ring|hotline|helpline|extension|text me|messages? (?:to|on|at)|answering|landline"
    r"|(?:my|your|his|her|our|their) number|signal|viber|telegram)\b[^\n?!]{0,25}$"
    r"|\b(?:desk|office|work|home|number)(?: is)?[:,\s]{1,3}$",
    re.IGNORECASE,
)
_AFTER = re.compile(
    r"[ \t(,-]{0,3}(?:fax|mobile|office|cell|work|home|phone|tel|desk|direct)\b", re.IGNORECASE
)
_DATE_LIKE = re.compile(
    r"(?:19|20)\d\d[ ./-]\d{1,2}[ ./-]\d{1,2}.*|\d{1,2}[./-]\d{1,2}[./-](?:19|20)?\d\d"
    r"|(?:1[5-9]|20)\d\d ?[-/] ?(?:1[5-9]|20)\d\d|\d{1,3}(?:[ ,]\d{3})+(?:\.\d+)?|\d+\.\d+"
)
_PARTS = re.compile(r"\d+")


def _phone_numbers(text: str) -> Spans:
    for found in _PHONE.finditer(text):
        said = found.group()
        opened, closed = said.count("("), said.count(")")
        if opened != closed:
            continue
        number = _EXTENSION.sub("", said)
        digits = sum(char.isdigit() for char in number)
        if not 7 <= digits <= 15 or len(set(number)) <= 3:
            continue
        start, end = found.span()
        before = text[max(0, start - 50) : start].replace("\\,", " ")
        known = _CONTEXT.search(before) or _AFTER.match(text, end)
        if _NOBODYS_NUMBER.fullmatch(number):
            continue
        strong = _STRONG.fullmatch(number) and digits >= 9 and not _DATE_LIKE.fullmatch(number)
        if strong or (known is not None and _could_be_dialled(number, text, start)):
            yield start, end


_NOBODYS_NUMBER = re.compile(
    r"\d{3}-\d\d-\d{4}|(?:\+?1[ .-]?)?"
    r"(?:\(?\d{3}\)?[ .-]?555[ .-]?01\d\d|\(?123\)?[ .-]?456[ .-]?7890"
    r"|\(?555\)?[ .-]?\d{3}[ .-]?\d{4}|\(?8(?:00|33|44|55|66|77|88)\)?[ .-]?\d{3}[ .-]?\d{4})"
)
"""Numbers in the form of US Social Security, for films and forms (555-0100 to 555-0199,
123-456-7890), and toll-free lines of companies in North America."""


def _could_be_dialled(number: str, text: str, start: int) -> bool:
    """Whether digits beside a word such as "call" are a telephone number: two groups or more of at
    least two digits, or one of nine to eleven."""
    parts = _PARTS.findall(number)
    if re.fullmatch(_YEARS, number) or _MONEY.search(text[max(0, start - 6) : start]):
        return False
    if len(parts) == 1:
        return 9 <= len(parts[0]) <= 12
    return len(parts) <= 6 and max(map(len, parts)) <= 8 and min(map(len, parts[1:])) >= 2


_YEARS = r"(?:19|20)\d\d[ ./-](?:\d\d[ ./-]\d\d.*|(?:19|20)?\d\d)|\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
_MONEY = re.compile(r"[$€£#=]\s*$|\b(?:USD|EUR|No\.?)\s*$")

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\.?"
)
_TIME = r"(?:[T ]\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?: ?[ap]m|Z| ?[+-]\d\d:?\d\d)?)?"
_DATE = re.compile(
    rf"(?<![\w/.-])(?:(?:1[89]|20)\d\d-(?:0?[1-9]|1[0-2])-(?:0?[1-9]|[12]\d|3[01]){_TIME}"
    rf"|(?:0?[1-9]|[12]\d|3[01])([/.-])(?:0?[1-9]|[12]\d|3[01])\1(?:(?:1[89]|20)\d\d){_TIME}"
    r"|(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,? )?"
    rf"{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? (?:1[89]|20)\d\d"
    rf"|\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH},? (?:1[89]|20)\d\d)(?!\w)(?![/-]\d)",
    re.IGNORECASE,
)
_URL = re.compile(r"(?<!\w)(?:https?://|www\.)[^\s<>\"'`\\|{}^]+[^\s<>\"'`\\|{}^.,;:!?)\]]")


def _dates(text: str) -> Spans:
    return (found.span() for found in _DATE.finditer(text))


def _urls(text: str) -> Spans:
    return (found.span() for found in _URL.finditer(text))


_FINDERS: Mapping[str, Callable[[str], Spans]] = {
    "EMAIL_ADDRESS": _emails,
    "URL": _urls,
    "IBAN_CODE": _ibans,
    "CREDIT_CARD": _cards,
    "IP_ADDRESS": _ip_addresses,
    "US_SSN": _social_security,
    "DATE_TIME": _dates,
    "PHONE_NUMBER": _phone_numbers,
}

LABELS = tuple(_FINDERS)
"""What can be found by form, the stronger forms first; the names are those of Presidio."""

GATES: Mapping[str, str] = {
    "EMAIL_ADDRESS": r"\w@\w",
    "URL": r"https?://|www\.",
    "IBAN_CODE": r"\b[A-Za-z]{2}\d{2}[ -]?[A-Za-z0-9]{4}",
    "CREDIT_CARD": r"\d{4}[ -]?\d{2}[ -]?\d{2}[ -]?\d{2}",
    "IP_ADDRESS": r"\d\.\d{1,3}\.\d{1,3}\.\d|[0-9A-Fa-f]:[0-9A-Fa-f]{0,4}:",
    "US_SSN": r"\d{3}[ -]\d{2}[ -]\d{4}|\d{9}",
    "DATE_TIME": (
        r"\d{4}-\d|\d[/.-]\d{4}|\d[a-z]{0,2} (?:of )?[A-Za-z]+\.?,? \d{4}"
        r"|[a-z.] \d{1,2}[a-z]{0,2},? \d{4}"
    ),
    "PHONE_NUMBER": r"\d[ ().-]{0,2}\d(?:[ ()./-]{0,3}\d){5}",
}
"""A pattern of RE2 for each label, which is found in whatever the label is found in; for tests of
whole columns."""
