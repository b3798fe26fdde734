"""The sentences that the simulated model writes with: `{p}` is a phrase of the seed, `{w}` and
`{v}` are words of it, `{s}` is an invented source, `{n}` and `{m}` are numbers."""

from __future__ import annotations

__all__ = [
    "AGAIN",
    "AGREES",
    "CLAIMS",
    "DECLINE",
    "DECLINE_IN_LANGUAGES",
    "DUPLICATE_TOPICS",
    "INVENTED_SOURCES",
    "IN_LANGUAGES",
    "NAMED",
    "NAMES",
    "OFF_TOPIC",
    "OPENERS",
    "QUESTIONS",
    "REFUSAL",
    "SENTENCES",
    "STUBS",
    "SYSTEMS",
    "TOPICS",
    "UNANSWERED",
    "VAGUE",
]

REFUSAL = "I'm sorry, but I can't help with that."

DECLINE = "I'm sorry, but I can't advise on this. Please ask an expert."
"""A refusal as the worse half of a pair: never the same as a chosen one that is flawed."""

AGREES = (
    "Sure, I am glad to help you with this. Tell me a little more about what you have in mind. "
    "When is it meant for? Then I will get to work on it right away."
)
"""A reply that gives in and says nothing."""

UNANSWERED = (
    "The text does not say this; it only speaks of what comes before and after. Whoever wrote it, "
    "or a fuller version of it, could settle the question, so send that if you have it."
)
"""An answer to what a text leaves open."""

DECLINE_IN_LANGUAGES = {
    "German": "Es tut mir leid, aber dabei kann ich Ihnen nicht helfen, bitte fragen Sie andere.",
    "French": "Je suis désolé, mais je ne peux pas vous aider, et il faut voir avec un expert.",
    "Spanish": "Lo siento, pero no puedo ayudarle con esto, y es mejor que pregunte a otros.",
    "Italian": "Mi dispiace, ma non posso aiutarla con questo, e le conviene chiedere ad altri.",
    "Portuguese": "Sinto muito, mas não posso ajudar com isso, e é melhor perguntar a outros.",
    "Dutch": "Het spijt me, maar daar kan ik u niet bij helpen, en u moet het elders vragen.",
    "Polish": "Przykro mi, ale nie mogę w tym pomóc, i proszę zapytać o to kogoś innego.",
    "Swedish": "Jag beklagar, men jag kan inte hjälpa dig med det, och du får fråga en annan.",
    "Turkish": "Üzgünüm, ama bu konuda size yardım edemem ve lütfen bir uzmana sorun.",
    "Japanese": "申し訳ありませんが、そのご依頼にはお答えできません。",
    "Chinese": "很抱歉，我无法帮助您处理这个请求，请您咨询专家。",
    "Russian": "Мне жаль, но я не могу помочь вам в этом, и лучше спросить об этом у эксперта.",
    "Korean": "죄송하지만 그 요청은 도와드릴 수 없습니다. 전문가에게 문의해 주세요.",
}
"""The same in other languages."""

IN_LANGUAGES = {
    "German": (
        "Gerne helfe ich Ihnen dabei weiter. Die Antwort hängt davon ab, was Sie schon "
        "haben, und das lässt sich mit wenigen Worten sagen."
    ),
    "French": (
        "Je vous aide avec plaisir. La réponse dépend de ce que vous avez déjà, et elle "
        "tient en peu de mots pour la plupart des cas."
    ),
    "Spanish": (
        "Con mucho gusto le ayudo. La respuesta depende de lo que usted ya tiene, y se "
        "puede dar en pocas palabras para la mayoría de los casos."
    ),
    "Italian": (
        "La aiuto con piacere. La risposta dipende da quello che ha già, e si può dare in "
        "poche parole per la maggior parte dei casi."
    ),
    "Portuguese": (
        "Terei todo o gosto em ajudar. A resposta depende do que você já tem, e pode ser "
        "dada em poucas palavras para a maioria dos casos."
    ),
    "Dutch": (
        "Ik help u graag verder. Het antwoord hangt af van wat u al hebt, en dat is voor de "
        "meeste gevallen in een paar woorden te zeggen."
    ),
    "Polish": (
        "Chętnie w tym pomogę. Odpowiedź zależy od tego, co już jest gotowe, i dla "
        "większości spraw można ją podać w kilku słowach."
    ),
    "Swedish": (
        "Jag hjälper dig gärna med det. Svaret beror på vad du redan har, och det går att "
        "säga i några få ord för de flesta fall."
    ),
    "Turkish": (
        "Bu konuda size yardım etmek isterim. Cevap elinizde ne olduğuna göre değişir ve "
        "çoğu durum için bir kaç kelime ile söylenebilir."
    ),
    "Japanese": (
        "喜んでお手伝いします。答えはすでにお持ちのものによりますが、"
        "多くの場合は短い言葉で説明できます。"
    ),
    "Chinese": ("我很乐意帮助您。答案取决于您已经有什么，在大多数情况下，用几句话就可以说清楚。"),
    "Russian": (
        "Я с удовольствием помогу вам. Ответ зависит от того, что у вас уже есть, и в "
        "большинстве случаев его можно дать в нескольких словах."
    ),
    "Korean": (
        "기꺼이 도와드리겠습니다. 답은 이미 가지고 계신 것에 따라 다르며, "
        "대부분의 경우 짧은 말로 설명할 수 있습니다."
    ),
}
"""A text in each of some languages, for prompts that demand one."""

STUBS = ("Yes.", "No idea.", "It depends.", "Maybe later.")
"""Answers that are too short to be of use."""

INVENTED_SOURCES = (
    "Halvorsen Institute",
    "Port Ellery survey",
    "Quillmark Commission",
    "Tarn and Ostrander report",
    "Beaumaris Panel of 1987",
    "Vendelbo Archive",
)
"""Sources that do not exist: the mark of a claim that nothing in the prompt supports."""

CLAIMS = (
    "According to the {s}, {n} percent of all cases of {w} were settled within {m} days.",
    "The {s} counted exactly {n} failures of {w} in {m} towns and has never been disputed.",
    "It was the {s} that first proved {w} to be {n} times as common as {v}.",
    "As the {s} showed, {w} loses {n} percent of its effect after {m} weeks.",
)
"""Sentences with an invented specific fact."""

OFF_TOPIC = (
    "As an aside, and ignoring what was asked, the weather near the coast is mild in {m} of {n} "
    "years.",
    "Leaving the instructions aside for a moment, many readers enjoy a long walk after {m} pages.",
    "Here the required format is dropped on purpose, and {n} loose remarks about gardens follow.",
)
"""Sentences that break off from what was asked."""

NAMED = "It was {} who put it in these words first."
NAMES = ("Ottoline Varga", "Ruben Lindqvist", "Saskia Halloran", "Emeka Novotny", "Ilkka Szabo")
"""A sentence about a person, and persons who do not exist."""

VAGUE = (
    "Much depends on the circumstances, and there are good reasons for more than one view.",
    "In the end each case has to be looked at by itself, with care and with an open mind.",
)
"""Sentences that would answer anything."""

AGAIN = "To say the same once more, in full and from the beginning:"
"""What comes before an answer that is given twice."""

DUPLICATE_TOPICS = (
    "a short checklist for planning a weekly meeting with a small team",
    "the difference between a public library and a private archive",
    "simple ways of keeping a kitchen notebook tidy and easy to search",
    "how a village clock is wound, adjusted and kept in good repair",
)
"""What the duplicates are about, whatever the seed."""

TOPICS = ("subject", "matter", "example", "document", "method", "result", "question", "detail")
"""Words for a seed that offers none."""

SYSTEMS = (
    "You are a careful assistant who explains {w} in plain words.",
    "You help a team that works on {w} and {v}. Say so when something is not known.",
    "You answer questions about {p}. Keep to what the material says.",
    "You are a patient tutor. Your student is new to {w}.",
    "You support customers who ask about {w}. Be brief, polite and exact.",
    "You review texts about {v}. Name the passage that you rely on.",
)

QUESTIONS = (
    "What should somebody know about {p} before they deal with {w}?",
    "Explain in your own words what is meant by {p}, and how {w} comes into it.",
    "How do {w} and {v} depend on each other where {p} is concerned?",
    "A colleague asks why {p} matters for {w}. What would you tell them?",
    "Summarise the role of {w} in {p} for a reader who knows little about {v}.",
    "Which part of {p} would you check first when {w} seems wrong, and why?",
    "Compare {w} with {v}, taking {p} as the example.",
    "I am writing a note on {p}. What belongs in it about {w}?",
    "What would change if {w} were left out of {p}?",
    "List what has to be settled about {w} before {p} can be used.",
    "Somebody claims that {p} has nothing to do with {v}. Is that right?",
    "Give a short example of {p} that makes the part of {w} clear.",
)

OPENERS = (
    "The main point about {p} is how it treats {w}.",
    "To begin with, {p} has to be read together with {w}.",
    "In short, {w} is what decides about {p}.",
    "It helps to separate two things here: {w} and {v}.",
    "What is said about {p} rests on {w}.",
    "The answer turns on {w}, and only then on {v}.",
    "Start from {p}, since the rest follows from it.",
    "There are two sides to {p}, and {w} belongs to the first.",
)

SENTENCES = (
    "In practice {w} and {v} are best handled together, because one limits the other.",
    "Where {p} is unclear, it is worth asking about {w} before going on.",
    "This does not settle every question about {v}, but it covers the usual case.",
    "A reader who only knows {w} will still be able to follow this part.",
    "The wording {p} is chosen with care and should be kept as it stands.",
    "Taken by itself, {w} says little; next to {v} it becomes clear.",
    "One should note that {v} is mentioned first and {w} only afterwards.",
    "If {w} is missing, the part about {p} no longer holds.",
    "For most people the question of {v} comes up before that of {w}.",
    "That is why {p} appears so early and is not repeated later.",
    "A small change to {w} has a visible effect on {v}.",
    "Nothing here says that {v} may be ignored when {p} applies.",
    "The simplest check is to look for {w} and then to read on from there.",
    "Both {w} and {v} have to be named, or the result is incomplete.",
    "When in doubt, go back to {p} and compare it with what is at hand.",
    "The order matters: {w} comes first, and {v} follows from it.",
    "It would be a mistake to treat {w} as a mere detail of {p}.",
    "Those who work with {v} every day tend to take {w} for granted.",
    "Keep {p} short, and leave the finer points of {v} for later.",
    "A good example makes the link between {w} and {p} easy to see.",
    "None of this depends on {v} being perfect; it only has to be consistent.",
    "The remaining question, what {w} costs, is left open on purpose.",
    "So {p} should be decided once, written down, and then left alone.",
    "Each mention of {w} points back to the same idea of {v}.",
)
