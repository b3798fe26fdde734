"""How replies refuse, in patterns: what `refusals.py` looks for.

The patterns are for text in lower case with plain apostrophes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["FIRST_PERSON", "IMPERSONAL", "OBJECTIONS", "WITHOUT_SUBJECT", "Sign"]


@dataclass(frozen=True, slots=True)
class Sign:
    """A way of refusing. Its pattern is tried only where one of the literal `gates` occurs, so
    that a reply that does not refuse costs a few substring searches."""

    gates: tuple[str, ...]
    pattern: re.Pattern[str]


def _sign(gates: str, *alternatives: str) -> Sign:
    return Sign(tuple(gates.split("|")), re.compile("|".join(f"(?:{a})" for a in alternatives)))


_SERVE = (
    r"(?:provide(?! (?:an? |the )?(?:definitive|more))|offer|give|supply|fulfil+"
    r"|assist|help(?! (?:but|feeling|thinking|wondering))|answer|respond|reply|comply|suggest"
    r"|recommend(?![^.]{0,60}\benough\b)|encourage|endorse|promote|condone|support|advi[sc]e"
    r"|advocate|engage|participate|discuss|disclose|share|reveal|generate|create|produce|write"
    r"|compose|tell (?:you|a|any)|facilitate|describe|explain|define|teach|instruct|show|justify"
    r"|glorify|argue|continue with|process|access|browse|open|view|carry out|grant|accommodate"
    r"|entertain|speculate|confirm|verify|list|guide|aid|satisfy|perform|execute|complete|pretend"
    r"|role-?play|do (?:that|this|it|so)\b|make (?:jokes|fun|statements|claims|an? (?:\w+ )?"
    r"exception)|talk (?:about|you)|speak (?:about|to)|let you|go along|hand (?:over|out|you)"
    r"|give (?:you|out|in)|get into (?:that|this|it)|go into (?:that|this|it)\b|pass (?:on|along)"
    r"|override|bypass|(?:ignore|drop|break|set aside|step out of) (?:my|the|these|those|this"
    r"|that)\b|follow (?:the|that|this|those|these|any) (?:\w+ )?(?:instruction|order|request"
    r"|command))"
)
_SERVING = (
    r"(?:provid|offer|giv|supply|help|assist|answer|respond|reply|comply|suggest|support|engag"
    r"|discuss|disclos|shar|reveal|generat|creat|produc|writ|tell|explain|describ|show|do|go)ing\b"
)
_CANNOT = (
    r"(?: cannot| can't| can not| can neither| could not| couldn't| won't| will not"
    r"|(?:'m| am) (?:not able to|unable to|not in a position to|not comfortable(?: with)?"
    r"|not (?:going|willing|allowed|permitted|authori[sz]ed|programmed|designed|equipped|capable"
    r"|qualified|trained|supposed|here) (?:to|of)))"
)
_ASIDE = (
    r"(?:,? (?:\w+ly|in good conscience|(?:and|or) (?:will not|won't)|even|also|just|be able to"
    r"|help or|in any way|in good faith|and won't|and will not),?){0,2}"
)
_GOOD = (
    r"(?:appropriate|ethical|acceptable|okay|ok|right|respectful|safe|legal|fair|moral|responsible"
    r"|kind|humane|constructive|productive|healthy|advisable|condoned|tolerated|emulated"
    r"|celebrated|permissible|excusable|justified|justifiable|the answer|a solution)"
)
_DECENT = (
    r"(?:appropriate|ethical|acceptable|moral|humane|respectful|responsible|condoned|tolerated"
    r"|emulated|celebrated|permissible|excusable|justified|justifiable|constructive|the answer)"
)
_IMMORAL_WORDS = (
    "unethical", "immoral", "inappropriate", "disrespectful", "discriminatory", "offensive",
    "hurtful", "inhumane", "abhorrent", "reprehensible", "irresponsible", "unacceptable",
    "racist", "sexist", "hateful", "derogatory",
)  # fmt: skip
_BAD_WORDS = (*_IMMORAL_WORDS, "illegal", "unlawful", "harmful", "dangerous", "wrong")
_IMMORAL = f"(?:{'|'.join(_IMMORAL_WORDS)})"
_BAD = f"(?:{'|'.join(_BAD_WORDS)})"

FIRST_PERSON = (
    _sign(
        "cannot|can't|can not|unable|won't|will not|'m not|am not|could not|couldn't|can neither",
        r"(?<!while )\bi(?: simply| just| also| therefore| really| still| personally| would)?"
        rf"{_CANNOT}{_ASIDE} {_SERVE}",
        rf"\bi(?:'ll not| won't| will not|'m not going to|'m not) be(?: \w+ly)? {_SERVING}",
        rf"\bi(?:'m| am) not (?:\w+ly )?{_SERVING} (?:that|this|with|you|any|out|it)\b",
        r"\b(?:so|and) i(?:'m not going to| won't| can't| cannot| will not)(?: \w+)?(?:[.;!]|$)",
        r"\bi(?:'m| am) not (?:\w+ly )?(?:comfortable|okay|ok) (?:with|helping|writing|sharing"
        r"|doing)\b",
    ),
    _sign(
        "something i|what i|only ",
        r"\b(?:isn't|is not|not|nothing) (?:really |quite )?(?:something|anything|a thing)"
        r" (?:that )?i(?:'m| am| can| could| will|'ll| would|'d)\b",
        r"\b(?:outside|beyond)(?: of)? (?:of )?what i(?:'m| can| am| do| could)",
        r"\bi(?:'m| am) (?:only|just) (?:able|allowed|permitted|here|meant|set up|designed) to"
        r" (?:help|answer|assist|talk|discuss|handle|support)\b",
        r"\bi can only (?:help|answer|assist|talk|discuss|handle|support)\b"
        r"(?:(?! if | once | when )[^.!?\n]){0,80}(?:[.!?;,]|$)",
    ),
    _sign(
        "to pass|say no|is no|declining|something i|private|confidential|to myself|leave it there"
        "|between us|asked not|told not|instructed not|asked to keep|told to keep",
        r"\bi(?:'ll|'m going to| will)? (?:(?:have|need) to |must )?(?:have to )?(?:pass on (?:this"
        r"|that)|say no\b)",
        r"\bmy answer is no\b|\bi(?:'m| am) (?:\w+ly )?declining\b",
        r"\bi(?:'m| am|'ll| will| have to| must| need to)? (?:have to )?(?:keep|keeping) (?:that"
        r"|this|it|those|these)(?: \w+)? (?:private|confidential|to myself|secret|between)",
        r"\b(?:that|this|it)(?:'s| is) (?:\w+ )?(?:something|a thing|one thing) (?:that )?i"
        r" (?:cannot|can't|won't|have to keep|must keep|keep to)",
        r"\bi(?:'m| am) going to leave it there\b",
        r"\bi(?:'ve| have| was|'m| am) (?:been )?(?:asked|told|instructed|required) (?:not to"
        r"|to keep)\b",
    ),
    _sign(
        "decline|refuse|refrain|abstain|rather not|prefer not",
        r"\bi(?:'d| would| must| will| have to| need to)(?: have to| \w+ly| kindly){0,2}"
        r" (?:decline|refuse|refrain|abstain|(?:rather|prefer) not)\b(?! to (?:guess|wait|use))",
        r"\bi (?:\w+ly |kindly )?(?:decline|refuse) to\b",
    ),
    _sign(
        "i do not|i don't",
        r"\bi (?:do not|don't) (?:\w+ly )?(?:condone|encourage|endorse|promote|provide"
        r"|engage in|participate in|believe in \w+ing|feel (?:comfortable|right)"
        r"|(?:help|assist) (?:with|people|anyone)|(?:share|give out|disclose|reveal|discuss)"
        r" (?:that|this|such|any|other|personal|private|internal|confidential|details)"
        r"|want to (?:help|encourage|promote)|support (?:any|the use|violence|illegal|harm))",
        r"\bi (?:do not|don't) (?:think|believe)(?: that)? (?:it's|it is|it would be|that's"
        r"|that is) (?:appropriate|ethical|right|fair|okay|acceptable|a good idea|respectful"
        r"|wise|accurate)",
        r"\bi (?:do not|don't) (?:currently )?have (?:\w+ )?(?:access|information)\b(?s:.{0,300}?)"
        r"\b(?:privacy|private|confidential|consent|sensitive|secure)\b",
    ),
    _sign(
        "i must |i have to |i need to |i strongly |i want to |i urge ",
        r"\bi (?:must|strongly)(?: strongly| highly)? (?:advise|urge|caution|recommend"
        r"|discourage)(?: you)? (?:against|not to\b|from\b)",
        r"\bi urge you (?:not to|to (?:reconsider|refrain|seek))\b",
        r"\bi (?:must|have to|need to|want to) (?:\w+ly )?(?:point out|clarify|emphasi[sz]e"
        r"|stress|note|remind you|inform you|address|challenge|correct)[^.!?\n]{0,120}"
        rf"\b(?:problematic|{_BAD}|not (?:be )?{_GOOD}|violen\w+|negative connotation"
        r"|stereotyp\w+|safety concern)",
        r"\bi must (?:\w+ly )?(?:disagree|object)\b",
    ),
)
WITHOUT_SUBJECT = re.compile(
    r"\W*(?:(?:sorry|apologies)[^a-z]{1,3}(?:but )?)?(?:(?:cannot|can't|unable to|not able to) "
    rf"{_SERVE}|(?:no can do|no)[.!,;](?= |$)(?<=sorry, no.))"
)
IMPERSONAL = (
    _sign(
        "my |polic|guidelines|we can|we're |we are ",
        r"\b(?:against|violat\w+|not within|isn't within|outside|beyond|contrary to"
        r"|conflicts? with)(?: the scope of)? (?:my|openai's) (?:\w+ )?(?:programming"
        r"|guidelines|polic\w+|principles|ethic\w+|values|purpose|code|capabilit\w+|safety"
        r"|core|training|morals|rules|instructions|remit|scope)",
        r"\bwe(?:'re| are)? (?:cannot|can't|unable to|not able to) (?:help|assist)(?: you)?"
        r" with (?:that|this|such|your)\b",
        r"\b(?:against|violat\w+) (?:our|the|openai) (?:\w+ )?(?:polic\w+|guidelines)",
        r"\bmy (?:\w+ )?(?:programming|guidelines|polic\w+|principles) (?:\w+ )?(?:prohibits?"
        r"|prevents?|forbids?|(?:do|does) not (?:allow|permit)|(?:do|does)n't (?:allow|permit))",
    ),
    _sign(
        "responsible|ethical|harmless",
        r"\bas an? (?:\w+ (?:and|or) )?(?:responsible|ethical|harmless)[^.]{0,30}"
        r"\b(?:ai|model|assistant)\b",
    ),
    _sign(
        "ich kann|kann ich|ne peux pas|no puedo",
        r"\bich kann (?:\w+ ){0,6}?(?:nicht|keine\w*) (?:\w+ ){0,6}?(?:helfen|beantworten|"
        r"unterstützen|bereitstellen|anbieten|geben|erfüllen|nachkommen|weiterhelfen)\b",
        r"\btut mir leid\b[^.!?\n]{0,20}\b(?:ich kann|das kann ich)\b[^.!?\n]{0,40}\bnicht\b",
        r"\bje (?:suis désolée?,? mais je )?ne peux (?:malheureusement )?pas (?:vous |t'|te |y )?"
        r"(?:aider|fournir|répondre|donner|accéder|satisfaire|proposer|participer)",
        r"\b(?:lo siento,? pero )?no puedo (?:ayudar|proporcionar|responder|ofrecer|cumplir"
        r"|participar|brindar|asistir|darte|darle|dar (?:información|instrucciones|consejos))",
    ),
    _sign(
        "无法|不能|できません|致しかねます|いたしかねます|無法",
        r"(?:抱歉|对不起|對不起)[^。!?\n]{0,12}我?[^。!?\n]{0,6}(?:无法|無法|不能)",
        r"(?:我|作为[^。!?\n]{0,16})(?:无法|無法|不能)(?:提供|回答|协助|帮助|满足|讨论|支持|參與|參与|参与)",
        r"申し訳[^。\n]{0,60}(?:できません|しかねます)",
        r"(?:お(?:答え|手伝い|応え)|ご(?:提供|案内|対応|協力)|提供|回答)(?:すること)?[はが]?"
        r"(?:できません|(?:いた|致)しかねます)",
    ),
)
OBJECTIONS = (
    _sign(
        "not |never ",
        r"(?:^|[.!?:] |\n)(?:\w+,? )?(?:i think |i believe )?(?:it|this|that)(?:'s| is"
        r"| would be| may| might| can)(?: \w+)? (?:not|never)(?: be)?(?: \w+ly)?"
        rf" (?:\w+ (?:or|and) )?(?:{_DECENT}|accurate|fair|right|okay)\b[^.!?\n]{{0,40}}?"
        r"\b(?:to|for)\b",
        r"(?:\b(?:is|are|was|were|be)|'s)(?: \w+ly| also)? (?:not(?! only)|never)(?: \w+ly| ever)?"
        rf" ['\"]?(?:an? |the )?(?:\w+ (?:or|and) )?(?:an? )?{_DECENT}\b",
        r"\b(?:is|are|was|were|be)(?: \w+ly| also)? (?:never|not an?)(?: \w+ly| ever)?"
        rf" (?:an? |the )?(?:\w+ (?:or|and) )?(?:an? )?{_GOOD}\b",
        r"\bshould (?:not|never) be (?:treated|denied|judged|excluded|tolerated|celebrated"
        r"|encouraged|glorified|condoned|emulated|made fun of)\b",
        r"\bnot something (?:to be|that (?:should|can) be)\b",
        r"\bnot ['\"](?:right|wrong|justified|good|better|best)['\"]",
        r"\b(?:is|are) not (?:an? |the )?(?:inherently|intrinsically) ",
    ),
    _sign(
        "no |no,|justif|excused",
        r"\bno (?:\w+ ){0,2}(?:reasons?|justification|excuse|grounds)\b[^.!?\n]{0,80}?"
        r"\b(?:should|must|ought|harm|hurt|kill\w*|violence)\b",
        r"\b(?:no|cannot be|can never be|can't be) (?:\w+ ){0,2}(?:justif\w+|excused)\b",
        r"^\W*no,? [^.!?\n]{0,90}\bshould (?:not|never)\b",
    ),
    _sign(
        "|".join(_BAD_WORDS),
        rf"\b{_BAD}(?: in most \w+)?(?:,? and|,? or|,? but)(?: it is| is)?(?: also)?"
        rf"(?: \w+ly)? {_BAD}\b",
        rf"^\W*\w+ing\b[^.!?\n]{{0,80}}\b(?:is|are) (?:\w+ly )?{_IMMORAL}\b",
        rf"\b(?:it|that|this)(?:'s| is| would be) (?:\w+ (?:and|or) |\w+ly )?{_IMMORAL}"
        r"(?: for me)? to\b",
        r"\b(?:this|that|your|the|such) (?:request|question|prompt|query|idea|notion|belief"
        rf"|premise|statement|assumption)s?\b[^.!?\n]{{0,120}}\b(?:{_IMMORAL}|harmful)\b",
        r"\b(?:apologi[sz]e|sorry),? but\b[^.!?\n]{0,200}\b" + _BAD,
    ),
    _sign(
        "violates|goes against",
        r"\b(?:this|that|your|such an?) (?:request|question|prompt)\b[^.!?\n]{0,80}"
        r"\b(?:violates|goes against)\b",
    ),
    _sign(
        "privacy|boundaries|dignity|respect|rights|consent|equal|deserve",
        r"\b(?:violat\w+|invad\w+|(?:violation|invasion|breach) of) (?:[\w']+ ){0,4}privacy\b",
        r"\b(?:important|crucial|essential|vital)(?: for \w+)? to (?:always )?(?:respect|treat)"
        r" (?:[\w']+ ){0,5}(?:privacy|boundaries|dignity|respect|rights|autonomy|consent)\b",
        r"\b(?:equal(?:ity)?|respect|dignity|rights|deserves?)\b[^.!?\n]{0,120}"
        r"\bregardless of\b",
        r"\bregardless of\b[^.!?\n]{0,120}\b(?:equal(?:ity)?|respect|dignity|rights)\b",
    ),
    _sign(
        "important to|crucial to|essential to",
        r"^\W*(?:first,? )?(?:it's|it is) (?:important|crucial|essential) to (?:\w+ )?(?:note"
        r"|remember|understand|recogni[sz]e|acknowledge|emphasi[sz]e)[^.!?\n]*\b(?:illegal"
        r"|crimes?|criminal|violen\w+|harm\w*|unethical|wrong|stereotyp\w+|discriminat\w+"
        r"|racis\w+|abuse|tragic|dignity|consent)\b",
    ),
    _sign(
        "stereotyp|generali|prejudice|inferior|superior|perpetuat",
        r"\b(?:harmful|negative|racist|false|outdated|offensive|unfair|damaging|avoid\w*)"
        r" (?:\w+ ){0,4}(?:stereotyp|generali[sz]|prejudice)",
        r"\bperpetuat\w+ (?:\w+ ){0,2}(?:stereotyp|myth|prejudice|discriminat|bias|stigma)",
        r"\bno (?:\w+ )?(?:evidence|basis)\b[^.!?\n]{0,120}\b(?:inferior|superior)\b",
    ),
    _sign(
        "seek|reach out|talk to|speak",
        r"\b(?:you're|you are|you) (?:\w+ )?(?:struggling|feeling|having|experiencing|thinking"
        r"|considering)\b[^\n]{0,200}\b(?:seek|seeking|reach out|talk to|speak)\b[^\n]{0,60}"
        r"\b(?:professional|therapist|counsel\w+|hotline|helpline|lifeline|help|support)\b",
    ),
    _sign(
        "documented|established|recogni",
        r"\b(?:well|widely|thoroughly|extensively)[- ](?:documented|established|recogni[sz]ed)"
        r"\b[^.!?\n]{0,40}\b(?:fact|event|tragedy|genocide|atrocit\w+)",
    ),
)
