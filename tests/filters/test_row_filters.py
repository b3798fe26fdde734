"""What the row filters drop and, more so, what they do not."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from silversmith.checks import count_words
from silversmith.checks.text_bytes import TextBytes
from silversmith.checks.word_runs import WordRuns
from silversmith.checks.word_table import WordTable
from silversmith.errors import CheckError, RecipeError
from silversmith.filters.blocklist import Blocklist
from silversmith.filters.format_defects import FormatDefects
from silversmith.filters.gibberish import Gibberish
from silversmith.filters.grounded import Grounded
from silversmith.filters.hedging import Hedging
from silversmith.filters.language import Language
from silversmith.filters.length import Length
from silversmith.filters.repetition import Repetition
from silversmith.filters.toxicity import Toxicity
from silversmith.records import Judgement, Sample

PROSE = (
    "A lattice is an ordered set in which every two elements have a least upper bound and a"
    " greatest lower bound. Take the divisors of twelve: the bound of four and six from above is"
    " their least common multiple, and from below their greatest common divisor. Whoever knows"
    " these operations can draw the set as a diagram, from the number one at the bottom up to"
    " twelve at the top, and read the order from its lines.\n\nSuch diagrams are named after Hasse."
)


def reason(rule, response, instruction="What is a lattice?"):
    return rule.reason_to_drop(Sample.pair(instruction, response))


# Words in bytes


@settings(deadline=None)
@given(st.lists(st.text("ab é你\n\t ", max_size=12), max_size=5))
def test_words_are_what_stands_between_white_space(texts):
    table = WordTable(TextBytes(pa.array(texts, pa.large_string())))
    for row, text in enumerate(texts):
        apart = text.replace("你", " 你 ").split()
        mine = table.owner == row
        words = [
            bytes(table.raw[a:b]).decode()
            for a, b in zip(table.starts[mine], table.stops[mine], strict=True)
        ]
        assert words == apart
        assert table.words[row] == len(apart)


@settings(deadline=None)
@given(st.text("abc \n", min_size=1, max_size=60), st.integers(2, 4))
def test_shares_of_repeated_runs_are_those_of_the_plain_definition(text, size):
    words = text.split()
    grams = [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]
    covered = set()
    for at, gram in enumerate(grams):
        if gram in grams[:at]:
            covered.update(range(at, at + size))
    table = WordTable(TextBytes(pa.array([text], pa.large_string())))
    length = 0
    for at in sorted(covered):
        begin = table.stops[at - 1] if at - 1 in covered else table.starts[at]
        length += int(table.stops[at] - begin)
    runs = WordRuns(table).of_size(size, np.arange(len(table.owner)))
    assert runs.repeated_share()[0] == pytest.approx(length / len(text.encode()))
    counts = {gram: grams.count(gram) for gram in grams}
    often = max(counts.values(), default=0)
    same = [gram for gram, count in counts.items() if count == often]
    top = max((often * len(" ".join(gram)) for gram in same), default=0) if often > 1 else 0
    assert runs.top_share()[0] == pytest.approx(top / len(text.encode()))


@settings(deadline=None)
@given(st.lists(st.text("abc \n", max_size=60), min_size=1, max_size=3), st.integers(2, 4))
def test_what_is_repeated_is_within_the_bounds_that_are_looked_at_first(texts, size):
    table = WordTable(TextBytes(pa.array(texts, pa.large_string())))
    found = WordRuns(table)
    runs = found.of_size(size, np.arange(len(table.owner)))
    for some in (runs, found.lines, found.paragraphs):
        assert (some.repeated_share() <= found.repeated_at_most() + 1e-12).all()
    assert (runs.top_share() <= size * found.heaviest_at_most() + 1e-12).all()


# Repetition


def test_a_list_that_repeats_itself_goes_whatever_its_numbers_say():
    loop = "\n".join(f"{n}. What is the forecast for the next few days?" for n in range(1, 20))
    assert "repeated lines" in reason(Repetition(), loop)


def test_a_list_of_different_things_that_begin_alike_stays():
    of = [
        "networks",
        "economics",
        "security",
        "regulation",
        "mining",
        "wallets",
        "exchanges",
        "trading",
        "history",
        "law",
    ]
    varied = "\n".join(f"{n}. Bitcoin and Cryptocurrency {one}" for n, one in enumerate(of, 1))
    assert reason(Repetition(min_words=20), varied) is None


def test_a_loop_goes_and_prose_stays():
    assert reason(Repetition(), PROSE) is None
    loop = PROSE + "\n" + "I hope this helps you today. " * 60
    assert "of the text is in repeated runs" in reason(Repetition(), loop)
    echo = PROSE + "\n" + PROSE.replace("\n\n", " ") * 5
    assert "of the text is in repeated runs" in reason(Repetition(), echo)
    assert "in a row" in reason(Repetition(), "No. " + "ha " * 30)
    assert reason(Repetition(max_in_a_row=None), "No. " + "ha " * 30) is None


def test_a_song_with_a_chorus_stays_but_not_by_the_rules_of_gopher():
    chorus = "Roll on, you river, roll on to the sea,\nroll on and carry my letter for me.\n"
    verses = [" ".join(f"word{n}x{i}" for i in range(20)) + "\n" for n in range(4)]
    song = chorus.join(verses) + chorus
    assert reason(Repetition(), song) is None
    assert reason(Repetition(limits="gopher"), song) is not None
    assert reason(Repetition(limits="gopher", min_words=500), song) is None


def test_rules_of_dashes_and_code_are_no_repetition():
    table = "\n".join(f"| {n} | {n * n} | {'x' * (n % 7)} |" for n in range(30))
    assert reason(Repetition(), f"{PROSE}\n{'- ' * 40}\n{table}") is None
    code = "\n".join(f"def f{n}(x):\n    return x + {n}\n" for n in range(20))
    assert reason(Repetition(), code) is None


# Gibberish


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It\ufffd\ufffds broken", "broken characters"),
        ("Itâ€™s Ã© broken", "broken characters"),
        ("so" + "o" * 60, "the same character 61 times"),
        ("sdfgh kjlmn qwrtp zxcvb hjklm dfghj", "no vowel"),
        ("Lorem ipsum dolor sit amet", "lorem ipsum"),
    ],
)
def test_noise_goes(text, said):
    assert said in reason(Gibberish(), text)


@pytest.mark.parametrize(
    "text",
    [
        PROSE,
        "x = [1, 2, 3] * 40",
        "=" * 80,
        "Ça va? Año, naïve, Ünïcödé",
        "rhythm hymn",
        "你好世界",
    ],
)
def test_no_noise_stays(text):
    assert reason(Gibberish(), text) is None


def test_filler_text_that_was_asked_for_stays():
    assert reason(Gibberish(), "Lorem ipsum dolor", "Give me lorem ipsum text") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("antidisestablishmentarianism " * 60, "characters in a word"),
        ("alpha beta # gamma delta ... " * 20, "hash signs"),
        ("12345 + 13333 = 25678 and " * 20, "of the words have a letter"),
        ("apples pears plums cherries " * 20, "stop words"),
        ("- several of the\n" * 30, "bullet"),
    ],
)
def test_rules_of_gopher_are_on_request(text, said):
    assert reason(Gibberish(), text) is None
    assert said in reason(Gibberish(limits="gopher"), text)


# Defects of form


@pytest.mark.parametrize(
    ("instruction", "response", "said"),
    [
        ("Name a fruit.", "  \n", "no output"),
        ("Name a fruit.", "<nooutput>", "no output"),
        ("Name a fruit.", "[Insert your answer here]", "no output"),
        ("Name a fruit.\n\n<noinput>", "A pear.", "no input marker"),
        ("Generate an image of a sunset over the sea.", "Here it is!", "asks for media"),
        ("Describe the attached picture.", "A cat.", "asks for media"),
        ("Summarize the article at https://a.org/b.", "It says so.", "asks for link"),
        ("Give me a link to the best recipe for bread.", "Sure.", "asks for link"),
        (
            "List three kinds of fruit that are red.",
            "List three kinds of fruit that are red",
            "rep",
        ),
        ("Name a fruit.", "A pear.\n\n### Instruction:\nName a tree.", "merged"),
        ("Name a fruit.", "A pear.<|im_end|>\n", "merged"),
        ("Write code.", "Here:\n```python\nprint(1)\n", "open fence"),
        (
            "Explain it.",
            f"{PROSE}\n\nIn the end all of this comes down to nothing but the",
            "unfin",
        ),
        ("Explain it to me in a sentence.", "Это предложение написано по-русски.", "wrong script"),
    ],
)
def test_defects_are_named_and_quoted(instruction, response, said):
    found = reason(FormatDefects(), response, instruction)
    assert found is not None
    assert found.startswith(said)
    option = found.split(":")[0].replace(" ", "_")
    others = reason(FormatDefects(**{option: False}), response, instruction)
    assert others is None or not others.startswith(said)


@pytest.mark.parametrize(
    ("instruction", "response"),
    [
        ("Name a fruit.", "None"),
        ("Which is it, N/A or 5?", "N/A"),
        ("Write a letter.", "Dear [Your Name],\n\nThank you.\n\n[Signature]"),
        ("Write HTML that shows an image of a cat.", "<img src='cat.png'>"),
        ("Write a caption for a picture of a dog.", "Good boy."),
        ("Draw a conclusion from the text.", "It rained."),
        ("Write Python that downloads https://a.org/b.", "import requests"),
        ("Repeat this sentence to me word for word please.", "Repeat this sentence to me word for"),
        ("Translate into Russian: Good day.", "Добрый день, как ваши дела сегодня?"),
        ("Write code.", "```python\nprint('```')\n```"),
        ("Write code.", "````md\n```\nx\n```\n````"),
        ("List games.", "1. Werewolf 2. Who Am I?  3. Charades 4. Uno 9. Truth or Dare 10. Kubb"),
        (
            "What is it?",
            "A poem\nwithout any full stop at all\nand with some lines that are rather so",
        ),
        ("What is it?", PROSE),
        (
            "Tell me of a person.",
            "She is the one that he had always wanted to go to the seaside with",
        ),
        ("Write a tweet.", f"{PROSE} #Maths #Lattices"),
    ],
)
def test_what_only_looks_like_a_defect_stays(instruction, response):
    assert reason(FormatDefects(), response, instruction) is None


def test_at_least_one_defect_is_looked_for():
    from silversmith.checks.format_defects import DEFECTS

    with pytest.raises(ValidationError, match="every defect is switched off"):
        FormatDefects(**dict.fromkeys(DEFECTS, False))


# Hedging


def test_speaking_of_oneself_as_a_model():
    assert reason(Hedging(), "As an AI language model, I eat no fruit.") == '"As an AI"'
    assert reason(Hedging(), "As an AI, I am a program.", "Who are you?") is None
    assert reason(Hedging(), 'The robot said: "As an AI, I dream."', "Tell a story.") is None
    sample = Sample.pair("Eat!", "As an AI, I cannot.", strategy="refusal")
    assert Hedging().reason_to_drop(sample) is None


def test_more_hedges_than_words():
    vague = "I think it is perhaps a set, or maybe a kind of order, but I'm not sure."
    assert "hedges in 100 words" in reason(Hedging(), vague)
    assert reason(Hedging(), f"{vague} {PROSE} {PROSE}") is None
    assert reason(Hedging(max_per_100_words=None), vague) is None


# Language


def test_languages():
    german = "Ein Verband ist eine geordnete Menge, in der je zwei Elemente Schranken haben."
    assert reason(Language(keep=("en",)), german).startswith("German")
    assert reason(Language(keep=("en", "de")), german) is None
    assert reason(Language(keep=("de",)), PROSE).startswith("English")
    assert reason(Language(keep=("en",)), "Oui.") is None
    question = "What is an order in mathematics, and what is it good for?"
    assert reason(Language(same_as="instruction"), german, question).startswith("German")
    assert reason(Language(same_as="instruction"), PROSE, question) is None
    assert (
        reason(Language(keep=("en",)), "```\nfür jede zahl drucke die zahl und ihr quadrat\n```")
        is None
    )


def test_an_unknown_language_is_named():
    with pytest.raises(ValidationError, match="'english' is no code"):
        Language(keep=("english",))


# Lists of words


@pytest.mark.parametrize(
    ("word", "text", "found"),
    [
        ("ass", "first class", False),
        ("ass", "What an ASS!", True),
        ("c++", "write C++, please", True),
        ("bad word", "a bad\n word", True),
        ("caf", "le café", False),
        ("café", "le CAFÉ.", True),
        ("kill*", "killing", True),
        ("坏", "这是坏的", True),
        ("snake_case", "snake_case_2", False),
    ],
)
def test_words_are_found_where_they_stand_as_words(word, text, found):
    said = reason(Blocklist(words=(word,)), text)
    assert (said is not None) == found
    if found:
        assert said.endswith("in the response")


def test_a_list_in_a_file(tmp_path):
    (tmp_path / "words.txt").write_text("# bad ones\nfoo\n\nbar baz\n")
    rule = Blocklist(file="words.txt", at_least=2)
    rule.prepare(tmp_path)
    assert rule.contents == ["foo", "bar baz"]
    assert reason(rule, "foo and bar baz") == '"foo" in the response'
    assert reason(rule, "foo alone") is None
    with pytest.raises(RecipeError, match="cannot be read"):
        Blocklist(file="none.txt").prepare(tmp_path)
    with pytest.raises(ValidationError, match="nothing to look for"):
        Blocklist()


# Lengths


@settings(deadline=None)
@given(st.text("ab1 .-é你😀\n", max_size=30), st.integers(0, 6), st.integers(0, 6))
def test_words_are_counted_as_for_one_text(text, least, more):
    count = count_words(text)
    rule = Length(min_words=least, max_words=least + more)
    assert (reason(rule, text) is None) == (least <= count <= least + more)


def test_ratios_and_tokens(tmp_path):
    short = Length(min_ratio=2)
    assert reason(short, "A set.") == "0.50 times as many words as the instruction, fewer than 2.0"
    assert reason(short, PROSE) is None
    assert short.reason_to_drop(Sample.pair("", "")) is None
    with pytest.raises(ValidationError, match="need `tokenizer`"):
        Length(max_tokens=5)
    with pytest.raises(RecipeError, match="there is no file"):
        Length(max_tokens=5, tokenizer="none.json").prepare(tmp_path)

    tokenizers = pytest.importorskip("tokenizers", reason="tokens are counted by tokenizers")
    one = tokenizers.Tokenizer(tokenizers.models.WordLevel({"a": 0, "?": 1}, unk_token="?"))
    one.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    one.save(str(tmp_path / "tokenizer.json"))
    rule = Length(max_tokens=3, tokenizer=str(tmp_path))
    rule.prepare(tmp_path)
    assert reason(rule, "a a a a") == "4 tokens, more than 3"
    assert reason(rule, "a a a") is None


# Judgements


def judged(*scores):
    judgements = [Judgement(judge, criterion, "m", score, 1) for judge, criterion, score in scores]
    return Sample.pair("Hm?", "Hm.", id="0123456789", judgements=tuple(judgements))


def test_a_judge_is_read_by_its_name():
    harmful = judged(
        ("safety", "harm", 0.5), ("rubric", "harm", 1.0), ("grounded", "grounded", 0.9)
    )
    assert Toxicity().reason_to_drop(harmful) == "safety.harm 0.50, below 0.75"
    assert Toxicity(min=0.5).reason_to_drop(harmful) is None
    assert Grounded().reason_to_drop(harmful) == "grounded.grounded 0.90, below 1.00"
    assert Toxicity(judge="rubric").reason_to_drop(harmful) is None


@pytest.mark.parametrize(
    ("sample", "said"),
    [
        (judged(), "sample 01234567 has not been judged"),
        (judged(("safty", "harm", 1.0)), "did you mean 'safty'"),
        (judged(("safety", "harms", 1.0)), "did you mean 'harms'"),
        (judged(("safety", "harm", float("nan"))), "not a number"),
    ],
)
def test_a_missing_verdict_is_an_error_and_no_drop(sample, said):
    with pytest.raises(CheckError, match=said):
        Toxicity().reason_to_drop(sample)
