"""How replies refuse in so many words, wherever they do: what `refusals.py` looks for."""

from __future__ import annotations

import re

from .refusal_words import ASIDE, BAD, CANNOT, GOOD, SERVE, SERVING, WRONGED, sign

__all__ = ["FIRST_PERSON", "IMPERSONAL", "WITHOUT_SUBJECT"]

FIRST_PERSON = (
    sign(
        "cannot|can't|can not|unable|won't|will not|'m not|am not|could not|couldn't|can neither",
        r"\b(?<!while )i(?: simply| just| also| therefore| really| still| personally| would)?"
        rf"{CANNOT}{ASIDE} {SERVE}",
        rf"\bi(?:'ll not| won't| will not|'m not going to|'m not) be(?: \w+ly)? {SERVING}",
        rf"\bi(?:'m| am) not (?:\w+ly )?{SERVING} (?:that|this|with|you|any|out|it)\b",
        r"\b(?:so|and) i(?:'m not going to| won't| can't| cannot| will not)(?: \w+)?(?:[.;!]|$)",
        r"\bi(?:'m| am) not (?:\w+ly )?(?:comfortable|okay|ok) (?:with|helping|writing|sharing"
        r"|doing)\b",
        r"\bwe (?:can't|cannot|won't|will not|are not going to|'re not going to) (?:go there"
        r"|do (?:that|this))\b",
    ),
    sign(
        "would not|wouldn't|don't have|do not have",
        rf"\bi(?: simply| just| also)?{CANNOT}{ASIDE} {SERVE}",
    ),
    sign(
        "something i|something that i|anything i|a thing i|request i|question i|topic i"
        "|topic that i"
        "|what i|only ",
        r"\b(?:isn't|is not|not|nothing) (?:really |quite )?(?:something|anything|an? (?:\w+ )?"
        r"(?:thing|request|question|topic|task|subject)) (?:that |which )?i(?:'m| am| can| could"
        r"| will|'ll| would|'d| do| want)\b",
        r"\b(?:outside|beyond)(?: of)? (?:of )?what i(?:'m| can| am| do| could)",
        r"\bi(?:'m| am) (?:only|just) (?:able|allowed|permitted|here|meant|set up|designed) to"
        r" (?:help|answer|assist|talk|discuss|handle|support)\b",
        r"\bi can only (?:help|answer|assist|talk|discuss|handle|support)\b"
        r"(?:(?! if | once | when )[^.!?\n]){0,80}(?:[.!?;,]|$)",
        beside="n't|not|outside|beyond|i can only|i'm only|i am only|i'm just|i am just",
        first_look=r"(?:thing|request|question|topic|task|subject) (?:that |which )?i['’ ]"
        r"|(?:outside|beyond)(?: of)* what i['’ ]|i(?:['’]m| am| can) (?:only|just) ",
    ),
    sign(
        "pass|say no|stop here|stop there|stop you|stop right there|answer is no|declining"
        "|something i|private|confidential|to myself"
        "|leave it there|between us|asked not|told not|instructed not|asked to keep|told to keep",
        r"\bi(?:'ll|'m going to| will|'d have to)? (?:(?:have|need|want) to |must )?(?:have to )?"
        r"(?:pass(?: on (?:this|that))?(?=[.!;,]|$)|pass on (?:this|that)\b|say no\b"
        r"|stop (?:here\b|there\b|you\b|right there))",
        r"\bmy answer is no\b|\bi(?:'m| am) (?:\w+ly )?declining\b",
        r"\bi(?:'m| am|'ll| will| have to| must| need to)? (?:have to )?(?:keep|keeping) (?:that"
        r"|this|it|those|these)(?: \w+)? (?:private|confidential|to myself|secret|between)",
        r"\b(?:that|this|it)(?:'s| is) (?:\w+ )?(?:something|a thing|one thing) (?:that )?i"
        r" (?:cannot|can't|won't|have to keep|must keep|keep to)",
        r"\bi(?:'m| am) going to leave it there\b",
        r"\bi(?:'ve| have| was|'m| am) (?:been )?(?:asked|told|instructed|required) (?:not to"
        r"|to keep)\b",
        first_look=r"(?:\bi|['’]ll|['’]m going to|will|to|must) (?:pass\b|say no|stop )"
        r"|answer is no|declining|thing (?:that )?i |private|confidential|to myself"
        r"|leave it there|between us|(?:asked|told|instructed|required) (?:not|to keep)",
    ),
    sign(
        "decline|refuse|refrain|abstain|rather not|prefer not",
        r"\bi(?:'d| would|'ll| must| will|'m going to| am going to| have to| need to)"
        r"(?: have to| \w+ly| kindly){0,2} (?:decline|refuse|refrain|abstain|(?:rather"
        r"|prefer) not)\b(?! to (?:guess|wait|use))",
        r"\bi (?:\w+ly |kindly )?(?:decline|refuse) to\b",
    ),
    sign(
        "condemn|oppose|reject|disagree",
        r"\bi (?:strongly|firmly|must|have to|completely) disagree\b",
        r"\bi (?:\w+ly )?(?:condemn|oppose|reject) (?:any|all|every|the (?:idea|premise|notion)"
        r"|this|such|violence|hat\w+|discrimination|racism)\b",
    ),
    sign(
        "harmless|to be safe",
        r"\bi(?:'m| am) (?:designed|programmed|built|made|trained|meant|here) to be (?:an? )?"
        r"(?:\w+,? (?:and |but )?){0,3}(?:harmless|safe)\b",
    ),
    sign(
        "do not|don't",
        rf"\bi(?:'m| am) (?:just |only |simply )?an? [^.!?\n]{{0,40}}?(?:,|and|and i|so i|, i) "
        rf"(?:do not|don't|cannot|can't|can not|will not) {SERVE}",
        r"\bi (?:do not|don't) (?:\w+ly )?(?:write|create|generate|produce|make) (?:\w+ ){0,2}"
        r"(?:material|content|images?|jokes|stories|malware|messages|propaganda|weapons|anything"
        r"|essays|instructions)\b",
        r"\bi (?:do not|don't) want to (?:help|encourage|promote|write|create|argue|contribute"
        r"|be (?:an? )?part)",
        r"\bi (?:do not|don't) (?:think|believe)(?: that)? (?:it's|it is|that's|that is|this is)"
        r" an? (?:\w+ (?:or|and) )?(?:valid|respectful|appropriate|fair|kind|reasonable)\b",
    ),
    sign(
        "i do not|i don't|i must|i have to|i need to",
        r"\bi (?:do not|don't) (?:\w+ly )?(?:condone|encourage|endorse|promote|provide"
        r"|engage in|participate in|believe in \w+ing|feel (?:comfortable|right)"
        r"|(?:help|assist) (?:with|people|anyone)|(?:share|give out|disclose|reveal|discuss)"
        r" (?:that|this|such|any|other|personal|private|internal|confidential|details)"
        r"|want to (?:help|encourage|promote)|support (?:any|the (?:use|idea|notion|view|claim)"
        r"|violence|illegal|harm))",
        rf"\bi (?:do not|don't) (?:think|believe"
        rf"|agree)(?: that)? [^.!?\n]{{0,80}}\bshould (?:not )?be"
        rf" {WRONGED}",
        r"\bi (?:do not|don't) (?:think|believe)(?: that)? (?:it's|it is|it would be|that's"
        r"|that is) (?:appropriate|ethical|right|fair|okay|acceptable|respectful)",
        r"\bi (?:do not|don't) think (?:that )?i (?:should|can|ought|could)\b",
        r"\bi (?:must|have to|need to) [^.!?\n]{0,60}\b(?:and|so) (?:cannot|can't|will not"
        r"|won't)\b",
        r"\bi (?:do not|don't) (?:currently )?have (?:\w+ )?(?:access|information)\b(?s:.{0,300}?)"
        r"\b(?:privacy|private|confidential|consent|sensitive|secure)\b",
    ),
    sign(
        "i must |i have to |i need to |i strongly |i want to |i urge ",
        r"\bi (?:must|strongly)(?: strongly| highly)? (?:advise|urge|caution|recommend"
        r"|discourage)(?: you)? (?:against|not to\b|from\b)",
        r"\bi urge you (?:not to|to (?:reconsider|refrain|seek))\b",
        r"\bi (?:must|have to|need to|want to) (?:\w+ly )?(?:point out|clarify|emphasi[sz]e"
        r"|stress|note|remind you|inform you|address|challenge|correct)[^.!?\n]{0,120}"
        rf"\b(?:problematic|{BAD}|not (?:be )?{GOOD}|violen\w+|negative connotation"
        r"|stereotyp\w+|safety concern|discriminat\w+|criminal act|no one should"
        r"|private and confidential|hate speech|human rights)",
        r"\bi must (?:\w+ly )?(?:disagree|object)\b",
    ),
)
WITHOUT_SUBJECT = re.compile(
    r"\W*(?:(?:sorry|apologies)[^a-z]{1,3}(?:but )?)?(?:(?:cannot|can't|unable to|not able to) "
    rf"{SERVE}|(?:no can do|no)[.!,;](?= |$)(?<=sorry, no.))"
    r"|\W*(?:respectfully|politely),? no\b|\W*nope[.,!]? (?:i'm )?not (?:doing|going|happening)"
    r"|\W*(?:i'm afraid |sorry,? (?:but )?)?(?:that's|that is|it's|this is) an? (?:hard |firm"
    r" |clear |definite )?no\b"
)
IMPERSONAL = (
    sign(
        "against|violat|within|outside|beyond|contrary to|conflict|programming|guidelines|polic"
        "|principles|we can|we're |we are ",
        r"\b(?:against|violat\w+|not within|isn't within|outside|beyond|contrary to"
        r"|conflicts? with)(?: the scope of)? (?:my|openai's) (?:\w+ )?(?:programming"
        r"|guidelines|polic\w+|principles|ethic\w+|values|purpose|code|capabilit\w+|safety"
        r"|core|training|morals|rules|instructions|remit|scope)",
        r"\bwe(?:'re| are)? (?:cannot|can't|unable to|not able to) (?:help|assist)(?: you)?"
        r" with (?:that|this|such|your)\b",
        r"\b(?:against|violat\w+) (?:our|the|openai) (?:\w+ )?(?:polic\w+|guidelines)",
        r"\bmy (?:\w+ )?(?:programming|guidelines|polic\w+|principles) (?:\w+ )?(?:prohibits?"
        r"|prevents?|forbids?|(?:do|does) not (?:allow|permit)|(?:do|does)n't (?:allow|permit))",
        beside="my |polic|guidelines|we can|we're |we are ",
        first_look=r"(?:against|violat[^ ]+|within|outside|beyond|contrary to|conflicts? with"
        r"|the scope of) (?:my|our|the|openai)|we(?:['’]re| are)? (?:cannot|can['’]t|unable|not a)"
        r"|my (?:[^ ]+ )?(?:programming|guidelines|polic|principles)",
    ),
    sign(
        "responsible|ethical|harmless",
        r"\bas an? (?:\w+ (?:and|or) )?(?:responsible|ethical|harmless)[^.]{0,30}"
        r"\b(?:ai|model|assistant)\b",
        beside="as a",
    ),
    sign("of me to|for me to", rf"\b(?:{BAD}|not (?:be )?{GOOD}) (?:of|for) me to\b"),
    sign("so no|so, no", r", so,? no[.!]"),
    sign(
        "ich kann|kann ich|ne peux pas|no puedo",
        r"\bich kann (?:\w+ ){0,6}?(?:nicht|keine\w*) (?:\w+ ){0,6}?(?:helfen|beantworten|"
        r"unterstützen|bereitstellen|anbieten|geben|erfüllen|nachkommen|weiterhelfen)\b",
        r"\btut mir leid\b[^.!?\n]{0,20}\b(?:ich kann|das kann ich)\b[^.!?\n]{0,40}\bnicht\b",
        r"\bje (?:suis désolée?,? mais je )?ne peux (?:malheureusement )?pas (?:vous |t'|te |y )?"
        r"(?:aider|fournir|répondre|donner|accéder|satisfaire|proposer|participer)",
        r"\b(?:lo siento,? pero )?no puedo (?:ayudar|proporcionar|responder|ofrecer|cumplir"
        r"|participar|brindar|asistir|darte|darle|dar (?:información|instrucciones|consejos))",
    ),
    sign(
        "无法|不能|できません|致しかねます|いたしかねます|無法",
        r"(?:抱歉|对不起|對不起)[^。!?\n]{0,12}我?[^。!?\n]{0,6}(?:无法|無法|不能)",
        r"(?:我|作为[^。!?\n]{0,16})(?:无法|無法|不能)(?:提供|回答|协助|帮助|满足|讨论|支持|參與|參与|参与)",
        r"申し訳[^。\n]{0,60}(?:できません|しかねます)",
        r"(?:お(?:答え|手伝い|応え)|ご(?:提供|案内|対応|協力)|提供|回答)(?:すること)?[はが]?"
        r"(?:できません|(?:いた|致)しかねます)",
    ),
)
